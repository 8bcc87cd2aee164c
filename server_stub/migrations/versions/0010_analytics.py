"""What is kept of finished tasks, what a tenant promises, and indexes to count tasks in.

Tasks that were finished before keep what their rows tell; nothing had been promised for them, so
they have no working time and no verdict.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.String(36)
_COUNTED = [
    "tenant_id", "status", "due_at", "created_at", "completed_at", "assigned_at", "started_at",
    "project_id", "priority", "progress", "rollup_progress", "id",
]  # fmt: skip
_BY_PERSON = [
    "tenant_id", "completed_by", "completed_at", "project_id", "days_to_complete",
    "efficiency_ratio", "quality_rating", "was_overdue", "revenue_cents", "started_in_time",
    "finished_in_time",
]  # fmt: skip
_ASSIGNEE = sa.text("part = 'ASSIGNEE'")


def upgrade() -> None:
    op.create_table(
        "task_metrics",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("completed_at", sa.BigInteger, nullable=False),
        sa.Column("task_id", _ID, nullable=False),
        sa.Column("completed_by", _ID, nullable=True),
        sa.Column("priority", sa.String(20), nullable=False),
        sa.Column("project_id", _ID, nullable=True),
        sa.Column("days_to_complete", sa.Float, nullable=False),
        sa.Column("efficiency_ratio", sa.Float, nullable=True),
        sa.Column("was_overdue", sa.Boolean, nullable=False),
        sa.Column("quality_rating", sa.Integer, nullable=True),
        sa.Column("revenue_cents", sa.BigInteger, nullable=True),
        sa.Column("start_ms", sa.BigInteger, nullable=True),
        sa.Column("finish_ms", sa.BigInteger, nullable=True),
        sa.Column("started_in_time", sa.Boolean, nullable=True),
        sa.Column("finished_in_time", sa.Boolean, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "completed_at", "task_id"),
        sa.UniqueConstraint("tenant_id", "task_id"),
        sa.ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
        sqlite_with_rowid=False,
    )
    op.create_index("task_metrics_by_person", "task_metrics", _BY_PERSON)
    op.create_table(
        "sla_targets",
        sa.Column("tenant_id", _ID, sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("priority", sa.String(20), nullable=False),
        sa.Column("start_amount", sa.Integer, nullable=False),
        sa.Column("start_unit", sa.String(10), nullable=False),
        sa.Column("finish_amount", sa.Integer, nullable=False),
        sa.Column("finish_unit", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "priority"),
    )
    op.create_table(
        "sla_calendars",
        sa.Column("tenant_id", _ID, sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("week", sa.Text, nullable=False),
        sa.Column("holidays", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.drop_index("tasks_by_due", "tasks")
    op.create_index("tasks_counted", "tasks", _COUNTED)
    op.create_index(
        "assignees_by_task", "assignments", ["tenant_id", "task_id", "part", "user_id"],
        sqlite_where=_ASSIGNEE, postgresql_where=_ASSIGNEE,
    )  # fmt: skip
    op.drop_index("assignments_by_user", "assignments")
    op.create_index(
        "assignments_by_user", "assignments", ["tenant_id", "user_id", "task_id", "part"]
    )
    op.execute(
        "INSERT INTO task_metrics (tenant_id, completed_at, task_id, completed_by, priority,"
        " project_id, days_to_complete, efficiency_ratio, was_overdue, quality_rating,"
        " revenue_cents)"
        " SELECT tenant_id, completed_at, id, last_progress_by, priority, project_id,"
        " CASE WHEN completed_at > created_at THEN (completed_at - created_at) / 86400000.0"
        " ELSE 0 END,"
        " CASE WHEN estimated_minutes > 0 AND actual_minutes > 0"
        " THEN actual_minutes * 1.0 / estimated_minutes END,"
        " coalesce(due_at < completed_at, FALSE), quality_rating, revenue_cents"
        " FROM tasks WHERE completed_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("assignments_by_user", "assignments")
    op.create_index("assignments_by_user", "assignments", ["tenant_id", "user_id", "task_id"])
    op.drop_index("assignees_by_task", "assignments")
    op.drop_index("tasks_counted", "tasks")
    op.create_index("tasks_by_due", "tasks", ["tenant_id", "status", "due_at"])
    for table in ("sla_calendars", "sla_targets", "task_metrics"):
        op.drop_table(table)
