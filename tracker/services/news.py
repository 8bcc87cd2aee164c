"""What is new to tell a person who looks elsewhere: pure, from rows to words.

The server's notifications say what somebody did to the person; what somebody changed about a task
of theirs is no notification, and is seen by comparing the rows before and after a synchronisation.
The quiet hours of the server's preferences do not reach the device, so nothing here knows them: who
wants quiet has the desktop's own "do not disturb", or the settings.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tracker.cache.projection import Mark, TaskView
from tracker.config import Settings
from tracker.domain.change import Kind
from tracker.domain.notification import Notification, NotificationType
from tracker.domain.task import OPEN, SYSTEM, HistoryEntry, Part, Task
from tracker.services import wording
from tracker.services.links import link_to
from tracker.services.notifications import link_of

MOST = 3
"""More at a time would bury the desktop; what is left over is counted in one more."""
THE_LIST = "notifications"


@dataclass(frozen=True, slots=True)
class News:
    """`link` opens the task it is about, `THE_LIST` is the list of notifications; empty where
    there is nothing to open but the window."""

    headline: str
    sentence: str = ""
    link: str = ""
    brief: str = ""
    """The one line of it where several are told at once; empty for the headline."""


def of_notifications(
    rows: Iterable[tuple[Notification, Mark]], told: int, settings: Settings
) -> list[News]:
    """Of the unread ones after number `told`, the oldest first."""
    new = [
        row
        for row, _ in rows
        if row.number > told and row.read_at is None and is_wanted(row.type, settings)
    ]
    new.sort(key=lambda row: row.number)
    return [
        News(row.title, row.message, link_of(row) or THE_LIST, row.message or row.title)
        for row in new
    ]


def is_wanted(kind: NotificationType, settings: Settings) -> bool:
    """What others write is told like what they change: no setting is about comments alone."""
    match kind:
        case NotificationType.TASK_ASSIGNED:
            return settings.notify_assigned
        case NotificationType.TASK_OVERDUE | NotificationType.DEADLINE_REMINDER:
            return settings.notify_overdue
        case NotificationType.MESSAGE_RECEIVED:
            return settings.notify_changed
        case _:
            return False


def differs(before: TaskView | None, after: TaskView | None, me: str) -> bool:
    """Whether a task of the person's may be one to tell of: only then its history is read."""
    if before is None or not _does(before, me):
        return False
    if after is None:
        return before.task.status in OPEN  # a finished one may only have been evicted
    if after.mark is Mark.REJECTED and before.mark is not Mark.REJECTED:
        return False  # the own change fell away, which is said by itself
    return bool(_changed(before, after)) or not _is_on(after, me)


def of_task(
    before: TaskView,
    after: TaskView | None,
    history: Sequence[HistoryEntry],
    me: str,
    names: dict[str, str],
    now: int,
) -> News | None:
    """What somebody else did to a task of the person's that `differs`. `history` is the task's,
    oldest first: what the person did themself, on another device, is not told, and neither is what
    the server archives by itself."""
    title = (after or before).task.title
    if after is None or not _is_on(after, me):
        if _left(history, me):
            return None
        return News(f"No longer yours: {title}", link=link_to(before.task.id) if after else "")
    changed = _changed(before, after)
    who = _who(history, changed)
    if who in (me, SYSTEM):
        return None
    words = "; ".join(_words(before.task, after.task, changed, now))
    by = f"Changed by {names.get(who, wording.stranger(who))}." if who else ""
    return News(f"{words}: {title}", by, link_to(after.task.id))


def gathered(news: Sequence[News], most: int = MOST) -> list[News]:
    """So many, and one that counts the rest and leads to the list."""
    left = len(news) - most
    if left <= 0:
        return list(news)
    return [*news[:most], News(f"{left} more", "Open Tracker to see all that is new.", THE_LIST)]


def _does(view: TaskView, me: str) -> bool:
    return any(row.user_id == me and row.part is Part.ASSIGNEE for row in view.people)


def _is_on(view: TaskView, me: str) -> bool:
    """In whatever part: who reviews it from now on has a notification that says so."""
    return any(row.user_id == me for row in view.people)


def _left(history: Sequence[HistoryEntry], me: str) -> bool:
    """Whether the person took themself off."""
    off = (e for e in reversed(history) if e.event == Kind.UNASSIGN and _about(e) == me)
    last = next(off, None)
    return last is not None and last.user_id == me


def _about(entry: HistoryEntry) -> object:
    return entry.before.get("user_id")


def _changed(before: TaskView, after: TaskView) -> list[str]:
    """Names of the fields that a person should hear of. What counts of the due is its instant,
    which moves with a day too."""
    old, new = before.task, after.task
    names = ("due_at", "title", "priority", "status")
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def _who(history: Sequence[HistoryEntry], changed: Iterable[str]) -> str:
    """Who changed one of these last; empty where the kept history does not say."""
    fields = {*changed} | ({"due_date"} if "due_at" in changed else set())
    return next((e.user_id for e in reversed(history) if not fields.isdisjoint(e.after)), "")


def _words(old: Task, new: Task, changed: Iterable[str], now: int) -> Iterator[str]:
    for name in changed:
        match name:
            case "due_at" if new.due_at is None:
                yield "Due taken off"
            case "due_at":
                yield f"Due {'moved to' if old.due_at else 'set to'} {_due(new, now)}"
            case "title":
                yield f"Renamed from “{old.title}”"
            case "priority":
                yield f"Priority now {new.priority.value.lower()}"
            case _:
                yield f"Now {wording.STATUS_WORDS[new.status].lower()}"


def _due(task: Task, now: int) -> str:
    """`Fri 16:00`, `17:30` for today, `Fri 27 Nov` for a whole day."""
    assert task.due_at is not None
    if not task.due_date:
        return wording.clock(task.due_at, now)
    day = date.fromisoformat(task.due_date)
    return f"{time.strftime('%a', day.timetuple())} {day.day} {day:%b}"
