"""Two indexes get the columns that make the databases use them."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INDEXES = (
    ("tasks_by_creator", "tasks", ["tenant_id", "created_by"], "id"),
    ("dependencies_by_needs", "dependencies", ["tenant_id", "needs_id"], "task_id"),
)


def upgrade() -> None:
    for name, table, columns, more in _INDEXES:
        op.drop_index(name, table)
        op.create_index(name, table, [*columns, more])


def downgrade() -> None:
    for name, table, columns, _ in _INDEXES:
        op.drop_index(name, table)
        op.create_index(name, table, columns)
