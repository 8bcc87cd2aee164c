"""The admin's window: it assigns, follows, filters and acts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, choose, open_monitor
from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.task import Status
from tracker.services.board import Place
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import ASSIGN


def click(qtbot: QtBot, widget: object) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]


def test_what_is_assigned_here_appears_at_the_employee(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    desk = open_window("ana").window
    assert isinstance(desk, EmployeeWindow)
    monitor = open_monitor(open_window)
    monitor.open_page(ASSIGN)
    form = monitor.page(ASSIGN)
    click(qtbot, form.button)
    assert "E2001" in form.problem("title")
    assert "E2016" in form.problem("people")
    qtbot.keyClicks(form.title.edit, "Replace pump seal")
    assert form.problem("title") == ""
    qtbot.keyClicks(form.due.edit, "someday")
    assert "E2004" in form.problem("due")
    form.due.edit.setText("2099-12-31 17:00")
    qtbot.keyClicks(form.estimate.edit, "0")
    assert "E2015" in form.problem("estimate")
    form.estimate.edit.setText("90")
    form.people.add(server.users["ana"])
    click(qtbot, form.button)
    assert form.title.edit.text() == ""
    qtbot.waitUntil(lambda: len(desk.board.views) == 1, timeout=PATIENCE)
    (view,) = desk.board.views.values()
    assert (view.task.title, view.task.estimated_minutes) == ("Replace pump seal", 90)


def test_counters_count_and_filter(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    ids = [server.task("ana") for _ in range(3)]
    server.device("ana").do("complete", ids[0])
    monitor = open_monitor(open_window)
    counted = {place: counter.value for place, counter in monitor.grid.counters.items()}
    assert (counted[Place.ALL], counted[Place.DONE], counted[Place.PENDING]) == ("3", "1", "2")
    click(qtbot, monitor.grid.counters[Place.DONE])
    assert list(monitor.cards.ids) == [ids[0]]
    click(qtbot, monitor.grid.counters[Place.ALL])
    monitor.grid.person._pick(server.users["jonas"])
    assert list(monitor.cards.ids) == []


def test_the_drawer_follows_and_acts(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    monitor = open_monitor(open_window)
    choose(monitor, task_id, qtbot)
    server.device("ana").do("set_progress", task_id, {"percent": 40, "note": "cleaned"})
    monitor.chip.click()
    qtbot.waitUntil(lambda: monitor.pane.history.shown == 2, timeout=PATIENCE)
    click(qtbot, monitor.pane.cancel)
    assert monitor.board.views[task_id].task.status is Status.CANCELLED
    qtbot.waitUntil(lambda: server.seen("rita", task_id)["status"] == "CANCELLED", timeout=PATIENCE)
    click(qtbot, monitor.toast.button)
    qtbot.waitUntil(
        lambda: server.seen("rita", task_id)["status"] == "IN_PROGRESS", timeout=PATIENCE
    )


def test_with_auto_refresh_off_the_picture_stands_still(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    monitor = open_monitor(open_window)
    click(qtbot, monitor.grid.auto)
    server.task("ana")
    with qtbot.waitSignal(monitor.sync_wanted):
        monitor.chip.click()
    qtbot.waitUntil(lambda: bool(monitor._held_back), timeout=PATIENCE)
    assert monitor.board.views == {}
    click(qtbot, monitor.grid.auto)
    assert len(monitor.board.views) == 1


def test_employees_are_refused_and_nothing_is_kept(open_window: Open) -> None:
    with pytest.raises(InputError) as refused:
        open_window("ana", "monitor")
    assert refused.value.code == "E1006"


def test_a_profile_opens_once(open_window: Open) -> None:
    open_window("ana")
    with pytest.raises(EnvironmentFault) as refused:
        open_window("ana")
    assert refused.value.code == "E3005"
