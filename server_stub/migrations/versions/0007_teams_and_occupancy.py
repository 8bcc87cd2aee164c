"""Teams, a person's team and picture, and the intervals of activity that devices report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("tenant_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    op.add_column("counters", sa.Column("team_number", sa.BigInteger, nullable=False,
                                        server_default="0"))  # fmt: skip
    op.add_column("users", sa.Column("team_id", sa.String(36), nullable=True))
    op.add_column("users", sa.Column("avatar_url", sa.String(500), nullable=False,
                                     server_default=""))  # fmt: skip
    op.create_table(
        "occupancy_intervals",
        sa.Column("tenant_id", sa.String(36), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "occupancy_by_user", "occupancy_intervals", ["tenant_id", "user_id", "started_at"]
    )
    op.create_index("occupancy_by_end", "occupancy_intervals", ["ended_at"])


def downgrade() -> None:
    op.drop_table("occupancy_intervals")
    op.drop_column("users", "avatar_url")
    op.drop_column("users", "team_id")
    op.drop_column("counters", "team_number")
    op.drop_table("teams")
