"""What people are told of: which actions cause it, in which words, and what becomes of it.

The server makes a `Notification` from each `Notice`, once it has looked up names; `mark` is what a
person does to one, replayed on the device by the same function.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import StrEnum

from tracker.domain.change import Action, Kind, Marked
from tracker.domain.decision import Applied
from tracker.domain.ids import is_derived
from tracker.domain.instants import utc
from tracker.domain.task import Part, Priority, Status, Task, TaskState

EXCERPT = 200
"""Characters of a comment that its notification quotes."""
REMIND_BEFORE = 24 * 3_600_000
"""How long before the due people are reminded, in ms."""


class NotificationType(StrEnum):
    LEAD_ASSIGNED = "lead_assigned"
    TASK_ASSIGNED = "task_assigned"
    TASK_COMPLETED = "task_completed"
    DEADLINE_REMINDER = "deadline_reminder"
    CALL_MISSED = "call_missed"
    MESSAGE_RECEIVED = "message_received"
    TASK_OVERDUE = "task_overdue"


class NotificationPriority(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Frequency(StrEnum):
    """How often what is to be sent is gathered into one message."""

    IMMEDIATE = "immediate"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


PRIORITIES = {
    Priority.URGENT: NotificationPriority.CRITICAL,
    Priority.HIGH: NotificationPriority.HIGH,
    Priority.MEDIUM: NotificationPriority.NORMAL,
    Priority.LOW: NotificationPriority.LOW,
}
"""A notification is as urgent as the task it is about."""
CATEGORIES = {
    NotificationType.LEAD_ASSIGNED: "lead",
    NotificationType.TASK_ASSIGNED: "task",
    NotificationType.TASK_COMPLETED: "task",
    NotificationType.DEADLINE_REMINDER: "deadline",
    NotificationType.CALL_MISSED: "call",
    NotificationType.MESSAGE_RECEIVED: "message",
    NotificationType.TASK_OVERDUE: "deadline",
}
_TITLES = {
    NotificationType.TASK_ASSIGNED: "New task",
    NotificationType.TASK_COMPLETED: "Task completed",
    NotificationType.DEADLINE_REMINDER: "Due soon",
    NotificationType.MESSAGE_RECEIVED: "New comment",
    NotificationType.TASK_OVERDUE: "Overdue",
}


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that one person is told of. Times are ms; `action_url` opens what it is about, and
    `entity_kind` and `entity_id` name that. After `expires_at` it is not listed any more."""

    id: str
    number: int
    user_id: str
    type: NotificationType
    title: str
    message: str
    priority: NotificationPriority
    category: str
    created_at: int
    updated_at: int
    version: int = 1
    read_at: int | None = None
    archived_at: int | None = None
    expires_at: int | None = None
    action_url: str | None = None
    entity_kind: str | None = None
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person wants to be told, and how. Quiet hours are clock times "HH:MM" in the tenant's
    zone and may go over midnight; they hold back channels that disturb, and never the list itself.
    """

    enable_in_app_notifications: bool = True
    enable_desktop_notifications: bool = True
    # Nobody gets mail or texts that they did not ask for.
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
    quiet_hours_start: str | None = None
    quiet_hours_end: str | None = None
    email_batch_frequency: Frequency = Frequency.IMMEDIATE
    sms_batch_frequency: Frequency = Frequency.IMMEDIATE

    def wants(self, kind: NotificationType) -> bool:
        """Whether something of this type becomes a notification at all."""
        return self.enable_in_app_notifications and bool(getattr(self, f"notify_{kind}"))


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told of something. `cause` is the id of what caused it, with `of` where it
    can cause the same more than once; `actor_id` is who did it, `part` what the person has in the
    task, `said` what was written."""

    cause: str
    user_id: str
    type: NotificationType
    task: Task
    at: int
    actor_id: str = ""
    part: Part = Part.ASSIGNEE
    said: str = ""
    of: str = ""


def caused(
    before: TaskState | None, applied: Applied, action: Action, actor_id: str, at: int
) -> list[Notice]:
    """Whom an action that took effect concerns, `at` its arrival. Nobody is told of what they did
    themself."""
    state = applied.state
    found: list[Notice] = []
    # Under an id that others can make too, they must not have told it in this one's place.
    of = actor_id if is_derived(action.op_id) else ""
    if before is None or state.people is not before.people:
        old = before.people if before else {}
        found += (
            Notice(action.op_id, user_id, NotificationType.TASK_ASSIGNED, state.task, at,
                   actor_id, row.part, of=of)
            for user_id, row in state.people.items()
            if user_id not in old or old[user_id].part is not row.part
        )  # fmt: skip
    if "status" in applied.changed and state.task.status is Status.COMPLETED:
        found += (
            Notice(
                action.op_id,
                user_id,
                NotificationType.TASK_COMPLETED,
                state.task,
                at,
                actor_id,
                of=of,
            )
            for user_id in _who_look_on(state)
        )
    if action.kind is Kind.COMMENT and applied.comment is not None:
        found += (
            Notice(action.op_id, user_id, NotificationType.MESSAGE_RECEIVED, state.task, at,
                   actor_id, said=applied.comment.text, of=of)
            for user_id in dict.fromkeys((*state.people, state.task.created_by))
        )  # fmt: skip
    return [notice for notice in found if notice.user_id != actor_id]


def _who_look_on(state: TaskState) -> Iterator[str]:
    """The creator, the reviewers and the watchers, each once."""
    yield state.task.created_by
    for user_id, row in state.people.items():
        if row.part is not Part.ASSIGNEE and user_id != state.task.created_by:
            yield user_id


def due_notices(state: TaskState, now: int) -> list[Notice]:
    """Who is to be told that the task is due within a day, or overdue: those who do it, or who made
    it where nobody does. Once for each due: with another due they are told again."""
    task = state.task
    if task.due_at is None or task.due_at >= now + REMIND_BEFORE:
        return []
    overdue = task.due_at < now
    kind = NotificationType.TASK_OVERDUE if overdue else NotificationType.DEADLINE_REMINDER
    doing = [user for user, row in state.people.items() if row.part is Part.ASSIGNEE]
    return [
        Notice(task.id, user_id, kind, task, now, of=str(task.due_at))
        for user_id in doing or [task.created_by]
    ]


def worded(notice: Notice, actor: str, zone: tzinfo) -> tuple[str, str]:
    """Title and message; `actor` is the name of who did it, `zone` the tenant's."""
    task = f"“{notice.task.title}”"
    match notice.type:
        case NotificationType.TASK_ASSIGNED:
            message = {
                Part.ASSIGNEE: f"{actor} assigned you {task}.",
                Part.REVIEWER: f"{actor} asked you to review {task}.",
                Part.WATCHER: f"{actor} added you to {task} as a watcher.",
            }[notice.part]
        case NotificationType.TASK_COMPLETED:
            message = f"{actor} completed {task}."
        case NotificationType.MESSAGE_RECEIVED:
            message = f"{actor} wrote on {task}: {_excerpt(notice.said)}"
        case NotificationType.DEADLINE_REMINDER:
            message = f"{task} is due {_due(notice.task, zone)}."
        case NotificationType.TASK_OVERDUE:
            message = f"{task} was due {_due(notice.task, zone)} and is not finished."
        case _:
            raise AssertionError(f"no task causes {notice.type}")
    return _TITLES[notice.type], message


def _excerpt(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1].rstrip()}…"


def _due(task: Task, zone: tzinfo) -> str:
    """`on 3 March`, or `on 3 March at 17:00`. A due that is a day ends with it, there."""
    assert task.due_at is not None
    moment = utc(task.due_at).astimezone(zone)
    clock = "" if task.due_date else f" at {moment:%H:%M}"
    return f"on {moment.day} {moment:%B}{clock}"


def from_notice(
    notice: Notice, notification_id: str, number: int, actor: str, zone: tzinfo
) -> Notification:
    title, message = worded(notice, actor, zone)
    reminds = notice.type is NotificationType.DEADLINE_REMINDER
    return Notification(
        id=notification_id,
        number=number,
        user_id=notice.user_id,
        type=notice.type,
        title=title,
        message=message,
        priority=PRIORITIES[notice.task.priority],
        category=CATEGORIES[notice.type],
        created_at=notice.at,
        updated_at=notice.at,
        # After its due a reminder says nothing true; "overdue" comes then.
        expires_at=notice.task.due_at if reminds else None,
        action_url=f"tracker://task/{notice.task.id}",
        entity_kind="task",
        entity_id=notice.task.id,
    )


def mark(row: Notification, args: Marked, when: int) -> Notification:
    """Read or unread, and archived. What was read or archived before keeps its time."""
    read_at, archived_at = row.read_at, row.archived_at
    if args.read is not None:
        read_at = (when if read_at is None else read_at) if args.read else None
    if args.archived and archived_at is None:
        archived_at = when
    return replace(row, read_at=read_at, archived_at=archived_at)


def is_listed(row: Notification, now: int) -> bool:
    """Whether it is in the list that a person looks at: not archived, and not expired."""
    return row.archived_at is None and (row.expires_at is None or row.expires_at > now)
