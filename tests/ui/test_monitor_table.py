"""The monitor's table: the same tasks, the same selection and the same marks as the grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.server import START
from tests.support.windows import PROJECT, pick, press, settle, task_id
from tests.ui.test_accessible import nameless, roleless
from tracker.domain.page import Changes
from tracker.domain.task import Priority, Status
from tracker.services.board import Sort
from tracker.services.workspace import device_clock
from tracker.ui.monitor.table import COLUMNS, MARK, NUMBER, PROGRESS, STATUS, TITLE, TaskTable
from tracker.ui.monitor.window import MonitorWindow

Monitor = Callable[..., MonitorWindow]
ONE, TWO, THREE = task_id(1), task_id(2), task_id(3)

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus


@pytest.fixture
def window(monitor: Monitor) -> MonitorWindow:
    now = device_clock()
    made = monitor(
        task(ONE, number=1, title="Belt", progress=40, status=Status.IN_PROGRESS, due_at=now + 1,
             project_id=PROJECT),
        task(TWO, number=2, title="Anchor", progress=90, due_at=now - 5, priority=Priority.URGENT),
        task(THREE, number=3, title="Cable", progress=5, updated_at=START + 9),
    )  # fmt: skip
    made.resize(1440, 800)
    press_table(made)
    return made


def press_table(window: MonitorWindow) -> None:
    window.grid.as_table.click()
    window.activateWindow()
    window.grid.table.setFocus()
    settle()


def shown(window: MonitorWindow) -> list[str]:
    """The titles, as the table says them from above."""
    lines = window.grid.table.lines
    return [str(lines.index(row, TITLE).data()) for row in range(lines.rowCount())]


def click(qtbot: QtBot, table: TaskTable, row: int, column: int, *keys: str) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for key in keys:
        held |= Qt.KeyboardModifier[f"{key}Modifier"]
    at = table.visualRect(table.lines.index(row, column)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, held, at)


def head(qtbot: QtBot, table: TaskTable, column: int) -> None:
    header = table.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_a_line_says_all_of_a_task(window: MonitorWindow) -> None:
    lines = window.grid.table.lines
    said = {
        COLUMNS[column][0]: str(lines.index(1, column).data()) for column in range(1, len(COLUMNS))
    }
    assert shown(window) == ["Anchor", "Belt", "Cable"]
    assert said["Number"] == "1"
    assert (said["Status"], said["Progress"], said["Priority"]) == ("In progress", "40 %", "Medium")
    assert (said["People"], said["Project"]) == ("Ana Moreno", "Hall B retrofit")
    assert (said["Due"], said["Data age"]) == ("1 min overdue", "never heard of")
    assert said["Updated"]


def test_a_press_on_a_headline_sorts_and_another_one_turns_it_round(
    window: MonitorWindow, qtbot: QtBot
) -> None:
    table = window.grid.table
    for column, first, second in (
        (TITLE, ["Anchor", "Belt", "Cable"], ["Cable", "Belt", "Anchor"]),
        (NUMBER, ["Belt", "Anchor", "Cable"], ["Cable", "Anchor", "Belt"]),
        (PROGRESS, ["Cable", "Belt", "Anchor"], ["Anchor", "Belt", "Cable"]),
        (STATUS, ["Anchor", "Cable", "Belt"], ["Belt", "Anchor", "Cable"]),
    ):
        head(qtbot, table, column)
        assert shown(window) == first, COLUMNS[column]
        head(qtbot, table, column)
        assert shown(window) == second, COLUMNS[column]
        assert window.grid.sort.value is COLUMNS[column][2]
    assert table.horizontalHeader().sortIndicatorSection() == STATUS
    assert table.horizontalHeader().sortIndicatorOrder() is Qt.SortOrder.DescendingOrder


def test_it_is_sorted_by_keys_too(window: MonitorWindow, qtbot: QtBot) -> None:
    for action in window.commands.listed():
        if action.text() in ("Sort by title", "Sort the other way round"):
            action.trigger()
    assert shown(window) == ["Cable", "Belt", "Anchor"]
    pick(qtbot, window.grid.sort, "number")
    assert shown(window) == ["Belt", "Anchor", "Cable"]
    press(qtbot, window.grid.way)
    assert shown(window) == ["Cable", "Anchor", "Belt"]


def test_the_selection_is_that_of_the_grid(window: MonitorWindow, qtbot: QtBot) -> None:
    table = window.grid.table
    click(qtbot, table, 1, TITLE)
    assert window.cards.selected_id == ONE
    qtbot.waitUntil(lambda: window.pane.isVisible() and window.pane.title.text() == "Belt")
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert window.cards.selected_id == THREE
    head(qtbot, table, NUMBER)
    assert (table.current_id, window.cards.selected_id) == (THREE, THREE)
    qtbot.keyClick(table, Qt.Key.Key_Home)
    assert window.cards.selected_id == ONE
    press(qtbot, window.grid.as_grid)
    card = window.cards.card(ONE)
    assert card is not None
    assert card.isVisible()
    window.cards.select(TWO)
    press(qtbot, window.grid.as_table)
    assert table.current_id == TWO


def test_keys_mark_open_and_leave(window: MonitorWindow, qtbot: QtBot) -> None:
    table, marks = window.grid.table, window.grid.marks
    qtbot.keyClick(table, Qt.Key.Key_Home)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert set(marks.ids) == {TWO}
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert set(marks.ids) == {ONE, TWO}
    qtbot.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(marks) == 3
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert len(marks) == 0
    qtbot.waitUntil(window.pane.isVisible)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert window.pane.isAncestorOf(window.focusWidget())
    window.cards.setFocus()
    assert table.hasFocus()
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert (window.cards.selected_id, window.pane.isVisible()) == ("", False)


def test_the_mouse_marks(window: MonitorWindow, qtbot: QtBot) -> None:
    table, marks = window.grid.table, window.grid.marks
    click(qtbot, table, 0, MARK)
    assert (set(marks.ids), window.cards.selected_id) == ({TWO}, "")
    click(qtbot, table, 2, TITLE, "Shift")
    assert set(marks.ids) == {ONE, TWO, THREE}
    click(qtbot, table, 1, STATUS, "Control")
    assert set(marks.ids) == {TWO, THREE}
    head(qtbot, table, MARK)
    assert len(marks) == 3
    head(qtbot, table, MARK)
    assert len(marks) == 0


def test_a_change_paints_its_own_line_and_no_other(window: MonitorWindow) -> None:
    table = window.grid.table
    painted: list[tuple[int, int]] = []
    table.lines.dataChanged.connect(lambda a, b: painted.append((a.row(), b.row())))
    known = window.board.views[ONE].task
    new = replace(known, progress=41, version=2)
    window.show_changes(window.work.confirmed.apply(page(11, tasks=[new]), device_clock()))
    assert str(table.lines.index(1, PROGRESS).data()) == "41 %"
    assert painted == [(1, 1)]
    painted.clear()
    window.show_changes(Changes(frozenset({"another"})))
    assert painted == []


def test_many_rows_need_no_more_widgets(monitor: Monitor, qtbot: QtBot) -> None:
    few, many = 30, 5_000
    window = monitor(*(task(task_id(n), number=n, title=f"T{n}") for n in range(1, few)))
    press_table(window)
    before = len(window.grid.table.findChildren(QWidget))
    known = [task(task_id(n), number=n, title=f"T{n}") for n in range(few, many + 1)]
    window.show_changes(window.work.confirmed.apply(page(11, tasks=known), device_clock()))
    table = window.grid.table
    assert (table.lines.rowCount(), len(table.findChildren(QWidget))) == (many, before)
    qtbot.keyClick(table, Qt.Key.Key_End)
    assert window.cards.selected_id == task_id(many)
    assert len(table.seen()) < 40


def test_what_is_looked_at_stays_where_it_is(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(*(task(task_id(n), number=n, created_at=n) for n in range(1, 400)))
    press_table(window)
    window.narrow(sort=Sort.NUMBER)
    table = window.grid.table
    window.cards.select(task_id(200))
    table.scrollTo(table.currentIndex())
    before = table.visualRect(table.currentIndex()).y()
    assert 0 <= before < table.viewport().height()
    new = [task(task_id(n), number=n - 1_000, created_at=n) for n in range(500, 510)]
    window.show_changes(window.work.confirmed.apply(page(11, tasks=new), device_clock()))
    assert table.lines.ids.index(task_id(200)) == 209
    assert (table.current_id, table.visualRect(table.currentIndex()).y()) == (task_id(200), before)


def test_everything_has_a_name_and_a_role(window: MonitorWindow) -> None:
    window.grid.marks.add([ONE])
    assert (nameless(window), roleless(window)) == ([], [])


def test_no_letter_searches_the_rows(window: MonitorWindow, qtbot: QtBot) -> None:
    table = window.grid.table
    qtbot.keyClick(table, Qt.Key.Key_Home)
    qtbot.keyClicks(table, "3c")
    assert window.cards.selected_id == TWO
