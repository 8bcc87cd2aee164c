"""The rest of a task's fields, its place among others, and the time worked on it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.String(36)
_TEXT, _WHOLE, _BIG = sa.Text(), sa.Integer(), sa.BigInteger()
_NEW: dict[str, dict[str, tuple[sa.types.TypeEngine[Any], str | None]]] = {
    "tasks": {
        "scheduled_at": (_BIG, None),
        "task_type": (_TEXT, ""),
        "lead_id": (_ID, None),
        "actual_minutes": (_WHOLE, "0"),
        "quality_rating": (_WHOLE, None),
        "revenue_cents": (_BIG, None),
        "assigned_at": (_BIG, None),
        "started_at": (_BIG, None),
        "cancelled_at": (_BIG, None),
        "rollup_progress": (_WHOLE, None),
        "open_needs": (_WHOLE, "0"),
    },
    "assignments": {"accepted_at": (_BIG, None), "completed_at": (_BIG, None)},
    "comments": {
        "parent_id": (_ID, None),
        "edited_at": (_BIG, None),
        "attachments": (_TEXT, "[]"),
    },
}
"""Table → new column → its type and what the rows that are there get; None may stay empty."""
_INDEXES = (
    ("tasks_by_parent", ["tenant_id", "parent_id"]),
    ("tasks_by_lead", ["tenant_id", "lead_id"]),
    ("tasks_by_due", ["tenant_id", "status", "due_at"]),
)


def upgrade() -> None:
    for table, columns in _NEW.items():
        for name, (kind, default) in columns.items():
            column = sa.Column(name, kind, nullable=default is None, server_default=default)
            op.add_column(table, column)
    for name, indexed in _INDEXES:
        op.create_index(name, "tasks", indexed)
    task = ["tasks.tenant_id", "tasks.id"]
    op.create_table(
        "time_entries",
        sa.Column("tenant_id", _ID, primary_key=True),
        sa.Column("id", _ID, primary_key=True),
        sa.Column("task_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "task_id"], task),
    )
    op.create_index("time_entries_by_task", "time_entries", ["tenant_id", "task_id"])
    op.create_index("time_entries_by_user", "time_entries", ["tenant_id", "user_id", "made_at"])
    op.create_table(
        "dependencies",
        sa.Column("tenant_id", _ID, primary_key=True),
        sa.Column("task_id", _ID, primary_key=True),
        sa.Column("needs_id", _ID, primary_key=True),
        sa.Column("made_by", _ID, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "task_id"], task),
        sa.ForeignKeyConstraint(["tenant_id", "needs_id"], task),
    )
    op.create_index("dependencies_by_needs", "dependencies", ["tenant_id", "needs_id"])
    _know_what_was()


def _know_what_was() -> None:
    """What the rows tell of the time before: when somebody first had to do a task, and that a
    finished one was begun. When a cancelled one was cancelled, only its last change can tell."""
    op.execute(
        "UPDATE tasks SET assigned_at = (SELECT min(a.assigned_at) FROM assignments a"
        " WHERE a.tenant_id = tasks.tenant_id AND a.task_id = tasks.id AND a.part = 'ASSIGNEE')"
    )
    op.execute("UPDATE tasks SET started_at = last_progress_at WHERE status <> 'PENDING'")
    op.execute("UPDATE tasks SET cancelled_at = updated_at WHERE status = 'CANCELLED'")


def downgrade() -> None:
    op.drop_table("dependencies")
    op.drop_table("time_entries")
    for name, _ in _INDEXES:
        op.drop_index(name, "tasks")
    for table, columns in _NEW.items():
        for column in columns:
            op.drop_column(table, column)
