"""How things are said: due dates, ages, what happened. The same words in windows and commands."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import date

from tracker.domain.change import Action, Kind
from tracker.domain.task import OPEN, SYSTEM, Dated, HistoryEntry, Scalar, Status, is_overdue

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STALE_MS = 5 * MINUTE

STATUS_WORDS = {
    Status.PENDING: "Pending",
    Status.IN_PROGRESS: "In progress",
    Status.ON_HOLD: "On hold",
    Status.COMPLETED: "Done",
    Status.CANCELLED: "Cancelled",
    Status.ARCHIVED: "Archived",
}
ATTEMPTS = {
    Kind.SET_PROGRESS: "save progress",
    Kind.COMPLETE: "complete the task",
    Kind.START: "start the task",
    Kind.HOLD: "put the task on hold",
    Kind.RESUME: "resume the task",
    Kind.CANCEL: "cancel the task",
    Kind.REOPEN: "reopen the task",
    Kind.ARCHIVE: "archive the task",
    Kind.CREATE_TASK: "create the task",
    Kind.EDIT_FIELDS: "change the task",
    Kind.DEPEND: "let the task wait for another",
    Kind.UNDEPEND: "let the task go on without the other",
    Kind.ACCEPT: "accept the task",
    Kind.COMMENT: "send the comment",
    Kind.EDIT_COMMENT: "change the comment",
    Kind.LOG_TIME: "log the time",
    Kind.RATE: "rate the task",
    Kind.ASSIGN: "assign the task",
    Kind.UNASSIGN: "take the person off the task",
    Kind.MARK_NOTIFICATION: "mark the notification",
    Kind.OCCUPANCY: "report your activity",
}
"""What was tried, for "Unable to … (E5002)"."""


def span(ms: int) -> str:
    """A length of time in its largest fitting unit: `40 min`, `3 h`, `2 days`."""
    minutes = max(1, round(ms / MINUTE))
    if minutes < 60:
        return f"{minutes} min"
    if ms < 36 * HOUR:
        return f"{round(ms / HOUR)} h"
    return f"{round(ms / DAY)} days"


def age(then: int | None, now: int) -> str:
    """How old data is."""
    if then is None:
        return "never"
    return "just now" if now - then < MINUTE else f"{span(now - then)} ago"


def is_stale(synced_at: int | None, now: int) -> bool:
    """Whether data is too old to be shown without saying so."""
    return synced_at is None or now - synced_at > STALE_MS


def _local(ms: int, now: int) -> tuple[time.struct_time, int]:
    """An instant in the viewer's zone, and how many days after today it is. A list says 10,000 of
    them: 15 ms, against 60 with aware datetimes."""
    moment, today = time.localtime(ms / 1000), time.localtime(now / 1000)
    return moment, date(*moment[:3]).toordinal() - date(*today[:3]).toordinal()


def clock(ms: int, now: int) -> str:
    """An instant in the viewer's zone, as short as it is clear: `11:52`, `Thu 16:20`, `3 Nov`."""
    moment, days = _local(ms, now)
    if days == 0:
        return time.strftime("%H:%M", moment)
    if abs(days) < 7:
        return time.strftime("%a %H:%M", moment)
    year = "" if moment.tm_year == time.localtime(now / 1000).tm_year else f" {moment.tm_year}"
    return f"{moment.tm_mday} {time.strftime('%b', moment)}{year}"


def breakable(text: str, most: int = 24) -> str:
    """The text with places where very long words may be broken, as a narrow pane has no room for
    them. What is added has no width."""
    return re.sub(rf"\S{{{most}}}", lambda found: found[0] + "\u200b", text)


def straight(text: str) -> str:
    """The text without the invisible characters that turn the order of letters around (Unicode's
    Bidi_Control): with them a title reads as another. Right-to-left words need none."""
    return text if text.isascii() else _TURNING.sub("", text)


_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def comments(count: int) -> str:
    """`3 comments`; nothing for none."""
    return f"{count} comment{'' if count == 1 else 's'}" if count else ""


def time_of_day(ms: int) -> str:
    """`11:52`, in the viewer's zone."""
    return time.strftime("%H:%M", time.localtime(ms / 1000))


def due(task: Dated, now: int) -> str:
    """`due in 2 h`, `due today 17:00`, `3 days overdue`, `done 11:40`; empty without a due. A
    whole day is that day everywhere, though its end is an instant of the tenant's zone."""
    if task.status is Status.COMPLETED and task.completed_at is not None:
        return f"done {clock(task.completed_at, now)}"
    if task.due_at is None or task.status not in OPEN:
        return ""
    if is_overdue(task, now):
        return f"{span(now - task.due_at)} overdue"
    left = task.due_at - now
    if task.due_date:
        day = date.fromisoformat(task.due_date)
        days = day.toordinal() - date(*time.localtime(now / 1000)[:3]).toordinal()
        moment = day.timetuple()
    else:
        moment, days = _local(task.due_at, now)
    if days < 0 or (left < 4 * HOUR and not task.due_date):
        return f"due in {span(left)}"
    if days == 0:
        return "due today" if task.due_date else f"due today {time.strftime('%H:%M', moment)}"
    if days == 1:
        return "due tomorrow"
    if days < 7:
        return f"due {time.strftime('%a', moment)}"
    year = "" if moment.tm_year == time.localtime(now / 1000).tm_year else f" {moment.tm_year}"
    return f"due {moment.tm_mday} {time.strftime('%b', moment)}{year}"


def moment(ms: int) -> str:
    """An instant in full, for what is read on another day: `21 Nov 2026, 12:04`."""
    at = time.localtime(ms / 1000)
    return f"{at.tm_mday} {time.strftime('%b %Y, %H:%M', at)}"


def day(ms: int) -> str:
    """An instant's day in the viewer's zone, for the name of a file: `2026-11-21`."""
    return time.strftime("%Y-%m-%d", time.localtime(ms / 1000))


def due_on_paper(task: Dated) -> str:
    """When a task is due, as it is still true tomorrow: `Thu 26 Nov 2026`, with the hour where it
    has one; `done 21 Nov 2026` for what is finished. Empty without a due."""
    if task.status is Status.COMPLETED and task.completed_at is not None:
        return f"done {_day(time.localtime(task.completed_at / 1000))}"
    if task.due_date:
        return _day(date.fromisoformat(task.due_date).timetuple(), "%a ")
    if task.due_at is None:
        return ""
    at = time.localtime(task.due_at / 1000)
    return f"{_day(at, '%a ')}, {time.strftime('%H:%M', at)}"


def _day(at: time.struct_time, before: str = "") -> str:
    return f"{time.strftime(before, at)}{at.tm_mday} {time.strftime('%b %Y', at)}"


def attempt(kind: Kind, code: str) -> str:
    """The headline of a refused action."""
    return unable(ATTEMPTS[kind], code)


def unable(tried: str, code: str) -> str:
    """The headline of an error: what was tried, and the code."""
    return f"Unable to {tried} ({code})"


def stranger(user_id: str) -> str:
    """The name of who is not among the people."""
    return "Tracker" if user_id == SYSTEM else "Someone"


def happened(entry: HistoryEntry, names: Mapping[str, str]) -> str:
    """One history entry without person and time: `40 → 65 %`, `Pending → In progress`."""
    before, after = entry.before, entry.after
    if entry.event == Kind.CREATE_TASK:
        who = names.get(str(after.get("user_id", "")))
        return f"Assigned to {who}" if who else "Created"
    if entry.event == Kind.ASSIGN:
        who = names.get(str(after.get("user_id", "")), "someone")
        return f"Assigned to {who} ({str(after.get('part', '')).lower()})"
    if entry.event == Kind.UNASSIGN:
        return f"{names.get(str(before.get('user_id', '')), 'Someone')} taken off"
    if entry.event in _NAMED:
        return _NAMED[entry.event]
    if entry.event == Kind.LOG_TIME:
        return f"{_minutes(before)} → {_minutes(after)} min worked"
    if entry.event == Kind.RATE and "quality_rating" in after:
        return f"Rated {after['quality_rating']} of 5"
    if entry.event == Kind.EDIT_FIELDS:
        words = dict.fromkeys(_FIELD_WORDS.get(name, name) for name in after)
        return f"{', '.join(words) or 'nothing'} changed".capitalize()
    if entry.event in (Kind.SET_PROGRESS, Kind.COMPLETE) and "progress" in after:
        return f"{before.get('progress', 0)} → {after['progress']} %"
    if "status" in after:
        old = STATUS_WORDS[Status(str(before.get("status", "PENDING")))]
        return f"{old} → {STATUS_WORDS[Status(str(after['status']))]}"
    if entry.event == Kind.SET_PROGRESS:
        return "Note"
    return entry.event.replace("_", " ").capitalize()


_NAMED = {
    Kind.COMMENT.value: "Comment",
    Kind.EDIT_COMMENT.value: "Comment changed",
    Kind.ACCEPT.value: "Accepted",
    Kind.DEPEND.value: "Waits for another task",
    Kind.UNDEPEND.value: "Does not wait for the other task any more",
}
_FIELD_WORDS = {
    "due_at": "due",
    "due_date": "due",
    "project_id": "project",
    "parent_id": "parent",
    "lead_id": "lead",
    "task_type": "type",
    "scheduled_at": "start",
    "estimated_minutes": "estimate",
    "revenue_cents": "revenue",
}


def _minutes(values: Mapping[str, Scalar]) -> Scalar:
    return values.get("actual_minutes", 0)


def did(action: Action) -> str:
    """What an own action was, for lists of waiting and refused ones."""
    args = action.args
    match action.kind:
        case Kind.SET_PROGRESS:
            text = f"Progress to {args.get('percent')} %"
        case Kind.COMMENT:
            text = "Comment"
        case Kind.CREATE_TASK:
            text = "New task"
        case Kind.ASSIGN:
            text = "Assign"
        case Kind.EDIT_FIELDS:
            text = "Change of the task"
        case Kind.LOG_TIME:
            text = f"{args.get('minutes')} min worked"
        case Kind.RATE:
            text = f"Rated {args.get('rating')} of 5"
        case Kind.MARK_NOTIFICATION:
            text = _marked(args)
        case Kind.OCCUPANCY:
            text = f"Activity: {str(args.get('state', '')).lower()}"
        case _:
            text = action.kind.value.replace("_", " ").capitalize()
    said = str(args.get("text") or args.get("note") or "")
    return f"{text} · “{said}”" if said else text


def _marked(args: Mapping[str, object]) -> str:
    if args.get("archived"):
        return "Archive the notification"
    return "Mark as read" if args.get("read") else "Mark as unread"


def did_when(action: Action, now: int) -> str:
    """What an own action was, and when."""
    return f"{did(action)} · {when(action, now)}"


def when(action: Action, now: int) -> str:
    """When an own action was made, on the server's clock as far as it was known."""
    return clock(action.made_at + (action.clock_offset or 0), now)


def worked(minutes: int) -> str:
    """A length of work: `45 min`, `1 h 42 min`, `−30 min` for a correction."""
    hours, rest = divmod(abs(minutes), 60)
    said = " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part
    )
    return ("−" if minutes < 0 else "") + (said or "0 min")


def stopwatch(ms: int) -> str:
    """A running timer: `0:42`, `12:05:00` from an hour on."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
