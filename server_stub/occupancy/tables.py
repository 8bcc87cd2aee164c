"""When people were active, as their devices reported it. Instants are the server's."""

from __future__ import annotations

import sqlalchemy as sa

from server_stub.core.database import metadata
from server_stub.core.tables import ID

occupancy_intervals = sa.Table(
    "occupancy_intervals",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("user_id", ID, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    # When the device noted it, and when that came here.
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Index("occupancy_by_user", "tenant_id", "user_id", "started_at"),
    sa.Index("occupancy_by_end", "ended_at"),
)
