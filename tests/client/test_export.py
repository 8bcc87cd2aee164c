"""The list as a file: it opens as text in every spreadsheet, and reads back as it was."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.client import task
from tests.support.server import START
from tests.support.windows import ANA, PROJECT, offline_workspace, task_id
from tracker.domain.errors import EnvironmentFault
from tracker.domain.task import Priority, Status, Task, with_values
from tracker.services import export, wording
from tracker.services.board import Board, Filter, Place, Sort
from tracker.services.files import write_whole

HOUR = 3_600_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
RISKY = st.builds(str.__add__, st.sampled_from(STARTS), TEXTS)


def read(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), strict=True))


@pytest.fixture
def board_of(tmp_path: Path) -> Iterator[Callable[[Sequence[Task]], Board]]:
    opened = []

    def make(tasks: Sequence[Task]) -> Board:
        opened.append(offline_workspace(tmp_path, tasks))
        return Board(opened[-1])

    yield make
    for one in opened:
        one.close()


@given(st.lists(st.lists(TEXTS | RISKY, min_size=1), max_size=5))
def test_no_cell_is_a_formula_and_each_reads_back(lines: list[list[str]]) -> None:
    _, *found = read(export.as_csv(lines))
    for cells, line in zip(found, lines, strict=True):
        for cell, written in zip(cells, line, strict=True):
            assert not cell.startswith(STARTS)
            assert cell in (written, f"'{written}")
            assert (cell == written) is not written.startswith(STARTS)


def test_it_begins_with_the_mark_excel_wants_and_ends_its_lines_as_rfc_4180_says() -> None:
    written = export.as_csv([["a,b", 'say "hi"', "two\nlines"]])
    assert written.startswith(b"\xef\xbb\xbfNumber,Title,Status,")
    assert written.endswith(b'\r\n"a,b","say ""hi""","two\nlines"\r\n')


def test_half_a_character_is_no_reason_to_write_nothing() -> None:
    assert read(export.as_csv([["a\ud800b"]]))[1] == ["a?b"]


def test_the_cells_are_plain_words_and_iso_times(board_of: Callable[..., Board]) -> None:
    board = board_of([
        task(task_id(1), number=7, title="=cmd()", description="Pump 3", progress=40,
             status=Status.IN_PROGRESS, priority=Priority.URGENT, project_id=PROJECT,
             due_at=START + HOUR, estimated_minutes=90, actual_minutes=30, task_type="repair"),
        task(task_id(2), number=8, due_at=START, due_date="2026-03-05"),
    ])  # fmt: skip
    lines = [export.cells(board, board.views[task_id(n)]) for n in (1, 2)]
    head, first, second = read(export.as_csv(lines))
    assert head == list(export.COLUMNS)
    assert dict(zip(head, first, strict=True)) == {
        "Number": "7", "Title": "'=cmd()", "Status": "In progress", "Progress (%)": "40",
        "Priority": "Urgent", "Project": "Hall B retrofit", "Due": "2026-03-02T09:00:00.000Z",
        "Assigned to": "Ana Moreno", "Type": "repair", "Estimate (min)": "90",
        "Worked (min)": "30", "Created": "2026-03-02T08:00:00.000Z",
        "Changed": "2026-03-02T08:00:00.000Z", "Completed": "", "Description": "Pump 3",
        "Id": task_id(1),
    }  # fmt: skip
    assert dict(zip(head, second, strict=True))["Due"] == "2026-03-05"


def test_it_has_the_tasks_that_are_shown_in_their_order(board_of: Callable[..., Board]) -> None:
    board = board_of([task(task_id(n), number=n, title=f"Task {n}") for n in (1, 2, 3)])
    found = export.lines(board, [task_id(3), task_id(9), task_id(1)])
    assert [line[1] for line in found] == ["Task 3", "Task 1"]


def test_a_sheet_says_what_is_on_it(board_of: Callable[..., Board]) -> None:
    late = task(task_id(1), due_at=START - 1, project_id=PROJECT, task_type="repair")
    board = board_of([late, task(task_id(2), number=2)])
    made = export.sheet(board, [task_id(2), task_id(1)], "Tasks", "Ana Moreno", "Overdue", START)
    assert [(row.number, row.late, row.about) for row in made.rows] == [
        (2, False, ""),
        (1, True, "Hall B retrofit · repair"),
    ]
    assert made.rows[0].people == "Ana Moreno"
    assert made.made_at == wording.moment(START)


def test_paper_says_days_that_are_still_true_tomorrow() -> None:
    noon = START + 4 * HOUR  # the second of March nearly everywhere
    open_task = task(task_id(1), due_at=START, due_date="2026-03-05")
    assert wording.due_on_paper(open_task) == "Thu 5 Mar 2026"
    done = with_values(open_task, {"status": Status.COMPLETED, "completed_at": noon})
    assert wording.due_on_paper(done) == "done 2 Mar 2026"
    assert re.fullmatch(r"Mon 2 Mar 2026, \d\d:\d\d", wording.due_on_paper(task("", due_at=noon)))
    assert wording.due_on_paper(task("")) == ""


def test_what_narrows_the_list_is_said_in_words(board_of: Callable[..., Board]) -> None:
    board = board_of([])
    wanted = Filter(Place.OVERDUE, " pump ", Priority.URGENT, ANA, PROJECT, Sort.TITLE)
    said = "Overdue · “pump” · Urgent · Hall B retrofit · Ana Moreno · by title"
    assert export.narrowed_by(wanted, board) == said
    assert export.narrowed_by(Filter(), board) == "All tasks · by due"
    late = Filter(overdue=True, sort=Sort.UPDATED, backwards=True)
    assert export.narrowed_by(late, board) == "All tasks · overdue · by updated, backwards"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("mine", encoding="utf-8")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["list.csv"]


def test_what_cannot_be_written_is_a_coded_fault_and_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "list.csv"
    folder.mkdir()  # the name is taken by what cannot be replaced
    with pytest.raises(EnvironmentFault) as caught:
        write_whole(folder, b"new")
    assert caught.value.code == "E3012"
    assert os.listdir(tmp_path) == ["list.csv"]
