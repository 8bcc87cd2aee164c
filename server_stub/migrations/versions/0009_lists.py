"""An index for each order in which tasks are listed, and for the list of a project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_LIVE = {
    "live_tasks_by_number": ["tenant_id", "number"],
    "live_tasks_by_due": ["tenant_id", "due_at", "number"],
    "live_tasks_by_priority": ["tenant_id", "priority", "number"],
    "live_tasks_by_change": ["tenant_id", "updated_at", "number"],
    "live_tasks_by_title": ["tenant_id", "title", "number"],
}


def upgrade() -> None:
    op.create_index("tasks_by_project", "tasks", ["tenant_id", "project_id", "number"])
    shown = sa.text("status != 'ARCHIVED'")
    for name, columns in _LIVE.items():
        op.create_index(name, "tasks", columns, sqlite_where=shown, postgresql_where=shown)


def downgrade() -> None:
    for name in ("tasks_by_project", *_LIVE):
        op.drop_index(name, "tasks")
