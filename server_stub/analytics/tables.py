"""What is kept of each finished task, and what a tenant promises."""

from __future__ import annotations

import sqlalchemy as sa

from server_stub.core.database import metadata
from server_stub.core.tables import ID

# Columns have the names of `tracker.domain.metrics.Metrics`. The key begins with when a task was
# finished and SQLite keeps the rows in its order, so a period is read in one go.
task_metrics = sa.Table(
    "task_metrics",
    metadata,
    sa.Column("tenant_id", ID, primary_key=True),
    sa.Column("completed_at", sa.BigInteger, primary_key=True),
    sa.Column("task_id", ID, primary_key=True),
    sa.Column("completed_by", ID, nullable=True),
    sa.Column("priority", sa.String(20), nullable=False),
    sa.Column("project_id", ID, nullable=True),
    sa.Column("days_to_complete", sa.Float, nullable=False),
    sa.Column("efficiency_ratio", sa.Float, nullable=True),
    sa.Column("was_overdue", sa.Boolean, nullable=False),
    sa.Column("quality_rating", sa.Integer, nullable=True),
    sa.Column("revenue_cents", sa.BigInteger, nullable=True),
    sa.Column("start_ms", sa.BigInteger, nullable=True),
    sa.Column("finish_ms", sa.BigInteger, nullable=True),
    sa.Column("started_in_time", sa.Boolean, nullable=True),
    sa.Column("finished_in_time", sa.Boolean, nullable=True),
    sa.UniqueConstraint("tenant_id", "task_id"),
    # All that the figures of people are made of, in the order they are grouped in: sorting the
    # rows of 70,000 tasks for it takes three times as long.
    sa.Index(
        "task_metrics_by_person", "tenant_id", "completed_by", "completed_at", "project_id",
        "days_to_complete", "efficiency_ratio", "quality_rating", "was_overdue", "revenue_cents",
        "started_in_time", "finished_in_time",
    ),
    sa.ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
    sqlite_with_rowid=False,
)  # fmt: skip

# A tenant without rows has the defaults of `tracker.domain.sla`.
sla_targets = sa.Table(
    "sla_targets",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("priority", sa.String(20), primary_key=True),
    sa.Column("start_amount", sa.Integer, nullable=False),
    sa.Column("start_unit", sa.String(10), nullable=False),
    sa.Column("finish_amount", sa.Integer, nullable=False),
    sa.Column("finish_unit", sa.String(10), nullable=False),
)

sla_calendars = sa.Table(
    "sla_calendars",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("zone", sa.String(64), nullable=False),
    # [[480, 1020], …, null]: the minutes of Monday to Sunday, as JSON.
    sa.Column("week", sa.Text, nullable=False),
    # ["2026-12-25", …], as JSON.
    sa.Column("holidays", sa.Text, nullable=False),
)
