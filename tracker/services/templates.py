"""What the assign form holds, as it was typed: kept as a draft, and under a name as a template.

Templates are of a profile: `templates.json` in its folder, written whole or not at all. A file that
is none of ours is set aside, never overwritten.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.reading import storable
from tracker.domain.task import Part, Person, Priority, Project
from tracker.services.typed import due_text, read_due, relative

FORMAT = 1
NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Chosen:
    """A person of the form. `percent` is what the field holds, `typed` whether a person typed it:
    then no other is proposed."""

    user_id: str
    part: Part = Part.ASSIGNEE
    percent: str = ""
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The words of each field, also of those that cannot be used yet."""

    title: str = ""
    description: str = ""
    priority: Priority = Priority.MEDIUM
    project_id: str | None = None
    people: tuple[Chosen, ...] = ()
    due: str = ""
    estimate: str = ""
    parent_id: str | None = None
    needs: tuple[str, ...] = ()
    task_type: str = ""
    scheduled: str = ""
    revenue: str = ""


def as_json(form: Form) -> dict[str, Any]:
    return asdict(form)


def form_of(found: object) -> Form:
    """Of what `as_json` made; what does not fit has its default. Nothing of it need be ours."""
    given = found if isinstance(found, Mapping) else {}
    known: dict[str, Any] = {
        name: given[name]
        for name in ("title", "description", "due", "estimate", "task_type", "scheduled", "revenue")
        if isinstance(given.get(name), str)
    }
    for name in ("project_id", "parent_id"):
        known[name] = given[name] if isinstance(given.get(name), str) else None
    if given.get("priority") in list(Priority):
        known["priority"] = Priority(given["priority"])
    needs, people = given.get("needs"), given.get("people")
    known["needs"] = tuple(one for one in _list(needs) if isinstance(one, str))
    known["people"] = tuple(
        Chosen(one["user_id"], Part(one["part"]), str(one["percent"]), one.get("typed") is True)
        for one in _list(people)
        if isinstance(one, Mapping)
        and isinstance(one.get("user_id"), str)
        and one.get("part") in list(Part)
        and isinstance(one.get("percent"), str)
    )
    return Form(**known)


def _list(found: object) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else []


# -- for another day ---------------------------------------------------------------------------


def to_keep(form: Form, today: date | None = None) -> Form:
    """With dues as so many days ahead; one that is past, or that cannot be read, is left out."""
    return replace(form, due=_relative(form.due, today), scheduled=_relative(form.scheduled, today))


def _relative(text: str, today: date | None) -> str:
    try:
        return relative(text, today) or ""
    except InputError:
        return ""


def fitted(
    form: Form,
    people: Mapping[str, Person],
    projects: Mapping[str, Project],
    tasks: Collection[str],
    today: date | None = None,
) -> tuple[Form, tuple[str, ...]]:
    """A kept form for today: its dues are days again, and what is gone is left out. The sentences
    say what. `tasks` are those that can be named."""
    gone: list[str] = []
    staff = tuple(c for c in form.people if c.user_id in people and people[c.user_id].active)
    if len(staff) < len(form.people):
        missing = [c.user_id for c in form.people if c not in staff]
        names = [people[one].display_name for one in missing if one in people]
        who = ", ".join(names) or _many(len(missing), "person")
        gone.append(f"{who} cannot sign in any more.")
    project = projects.get(form.project_id or "")
    project_id = project.id if project is not None and not project.archived else None
    if project_id != form.project_id:
        what = project.name if project is not None else "Its project"
        gone.append(f"{what} is not there any more.")
    parent = form.parent_id if form.parent_id in tasks else None
    if parent != form.parent_id:
        gone.append("The task above it is not there any more.")
    needs = tuple(one for one in form.needs if one in tasks)
    if len(needs) < len(form.needs):
        missing_tasks = _many(len(form.needs) - len(needs), "task")
        gone.append(f"Not there any more: {missing_tasks} it waited for.")
    due, scheduled = _day_of(form.due, today), _day_of(form.scheduled, today)
    fits = replace(
        form, people=staff, project_id=project_id, parent_id=parent, needs=needs,
        due=due, scheduled=scheduled,
    )  # fmt: skip
    return fits, tuple(gone)


def _many(number: int, word: str) -> str:
    several = "people" if word == "person" else f"{word}s"
    return f"1 {word}" if number == 1 else f"{number} {several}"


def _day_of(text: str, today: date | None) -> str:
    try:
        return due_text(*read_due(text, today))
    except InputError:
        return text


# -- the file ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Templates:
    """Those of a profile's folder. Each call reads the file: it is small, and another window may
    have written it."""

    folder: Path
    damaged: Path | None = None
    """Where a file that could not be read was set aside; whoever tells it forgets it."""
    _path: Path = field(init=False)

    def __post_init__(self) -> None:
        self._path = self.folder / "templates.json"

    def all(self) -> dict[str, Form]:
        """By name, in order. A damaged file is set aside (`damaged`) and there are none then; E3004
        for one of a newer Tracker, E3006 where it cannot be read."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise EnvironmentFault("E3006", f"{self._path.name}: {error.strerror}.") from error
        try:
            found = json.loads(text)
            number, listed = found["format"], found["templates"]
            if type(number) is int and number > FORMAT:
                raise EnvironmentFault("E3004", f"The file is {self._path.name}.")
            if number != FORMAT:
                raise ValueError
            forms = {str(one["name"]): form_of(one["form"]) for one in listed}
        except (ValueError, KeyError, TypeError, RecursionError):
            self._set_aside()
            return {}
        return {name: forms[name] for name in sorted(forms, key=str.casefold)}

    def save(self, name: str, form: Form, *, over: bool = False) -> str:
        """Under this name, which is returned as it is kept. E2077 for one that cannot be used,
        E2076 where there is one of this name and it is not to be written `over`."""
        name = read_name(name)
        known = self.all()
        same = _same(name, known)
        if same is not None and not over:
            raise InputError("E2076", field="name")
        known.pop(same or name, None)
        self._write({**known, name: form})
        return name

    def rename(self, name: str, other: str) -> str:
        """E2076, E2077; one that is gone meanwhile stays so."""
        other, known = read_name(other), self.all()
        if _same(other, known) not in (None, name):
            raise InputError("E2076", field="name")
        if name in known:
            self._write({other if one == name else one: form for one, form in known.items()})
        return other

    def delete(self, name: str) -> Form | None:
        """What it was, for an undo."""
        known = self.all()
        gone = known.pop(name, None)
        if gone is not None:
            self._write(known)
        return gone

    def _write(self, forms: Mapping[str, Form]) -> None:
        """E3001 for a full disk, E3006; then the file is as it was."""
        listed = [{"name": name, "form": as_json(form)} for name, form in forms.items()]
        text = json.dumps({"format": FORMAT, "templates": listed}, ensure_ascii=False, indent=1)
        beside = self._path.with_suffix(".new")
        try:
            # Half a surrogate pair, pasted, is no character that a file can hold.
            beside.write_text(text, encoding="utf-8", errors="replace")
            beside.replace(self._path)
        except OSError as error:
            code = "E3001" if error.errno == errno.ENOSPC else "E3006"
            raise EnvironmentFault(code, f"The file is {self._path.name}.") from error

    def _set_aside(self) -> None:
        number = 1
        while (place := self.folder / f"templates.damaged-{number}.json").exists():
            number += 1
        try:
            self._path.rename(place)
        except OSError as error:
            raise EnvironmentFault("E3006", f"{self._path.name}: {error.strerror}.") from error
        self.damaged = place


def read_name(text: str) -> str:
    """E2077."""
    text = " ".join(text.split())
    if not text or len(text) > NAME_LIMIT or not storable(text):
        raise InputError("E2077", field="name")
    return text


def _same(name: str, known: Iterable[str]) -> str | None:
    """The one of the same name, whatever its case."""
    return next((one for one in known if one.casefold() == name.casefold()), None)
