"""When each transaction was committed, and up to where the feed is pruned.

Of marks that are there nobody knows the time: they get that of this upgrade, so that nothing is
pruned too early."""

from __future__ import annotations

import time
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("marks", sa.Column("made_at", sa.BigInteger, nullable=False,
                                     server_default="0"))  # fmt: skip
    op.add_column("counters", sa.Column("pruned", sa.BigInteger, nullable=False,
                                        server_default="0"))  # fmt: skip
    marks = sa.table("marks", sa.column("made_at"))
    op.get_bind().execute(sa.update(marks).values(made_at=time.time_ns() // 1_000_000))


def downgrade() -> None:
    """The code before would send devices on from where the feed is gone, and take their marks for
    a restore: where something was pruned a new epoch begins, and they pull everything anew."""
    conn = op.get_bind()
    counters = sa.table("counters", sa.column("tenant_id"), sa.column("pruned"))
    tenants = sa.table("tenants", sa.column("id"), sa.column("epoch"), sa.column("epoch_at"))
    pruned = sa.select(counters.c.tenant_id).where(counters.c.pruned > 0)
    for (tenant_id,) in conn.execute(pruned).all():
        conn.execute(
            sa.update(tenants)
            .where(tenants.c.id == tenant_id)
            .values(epoch=str(uuid.uuid4()), epoch_at=tenants.c.epoch_at + 1)
        )
    op.drop_column("counters", "pruned")
    op.drop_column("marks", "made_at")
