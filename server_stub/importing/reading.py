"""Lines of a CSV file, as spreadsheets write them, as arguments of `create_task`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tracker.domain.errors import InputError
from tracker.domain.task import Part
from tracker.protocol.rest import canonical

MOST_LINES = 5_000
_COLUMNS = {
    "title": "title", "description": "description", "priority": "priority", "project": "project",
    "due": "due", "due_date": "due", "assignee": "people", "assignees": "people",
    "people": "people", "estimate": "estimate", "estimated_minutes": "estimate", "type": "type",
    "task_type": "type", "parent": "parent", "scheduled": "scheduled", "scheduled_at": "scheduled",
    "revenue": "revenue",
}  # fmt: skip
"""What a column may be called → what it is. Blanks and case do not matter."""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Line:
    """One task of the file. `number` counts as editors do, the header being 1; a cell with line
    breaks has several."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """What a cell may call a person, a project or a task → its id. People go by their sign-in name
    or number, projects by name or number, tasks by number; names without regard to case."""

    people: Mapping[str, str]
    projects: Mapping[str, str]
    tasks: Mapping[str, str]


def lines(data: bytes) -> list[Line]:
    """E2070 for what is no UTF-8 text, E2071 for columns that are missing, double or not known,
    E2072 for too many lines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("E2070", f"The byte {error.start} fits no character.") from None
    header = text.splitlines()[0] if text else ""
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader, []))
        found = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(_line(reader.line_num, columns, cells))
            if len(found) > MOST_LINES:
                raise InputError("E2072", f"At most {MOST_LINES:,}.")
    except csv.Error as error:
        raise InputError("E2070", f"Line {reader.line_num}: {error}.") from None
    return found


def _columns(header: list[str]) -> list[str]:
    names = [name.strip().lower().replace(" ", "_") for name in header]
    for name in names:
        if name not in _COLUMNS:
            raise InputError("E2071", f"“{name[:60]}” is not known.", name[:60] or "header")
    columns = [_COLUMNS[name] for name in names]
    double = next((name for name in columns if columns.count(name) > 1), None)
    if double:
        raise InputError("E2071", f"Two columns say the {double}.", double)
    if "title" not in columns:
        raise InputError("E2071", "The column “title” is missing.", "title")
    return columns


def _line(number: int, columns: list[str], cells: list[str]) -> Line:
    if len(cells) > len(columns):
        raise InputError("E2071", f"Line {number} has {len(cells)} cells.", f"line {number}")
    return Line(number, dict(zip(columns, (cell.strip() for cell in cells), strict=False)))


def arguments(line: Line, names: Names) -> dict[str, Any]:
    """Of `create_task`. A cell that cannot be read stays as it is, so that the domain's own check
    refuses it; a name that is not known raises InputError with its code and column."""
    cells = {name: value for name, value in line.cells.items() if value}
    args: dict[str, Any] = {"title": line.cells.get("title", "")}
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
        args["revenue_cents"] = _cents(cells["revenue"])
    if "project" in cells:
        args["project_id"] = _known(cells["project"], names.projects, "E5007", "project")
    if "parent" in cells:
        args["parent_id"] = _known(cells["parent"], names.tasks, "E5030", "parent")
    if "people" in cells:
        args["people"] = [
            {"user_id": _known(name, names.people, "E5006", "people"), "part": Part.ASSIGNEE.value}
            for name in re.split("[;,|]", cells["people"])
            if name.strip()
        ]
    return args


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
    except ValueError:
        return text
    return text if moment.tzinfo is None else int(moment.timestamp() * 1000)


def _cents(text: str) -> int | str:
    """`1250`, `1250.5` or `1250.50`; a comma may be a decimal sign or a thousand's, so it is
    refused."""
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,2})?", text):
        return text
    return int(Decimal(text) * 100)
