"""Actions: what a person did, as a value that is stored, sent and replayed.

The arguments of each kind are checked here and nowhere else; the command line, the
windows and the server all call `parse`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tracker.domain.errors import Refusal
from tracker.domain.ids import is_uuid
from tracker.domain.reading import Bad, Reader
from tracker.domain.task import Occupancy, Part, Priority

SCHEMA = 1
"""The number of the action format this build writes."""
SCHEMAS = frozenset({1})
"""The formats this build can decide."""

TITLE_LIMIT = 200
TYPE_LIMIT = 60
NOTE_LIMIT = 10_000
DESCRIPTION_LIMIT = 20_000
MINUTES_LIMIT = 100_000
CENTS_LIMIT = 10**13
DAY = 1_440
ATTACHMENTS_LIMIT = 10
ADDRESS_LIMIT = 2_000
REASON_LIMIT = 200
LONGEST_INTERVAL = 86_400_000
"""An interval of activity is a day at most, in ms; a longer one is reported in pieces."""


class Kind(StrEnum):
    SET_PROGRESS = "set_progress"
    COMPLETE = "complete"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    REOPEN = "reopen"
    ARCHIVE = "archive"
    CREATE_TASK = "create_task"
    EDIT_FIELDS = "edit_fields"
    DEPEND = "depend"
    UNDEPEND = "undepend"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    ACCEPT = "accept"
    COMMENT = "comment"
    EDIT_COMMENT = "edit_comment"
    LOG_TIME = "log_time"
    RATE = "rate"
    MARK_NOTIFICATION = "mark_notification"
    OCCUPANCY = "occupancy"


OF_NOTIFICATIONS = frozenset({Kind.MARK_NOTIFICATION})
"""Their `task_id` is a notification's id."""
ABOUT_NO_TASK = OF_NOTIFICATIONS | {Kind.OCCUPANCY}
"""Their `task_id` is the id of what they are about instead; `replay.decide` knows nothing of it."""
TASK_KINDS = frozenset(Kind) - ABOUT_NO_TASK


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `made_at` is the device's clock in ms, `clock_offset` what to add to it to get
    the server's (None if never heard). `seen` is the title and values the person acted on; it is
    for explaining a refusal and never decides anything."""

    op_id: str
    kind: Kind
    task_id: str
    args: Mapping[str, Any]
    made_at: int
    base_version: int | None = None
    base_epoch: str | None = None
    clock_offset: int | None = None
    depends_on: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Progress:
    percent: int
    note: str
    occupancy: Occupancy | None


@dataclass(frozen=True, slots=True)
class Noted:
    """Arguments of every kind that only moves the status."""

    note: str
    occupancy: Occupancy | None


@dataclass(frozen=True, slots=True)
class Said:
    comment_id: str
    text: str
    parent_id: str | None
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reworded:
    comment_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Assigned:
    user_id: str
    part: Part
    percent: int


@dataclass(frozen=True, slots=True)
class Unassigned:
    user_id: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The person takes on what they were assigned."""


@dataclass(frozen=True, slots=True)
class Created:
    """`fields` are values of a Task's fields by name; what is missing has the Task's default."""

    fields: Mapping[str, Any]
    people: tuple[Assigned, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """New values of a Task's fields by name; the others stay."""

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Marked:
    """`read` None leaves it as it is, and so does `archived` False."""

    read: bool | None
    archived: bool


@dataclass(frozen=True, slots=True)
class Needing:
    """The task waits for this one."""

    needs_id: str


@dataclass(frozen=True, slots=True)
class Logged:
    """Minutes of work, by the device's monotonic clock where a timer ran. Below zero they correct
    an earlier entry: entries are never changed."""

    entry_id: str
    minutes: int
    started_at: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Rated:
    rating: int
    note: str


@dataclass(frozen=True, slots=True)
class Occupied:
    """What a device says of its user between two instants of its clock, in ms."""

    state: Occupancy
    started_at: int
    ended_at: int
    reason: str


Args = (
    Progress | Noted | Said | Reworded | Assigned | Unassigned | Accepted | Created | Edited
    | Needing | Logged | Rated | Marked | Occupied
)  # fmt: skip


def _occupancy(r: Reader) -> Occupancy | None:
    if r.get("occupancy") is None:
        return None
    return r.choice("occupancy", Occupancy, None)


def _progress(r: Reader) -> Progress:
    percent = r.needed("percent", r.whole("percent", 0, 100, "E2003"), "E2003")
    return Progress(percent, r.text("note", NOTE_LIMIT), _occupancy(r))


def _noted(r: Reader) -> Noted:
    return Noted(r.text("note", NOTE_LIMIT), _occupancy(r))


def _words(r: Reader) -> str:
    text = r.text("text", NOTE_LIMIT)
    if not text:
        raise Bad("E2009", "text")
    return text


def _said(r: Reader) -> Said:
    text = _words(r)
    links = tuple(
        r.address(link, "attachments", ADDRESS_LIMIT)
        for link in r.items("attachments", ATTACHMENTS_LIMIT)
    )
    return Said(r.needed_id("comment_id"), text, r.id("parent_id"), links)


def _reworded(r: Reader) -> Reworded:
    return Reworded(r.needed_id("comment_id"), _words(r))


def _assigned(r: Reader) -> Assigned:
    percent = r.whole("percent", 0, 100, "E2010")
    return Assigned(
        r.needed_id("user_id"),
        r.choice("part", Part, Part.ASSIGNEE),
        100 if percent is None else percent,
    )


def _unassigned(r: Reader) -> Unassigned:
    return Unassigned(r.needed_id("user_id"))


def _accepted(_: Reader) -> Accepted:
    return Accepted()


def _title(r: Reader) -> str:
    title = r.text("title", TITLE_LIMIT)
    if not title:
        raise Bad("E2001", "title")
    return title


_FIELDS: dict[str, Callable[[Reader], Any]] = {
    "title": _title,
    "description": lambda r: r.text("description", DESCRIPTION_LIMIT),
    "priority": lambda r: r.choice("priority", Priority, None),
    "project_id": lambda r: r.id("project_id"),
    "parent_id": lambda r: r.id("parent_id"),
    "lead_id": lambda r: r.id("lead_id"),
    "task_type": lambda r: r.text("task_type", TYPE_LIMIT),
    "due_at": lambda r: r.moment("due_at"),
    "due_date": lambda r: r.date("due_date"),
    "scheduled_at": lambda r: r.moment("scheduled_at"),
    "estimated_minutes": lambda r: r.whole("estimated_minutes", 1, MINUTES_LIMIT, "E2015"),
    "revenue_cents": lambda r: r.whole("revenue_cents", -CENTS_LIMIT, CENTS_LIMIT, "E2023"),
}
"""What a person may set of a task, and how each is read. The rest follows from what they do."""


def _fields(r: Reader) -> dict[str, Any]:
    """The fields that are there. A due is a day or an instant: one takes the other's place."""
    found = {name: read(r) for name, read in _FIELDS.items() if name in r.args}
    if found.get("due_at") is not None and found.get("due_date") is not None:
        raise Bad("E2004", "due_date", "A day or an instant, not both.")
    if "due_at" in found or "due_date" in found:
        found = {"due_at": None, "due_date": None} | found
    return found


def _created(r: Reader) -> Created:
    people: list[Assigned] = []
    for item in r.mappings("people"):
        inner = Reader(item)
        people.append(_assigned(inner))
        inner.done()
    if len({person.user_id for person in people}) < len(people):
        raise Bad("E2017", "people", "Each person once.")
    r.known.update(_FIELDS)
    given = {name: r.args[name] for name in _FIELDS if r.args.get(name) is not None}
    return Created(_fields(Reader({"title": None} | given)), tuple(people))


def _edited(r: Reader) -> Edited:
    given = r.get("fields")
    if not isinstance(given, Mapping) or not given:
        raise Bad("E2017", "fields")
    inner = Reader(given)
    fields = _fields(inner)
    inner.done()
    return Edited(fields)


def _needing(r: Reader) -> Needing:
    return Needing(r.needed_id("needs_id"))


def _logged(r: Reader) -> Logged:
    minutes = r.needed("minutes", r.whole("minutes", -DAY, DAY, "E2024"), "E2024")
    if minutes == 0:
        raise Bad("E2024", "minutes")
    return Logged(
        r.needed_id("entry_id"), minutes, r.moment("started_at"), r.text("note", NOTE_LIMIT)
    )


def _rated(r: Reader) -> Rated:
    rating = r.needed("rating", r.whole("rating", 1, 5, "E2025"), "E2025")
    return Rated(rating, r.text("note", NOTE_LIMIT))


def _marked(r: Reader) -> Marked:
    read, archived = r.flag("read"), r.flag("archived")
    if archived is False:
        raise Bad("E2017", "archived", "What was archived stays so.")
    if read is None and not archived:
        raise Bad("E2017", "read")
    return Marked(read, bool(archived))


def _occupied(r: Reader) -> Occupied:
    started_at, ended_at = (
        r.needed(name, r.moment(name), "E2004") for name in ("started_at", "ended_at")
    )
    if not 0 <= ended_at - started_at <= LONGEST_INTERVAL:
        raise Bad("E2061", "ended_at")
    return Occupied(
        r.choice("state", Occupancy, None), started_at, ended_at, r.text("reason", REASON_LIMIT)
    )


_PARSERS: dict[Kind, Callable[[Reader], Args]] = {
    Kind.SET_PROGRESS: _progress,
    Kind.COMPLETE: _noted,
    Kind.START: _noted,
    Kind.HOLD: _noted,
    Kind.RESUME: _noted,
    Kind.CANCEL: _noted,
    Kind.REOPEN: _noted,
    Kind.ARCHIVE: _noted,
    Kind.CREATE_TASK: _created,
    Kind.EDIT_FIELDS: _edited,
    Kind.DEPEND: _needing,
    Kind.UNDEPEND: _needing,
    Kind.ASSIGN: _assigned,
    Kind.UNASSIGN: _unassigned,
    Kind.ACCEPT: _accepted,
    Kind.COMMENT: _said,
    Kind.EDIT_COMMENT: _reworded,
    Kind.LOG_TIME: _logged,
    Kind.RATE: _rated,
    Kind.MARK_NOTIFICATION: _marked,
    Kind.OCCUPANCY: _occupied,
}


NAME_PEOPLE = frozenset({Kind.CREATE_TASK, Kind.ASSIGN})
NAME_PROJECTS = frozenset({Kind.CREATE_TASK, Kind.EDIT_FIELDS})
"""Deciding about other kinds needs no list of people, or of projects."""
NAME_TASKS = frozenset({Kind.CREATE_TASK, Kind.EDIT_FIELDS, Kind.DEPEND, Kind.UNDEPEND})
"""Those that may name another task than their own."""


def words(args: Mapping[str, Any]) -> str:
    """What a person wrote in an action; nothing of it may be lost, whatever becomes of it."""
    fields = args.get("fields")
    written = [args.get("text"), args.get("note")]
    if isinstance(fields, Mapping):
        written += [fields.get("title"), fields.get("description")]
    return "\n".join(str(text) for text in written if text)


def other_tasks(action: Action) -> tuple[str, ...]:
    """The tasks that it names beside its own. Nothing of it need have been checked yet."""
    if action.kind not in NAME_TASKS:
        return ()
    args = action.args
    if action.kind is Kind.EDIT_FIELDS:
        fields = args.get("fields")
        named = fields.get("parent_id") if isinstance(fields, Mapping) else None
    else:
        named = args.get("parent_id" if action.kind is Kind.CREATE_TASK else "needs_id")
    return (str(named),) if is_uuid(named) else ()


def parse(kind: Kind, args: Mapping[str, Any]) -> Args | Refusal:
    """The arguments as a value of the kind's class, or why they cannot be used.

    Unknown keys are refused: a field that would be dropped silently is a lost edit.
    """
    reader = Reader(args)
    try:
        parsed = _PARSERS[kind](reader)
        reader.done()
    except Bad as bad:
        return bad.refusal
    return parsed
