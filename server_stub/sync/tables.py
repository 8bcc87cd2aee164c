"""Receipts, kept for ever: a repeat after any time gets the original answer.

Each belongs to a person. Two may have one for the same op_id only where it was derived, as those of
an imported file's lines are: anybody who has the file can derive it too (see queries.find).
"""

from __future__ import annotations

import sqlalchemy as sa

from server_stub.core.database import metadata
from server_stub.core.tables import ID

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("op_id", ID, primary_key=True),
    sa.Column("user_id", ID, primary_key=True),
    sa.Column("device_id", ID, nullable=True),
    sa.Column("device_seq", sa.BigInteger, nullable=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    # NULLs (REST writes) do not collide on either database.
    sa.UniqueConstraint("tenant_id", "device_id", "device_seq"),
)
