"""A full disk is told with Retry, and nothing that was typed is lost meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import ANA, card_of, press, task_id, waits
from tracker.domain.errors import EnvironmentFault
from tracker.domain.task import Status
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.assign import AssignPage
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
    form = window.page(ASSIGN)
    assert isinstance(form, AssignPage)
    form.title.edit.setText("Replace seal")
    form.description.setPlainText(LONG)
    form.people.add(ANA)
    fill_disk(window)
    press(qtbot, form.button)
    assert window.toast.headline.text() == "Unable to create the task (E3001)"
    assert form.title.edit.text() == "Replace seal"
    free_disk(window)
    press(qtbot, window.toast.button)
    assert form.title.edit.text() == ""
    assert waits(window) == 1


def test_one_full_disk_is_said_once_for_the_note_and_the_timer(full: EmployeeWindow) -> None:
    full.working.toggle(task_id(1))  # needs no more pages than the file has
    assert full.working.timing.task_id == task_id(1)
    with _no_writing(full):
        full.body.note.setPlainText(LONG)
        full.close()
        assert full.isVisible()
        full.close()
    assert not full.isVisible()


@pytest.mark.parametrize("chosen", [True, False])
def test_a_timer_that_cannot_be_kept_is_said_once(desk: Desk, chosen: bool) -> None:
    window = desk(task(task_id(1)), task(task_id(2), number=2))
    window.begin()
    window.working.toggle(task_id(1))
    if chosen:  # its draft, which is saved as it is, must not make it ask again
        card_of(window, task_id(2))
    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(window.work.outbox, "keep_timer", _full)
        window.close()
        assert window.isVisible()
        assert window.toast.headline.text() == "Unable to keep the timer (E3001)"
        window.close()
    assert not window.isVisible()


def test_a_timer_that_can_be_kept_again_is_kept_by_retry(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1)))
    window.working.toggle(task_id(1))
    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(window.work.outbox, "keep_timer", _full)
        window.close()
    press(qtbot, window.toast.button)
    assert not window.isVisible()


@pytest.mark.parametrize("what", ["note", "timer"])
def test_the_end_of_the_session_is_not_asked_twice(full: EmployeeWindow, what: str) -> None:
    if what == "timer":
        full.working.toggle(task_id(1))
    else:
        full.body.note.setPlainText(LONG)
    with _no_writing(full):
        full.end()
    assert not full.isVisible()


def _full(*_: object) -> None:
    raise EnvironmentFault("E3001")


@contextmanager
def _no_writing(window: EmployeeWindow) -> Iterator[None]:
    """Not even into pages that the file has."""
    conn = window.work.outbox._conn
    conn.execute("PRAGMA query_only=1")
    yield
    conn.execute("PRAGMA query_only=0")


def test_what_an_error_says_can_be_copied(
    desk: Callable[..., EmployeeWindow], qtbot: QtBot
) -> None:
    window = desk()
    window.toast.say("Unable to save progress (E4001)", "The server cannot be reached.", bad=True)
    press(qtbot, window.toast.copy)
    said = "Unable to save progress (E4001) The server cannot be reached."
    assert QGuiApplication.clipboard().text() == said
    window.toast.say("Completed: Seal", action=("Undo", lambda: None))
    assert not window.toast.copy.isVisible()
