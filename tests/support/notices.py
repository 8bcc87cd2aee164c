"""Notifications for tests of the windows, as the server makes them."""

from __future__ import annotations

from typing import Any

from tests.support.server import START
from tests.support.windows import ANA
from tracker.domain.notification import Notification, NotificationPriority, NotificationType


def notice(number: int = 1, task_id: str = "", **over: Any) -> Notification:
    """To Ana, unread; about a task if one is named. `id` may be another than the number gives."""
    about = {"action_url": f"tracker://task/{task_id}", "entity_kind": "task", "entity_id": task_id}
    known: dict[str, Any] = {
        "user_id": ANA,
        "type": NotificationType.TASK_ASSIGNED,
        "title": "New task",
        "message": "Rita Okafor assigned you “Fix the pump”.",
        "priority": NotificationPriority.HIGH,
        "category": "task",
        "created_at": START,
        "updated_at": START,
        **(about if task_id else {}),
        **over,
    }
    known.setdefault("id", f"00000000-0000-7000-8000-0000000a{number:04}")
    return Notification(number=number, **known)
