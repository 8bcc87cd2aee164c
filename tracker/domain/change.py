"""Actions: what a person did, as a value that is stored, sent and replayed.

The arguments of each kind are checked here and nowhere else; the command line, the
windows and the server all call `parse`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from tracker.domain.errors import Refusal
from tracker.domain.ids import is_uuid
from tracker.domain.task import Occupancy, Part, Priority

SCHEMA = 1
"""The number of the action format this build writes."""
SCHEMAS = frozenset({1})
"""The formats this build can decide."""

TITLE_LIMIT = 200
NOTE_LIMIT = 10_000
DESCRIPTION_LIMIT = 20_000
MINUTES_LIMIT = 100_000
PEOPLE_LIMIT = 100
REASON_LIMIT = 200
LONGEST_INTERVAL = 86_400_000
"""An interval of activity is a day at most, in ms; a longer one is reported in pieces."""
LAST_INSTANT = 253_370_764_799_999
"""The last millisecond of the year 9998: it still has a date, and a next day, in every zone."""


class Kind(StrEnum):
    SET_PROGRESS = "set_progress"
    COMPLETE = "complete"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    REOPEN = "reopen"
    COMMENT = "comment"
    CREATE_TASK = "create_task"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    OCCUPANCY = "occupancy"


ABOUT_NO_TASK = frozenset({Kind.OCCUPANCY})
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


@dataclass(frozen=True, slots=True)
class Assigned:
    user_id: str
    part: Part
    percent: int


@dataclass(frozen=True, slots=True)
class Unassigned:
    user_id: str


@dataclass(frozen=True, slots=True)
class Created:
    title: str
    description: str
    priority: Priority
    project_id: str | None
    due_at: int | None
    due_date: str | None
    estimated_minutes: int | None
    people: tuple[Assigned, ...]


@dataclass(frozen=True, slots=True)
class Occupied:
    """What a device says of its user between two instants of its clock, in ms."""

    state: Occupancy
    started_at: int
    ended_at: int
    reason: str


TaskArgs = Progress | Noted | Said | Assigned | Unassigned | Created
Args = TaskArgs | Occupied


class _Bad(Exception):
    def __init__(self, code: str, name: str, info: str = "") -> None:
        self.refusal = Refusal(code, name, info)


_E = TypeVar("_E", bound=StrEnum)


def storable(text: str) -> bool:
    """No NUL (PostgreSQL refuses it) and no lone surrogate (UTF-8 cannot carry it)."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


class _Reader:
    """Takes values out of untrusted arguments; the first that does not fit ends the reading."""

    def __init__(self, args: Mapping[str, Any]) -> None:
        self.args = args
        self.known: set[str] = set()

    def _get(self, name: str) -> Any:
        self.known.add(name)
        return self.args.get(name)

    def text(self, name: str, limit: int) -> str:
        value = self._get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _Bad("E2017", name)
        if not storable(value):
            raise _Bad("E2008", name)
        value = value.strip()
        if len(value) > limit:
            raise _Bad("E2002", name, f"At most {limit:,} characters; this has {len(value):,}.")
        return value

    def whole(self, name: str, low: int, high: int, code: str) -> int | None:
        value = self._get(name)
        if value is None:
            return None
        # bool is an int in Python; `true` is still not 1 %.
        if type(value) is not int or not low <= value <= high:
            raise _Bad(code, name)
        return value

    def needed(self, name: str, value: int | None, code: str) -> int:
        if value is None:
            raise _Bad(code, name)
        return value

    def id(self, name: str) -> str | None:
        value = self._get(name)
        if value is None:
            return None
        if not is_uuid(value):
            raise _Bad("E2006", name)
        return str(value)

    def needed_id(self, name: str) -> str:
        value = self.id(name)
        if value is None:
            raise _Bad("E2017", name)
        return value

    def choice(self, name: str, kind: type[_E], default: _E | None) -> _E:
        value = self._get(name)
        if value is None and default is not None:
            return default
        try:
            return kind(value)
        except ValueError:
            raise _Bad("E2005", name, f"One of {', '.join(kind)}.") from None

    def date(self, name: str) -> str | None:
        value = self._get(name)
        if value is None:
            return None
        try:
            if not isinstance(value, str):
                raise ValueError
            day = date.fromisoformat(value)
            if not 1970 < day.year < 9999:
                raise ValueError
            return day.isoformat()
        except ValueError:
            raise _Bad("E2004", name) from None

    def list(self, name: str) -> list[Mapping[str, Any]]:
        value = self._get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > PEOPLE_LIMIT:
            raise _Bad("E2017", name)
        if not all(isinstance(item, Mapping) for item in value):
            raise _Bad("E2017", name)
        return value

    def done(self) -> None:
        for name in self.args:
            if name not in self.known:
                raise _Bad("E2017", str(name)[:60], "This field is not known here.")


def _occupancy(r: _Reader) -> Occupancy | None:
    if r._get("occupancy") is None:
        return None
    return r.choice("occupancy", Occupancy, None)


def _progress(r: _Reader) -> Progress:
    percent = r.needed("percent", r.whole("percent", 0, 100, "E2003"), "E2003")
    return Progress(percent, r.text("note", NOTE_LIMIT), _occupancy(r))


def _noted(r: _Reader) -> Noted:
    return Noted(r.text("note", NOTE_LIMIT), _occupancy(r))


def _said(r: _Reader) -> Said:
    text = r.text("text", NOTE_LIMIT)
    if not text:
        raise _Bad("E2009", "text")
    return Said(r.needed_id("comment_id"), text)


def _assigned(r: _Reader) -> Assigned:
    percent = r.whole("percent", 0, 100, "E2010")
    return Assigned(
        r.needed_id("user_id"),
        r.choice("part", Part, Part.ASSIGNEE),
        100 if percent is None else percent,
    )


def _unassigned(r: _Reader) -> Unassigned:
    return Unassigned(r.needed_id("user_id"))


def _created(r: _Reader) -> Created:
    title = r.text("title", TITLE_LIMIT)
    if not title:
        raise _Bad("E2001", "title")
    people: list[Assigned] = []
    for item in r.list("people"):
        inner = _Reader(item)
        people.append(_assigned(inner))
        inner.done()
    if len({person.user_id for person in people}) < len(people):
        raise _Bad("E2017", "people", "Each person once.")
    if r.args.get("due_at") is not None and r.args.get("due_date") is not None:
        raise _Bad("E2004", "due_date", "A day or an instant, not both.")
    return Created(
        title=title,
        description=r.text("description", DESCRIPTION_LIMIT),
        priority=r.choice("priority", Priority, Priority.MEDIUM),
        project_id=r.id("project_id"),
        due_at=r.whole("due_at", 0, LAST_INSTANT, "E2004"),
        due_date=r.date("due_date"),
        estimated_minutes=r.whole("estimated_minutes", 1, MINUTES_LIMIT, "E2015"),
        people=tuple(people),
    )


def _occupied(r: _Reader) -> Occupied:
    started_at, ended_at = (
        r.needed(name, r.whole(name, 0, LAST_INSTANT, "E2004"), "E2004")
        for name in ("started_at", "ended_at")
    )
    if not 0 <= ended_at - started_at <= LONGEST_INTERVAL:
        raise _Bad("E2061", "ended_at")
    return Occupied(
        r.choice("state", Occupancy, None), started_at, ended_at, r.text("reason", REASON_LIMIT)
    )


_PARSERS: dict[Kind, Callable[[_Reader], Args]] = {
    Kind.SET_PROGRESS: _progress,
    Kind.COMPLETE: _noted,
    Kind.START: _noted,
    Kind.HOLD: _noted,
    Kind.RESUME: _noted,
    Kind.CANCEL: _noted,
    Kind.REOPEN: _noted,
    Kind.COMMENT: _said,
    Kind.CREATE_TASK: _created,
    Kind.ASSIGN: _assigned,
    Kind.UNASSIGN: _unassigned,
    Kind.OCCUPANCY: _occupied,
}


NAME_PEOPLE = frozenset({Kind.CREATE_TASK, Kind.ASSIGN})
NAME_PROJECTS = frozenset({Kind.CREATE_TASK})
"""Deciding about other kinds needs no list of people, or of projects."""


def parse(kind: Kind, args: Mapping[str, Any]) -> Args | Refusal:
    """The arguments as a value of the kind's class, or why they cannot be used.

    Unknown keys are refused: a field that would be dropped silently is a lost edit.
    """
    reader = _Reader(args)
    try:
        parsed = _PARSERS[kind](reader)
        reader.done()
    except _Bad as bad:
        return bad.refusal
    return parsed
