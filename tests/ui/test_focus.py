"""Where the keyboard is: no arrow key, no Tab and no Return may surprise the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import action, page, task
from tests.support.windows import card_of, task_id, waits
from tracker.domain.change import Kind
from tracker.domain.task import Status, Task
from tracker.services.board import Place
from tracker.services.workspace import device_clock
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.widgets.progress_track import ProgressTrack
from tracker.ui.widgets.rows import Row
from tracker.ui.widgets.shell import WAITING
from tracker.ui.widgets.task_card import TaskCard

Desk = Callable[..., EmployeeWindow]


def moving(count: int) -> list[Task]:
    return [
        task(task_id(n), number=n, title=f"Task {n}", status=Status.IN_PROGRESS, progress=10)
        for n in range(1, count + 1)
    ]


@pytest.fixture
def active(desk: Desk, qtbot: QtBot) -> Desk:
    """A window that has the keyboard, at the page of what is in progress."""

    def make(*tasks: Task) -> EmployeeWindow:
        window = desk(*tasks)
        window.open_page("In progress")
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    return make


def track_of(window: EmployeeWindow, card_id: str) -> ProgressTrack:
    card = window.cards.card(card_id)
    assert isinstance(card, TaskCard)
    return card.track


def focused() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def finish(window: EmployeeWindow, done: Task) -> None:
    """Somebody else completes the task."""
    ended = replace(done, status=Status.COMPLETED, progress=100, version=2)
    window.show_changes(window.work.confirmed.apply(page(11, tasks=[ended]), device_clock()))


def hold(track: QWidget, times: int) -> None:
    for n in range(times):
        kind = QEvent.Type.KeyPress
        event = QKeyEvent(kind, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, "", n > 0)
        QApplication.sendEvent(track, event)


def test_a_bar_that_scrolls_away_leaves_the_keys_to_the_list(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(40))
    track_of(window, window.cards.ids[0]).setFocus()
    window.cards.verticalScrollBar().setValue(70 * 20)
    assert focused() is window.cards
    qtbot.keyClick(focused(), Qt.Key.Key_Right)
    assert waits(window) == 0


def test_a_task_that_goes_away_leaves_the_keys_to_the_list(active: Desk, qtbot: QtBot) -> None:
    tasks = moving(5)
    window = active(*tasks)
    track_of(window, tasks[0].id).setFocus()
    finish(window, tasks[0])
    assert focused() is window.cards
    qtbot.keyClick(focused(), Qt.Key.Key_Right)
    assert waits(window) == 0


def test_an_opened_task_that_goes_away_leaves_the_keys_to_the_list(
    active: Desk, qtbot: QtBot
) -> None:
    tasks = moving(3)
    window = active(*tasks)
    card_of(window, tasks[0].id)
    window.body.note.setFocus()
    finish(window, tasks[0])
    assert not window.body.isVisible()
    assert focused() is window.cards


def test_a_button_that_hides_itself_leaves_the_keys_to_the_list(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(3))
    window.open_page("All tasks")
    card_of(window, task_id(1))
    window.body.hold.setFocus()
    qtbot.keyClick(window.body.hold, Qt.Key.Key_Space)
    assert window.board.views[task_id(1)].task.status is Status.ON_HOLD
    assert focused() is window.cards


def test_tab_goes_from_card_to_card_as_they_lie(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(40))
    bar = window.cards.verticalScrollBar()
    for value in (200, 900, 430):  # recycled cards were made in another order
        bar.setValue(value)
    window.cards.setFocus()
    seen = []
    for _ in window.cards.cards():
        qtbot.keyClick(focused(), Qt.Key.Key_Tab)
        card = focused().parentWidget()
        assert isinstance(card, TaskCard)
        seen.append(card.card_id)
    row = window.cards.ids.index(seen[0] or "")
    assert seen == list(window.cards.ids[row : row + len(seen)])


def test_tab_goes_through_the_opened_card_before_the_next_one(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(3))
    opened = card_of(window, window.cards.ids[0])
    opened.track.setFocus()
    seen = []
    while opened.isAncestorOf(focused()):
        seen.append(focused())
        qtbot.keyClick(focused(), Qt.Key.Key_Tab)
    stops = [stop for stop in window.body.tab_stops() if stop.isVisible()]
    assert seen == [opened.track, *stops]
    assert focused() is track_of(window, window.cards.ids[1])


def test_a_held_arrow_is_one_change_when_it_is_let_go(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(2))
    track = track_of(window, task_id(1))
    track.setFocus()
    hold(track, 18)
    assert (track.value(), waits(window)) == (100, 0)
    qtbot.keyRelease(track, Qt.Key.Key_Right)
    assert waits(window) == 1
    assert window.board.views[task_id(1)].task.status is Status.COMPLETED


def test_a_held_arrow_counts_when_the_focus_goes(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(2))
    track = track_of(window, task_id(1))
    track.setFocus()
    hold(track, 3)
    window.search.setFocus()
    assert window.board.views[task_id(1)].task.progress == 25
    assert waits(window) == 1


def test_a_held_arrow_never_ends_on_another_task(active: Desk, qtbot: QtBot) -> None:
    tasks = moving(30)
    window = active(*tasks)
    track = track_of(window, tasks[0].id)
    track.setFocus()
    hold(track, 3)
    finish(window, tasks[0])
    qtbot.keyRelease(track, Qt.Key.Key_Right)
    assert waits(window) == 0


# Rows of Waiting to send and Needs attention


@pytest.fixture
def waiting(active: Desk) -> EmployeeWindow:
    """Three changes wait, of three tasks."""
    window = active(*moving(3))
    for n in (1, 2, 3):
        window.tasks.set_progress(task_id(n), 50)
    window.open_page(WAITING)
    return window


def test_the_keys_stay_on_a_row_when_another_one_comes(waiting: EmployeeWindow) -> None:
    button = waiting.waiting_page.rows[1].buttons["Withdraw"]
    button.setFocus()
    waiting.show_changes(waiting.work.outbox.add([action(task_id=task_id(1))]))
    assert len(waiting.waiting_page.rows) == 4
    assert focused() is button


def test_the_keys_stay_on_a_row_whose_words_change(waiting: EmployeeWindow) -> None:
    page_of_rows = waiting.waiting_page
    row = Row("one", "Belt", [("When", "11:52")], [("Withdraw", lambda: None)])
    page_of_rows.show_rows([row])
    page_of_rows.rows[0].buttons["Withdraw"].setFocus()
    page_of_rows.show_rows([replace(row, lines=[("When", "Thu 11:52")])])
    assert focused() is page_of_rows.rows[0].buttons["Withdraw"]


def test_a_row_that_goes_leaves_the_keys_to_its_page(waiting: EmployeeWindow, qtbot: QtBot) -> None:
    button = waiting.waiting_page.rows[0].buttons["Withdraw"]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert (focused(), waits(waiting)) == (waiting.waiting_page, 2)


# Ctrl+Z


def ctrl_z(qtbot: QtBot) -> None:
    qtbot.keyClick(focused(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_ctrl_z_undoes_what_the_toast_offers_to_undo(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(2))
    card_of(window, task_id(1))
    window.body.complete.setFocus()
    qtbot.keyClick(window.body.complete, Qt.Key.Key_Space)
    assert waits(window) == 1
    ctrl_z(qtbot)
    assert (waits(window), window.toast.isVisible()) == (0, False)
    ctrl_z(qtbot)
    assert waits(window) == 0


def test_ctrl_z_in_a_note_undoes_typing_first(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(2))
    window.open_page("All tasks")
    card_of(window, task_id(1))
    note = window.body.note
    note.setFocus()
    window._acted(task_id(1), Kind.HOLD, None)
    qtbot.keyClicks(note, "x")
    ctrl_z(qtbot)
    assert (note.toPlainText(), waits(window)) == ("", 1)
    ctrl_z(qtbot)
    assert waits(window) == 0


def test_ctrl_z_repeats_no_other_button_of_a_toast(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(1))
    pressed: list[int] = []
    window.toast.say("Unable to save progress (E5005)", action=("Look", lambda: pressed.append(1)))
    ctrl_z(qtbot)
    assert pressed == []


# Return, and the keys that go to a place


def test_return_presses_whatever_has_the_keys(
    active: Desk, monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window, overview = active(*moving(1)), monitor()
    card_of(window, task_id(1))
    synced: list[int] = []
    window.sync_wanted.connect(lambda: synced.append(1))
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        qtbot.keyClick(window.chip, key)
    assert synced == [1, 1]
    qtbot.keyClick(window.body.hold, Qt.Key.Key_Return)
    assert window.board.views[task_id(1)].task.status is Status.ON_HOLD
    counter = overview.grid.counters[Place.OVERDUE]
    qtbot.keyClick(counter, Qt.Key.Key_Return)
    assert counter.isChecked()


def test_a_held_return_presses_once(active: Desk, qtbot: QtBot) -> None:
    window = active(*moving(1))
    card_of(window, task_id(1))
    for n in range(4):
        kind = QEvent.Type.KeyPress
        event = QKeyEvent(kind, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "", n > 0)
        QApplication.sendEvent(window.body.quick[0], event)
    assert window.board.views[task_id(1)].task.progress == 20


@pytest.mark.parametrize("name", ["Waiting to send", "Needs attention", "On hold"])
def test_ctrl_l_and_ctrl_f_open_the_list_at_the_employees(
    active: Desk, qtbot: QtBot, name: str
) -> None:
    window = active(*moving(1), replace(moving(2)[1], status=Status.ON_HOLD))
    for key, wanted in ((Qt.Key.Key_L, window.cards), (Qt.Key.Key_F, window.search.edit)):
        window.open_page(name)
        qtbot.keyClick(focused(), key, Qt.KeyboardModifier.ControlModifier)
        assert window.cards.isVisible()
        assert focused() is wanted


@pytest.mark.parametrize("name", ["Assign", "Needs attention"])
def test_ctrl_l_and_ctrl_f_open_the_grid_in_the_monitor(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot, name: str
) -> None:
    window = monitor(*moving(1))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for key, wanted in ((Qt.Key.Key_L, window.cards), (Qt.Key.Key_F, window.search.edit)):
        window.open_page(name)
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.cards.isVisible()
        assert focused() is wanted
