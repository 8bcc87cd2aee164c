"""What was cancelled when is counted too: whether a task was overdue at the end of a day depends on
it, and reading 100,000 rows for that takes twice as long as reading the index."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FIRST = ["tenant_id", "status", "due_at", "created_at", "completed_at"]
_REST = [
    "assigned_at", "started_at", "project_id", "priority", "progress", "rollup_progress", "id",
]  # fmt: skip


def upgrade() -> None:
    op.drop_index("tasks_counted", "tasks")
    op.create_index("tasks_counted", "tasks", [*_FIRST, "cancelled_at", *_REST])


def downgrade() -> None:
    op.drop_index("tasks_counted", "tasks")
    op.create_index("tasks_counted", "tasks", [*_FIRST, *_REST])
