"""The monitor's grid: counters, filters, search, auto-refresh, and the drawer beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.support.client import page, task
from tests.support.server import MINUTE, RunningServer
from tests.support.windows import (
    ANA,
    PATIENCE,
    PEOPLE,
    Open,
    choose,
    delivered,
    next_report,
    open_monitor,
    pick,
    press,
    settle,
    task_id,
    waits,
)
from tests.ui.conftest import close
from tracker.config import profile_folder
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.page import Changes
from tracker.domain.task import Status
from tracker.services.board import Place
from tracker.services.workspace import device_clock
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import ASSIGN, MONITOR, MonitorWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus


def counted(window: MonitorWindow) -> dict[str, str]:
    return {
        c.text(): c.accessibleName() for c in (*window.grid.counters.values(), window.grid.online)
    }


def titles(window: MonitorWindow) -> set[str]:
    return {window.board.views[found].task.title for found in window.cards.ids}


@pytest.fixture
def four(server: RunningServer) -> dict[str, str]:
    """Tasks in four states by title."""
    made = {
        "Seal": server.task("ana", title="Seal", priority="URGENT"),
        "Belt": server.task("ana", title="Belt", project_id=server.world.project_id),
        "Cable": server.task("jonas", title="Cable", due_at=server.clock.now - MINUTE),
        "Anchor": server.task("jonas", title="Anchor", priority="LOW"),
    }
    server.device("ana").do("set_progress", made["Belt"], {"percent": 40})
    server.device("jonas").do("complete", made["Anchor"])
    return made


def test_the_counters_count_and_each_filters(
    four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    assert counted(window) == {
        "Total": "Total: 4", "Pending": "Pending: 2", "In progress": "In progress: 1",
        "Completed": "Completed: 1", "Overdue": "Overdue: 1",
        "People online": "People online: 2 / 2",
    }  # fmt: skip
    for place, shown in (
        (Place.PENDING, {"Seal", "Cable"}),
        (Place.IN_PROGRESS, {"Belt"}),
        (Place.DONE, {"Anchor"}),
        (Place.OVERDUE, {"Cable"}),
        (Place.ALL, {"Seal", "Belt", "Cable", "Anchor"}),
    ):
        press(qtbot, window.grid.counters[place])
        assert titles(window) == shown
        assert [p for p, c in window.grid.counters.items() if c.isChecked()] == [place]


def test_person_project_and_priority_narrow_together(
    four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    pick(qtbot, window.grid.person, "Ana Moreno")
    assert titles(window) == {"Seal", "Belt"}
    pick(qtbot, window.grid.project, "Hall B retrofit")
    assert titles(window) == {"Belt"}
    pick(qtbot, window.priority, "Low")
    assert titles(window) == set()
    assert window.grid.empty.text() == "No task fits these filters."
    for choice, words in (
        (window.grid.person, "All people"),
        (window.grid.project, "All projects"),
        (window.priority, "All priorities"),
    ):
        pick(qtbot, choice, words)
    assert len(titles(window)) == 4


def test_a_filter_survives_a_refresh(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    pick(qtbot, window.grid.person, "Ana Moreno")
    new = server.task("jonas", title="New one")
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: new in window.board.views, timeout=PATIENCE)
    assert (titles(window), window.grid.person.text()) == ({"Seal", "Belt"}, "Ana Moreno")


def test_who_is_chosen_stays_chosen_after_leaving(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1)))
    pick(qtbot, window.grid.person, "Ana Moreno")
    gone = [replace(PEOPLE[0], active=False)]
    window.show_changes(window.work.confirmed.apply(page(11, people=gone), device_clock()))
    assert (window.grid.person.text(), window.grid.person.value) == ("Ana Moreno", ANA)
    pick(qtbot, window.grid.person, "All people")
    window.show_changes(Changes(people=True))
    assert [words for words, _ in window.grid.person._options] == ["All people", "Rita Okafor"]


def test_search_finds_in_the_grid(four: dict[str, str], open_window: Open, qtbot: QtBot) -> None:
    window = open_monitor(open_window)
    qtbot.keyClicks(window.search.edit, "cab")
    qtbot.waitUntil(lambda: titles(window) == {"Cable"})
    window.search.edit.clear()
    assert len(titles(window)) == 4


def test_a_card_says_who_does_it(four: dict[str, str], open_window: Open, qtbot: QtBot) -> None:
    window = open_monitor(open_window)
    card = window.cards.card(four["Belt"])
    assert card is not None
    said = "Belt, In progress, 40 %, medium priority, Ana Moreno, activity not known, live"
    qtbot.waitUntil(lambda: card.accessibleName() == f"{said}, 2 updates")


# Auto-refresh


def test_what_came_while_auto_refresh_was_off_is_shown_when_it_is_on_again(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("rita", "monitor")
    window = made.window
    assert isinstance(window, MonitorWindow)
    assert window.grid.auto.text().startswith("Auto-refresh on · ")
    press(qtbot, window.grid.auto)
    assert window.grid.auto.accessibleName().startswith("Auto-refresh off · ")
    server.device("ana").do("complete", four["Seal"])
    new = server.task("ana", title="New one")
    # Both changes are here; one report may bring but the first.
    qtbot.waitUntil(lambda: bool(window.work.confirmed.rows([new]).tasks), timeout=PATIENCE)
    next_report(made, qtbot)
    assert new not in window.board.views
    assert window.board.views[four["Seal"]].task.status is Status.PENDING
    assert window.grid.counters[Place.ALL].value == "4"
    press(qtbot, window.grid.counters[Place.PENDING])
    assert titles(window) == {"Seal", "Cable"}
    press(qtbot, window.grid.auto)
    assert titles(window) == {"Cable", "New one"}
    assert window.grid.counters[Place.ALL].value == "5"


def test_own_actions_are_shown_also_with_auto_refresh_off(
    four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    press(qtbot, window.grid.auto)
    choose(window, four["Seal"], qtbot)
    press(qtbot, window.pane.moves[Kind.HOLD])
    assert window.board.views[four["Seal"]].task.status is Status.ON_HOLD


# The drawer


def test_the_drawer_tells_the_story_of_a_task(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    ana = server.device("ana")
    server.clock.advance(10 * MINUTE)
    ana.do("set_progress", four["Seal"], {"percent": 40, "note": "housing cleaned"},
           made_at=server.clock.now - 8 * MINUTE)  # fmt: skip
    ana.do("comment", four["Seal"], {"comment_id": server.new_id(), "text": "needs a wrench"})
    window = open_monitor(open_window)
    choose(window, four["Seal"], qtbot)
    assert window.pane.title.text() == "Seal"
    assert "In progress · 40 % · urgent priority" in window.pane.about.text()
    story = [
        " | ".join(label.text() for label in line.findChildren(QLabel))
        for line in window.pane.history.lines[: window.pane.history.shown]
    ]
    assert len(story) == 3
    assert any("0 → 40 %" in one and "“housing cleaned”" in one for one in story)
    assert any("made offline, 8 min later" in one for one in story)
    assert any("Assigned to Ana Moreno" in one and "You" in one for one in story[-1:])


def test_the_buttons_of_the_drawer_are_in_one_row(
    four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    window.resize(1440, 900)
    pane = window.pane
    for title in ("Belt", "Anchor", "Belt"):  # another status, other buttons
        window.cards.select("")
        choose(window, four[title], qtbot)
        settle()
        moves = (button for button in pane.moves.values() if button.isVisible())
        row = [pane.edit, pane.reassign, pane.cancel, *moves]
        shown = [button for button in row if button.isVisible()]
        assert len({button.y() for button in shown}) == 1
        for left, right in pairwise(shown):
            assert left.geometry().right() < right.geometry().left()


def test_hold_and_undo_from_the_drawer(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    choose(window, four["Belt"], qtbot)
    press(qtbot, window.pane.moves[Kind.HOLD])
    assert window.toast.headline.text() == "On hold: Belt"
    delivered(window, qtbot)
    assert server.seen("rita", four["Belt"], "monitor")["status"] == "ON_HOLD"
    press(qtbot, window.toast.button)
    delivered(window, qtbot)
    assert server.seen("rita", four["Belt"], "monitor")["status"] == "IN_PROGRESS"


def test_cancel_and_undo_before_it_was_sent(
    four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("rita", "monitor")
    made.runner.stop()
    window = made.window
    assert isinstance(window, MonitorWindow)
    choose(window, four["Belt"], qtbot)
    press(qtbot, window.pane.cancel)
    assert window.board.views[four["Belt"]].task.status is Status.CANCELLED
    press(qtbot, window.toast.button)
    assert window.board.views[four["Belt"]].task.status is Status.IN_PROGRESS
    assert waits(window) == 0


def test_a_refused_undo_is_told_in_its_own_words(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    choose(window, four["Belt"], qtbot)
    press(qtbot, window.pane.moves[Kind.HOLD])
    delivered(window, qtbot)
    server.device("sara").do("complete", four["Belt"])
    undo = window.toast
    press(qtbot, window.chip)
    qtbot.waitUntil(
        lambda: window.board.views[four["Belt"]].task.status is Status.COMPLETED, timeout=PATIENCE
    )
    press(qtbot, undo.button)
    assert window.toast.headline.text().startswith("Unable to resume the task (E")


def test_the_drawer_stays_away_from_the_other_pages(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    choose(window, four["Seal"], qtbot)
    press(qtbot, window.rail.rows[ASSIGN])
    assert not window.pane.isVisible()
    server.device("ana").do("set_progress", four["Seal"], {"percent": 60})
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: window.board.views[four["Seal"]].task.progress == 60, timeout=PATIENCE)
    assert not window.pane.isVisible()
    press(qtbot, window.rail.rows[MONITOR])
    qtbot.waitUntil(window.pane.isVisible)


def test_reading_far_down_in_the_timeline_is_not_disturbed(
    server: RunningServer, four: dict[str, str], open_window: Open, qtbot: QtBot
) -> None:
    ana = server.device("ana")
    for percent in range(1, 19):
        ana.do("set_progress", four["Seal"], {"percent": percent, "note": "step " * 10})
    window = open_monitor(open_window)
    choose(window, four["Seal"], qtbot)
    bar = window.pane.area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 100)
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    server.device("jonas").do("set_progress", four["Cable"], {"percent": 5})
    server.clock.advance(MINUTE)
    server.page("jonas")  # heard of: the people of the monitor differ
    press(qtbot, window.chip)
    qtbot.waitUntil(lambda: window.board.views[four["Cable"]].task.progress == 5, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bar.maximum() > 100)
    assert bar.value() == before


def test_escape_closes_the_drawer(four: dict[str, str], open_window: Open, qtbot: QtBot) -> None:
    window = open_monitor(open_window)
    choose(window, four["Seal"], qtbot)
    assert window.pane.isVisible()
    qtbot.keyClick(window.cards, Qt.Key.Key_Escape)
    assert not window.pane.isVisible()


def test_the_clock_renews_what_the_drawer_says(
    monitor: Callable[..., MonitorWindow], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    now = device_clock()
    window = monitor(task(task_id(1), due_at=now + 120 * MINUTE))
    choose(window, task_id(1), qtbot)
    assert window.pane.due.text() == "Due in 2 h"
    monkeypatch.setattr(window.pane, "_now", lambda: now + 100 * MINUTE)
    window._ages.timeout.emit()
    qtbot.waitUntil(lambda: window.pane.due.text() == "Due in 20 min")


def test_painting_reads_no_file(
    desk: Callable[..., EmployeeWindow], monitor: Callable[..., MonitorWindow]
) -> None:
    for window in (desk(task(task_id(1))), monitor(task(task_id(1)))):
        read: list[str] = []
        for kept in (window.work.confirmed, window.work.outbox):
            kept._conn.set_trace_callback(read.append)
        window.grab()
        assert read == []


@pytest.mark.parametrize("way", ["button", "escape"])
def test_the_drawer_is_closed_from_inside(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot, way: str
) -> None:
    window = monitor(task(task_id(1)))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    choose(window, task_id(1), qtbot)
    if way == "button":
        press(qtbot, window.pane.close_button)
    else:
        window.pane.moves[Kind.HOLD].setFocus()
        qtbot.keyClick(window.pane.moves[Kind.HOLD], Qt.Key.Key_Escape)
    assert (window.pane.isVisible(), window.cards.selected_id) == (False, "")
    assert window.cards.hasFocus()


# Who may


def test_an_employee_is_refused_and_no_profile_is_kept(
    server: RunningServer, open_window: Open, tmp_path: object
) -> None:
    with pytest.raises(InputError) as refused:
        open_window("ana", "monitor")
    assert refused.value.code == "E1006"
    root = tmp_path / "ana"  # type: ignore[operator]
    assert not (root / "current-monitor.json").exists()
    assert not (profile_folder(root, server.url, "ana", "monitor") / "profile.json").exists()


def test_a_profile_opens_once_and_again_after_it_was_closed(open_window: Open) -> None:
    first = open_window("ana")
    with pytest.raises(EnvironmentFault) as refused:
        open_window("ana")
    assert refused.value.code == "E3005"
    assert first.window.isVisible()
    close(first)
    assert open_window("ana").window.isVisible()


def test_desk_and_monitor_of_one_admin_run_side_by_side(open_window: Open) -> None:
    assert open_window("rita").window.isVisible()
    assert open_window("rita", "monitor").window.isVisible()
