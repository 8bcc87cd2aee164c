"""Marking tasks in the grid, what narrows the list, and how all of it comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.server import DAY
from tests.support.windows import ANA, PEOPLE, PROJECT, RITA, pick, press, settle, task_id
from tracker.domain.page import Changes, PersonPresence
from tracker.domain.task import (
    Assignment,
    HistoryEntry,
    Occupancy,
    Part,
    Person,
    Priority,
    Role,
    Status,
    Task,
    Team,
)
from tracker.protocol.sync import Gone
from tracker.services.board import Board, Place, Sort
from tracker.services.workspace import device_clock
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.monitor.card import MonitorCard
from tracker.ui.monitor.updates import Updates
from tracker.ui.monitor.window import MonitorWindow

Monitor = Callable[..., MonitorWindow]
ONE, TWO, THREE, FOUR = (task_id(n) for n in range(1, 5))
CREW = task_id(70)

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus


def four(now: int) -> list[Task]:
    return [
        task(ONE, number=1, title="Anchor", due_at=now - 9_000),
        task(TWO, number=2, title="Belt", status=Status.IN_PROGRESS, due_at=now - 8_000),
        task(THREE, number=3, title="Cable", status=Status.ON_HOLD, priority=Priority.LOW),
        task(FOUR, number=4, title="Drill", status=Status.CANCELLED, project_id=PROJECT),
    ]


@pytest.fixture
def window(monitor: Monitor) -> MonitorWindow:
    made = monitor(*four(device_clock()))
    made.resize(1440, 900)
    made.activateWindow()
    made.cards.setFocus()
    settle()
    return made


def card(window: MonitorWindow, task_id: str) -> MonitorCard:
    found = window.cards.card(task_id)
    assert isinstance(found, MonitorCard)
    return found


def titles(window: MonitorWindow) -> list[str]:
    return [window.board.views[found].task.title for found in window.cards.ids]


def click(qtbot: QtBot, widget: QWidget, at: QPoint, *keys: str) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for key in keys:
        held |= Qt.KeyboardModifier[f"{key}Modifier"]
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, held, at)


# Marks


@pytest.mark.qt_log_ignore("Mouse event .* not accepted")
def test_the_mouse_marks(window: MonitorWindow, qtbot: QtBot) -> None:
    marks, order = window.grid.marks, [*window.cards.ids]
    middle = QPoint(120, 50)
    click(qtbot, card(window, order[1]), middle, "Control")
    assert (set(marks.ids), window.cards.selected_id) == ({order[1]}, "")
    click(qtbot, card(window, order[3]), middle, "Shift")
    assert set(marks.ids) == set(order[1:])
    click(qtbot, card(window, order[2]), QPoint(18, 22))
    assert set(marks.ids) == {order[1], order[3]}
    click(qtbot, card(window, order[0]), middle)
    assert (window.cards.selected_id, len(marks)) == (order[0], 2)
    assert card(window, order[1]).accessibleName().startswith("Marked, ")
    assert not card(window, order[0]).accessibleName().startswith("Marked")


def test_keys_mark(window: MonitorWindow, qtbot: QtBot) -> None:
    marks, cards = window.grid.marks, window.cards
    qtbot.keyClick(cards, Qt.Key.Key_Home)
    qtbot.keyClick(cards, Qt.Key.Key_Space)
    assert set(marks.ids) == {cards.ids[0]}
    qtbot.keyClick(cards, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert set(marks.ids) == {*cards.ids[:2]}
    qtbot.keyClick(cards, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(marks) == 4
    qtbot.keyClick(cards, Qt.Key.Key_Escape)
    assert (len(marks), bool(cards.selected_id)) == (0, True)
    qtbot.keyClick(cards, Qt.Key.Key_Escape)
    assert cards.selected_id == ""


def test_the_bar_counts_and_the_list_does_not_move(window: MonitorWindow, qtbot: QtBot) -> None:
    grid = window.grid
    before = window.cards.mapTo(window, QPoint(0, 0))
    assert not grid.bar.isVisible()
    grid.marks.add([ONE, THREE])
    settle()
    assert grid.bar.words.text() == "2 selected"
    assert window.cards.mapTo(window, QPoint(0, 0)) == before
    press(qtbot, grid.counters[Place.PENDING])
    assert grid.bar.words.text() == "2 selected, 1 not shown"
    grid.bar.clear.setFocus()
    press(qtbot, grid.bar.clear)
    assert (grid.bar.isVisible(), window.cards.hasFocus()) == (False, True)


def test_marks_survive_a_refresh_and_leave_with_their_task(window: MonitorWindow) -> None:
    marks, apply = window.grid.marks, window.work.confirmed.apply
    marks.add([ONE, TWO])
    other = replace(window.board.views[ONE].task, progress=30, version=2)
    window.show_changes(apply(page(11, tasks=[other]), device_clock()))
    assert set(marks.ids) == {ONE, TWO}
    window.show_changes(apply(page(12, gone=[Gone(kind="task", id=ONE)]), device_clock()))
    assert set(marks.ids) == {TWO}
    window.show_changes(apply(page(13, gone=[Gone(kind="task", id=TWO)]), device_clock()))
    assert not window.grid.bar.isVisible()


def test_what_has_no_room_in_the_bar_is_in_its_menu(window: MonitorWindow, qtbot: QtBot) -> None:
    window.resize(980, 560)
    window.grid.marks.add([ONE, TWO])
    window.cards.select(ONE)
    qtbot.waitUntil(window.pane.isVisible)
    settle()
    bar = window.grid.bar
    seen = [words for words, button in bar.buttons.items() if button.isVisible()]
    assert seen[0] == "Reassign…"
    assert len(seen) < len(bar.buttons)
    assert bar.more.isVisible()
    assert bar.rect().contains(bar.clear.geometry())
    with qtbot.waitSignal(bar.wanted) as said:
        press(qtbot, bar.more)
        menu = next(child for child in bar.children() if type(child).__name__ == "QMenu")
        action = next(one for one in menu.actions() if one.text() == "Archive")
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    assert said.args == ["Archive"]
    next(d for d in window.findChildren(QWidget) if type(d).__name__ == "BulkDialog").close()


# What narrows the list


def test_the_status_and_the_counters_say_the_same(window: MonitorWindow, qtbot: QtBot) -> None:
    grid = window.grid
    press(qtbot, grid.counters[Place.IN_PROGRESS])
    assert (titles(window), grid.status.text()) == (["Belt"], "In progress")
    pick(qtbot, grid.status, "On hold")
    assert titles(window) == ["Cable"]
    assert not any(counter.isChecked() for counter in grid.counters.values())
    pick(qtbot, grid.status, "Cancelled")
    assert titles(window) == ["Drill"]
    pick(qtbot, grid.status, "Archived")
    assert titles(window) == []
    assert "kept at the server" in grid.empty.text()
    pick(qtbot, grid.status, "All statuses")
    assert (len(titles(window)), grid.counters[Place.ALL].isChecked()) == (4, True)


def test_overdue_goes_together_with_the_others(window: MonitorWindow, qtbot: QtBot) -> None:
    counters = window.grid.counters
    press(qtbot, counters[Place.OVERDUE])
    assert titles(window) == ["Anchor", "Belt"]
    press(qtbot, counters[Place.PENDING])
    assert titles(window) == ["Anchor"]
    assert [p for p, c in counters.items() if c.isChecked()] == [Place.PENDING, Place.OVERDUE]
    press(qtbot, counters[Place.PENDING])
    assert titles(window) == ["Anchor", "Belt"]
    press(qtbot, counters[Place.OVERDUE])
    assert (len(titles(window)), counters[Place.ALL].isChecked()) == (4, True)


def test_a_team_narrows_and_all_of_it_is_cleared(window: MonitorWindow, qtbot: QtBot) -> None:
    grid = window.grid
    assert not grid.team.isVisible()
    new = page(
        11, teams=[Team(CREW, 1, "Field crew", False)],
        people=[replace(PEOPLE[0], team_id=CREW, version=2)],
        assignments=[Assignment(ONE, RITA, Part.ASSIGNEE, 100, RITA, 1)],
        tasks=[replace(window.board.views[THREE].task, version=2)],
        gone=[Gone(kind="children", id=THREE)],
    )  # fmt: skip
    window.show_changes(window.work.confirmed.apply(new, device_clock()))
    pick(qtbot, grid.team, "Field crew")
    assert sorted(titles(window)) == ["Anchor", "Belt", "Drill"]
    window.search.edit.setText("ch")
    pick(qtbot, window.priority, "Medium")
    qtbot.waitUntil(lambda: titles(window) == ["Anchor"])
    assert grid.count.text() == "1 task"
    press(qtbot, grid.clear)
    assert (len(titles(window)), grid.clear.isVisible()) == (4, False)
    assert (grid.team.text(), window.search.edit.text()) == ("All teams", "")


def test_one_of_five_hundred_people_is_typed(monitor: Monitor, qtbot: QtBot) -> None:
    crowd = [Person(task_id(n), n, f"p{n}", f"Person {n}", Role.EMPLOYEE, True)
             for n in range(1_000, 1_500)]  # fmt: skip
    on = [Assignment(ONE, task_id(1_321), Part.ASSIGNEE, 100, RITA, 1)]
    window = monitor(task(ONE, title="Anchor"), task(TWO), people=[*PEOPLE, *crowd],
                     assignments=on)  # fmt: skip
    press(qtbot, window.grid.person)
    (chooser,) = window.findChildren(Chooser)
    qtbot.keyClicks(chooser.field.edit, "person 1321")
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    settle()
    assert (titles(window), window.grid.person.text()) == (["Anchor"], "Person 1321")


def test_everything_comes_back_at_the_next_start(
    monitor: Monitor, tmp_path: Path, qtbot: QtBot
) -> None:
    many = [task(task_id(n), number=n, title=f"Anchor {n}", project_id=PROJECT,
                 due_at=device_clock() - DAY) for n in range(1, 200)]  # fmt: skip
    first = monitor(*many)
    first.grid.as_table.click()
    first.narrow(project=PROJECT, person=ANA, sort=Sort.NUMBER, backwards=True, text="Anchor",
                 place=Place.PENDING, overdue=True)  # fmt: skip
    first.grid.table.setColumnWidth(2, 333)
    first.cards.select(task_id(60))
    settle()
    first.grid.table.verticalScrollBar().setValue(1_234)
    wanted = first.filter
    first.close()
    workspace = first.work
    second = MonitorWindow(workspace, Board(workspace))
    second.show()
    settle()
    grid = second.grid
    assert second.filter == wanted
    assert (grid.person.text(), grid.project.text()) == ("Ana Moreno", "Hall B retrofit")
    assert (grid.status.text(), second.search.edit.text()) == ("Pending", "Anchor")
    assert grid.counters[Place.OVERDUE].isChecked()
    assert grid.table.isVisible()
    assert (grid.table.columnWidth(2), second.cards.selected_id) == (333, task_id(60))
    qtbot.waitUntil(lambda: grid.table.verticalScrollBar().value() == 1_234)
    second.close()
    shiboken6.delete(second)


def test_who_is_gone_narrows_nothing_any_more(monitor: Monitor) -> None:
    first = monitor(*four(device_clock()))
    first.narrow(person="nobody-any-more", team="gone")
    assert (first.grid.person.text(), first.grid.team.text()) == ("Someone", "Another team")
    first.close()
    second = MonitorWindow(first.work, Board(first.work))
    assert not second.filter.narrows
    second.close()
    shiboken6.delete(second)


# The last updates


def _history(number: int, task_id: str, now: int, late: int = 10) -> HistoryEntry:
    before, after = {"progress": number}, {"progress": number + 1}
    return HistoryEntry(
        str(number), task_id, ANA, "set_progress", before, after, f"note {number}", now - 1_000,
        now + late,
    )  # fmt: skip


def test_a_card_says_how_many_updates_there_are_and_shows_five(
    monitor: Monitor, qtbot: QtBot
) -> None:
    now = device_clock()
    told = [*(_history(n, ONE, now) for n in range(1, 8)), _history(9, ONE, now, late=600_000)]
    window = monitor(task(ONE, title="Anchor"), task(TWO), history=told)
    window.resize(1440, 900)
    window.activateWindow()
    qtbot.waitUntil(lambda: "5 updates" in card(window, ONE).accessibleName())
    assert "update" not in card(window, TWO).accessibleName()
    place = card(window, ONE).updates_place()
    click(qtbot, card(window, ONE), place.bottomRight() - QPoint(30, 14))
    (popup,) = window.findChildren(Updates)
    said = [line.accessibleName() for line in popup.lines]
    assert len(said) == 5
    assert said[0].startswith("9 → 10 %, “note 9”, Ana Moreno")
    assert "made offline, 10 min later" in said[0]
    qtbot.keyClick(popup, Qt.Key.Key_Escape)
    settle()
    assert window.findChildren(Updates) == []
    window.tasks.set_progress(ONE, 55, "mine")
    window.show_changes(Changes(frozenset({ONE})))
    window.activateWindow()
    window.cards.setFocus()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window.cards, Qt.Key.Key_U)
    (popup,) = window.findChildren(Updates)
    assert "waiting to be sent" in popup.lines[0].accessibleName()
    popup.close()
    settle()


def test_what_is_not_seen_is_not_read(monitor: Monitor, monkeypatch: pytest.MonkeyPatch,
                                      qtbot: QtBot) -> None:  # fmt: skip
    window = monitor(*(task(task_id(n), number=n) for n in range(1, 400)))
    asked: list[list[str]] = []
    count = window.count_updates
    monkeypatch.setattr(window, "count_updates", lambda ids: asked.append(ids) or count(ids))
    window.show_changes(Changes(everything=True))
    qtbot.waitUntil(lambda: bool(asked))
    seen = {one.card_id for one in window.cards.cards()}
    assert {task_id for ids in asked for task_id in ids} <= seen
    window.grid.as_table.click()
    settle()
    asked.clear()
    window.show_changes(Changes(everything=True))
    settle()
    assert asked == []


# How fresh a person's data is


def test_a_card_and_the_details_say_how_fresh_the_data_is(monitor: Monitor, qtbot: QtBot) -> None:
    window = monitor(task(ONE))
    heard = PersonPresence(ANA, device_clock() - 5_000, 2, Occupancy.IDLE)
    window.show_changes(window.work.confirmed.save_presence([heard]))
    assert "Ana Moreno, idle, idle, 2 unsent" in card(window, ONE).accessibleName()
    assert card(window, ONE)._tip(QPoint(20, 100)) == "<p>Ana Moreno: idle, idle, 2 unsent</p>"
    window.cards.select(ONE)
    qtbot.waitUntil(window.pane.isVisible)
    (line,) = window.pane.people.lines[: window.pane.people.shown]
    assert "Idle, idle, 2 unsent" in line.accessibleName()


# Small windows


def clipped(ground: QWidget, window: QWidget) -> list[str]:
    """Controls that reach over the edge of the page, or over another one."""
    seen = [w for w in ground.findChildren(QWidget) if w.isVisible() and w.focusPolicy()
            is not Qt.FocusPolicy.NoFocus and not w.isAncestorOf(ground)]  # fmt: skip
    boxes = [(w, w.rect().translated(w.mapTo(ground, QPoint(0, 0)))) for w in seen]
    bad = [f"{type(w).__name__} {w.accessibleName()}" for w, box in boxes
           if box.right() > ground.width() or box.left() < 0]  # fmt: skip
    for place, (one, box) in enumerate(boxes):
        for other, another in boxes[place + 1 :]:
            nested = one.isAncestorOf(other) or other.isAncestorOf(one)
            if not nested and box.intersects(another):
                bad.append(f"{one.accessibleName()} over {other.accessibleName()}")
    return bad


@pytest.mark.parametrize("view", ["grid", "table"])
@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("marked", [False, True])
def test_nothing_is_cut_off_in_the_smallest_window(
    window: MonitorWindow, qtbot: QtBot, view: str, details: bool, marked: bool
) -> None:
    window.resize(980, 560)
    window.grid.show_as(view)
    window.narrow(project=None, person=ANA)
    if details:
        window.cards.select(ONE)
        qtbot.waitUntil(window.pane.isVisible)
    if marked:
        window.grid.marks.add([ONE, TWO])
    settle()
    assert (window.width(), window.height()) == (980, 560)
    assert clipped(window.grid, window) == []
    listed = window.grid.table if view == "table" else window.cards
    assert listed.height() > 150
    press(qtbot, window.grid.more)
    settle()
    assert window.grid.person.isVisible()
    assert clipped(window.grid, window) == []
