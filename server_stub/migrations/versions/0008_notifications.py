"""Notifications, each with a number of its own in the tenant, and people's preferences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SWITCHES = (
    "enable_in_app_notifications",
    "enable_desktop_notifications",
    "enable_email_notifications",
    "enable_sms_notifications",
    "notify_lead_assigned",
    "notify_task_assigned",
    "notify_task_completed",
    "notify_deadline_reminder",
    "notify_call_missed",
    "notify_message_received",
    "notify_task_overdue",
    "quiet_hours_enabled",
)


def upgrade() -> None:
    op.add_column("counters", sa.Column("notification_number", sa.BigInteger, nullable=False,
                                        server_default="0"))  # fmt: skip
    op.create_table(
        "notifications",
        sa.Column("tenant_id", sa.String(36), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), nullable=False),
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
        sa.Column("entity_id", sa.String(36), nullable=True),
        sa.Column("deleted_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    columns = ["tenant_id", "user_id", "number"]
    op.create_index("notifications_by_user", "notifications", columns)
    op.create_table(
        "notification_preferences",
        sa.Column("tenant_id", sa.String(36), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id"), nullable=False),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in _SWITCHES),
        sa.Column("quiet_hours_start", sa.String(5), nullable=True),
        sa.Column("quiet_hours_end", sa.String(5), nullable=True),
        sa.Column("email_batch_frequency", sa.String(20), nullable=False),
        sa.Column("sms_batch_frequency", sa.String(20), nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id"),
    )


def downgrade() -> None:
    op.drop_table("notification_preferences")
    op.drop_table("notifications")
    op.drop_column("counters", "notification_number")
