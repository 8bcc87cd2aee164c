"""Two people may have a receipt for the same op_id, as ids can be derived by whoever has the file:
the key of a receipt names its person too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NAMES = "tenant_id, op_id, user_id, device_id, device_seq, fingerprint, outcome, body, received_at"


def upgrade() -> None:
    _rekey(["tenant_id", "op_id", "user_id"])


def downgrade() -> None:
    """Of two receipts for one op_id the earlier stays: there could be no other then."""
    op.execute(
        "DELETE FROM receipts WHERE EXISTS (SELECT 1 FROM receipts AS other"
        " WHERE other.tenant_id = receipts.tenant_id AND other.op_id = receipts.op_id"
        " AND (other.received_at < receipts.received_at OR"
        " (other.received_at = receipts.received_at AND other.user_id < receipts.user_id)))"
    )
    _rekey(["tenant_id", "op_id"])


def _rekey(key: list[str]) -> None:
    conn = op.get_bind()
    if conn.dialect.name == "postgresql":
        name = sa.inspect(conn).get_pk_constraint("receipts")["name"]
        assert name is not None
        op.drop_constraint(name, "receipts")
        op.create_primary_key(name, "receipts", key)
        return
    # SQLite keeps the key of a table as long as the table. Nothing refers to this one.
    op.rename_table("receipts", "old_receipts")
    op.create_table(
        "receipts",
        sa.Column("tenant_id", sa.String(36), nullable=False),
        sa.Column("op_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("device_id", sa.String(36), nullable=True),
        sa.Column("device_seq", sa.BigInteger, nullable=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint(*key),
        sa.UniqueConstraint("tenant_id", "device_id", "device_seq"),
    )
    op.execute(f"INSERT INTO receipts ({_NAMES}) SELECT {_NAMES} FROM old_receipts")
    op.drop_table("old_receipts")
