"""Lines of a CSV file, as spreadsheets write them, as tasks to make.

The server's importer and the window's read a file here, so both say the same of each line and give
its action the same id: the file makes nothing twice, whichever way it comes. Pure: what is known of
people, projects and tasks is handed in, and so is the moment.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.domain.change import Action, Kind
from tracker.domain.errors import InputError, Refusal
from tracker.domain.task import SYSTEM, Part, Person, Project, canonical

MOST_LINES = 5_000
MOST_BYTES = 2_000_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take a cell that begins so for; also the wide ones of East Asian input."""
FIELDS = (
    "title", "description", "priority", "project", "due", "people", "estimate", "type", "parent",
    "scheduled", "revenue",
)  # fmt: skip
"""What a column may hold."""
_COLUMNS = dict.fromkeys(FIELDS, "") | {
    "due_date": "due", "assignee": "people", "assignees": "people", "estimated_minutes": "estimate",
    "task_type": "type", "scheduled_at": "scheduled",
}  # fmt: skip
_COLUMNS = {name: field or name for name, field in _COLUMNS.items()}
"""What a column may be called → what it is. Blanks and case do not matter."""
_CALLED = {
    "due_at": "due", "due_date": "due", "estimated_minutes": "estimate", "people": "assignees",
    "project_id": "project", "parent_id": "parent", "task_type": "type",
    "scheduled_at": "scheduled", "revenue_cents": "revenue",
}  # fmt: skip
"""What the file calls the arguments of an action, where it calls them otherwise."""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile("[0-9]{1,15}")


class Verdict(StrEnum):
    NEW = "new"
    KNOWN = "known"
    """The same line of the same file was imported before; nothing is made twice."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column holds, by its place: one of FIELDS, or None where it is left out. `header`
    says that the first line names them and is no task."""

    columns: tuple[str | None, ...]
    header: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One task of the file. `number` counts as editors do, from 1; a cell with line breaks has
    several, and the last of them counts."""

    number: int
    cells: Mapping[str, str]

    @property
    def title(self) -> str:
        return self.cells.get("title", "")


@dataclass(frozen=True, slots=True)
class Names:
    """What a cell may call a person, a project or a task → its id."""

    people: Mapping[str, str]
    projects: Mapping[str, str]
    tasks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Planned:
    """A line as the action it would be, or why it cannot be one."""

    line: Line
    action: Action | None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What would become of a line. `field` is the column that `code` and `message` are about."""

    line: int
    verdict: Verdict
    title: str
    code: str | None = None
    field: str | None = None
    message: str = ""


# -- the file ----------------------------------------------------------------------------------


def text_of(data: bytes) -> str:
    """E2070 for what is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("E2070", f"The byte {error.start} fits no character.") from None


def delimiter_of(text: str) -> str:
    """The comma, semicolon or tab that the first line has most of."""
    first = text.splitlines()[0] if text else ""
    return max(",;\t", key=first.count)


def records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and cells, the header among them and empty lines left out. E2070 for quotes
    that do not end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        for cells in reader:
            if reader.line_num == 1 or any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError("E2070", f"Line {reader.line_num}: {error}.") from None


def guessed(first: Sequence[str]) -> Layout:
    """By the names in the first line. What is not known is left out, and so is the second of two
    that say the same; a first line without any known name is a task already."""
    found: list[str | None] = []
    for name in map(_key, first):
        field = _COLUMNS.get(name)
        found.append(field if field not in found else None)
    return Layout(tuple(found), header=any(found))


def named(first: Sequence[str]) -> Layout:
    """By the names in the first line, each of which has to be known. E2071."""
    for name in map(_key, first):
        if name not in _COLUMNS:
            raise InputError("E2071", f"“{name[:60]}” is not known.", name[:60] or "header")
    layout = Layout(tuple(_COLUMNS[name] for name in map(_key, first)))
    check_layout(layout)
    return layout


def check_layout(layout: Layout) -> None:
    """E2071 where the title is missing, or two columns say the same."""
    columns = [field for field in layout.columns if field is not None]
    double = next((field for field in columns if columns.count(field) > 1), None)
    if double:
        raise InputError("E2071", f"Two columns say the {double}.", double)
    if "title" not in columns:
        raise InputError("E2071", "The column “title” is missing.", "title")


def _key(name: str) -> str:
    return name.strip().lower().replace(" ", "_")


def lines(data: bytes, layout: Layout | None = None) -> list[Line]:
    """The tasks of a file, by the names in its first line unless there is a `layout`. E2070 for
    what is no UTF-8 text, E2071 for columns that are missing, double or not known, E2072 for too
    many lines."""
    rows = records(text_of(data))
    if layout is None:
        layout = named(next(rows, (1, []))[1])
    else:
        check_layout(layout)
        if layout.header:
            next(rows, None)
    found = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue  # the first line
        found.append(_line(number, layout, cells))
        if len(found) > MOST_LINES:
            raise InputError("E2072", f"At most {MOST_LINES:,}.")
    return found


def _line(number: int, layout: Layout, cells: Sequence[str]) -> Line:
    if len(cells) > len(layout.columns):
        raise InputError("E2071", f"Line {number} has {len(cells)} cells.", f"line {number}")
    pairs = zip(layout.columns, cells, strict=False)
    return Line(number, {field: plain(cell) for field, cell in pairs if field is not None})


def neutral(cell: str) -> str:
    """As it is, or behind an apostrophe where a spreadsheet could take it for a formula: what one
    person writes into a title must not run on the machine of another."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def plain(cell: str) -> str:
    """A cell without blanks around, and without the apostrophe of `neutral`."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


# -- ids ---------------------------------------------------------------------------------------


def mark_of(data: bytes, layout: Layout | None = None) -> str:
    """What names the file: its SHA-256. Columns that were chosen otherwise than its first line says
    make another file of it: of file and columns."""
    import hashlib  # 4 ms that a window's start does not need

    digest = hashlib.sha256(data)
    if layout is not None and layout != _own_layout(data):
        columns = ",".join(field or "-" for field in layout.columns)
        digest.update(f"\n{'header' if layout.header else 'no header'}: {columns}".encode())
    return digest.hexdigest()


def _own_layout(data: bytes) -> Layout | None:
    try:
        return named(next(records(text_of(data)), (1, []))[1])
    except InputError:
        return None


def planned(line: Line, names: Names, user_id: str, mark: str, now: int) -> Planned:
    """The action of a line, at `now` in ms. Its ids are made of the person, the file and the line,
    so that the same file sent twice makes nothing twice."""
    import uuid  # like hashlib

    op_id = uuid.uuid5(uuid.UUID(user_id), f"import {mark} {line.number}")
    try:
        args = arguments(line, names)
    except InputError as error:
        return Planned(line, None, Refusal(error.code, error.field, error.info))
    task_id = str(uuid.uuid5(op_id, "task"))
    return Planned(line, Action(str(op_id), Kind.CREATE_TASK, task_id, args, now, clock_offset=0))


def judged(plan: Planned, refusal: Refusal | None) -> Judged:
    """`refusal` is what deciding about the action came to; E5012 is a line that was imported
    before."""
    refusal = plan.refusal or refusal
    number, title = plan.line.number, plan.line.title
    if refusal is None:
        return Judged(number, Verdict.NEW, title)
    if refusal.code == "E5012":
        return Judged(number, Verdict.KNOWN, title)
    if refusal.code == "E5030" and not refusal.info:
        refusal = replace(refusal, info=f"“{plan.line.cells.get('parent', '')}”.")
    field = refusal.field and _CALLED.get(refusal.field, refusal.field)
    return Judged(number, Verdict.REFUSED, title, refusal.code, field, refusal.message)


# -- cells -------------------------------------------------------------------------------------


def names_of(
    people: Iterable[Person], projects: Iterable[Project], tasks: Mapping[int, str]
) -> Names:
    """People who can sign in go by sign-in name or number, or by the name that is shown where only
    one of them has it; projects that are not archived by name or number; `tasks` by number. Case
    does not matter."""
    staff = [person for person in people if person.active]
    shown = Counter(person.display_name.casefold() for person in staff)
    alone = {p.display_name.casefold(): p.id for p in staff if shown[p.display_name.casefold()] < 2}
    open_ = [project for project in projects if not project.archived]
    return Names(
        alone | {p.name.casefold(): p.id for p in staff} | {str(p.number): p.id for p in staff},
        {p.name.casefold(): p.id for p in open_} | {str(p.number): p.id for p in open_},
        {str(number): task_id for number, task_id in tasks.items()},
    )


def parents(found: Iterable[Line]) -> list[int]:
    """The numbers of the tasks that lines lie below."""
    cells = {line.cells.get("parent", "") for line in found}
    return sorted({int(text) for text in cells if _NUMBER.fullmatch(text)})


def arguments(line: Line, names: Names) -> dict[str, Any]:
    """Of `create_task`. A cell that cannot be read stays as it is, so that the domain's own check
    refuses it; a name that is not known raises InputError with its code and column."""
    cells = {name: value for name, value in line.cells.items() if value}
    args: dict[str, Any] = {"title": line.title}
    if "description" in cells:
        args["description"] = cells["description"]
    if "type" in cells:
        args["task_type"] = cells["type"]
    if "priority" in cells:
        args["priority"] = canonical(cells["priority"])
    if "due" in cells:
        name = "due_date" if _DAY.fullmatch(cells["due"]) else "due_at"
        args[name] = cells["due"] if name == "due_date" else _instant(cells["due"])
    if "scheduled" in cells:
        args["scheduled_at"] = _instant(cells["scheduled"])
    if "estimate" in cells:
        args["estimated_minutes"] = _whole(cells["estimate"])
    if "revenue" in cells:
        args["revenue_cents"] = cents(cells["revenue"])
    if "project" in cells:
        args["project_id"] = _known(cells["project"], names.projects, "E5007", "project")
    if "parent" in cells:
        args["parent_id"] = _parent(cells["parent"], names)
    if "people" in cells:
        args["people"] = [
            {"user_id": _known(name, names.people, "E5006", "people"), "part": Part.ASSIGNEE.value}
            for name in re.split("[;,|]", cells["people"])
            if name.strip()
        ]
    return args


def _parent(text: str, names: Names) -> str:
    """Which tasks are there at all, a device knows less well than the server: so a number that
    nothing has is for deciding, like one that the person may not name."""
    if _NUMBER.fullmatch(text):
        return names.tasks.get(text, SYSTEM)
    return _known(text, names.tasks, "E5030", "parent")


def _known(name: str, names: Mapping[str, str], code: str, column: str) -> str:
    found = names.get(name.strip().casefold())
    if found is None:
        raise InputError(code, f"“{name.strip()[:60]}”.", column)
    return found


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch("-?[0-9]{1,15}", text) else text


def _instant(text: str) -> int | str:
    """RFC 3339 with an offset: without one nobody knows which moment is meant."""
    try:
        moment = datetime.fromisoformat(text)
        return text if moment.tzinfo is None else int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return text


def cents(text: str) -> int | str:
    """`1250`, `1250.5` or `1250.50`; a comma may be a decimal sign or a thousand's, so it is
    refused. What cannot be read stays as it is."""
    found = re.fullmatch(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,2}))?", text)
    if found is None:
        return text
    sign, whole, rest = found.groups()
    amount = int(whole) * 100 + int((rest or "").ljust(2, "0"))
    return -amount if sign else amount
