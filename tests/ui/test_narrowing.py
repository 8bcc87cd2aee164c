"""Rail, search, filter and sort of the employee's window, and that a refresh disturbs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.server import START
from tests.support.windows import (
    ANA,
    PATIENCE,
    PROJECT,
    RITA,
    card_of,
    pick,
    press,
    settle,
    task_id,
)
from tracker.domain.page import Changes
from tracker.domain.task import Assignment, Comment, Part, Priority, Status
from tracker.services.workspace import device_clock
from tracker.ui.employee.notices import NOTIFICATIONS
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.controls import SEARCH_DELAY_MS
from tracker.ui.widgets.shell import ATTENTION, WAITING

Desk = Callable[..., EmployeeWindow]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus
DAY = 86_400_000


def titles(window: EmployeeWindow) -> list[str]:
    return [window.board.views[found].task.title for found in window.cards.ids]


def five(now: int) -> list[object]:
    return [
        task(task_id(1), number=1, title="Cable", priority=Priority.LOW, due_at=now + 9 * DAY,
             created_at=START + 5),
        task(task_id(2), number=2, title="Pump", priority=Priority.URGENT, due_at=now - 2 * DAY,
             created_at=START + 4, status=Status.IN_PROGRESS, project_id=PROJECT),
        task(task_id(3), number=3, title="Anchor", priority=Priority.MEDIUM, created_at=START + 3,
             status=Status.ON_HOLD),
        task(task_id(4), number=4, title="Done one", priority=Priority.HIGH, created_at=START + 9,
             status=Status.COMPLETED, progress=100, completed_at=now - DAY),
        task(task_id(5), number=5, title="Belt", priority=Priority.URGENT, due_at=now + 3 * DAY,
             created_at=START + 1),
    ]  # fmt: skip


def test_ten_thousand_tasks_open_with_few_widgets(desk: Desk) -> None:
    window = desk(*(task(task_id(n), number=n, title=f"Task {n}") for n in range(1, 10_001)))
    bar = window.cards.verticalScrollBar()
    for value in (0, bar.maximum() // 2, bar.maximum(), 0):
        bar.setValue(value)
    assert len(window.cards.ids) == 10_000
    cards = window.cards.viewport().findChildren(QWidget, options=Qt.FindDirectChildrenOnly)
    assert len(cards) < 40
    assert window.rail.rows["All tasks"].accessibleName() == "My tasks, 10000"


def test_the_rail_counts_and_filters(desk: Desk, qtbot: QtBot) -> None:
    reviewed = task(task_id(6), number=6, title="Reviewed")
    mine = five(device_clock())
    window = desk(
        *mine, reviewed,
        assignments=[
            *(Assignment(t.id, ANA, Part.ASSIGNEE, 100, RITA, START) for t in mine),
            Assignment(reviewed.id, ANA, Part.REVIEWER, 0, RITA, START),
        ],
    )  # fmt: skip
    said = {name: row.accessibleName() for name, row in window.rail.rows.items()}
    assert said == {
        "All tasks": "My tasks, 6", "Today": "Today, 1", "Overdue": "Overdue, 1",
        "In progress": "In progress, 1", "On hold": "On hold, 1", "Done": "Done, 1",
        "Reviewing & watching": "Reviewing & watching, 1",
            NOTIFICATIONS: "Notifications",  # counted after the first paint
            WAITING: "Waiting to send, 0",
        ATTENTION: "Needs attention, 0",
    }  # fmt: skip
    for name, shown in (
        ("Overdue", ["Pump"]), ("On hold", ["Anchor"]), ("Done", ["Done one"]),
        ("Reviewing & watching", ["Reviewed"]), ("Today", ["Pump"]),
    ):  # fmt: skip
        press(qtbot, window.rail.rows[name])
        assert titles(window) == shown
        assert window.rail.rows[name].isChecked()


def test_the_rail_is_walked_by_keys(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    row = window.rail.rows["On hold"]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Return)
    assert titles(window) == ["Anchor"]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("due", ["Pump", "Belt", "Cable", "Anchor", "Done one"]),
        ("priority", ["Pump", "Belt", "Anchor", "Cable", "Done one"]),
        ("title", ["Anchor", "Belt", "Cable", "Pump", "Done one"]),
        ("newest", ["Cable", "Pump", "Anchor", "Belt", "Done one"]),
    ],
)
def test_sorting_is_chosen_from_a_menu(
    desk: Desk, qtbot: QtBot, words: str, order: list[str]
) -> None:
    window = desk(*five(device_clock()))
    pick(qtbot, window.sort, words)
    assert titles(window) == order
    assert window.sort.text() == f"Sort: {words}"


def test_a_priority_is_chosen_from_a_menu_and_taken_back(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    pick(qtbot, window.priority, "Urgent")
    assert titles(window) == ["Pump", "Belt"]
    pick(qtbot, window.priority, "All priorities")
    assert len(titles(window)) == 5


def test_the_priority_outlives_refresh_and_restart(desk: Desk, qtbot: QtBot) -> None:
    mine = five(device_clock())
    window = desk(*mine)
    pick(qtbot, window.priority, "Urgent")
    window.show_changes(Changes(everything=True))
    press(qtbot, window.rail.rows["All tasks"])
    assert (titles(window), window.priority.text()) == (["Pump", "Belt"], "Urgent")
    window.close()
    again = desk(*mine)
    assert (titles(again), again.priority.text()) == (["Pump", "Belt"], "Urgent")


def test_a_menu_is_gone_after_its_use(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    pick(qtbot, window.sort, "title")
    settle()
    press(qtbot, window.sort)
    (menu,) = window.sort.findChildren(QMenu)
    qtbot.keyClick(menu, Qt.Key.Key_Escape)
    settle()
    assert window.sort.findChildren(QMenu) == []


def test_search_waits_300_ms_after_the_last_key(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    assert SEARCH_DELAY_MS == 300
    assert window.search._timer.interval() == 300
    searches: list[str] = []
    window.search.searched.connect(searches.append)
    qtbot.keyClicks(window.search.edit, "bel")
    assert searches == []
    qtbot.waitUntil(lambda: searches != [])
    assert (searches, titles(window)) == (["bel"], ["Belt"])
    qtbot.keyClicks(window.search.edit, "xx")
    window.search.edit.clear()
    assert (searches, len(titles(window))) == (["bel", ""], 5)
    assert not window.search._timer.isActive()


def test_a_window_that_was_closed_searches_no_more(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    qtbot.keyClicks(window.search.edit, "bel")
    window.close()
    assert not window.search._timer.isActive()


@pytest.mark.parametrize(
    ("text", "found"), [("hall b", ["Pump"]), ("  PUMP ", ["Pump"]), ("3", ["Anchor"])]
)
def test_search_reads_titles_projects_and_numbers(
    desk: Desk, qtbot: QtBot, text: str, found: list[str]
) -> None:
    window = desk(*five(device_clock()))
    window.search.edit.setText(text)
    qtbot.waitUntil(lambda: titles(window) == found)


def test_a_search_without_a_find_says_what_to_do(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    window.search.edit.setText("nothing like it")
    qtbot.waitUntil(window.empty.isVisible)
    assert window.empty.text() == "No task fits. Clear the search or the filter to see all."
    window.search.edit.clear()
    assert window.cards.isVisible()


def test_an_empty_desk_says_what_will_come(desk: Desk) -> None:
    window = desk()
    assert window.empty.isVisible()
    assert "When somebody assigns you one" in window.empty.text()


def test_ctrl_f_goes_to_the_search_field(desk: Desk, qtbot: QtBot) -> None:
    window = desk(*five(device_clock()))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window.cards, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.search.edit.hasFocus()


def test_a_refresh_keeps_scroll_selection_focus_and_what_is_typed(desk: Desk, qtbot: QtBot) -> None:
    many = [task(task_id(n), number=n, title=f"Task {n}") for n in range(1, 301)]
    window = desk(*many)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    chosen = many[150].id
    card = card_of(window, chosen)
    window.body.note.setFocus()
    qtbot.keyClicks(window.body.note, "half")
    before = card.y()
    urgent = [task(task_id(n), number=n, title=f"New {n}", due_at=device_clock(), version=2)
              for n in (501, 502, 503)]  # fmt: skip
    rows = [Assignment(t.id, ANA, Part.ASSIGNEE, 100, RITA, START) for t in urgent]
    window.work.confirmed.apply(page(11, tasks=urgent, assignments=rows), device_clock())
    window.show_changes(Changes(frozenset(t.id for t in urgent)))
    assert len(window.cards.ids) == 303
    assert window.cards.selected_id == chosen
    assert window.cards.card(chosen) is card
    assert card.y() == before
    assert window.body.note.hasFocus()
    qtbot.keyClicks(window.body.note, " typed")
    assert window.body.note.toPlainText() == "half typed"


def test_a_task_taken_away_closes_its_card(desk: Desk) -> None:
    one, two = task(task_id(1)), task(task_id(2), number=2)
    window = desk(one, two)
    card_of(window, one.id)
    window.work.confirmed.apply(page(11, gone=[{"kind": "task", "id": one.id}]), device_clock())
    window.show_changes(Changes(frozenset({one.id})))
    assert window.cards.selected_id == ""
    assert not window.body.isVisible()
    assert list(window.cards.ids) == [two.id]


def test_settings_of_a_newer_version_do_not_keep_the_window_from_opening(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "profile-ana"
    folder.mkdir()
    (folder / "window.ini").write_text("[General]\nsort=by colour\nplace=Nowhere\n")
    assert desk().sort.text() == "Sort: due"


def test_place_sort_and_chosen_card_come_back(desk: Desk, qtbot: QtBot) -> None:
    mine = five(device_clock())
    window = desk(*mine)
    press(qtbot, window.rail.rows["In progress"])
    pick(qtbot, window.sort, "title")
    window.cards.select(mine[1].id)  # type: ignore[attr-defined]
    window.resize(780, 540)
    window.close()
    again = desk(*mine)
    assert titles(again) == ["Pump"]
    assert again.sort.text() == "Sort: title"
    assert (again.width(), again.height()) == (780, 540)
    qtbot.waitUntil(lambda: again.cards.selected_id == mine[1].id)  # type: ignore[attr-defined]


def test_comments_are_searched_too_also_one_that_waits(
    desk: Callable[..., EmployeeWindow], qtbot: QtBot
) -> None:
    said = [Comment(task_id(9), task_id(1), RITA, "Der Schlüssel liegt im DEPOT.", 1, 1)]
    window = desk(
        *(task(task_id(n), number=n, title=f"Task {n}") for n in (1, 2, 3)), comments=said
    )
    qtbot.keyClicks(window.search.edit, "depot")
    qtbot.waitUntil(lambda: list(window.cards.ids) == [task_id(1)], timeout=PATIENCE)
    window.tasks.comment(task_id(2), "Back at the Depot")
    window.show_changes(Changes(frozenset({task_id(2)})))
    assert set(window.cards.ids) == {task_id(1), task_id(2)}
    window.tasks.withdraw(window.work.outbox.waiting()[0].action.op_id)
    window.show_changes(Changes(frozenset({task_id(2)})))
    assert list(window.cards.ids) == [task_id(1)]
