"""A full disk is told with Retry, and nothing that was typed is lost meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import ANA, card_of, press, task_id, waits
from tracker.domain.task import Status
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import ASSIGN, MonitorWindow
from tracker.ui.widgets.shell import Shell

Desk = Callable[..., EmployeeWindow]
LONG = "long words " * 850
"""More than what still fits into the pages that a file has."""


def fill_disk(window: Shell) -> None:
    conn = window.work.outbox._conn
    (pages,) = conn.execute("PRAGMA page_count").fetchone()
    conn.execute(f"PRAGMA max_page_count={pages}")


def free_disk(window: Shell) -> None:
    window.work.outbox._conn.execute("PRAGMA max_page_count=100000")


@pytest.fixture
def full(desk: Desk) -> EmployeeWindow:
    """Two tasks, the first opened, and no byte free."""
    window = desk(task(task_id(1)), task(task_id(2), number=2))
    card_of(window, task_id(1))
    fill_disk(window)
    return window


def test_a_change_that_cannot_be_saved_is_told_and_done_by_retry(
    full: EmployeeWindow, qtbot: QtBot
) -> None:
    full.body.note.setPlainText(LONG)
    press(qtbot, full.body.complete)
    assert full.toast.headline.text() == "Unable to save the change (E3001)"
    assert full.toast.sentence.text().startswith("The disk is full; ")
    assert full.body.note.toPlainText() == LONG
    assert (waits(full), full.board.views[task_id(1)].task.status) == (0, Status.PENDING)
    free_disk(full)
    press(qtbot, full.toast.button)
    (item,) = full.work.outbox.waiting()
    assert item.action.args["note"] == LONG
    assert full.board.views[task_id(1)].task.status is Status.COMPLETED


def test_a_note_the_disk_does_not_take_is_held_until_it_does(
    full: EmployeeWindow, qtbot: QtBot
) -> None:
    full.body.note.setPlainText(LONG)
    card_of(full, task_id(2))
    assert full.body.note.toPlainText() == ""
    assert full.toast.headline.text() == "Unable to save the note (E3001)"
    card_of(full, task_id(1))
    assert full.body.note.toPlainText() == LONG
    card_of(full, task_id(2))
    free_disk(full)
    press(qtbot, full.toast.button)
    assert full.work.outbox.draft(task_id(1), "note") == LONG


def test_the_window_says_once_before_it_closes_without_a_note(
    full: EmployeeWindow, qtbot: QtBot
) -> None:
    full.body.note.setPlainText(LONG)
    full.close()
    assert full.isVisible()
    assert full.toast.headline.text() == "Unable to save the note (E3001)"
    full.close()
    assert not full.isVisible()


def test_a_form_that_cannot_be_saved_stays_filled(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1)))
    window.open_page(ASSIGN)
    window.assign.title.edit.setText("Replace seal")
    window.assign.description.setPlainText(LONG)
    window.assign.people[ANA].setChecked(True)
    fill_disk(window)
    press(qtbot, window.assign.button)
    assert window.toast.headline.text() == "Unable to create the task (E3001)"
    assert window.assign.title.edit.text() == "Replace seal"
    free_disk(window)
    press(qtbot, window.toast.button)
    assert window.assign.title.edit.text() == ""
    assert waits(window) == 1
