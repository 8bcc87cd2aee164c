"""The twelve notification endpoints of `/api/v1`. `id` and `user_id` are the numbers people see;
paths take the UUID, too. Instants are RFC 3339."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from tracker.domain.notification import Frequency, NotificationPriority, NotificationType
from tracker.protocol.base import Answer, Request
from tracker.protocol.sync import Uuid

MOST_LISTED = 200
LONGEST_KEPT_DAYS = 36_500


def _instant(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise ValueError("an instant with its zone, like 2026-12-31T17:00:00Z")
    return text


_NO_NUL = r"^[^\x00]*$"  # PostgreSQL refuses it
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of the day, "HH:MM"."""
Url = Annotated[str, Field(max_length=2000, pattern=r"^(tracker|https)://[^\x00-\x20]+$")]
"""What a notification opens: never a program or a file of the device."""
Frequently = Annotated[Frequency, Field(strict=False)]


class NewNotification(Request):
    """`user_id` is a person's number or UUID."""

    user_id: Annotated[int, Field(ge=1, le=2**53)] | Uuid
    type: Annotated[NotificationType, Field(strict=False)]
    title: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
    message: Annotated[str, Field(min_length=1, max_length=2000, pattern=_NO_NUL)]
    priority: Annotated[NotificationPriority, Field(strict=False)] = NotificationPriority.NORMAL
    category: Annotated[str, Field(min_length=1, max_length=40, pattern=_NO_NUL)] | None = None
    action_url: Url | None = None
    expires_at: Annotated[str, Field(max_length=40), AfterValidator(_instant)] | None = None


class PrintedNotification(Answer):
    id: int
    uuid: str
    user_id: int
    tenant_id: str
    type: NotificationType
    title: str
    message: str
    priority: NotificationPriority
    category: str
    is_read: bool
    read_at: str | None
    action_url: str | None
    is_archived: bool
    expires_at: str | None
    created_at: str | None
    updated_at: str | None
    entity_kind: str | None
    entity_id: str | None


class NotificationList(Answer):
    """Newest first; `next_cursor` reads on, and is null on the last page."""

    notifications: list[PrintedNotification]
    next_cursor: str | None


class Marked(Answer):
    updated: int


class Cleanup(Request):
    """What was read and is older than so many days; `all` is the tenant's, for admins."""

    days: Annotated[int, Field(ge=1, le=LONGEST_KEPT_DAYS)] = 30
    all: bool = False


class Cleaned(Answer):
    deleted: int


class _Choices(BaseModel):
    enable_in_app_notifications: bool = True
    enable_desktop_notifications: bool = True
    enable_email_notifications: bool = False
    enable_sms_notifications: bool = False
    notify_lead_assigned: bool = True
    notify_task_assigned: bool = True
    notify_task_completed: bool = True
    notify_deadline_reminder: bool = True
    notify_call_missed: bool = True
    notify_message_received: bool = True
    notify_task_overdue: bool = True
    quiet_hours_enabled: bool = False
    quiet_hours_start: Clock | None = None
    quiet_hours_end: Clock | None = None
    email_batch_frequency: Frequently = Frequency.IMMEDIATE
    sms_batch_frequency: Frequently = Frequency.IMMEDIATE


class ChosenPreferences(_Choices, Request):
    """What is left out stays as it is."""


class PrintedPreferences(_Choices, Answer):
    user_id: int
    tenant_id: str


class NotificationStats(Answer):
    """Of what is listed: `unread` and `read` are not archived, and the maps count those."""

    total: int
    unread: int
    read: int
    archived: int
    by_type: dict[NotificationType, int]
    by_priority: dict[NotificationPriority, int]
