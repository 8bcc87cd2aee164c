"""Notifications, and what each person wants to be told. Columns have the names of the domain's
fields."""

from __future__ import annotations

import sqlalchemy as sa

from server_stub.core.database import metadata
from server_stub.core.tables import ID

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("user_id", ID, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("priority", sa.String(20), nullable=False),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("read_at", sa.BigInteger, nullable=True),
    sa.Column("archived_at", sa.BigInteger, nullable=True),
    sa.Column("expires_at", sa.BigInteger, nullable=True),
    sa.Column("action_url", sa.Text, nullable=True),
    sa.Column("entity_kind", sa.String(40), nullable=True),
    sa.Column("entity_id", ID, nullable=True),
    # Its words are gone then; the id stays, so that what caused it cannot make it once more.
    sa.Column("deleted_at", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("tenant_id", "number"),
    sa.Index("notifications_by_user", "tenant_id", "user_id", "number"),
)

preferences = sa.Table(
    "notification_preferences",
    metadata,
    sa.Column("tenant_id", ID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("user_id", ID, sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("enable_in_app_notifications", sa.Boolean, nullable=False),
    sa.Column("enable_desktop_notifications", sa.Boolean, nullable=False),
    sa.Column("enable_email_notifications", sa.Boolean, nullable=False),
    sa.Column("enable_sms_notifications", sa.Boolean, nullable=False),
    sa.Column("notify_lead_assigned", sa.Boolean, nullable=False),
    sa.Column("notify_task_assigned", sa.Boolean, nullable=False),
    sa.Column("notify_task_completed", sa.Boolean, nullable=False),
    sa.Column("notify_deadline_reminder", sa.Boolean, nullable=False),
    sa.Column("notify_call_missed", sa.Boolean, nullable=False),
    sa.Column("notify_message_received", sa.Boolean, nullable=False),
    sa.Column("notify_task_overdue", sa.Boolean, nullable=False),
    sa.Column("quiet_hours_enabled", sa.Boolean, nullable=False),
    sa.Column("quiet_hours_start", sa.String(5), nullable=True),
    sa.Column("quiet_hours_end", sa.String(5), nullable=True),
    sa.Column("email_batch_frequency", sa.String(20), nullable=False),
    sa.Column("sms_batch_frequency", sa.String(20), nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)
