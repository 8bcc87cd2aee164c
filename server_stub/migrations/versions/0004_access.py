"""Attempts to sign in, which are counted in the database so that every process knows of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_access"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", "subject"),
    )
    op.create_index("sign_in_attempts_by_subject", "sign_in_attempts", ["subject", "at"])
    op.create_index("sign_in_attempts_by_time", "sign_in_attempts", ["at"])


def downgrade() -> None:
    op.drop_table("sign_in_attempts")
