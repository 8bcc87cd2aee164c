"""The list of tasks as a person takes it along: for a spreadsheet, and for paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.cache.projection import TaskView
from tracker.domain.instants import rfc3339
from tracker.domain.spreadsheet import neutral as neutral
from tracker.domain.task import Part, Priority, Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board, Filter

_EXCEL_READS_UTF8 = b"\xef\xbb\xbf"
COLUMNS = (
    "Number", "Title", "Status", "Progress (%)", "Priority", "Project", "Due", "Assigned to",
    "Type", "Estimate (min)", "Worked (min)", "Created", "Changed", "Completed", "Description",
    "Id",
)  # fmt: skip


# -- for a spreadsheet -------------------------------------------------------------------------


def lines(board: Board, ids: Sequence[str]) -> list[list[str]]:
    """Of the tasks of `ids`, in their order."""
    return [cells(board, view) for view in _views(board, ids)]


def cells(board: Board, view: TaskView) -> list[str]:
    """One line, a text for each of COLUMNS. Instants are UTC, a due that is a day is that day."""
    task = view.task
    return [
        str(task.number),
        task.title,
        wording.STATUS_WORDS[task.status],
        str(task.shown_progress),
        task.priority.value.capitalize(),
        board.project_of(task),
        task.due_date or rfc3339(task.due_at) or "",
        ", ".join(_doing(board, view)),
        task.task_type,
        _number(task.estimated_minutes),
        _number(task.actual_minutes or None),
        rfc3339(task.created_at) or "",
        rfc3339(task.updated_at) or "",
        rfc3339(task.completed_at) or "",
        task.description,
        task.id,
    ]


def as_csv(lines: Sequence[Sequence[str]]) -> bytes:
    """RFC 4180 with a header line, in UTF-8 with the mark that Excel knows it by."""
    return table(COLUMNS, lines)


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    """Any lines below a header, in the same form."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([neutral(cell) for cell in line] for line in lines)
    # Half a surrogate pair is no character; it is no reason to write nothing either.
    return _EXCEL_READS_UTF8 + text.getvalue().encode("utf-8", "replace")


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


# -- for paper ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A task on paper. `late` says that its due is past."""

    number: int
    title: str
    about: str
    status: Status
    progress: int
    priority: Priority
    due: str
    people: str
    late: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the pages say, so that they can be made while the window goes on. `made_at` is in
    words, in the viewer's zone."""

    title: str
    person: str
    made_at: str
    narrowed: str
    rows: tuple[Row, ...]


def sheet(
    board: Board, ids: Sequence[str], title: str, person: str, narrowed: str, now: int
) -> Sheet:
    """The tasks of `ids`, in their order; `now` in ms."""
    rows = tuple(_row(board, view, now) for view in _views(board, ids))
    return Sheet(title, person, wording.moment(now), narrowed, rows)


def _row(board: Board, view: TaskView, now: int) -> Row:
    task = view.task
    return Row(
        task.number,
        task.title,
        " · ".join(filter(None, (board.project_of(task), task.task_type))),
        task.status,
        task.shown_progress,
        task.priority,
        wording.due_on_paper(task),
        ", ".join(_doing(board, view)),
        is_overdue(task, now),
    )


def narrowed_by(wanted: Filter, board: Board) -> str:
    """What the list shows, in words: `Overdue · “pump” · Urgent · Hall B · by due`."""
    project = board.projects.get(wanted.project or "")
    team = board.teams.get(wanted.team or "")
    parts = (
        wanted.place.value,
        f"“{wanted.text.strip()}”" if wanted.text.strip() else "",
        wanted.priority.value.capitalize() if wanted.priority else "",
        project.name if project else "",
        board.people[wanted.person].display_name if wanted.person in board.people else "",
        team.name if team else "",
        "overdue" if wanted.overdue else "",
        f"by {wanted.sort.value}{', backwards' if wanted.backwards else ''}",
    )
    return " · ".join(filter(None, parts))


# -- both --------------------------------------------------------------------------------------


def _views(board: Board, ids: Sequence[str]) -> list[TaskView]:
    """Without those that went since the list was shown."""
    return [board.views[task_id] for task_id in ids if task_id in board.views]


def _doing(board: Board, view: TaskView) -> list[str]:
    """Names of the assignees: "You" means nothing to who reads the file."""
    people = board.people
    ids = [row.user_id for row in view.people if row.part is Part.ASSIGNEE]
    return sorted(
        people[one].display_name if one in people else wording.stranger(one) for one in ids
    )
