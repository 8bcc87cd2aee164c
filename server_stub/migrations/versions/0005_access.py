"""Attempts to sign in, counted in the database so that every process knows of them; and what tells
a refresh token that was used long ago from an unknown one.

A session that is open gets its family when it is refreshed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
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
    op.add_column("tokens", sa.Column("family_hash", sa.String(64), nullable=True))
    op.add_column("tokens", sa.Column("generation", sa.Integer, nullable=False,
                                      server_default="0"))  # fmt: skip
    op.add_column("tokens", sa.Column("last_used_at", sa.BigInteger, nullable=True))
    op.create_index("tokens_by_family", "tokens", ["family_hash"], unique=True)
    op.create_index("tokens_by_user", "tokens", ["user_id"])


def downgrade() -> None:
    op.drop_index("tokens_by_user", "tokens")
    op.drop_index("tokens_by_family", "tokens")
    for column in ("family_hash", "generation", "last_used_at"):
        op.drop_column("tokens", column)
    op.drop_table("sign_in_attempts")
