"""Marks, by which a restored server finds itself out, and checksums, by which a first pull is
verified. Rows that are there get theirs here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tracker.domain.page import checksum

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEYS = {
    "tasks": ("id",),
    "assignments": ("task_id", "user_id"),
    "comments": ("id",),
    "users": ("id",),
    "projects": ("id",),
}


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("tenant_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq"),
    )
    op.add_column("counters", sa.Column("nonce", sa.String(16), nullable=False, server_default=""))
    op.add_column("tenants", sa.Column("epoch_at", sa.BigInteger, nullable=False,
                                       server_default="0"))  # fmt: skip
    op.add_column("users", sa.Column("last_unsent", sa.Integer, nullable=False,
                                     server_default="0"))  # fmt: skip
    conn = op.get_bind()
    for name, key in _KEYS.items():
        op.add_column(name, sa.Column("checksum", sa.BigInteger, nullable=False,
                                      server_default="0"))  # fmt: skip
        table = sa.table(name, *map(sa.column, (*key, "version", "checksum")))
        rows = conn.execute(sa.select(*[table.c[part] for part in (*key, "version")])).all()
        for row in rows:
            conn.execute(
                sa.update(table)
                .where(*[table.c[part] == getattr(row, part) for part in key])
                .values(checksum=checksum(":".join(row[: len(key)]), row.version))
            )


def downgrade() -> None:
    for name in _KEYS:
        op.drop_column(name, "checksum")
    op.drop_column("users", "last_unsent")
    op.drop_column("tenants", "epoch_at")
    op.drop_column("counters", "nonce")
    op.drop_table("marks")
