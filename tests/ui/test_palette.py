"""Everything that the window can do is in its palette, and does there what its button does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import card_of, settle, task_id, waits
from tracker.domain.task import Status
from tracker.ui.dialogs.choosing import Chooser, Keys
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.commands import found

Desk = Callable[..., EmployeeWindow]
ONE = task_id(1)


def opened(window: EmployeeWindow, qtbot: QtBot) -> Chooser:
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    (chooser,) = [one for one in window.findChildren(Chooser) if one.isVisible()]
    return chooser


def listed(chooser: Chooser) -> list[str]:
    items = (chooser.list.topLevelItem(n) for n in range(chooser.list.topLevelItemCount()))
    return [item.text(0) for item in items if item]


def do(window: EmployeeWindow, qtbot: QtBot, words: str) -> None:
    chooser = opened(window, qtbot)
    qtbot.keyClicks(chooser.field.edit, words)
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    settle()


@pytest.fixture
def active(desk: Desk, qtbot: QtBot) -> EmployeeWindow:
    window = desk(task(ONE, title="Pump", status=Status.IN_PROGRESS, progress=10))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def test_every_command_that_makes_sense_is_listed_and_no_other(
    active: EmployeeWindow, qtbot: QtBot
) -> None:
    chooser = opened(active, qtbot)
    names = listed(chooser)
    assert names == [action.text() for action in active.commands.listed()]
    assert "Complete the task" not in names
    chooser.reject()
    card_of(active, ONE)
    names = listed(opened(active, qtbot))
    assert {"Complete the task", "Start or stop the timer", "Put the task on hold"} <= set(names)
    assert not {"Resume the task", "Reopen the task", "Edit the task"} & set(names)


def test_no_two_commands_have_a_name_or_a_key_in_common(active: EmployeeWindow) -> None:
    names = Counter(action.text() for action in active.actions())
    keys = Counter(action.shortcut().toString() for action in active.commands.with_keys())
    assert [name for name, count in (names + keys).items() if count > 1] == []


@pytest.mark.parametrize(
    ("words", "status"),
    [("complete the", Status.COMPLETED), ("on hold TASK put", Status.ON_HOLD)],
)
def test_a_command_does_what_its_button_does(
    active: EmployeeWindow, qtbot: QtBot, words: str, status: Status
) -> None:
    card_of(active, ONE)
    do(active, qtbot, words)
    assert active.board.views[ONE].task.status is status
    assert waits(active) == 1


def test_the_timer_starts_by_its_key_and_by_its_name(active: EmployeeWindow, qtbot: QtBot) -> None:
    card_of(active, ONE)
    qtbot.keyClick(active, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert active.working.timer_of(ONE) is not None
    do(active, qtbot, "timer")
    assert active.working.timer_of(ONE) is None


def test_a_key_of_what_makes_no_sense_does_nothing(active: EmployeeWindow, qtbot: QtBot) -> None:
    ctrl = Qt.KeyboardModifier.ControlModifier
    for key in (Qt.Key.Key_T, Qt.Key.Key_E, Qt.Key.Key_M, Qt.Key.Key_Z):
        qtbot.keyClick(active, key, ctrl)
    qtbot.keyClick(active, Qt.Key.Key_Return, ctrl | Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert (waits(active), active.working.timing.task_id) == (0, "")
    assert active.board.views[ONE].task.status is Status.IN_PROGRESS


def test_arrows_move_in_the_list_while_typing_and_a_click_takes_once(
    active: EmployeeWindow, qtbot: QtBot
) -> None:
    chooser = opened(active, qtbot)
    qtbot.keyClicks(chooser.field.edit, "go to ")
    first, second, *_ = listed(chooser)
    assert first != second
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Down)
    assert chooser.list.currentItem().text(0) == second
    item = chooser.list.topLevelItem(0)
    where = chooser.list.visualItemRect(item).center() + QPoint(0, 0)
    taken = []
    chooser._listed[0] = type(chooser._listed[0])("x", "", lambda: taken.append(1))
    qtbot.mouseClick(chooser.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert taken == [1]
    assert not chooser.isVisible()


def test_words_that_fit_nothing_do_nothing(active: EmployeeWindow, qtbot: QtBot) -> None:
    chooser = opened(active, qtbot)
    qtbot.keyClicks(chooser.field.edit, "qqq")
    assert listed(chooser) == []
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    assert chooser.isVisible()
    qtbot.keyClick(chooser, Qt.Key.Key_Escape)
    assert not chooser.isVisible()


def test_f1_lists_every_key(active: EmployeeWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(active, Qt.Key.Key_F1)
    (keys,) = [one for one in active.findChildren(Keys) if one.isVisible()]
    items = (keys.list.topLevelItem(n) for n in range(keys.list.topLevelItemCount()))
    shown = {item.text(0): item.text(1) for item in items if item}
    native = QKeySequence.SequenceFormat.NativeText
    for action in active.commands.with_keys():
        assert shown[action.text()] == action.shortcut().toString(native)


def test_what_begins_with_the_words_comes_first() -> None:
    names = ["Go to Done", "Done with it", "Undone"]
    assert found("done", names) == [1, 0, 2]
    assert found("it DONE", names) == [1]
    assert found("", names) == [0, 1, 2]
    assert found("x", names) == []
