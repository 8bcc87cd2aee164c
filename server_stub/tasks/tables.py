"""Tasks and all that hangs on them. Columns have the names of the domain's fields."""

from __future__ import annotations

import sqlalchemy as sa

from server_stub.core.database import metadata
from server_stub.core.tables import ID


def _live(name: str, *columns: str) -> sa.Index:
    """An index of the tasks that lists show: archived ones become the most by far."""
    shown = sa.text("status != 'ARCHIVED'")
    return sa.Index(name, "tenant_id", *columns, sqlite_where=shown, postgresql_where=shown)


_ASSIGNEE = sa.text("part = 'ASSIGNEE'")

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("priority", sa.String(20), nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("created_by", ID, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("project_id", ID, nullable=True),
    sa.Column("parent_id", ID, nullable=True),
    sa.Column("due_at", sa.BigInteger, nullable=True),
    sa.Column("due_date", sa.String(10), nullable=True),
    sa.Column("estimated_minutes", sa.Integer, nullable=True),
    sa.Column("completed_at", sa.BigInteger, nullable=True),
    sa.Column("completion_notes", sa.Text, nullable=False),
    sa.Column("progress_before", sa.Integer, nullable=True),
    sa.Column("last_progress_at", sa.BigInteger, nullable=True),
    sa.Column("last_progress_by", ID, nullable=True),
    sa.Column("comment_count", sa.Integer, nullable=False),
    sa.Column("child_count", sa.Integer, nullable=False),
    sa.Column("scheduled_at", sa.BigInteger, nullable=True),
    sa.Column("task_type", sa.Text, nullable=False),
    sa.Column("lead_id", ID, nullable=True),
    sa.Column("actual_minutes", sa.Integer, nullable=False),
    sa.Column("quality_rating", sa.Integer, nullable=True),
    sa.Column("revenue_cents", sa.BigInteger, nullable=True),
    sa.Column("assigned_at", sa.BigInteger, nullable=True),
    sa.Column("started_at", sa.BigInteger, nullable=True),
    sa.Column("cancelled_at", sa.BigInteger, nullable=True),
    sa.Column("rollup_progress", sa.Integer, nullable=True),
    sa.Column("open_needs", sa.Integer, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    # {"progress": [version, device_id or null], …}: the last change of each field, for "moved".
    sa.Column("field_changes", sa.Text, nullable=False),
    sa.UniqueConstraint("tenant_id", "number"),
    sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress_range"),
    sa.Index("tasks_by_creator", "tenant_id", "created_by", "id"),
    sa.Index("tasks_by_parent", "tenant_id", "parent_id"),
    sa.Index("tasks_by_lead", "tenant_id", "lead_id"),
    sa.Index("tasks_by_project", "tenant_id", "project_id", "number"),
    # One for each order of the lists (tasks/selecting.py); the number tells equals apart.
    _live("live_tasks_by_number", "number"),
    _live("live_tasks_by_due", "due_at", "number"),
    _live("live_tasks_by_priority", "priority", "number"),
    _live("live_tasks_by_change", "updated_at", "number"),
    _live("live_tasks_by_title", "title", "number"),
    # It begins with what finds the tasks that are due; the rest is what the analytics count, so
    # that they need not read the rows (analytics/queries.py).
    sa.Index(
        "tasks_counted", "tenant_id", "status", "due_at", "created_at", "completed_at",
        "cancelled_at", "assigned_at", "started_at", "project_id", "priority", "progress",
        "rollup_progress", "id",
    ),
)  # fmt: skip

assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("task_id", ID, primary_key=True),
    sa.Column("user_id", ID, primary_key=True),
    sa.Column("part", sa.String(20), nullable=False),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("assigned_by", ID, nullable=False),
    sa.Column("assigned_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("accepted_at", sa.BigInteger, nullable=True),
    sa.Column("completed_at", sa.BigInteger, nullable=True),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
    # With `part`, so that SQLite does not choose the next one for what somebody does.
    sa.Index("assignments_by_user", "tenant_id", "user_id", "task_id", "part"),
    sa.Index(
        "assignees_by_task", "tenant_id", "task_id", "part", "user_id",
        sqlite_where=_ASSIGNEE, postgresql_where=_ASSIGNEE,
    ),
)  # fmt: skip

comments = sa.Table(
    "comments",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("task_id", ID, nullable=False),
    sa.Column("user_id", ID, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("parent_id", ID, nullable=True),
    sa.Column("edited_at", sa.BigInteger, nullable=True),
    # Addresses, as a JSON list.
    sa.Column("attachments", sa.Text, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
    sa.Index("comments_by_task", "tenant_id", "task_id"),
)

time_entries = sa.Table(
    "time_entries",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("task_id", ID, nullable=False),
    sa.Column("user_id", ID, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=True),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
    sa.Index("time_entries_by_task", "tenant_id", "task_id"),
    sa.Index("time_entries_by_user", "tenant_id", "user_id", "made_at"),
)

dependencies = sa.Table(
    "dependencies",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("task_id", ID, primary_key=True),
    sa.Column("needs_id", ID, primary_key=True),
    sa.Column("made_by", ID, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("checksum", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
    sa.ForeignKeyConstraint(["tenant_id", "needs_id"], ["tasks.tenant_id", "tasks.id"]),
    # With `task_id`, or SQLite would rather look through the primary key.
    sa.Index("dependencies_by_needs", "tenant_id", "needs_id", "task_id"),
)
