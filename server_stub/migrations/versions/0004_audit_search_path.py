"""Where the trigger of the audit trail looks, whoever owns the tables (PostgreSQL).

Otherwise a temporary table named audit would be the one that it looks into: temporary tables come
first unless the path says something else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name == "postgresql":
        here = conn.execute(sa.text("SELECT current_schema()")).scalar_one()
        schema = conn.dialect.identifier_preparer.quote_identifier(here)
        op.execute(f"ALTER FUNCTION tracker_audit_append() SET search_path = {schema}, pg_temp")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER FUNCTION tracker_audit_append() RESET search_path")
