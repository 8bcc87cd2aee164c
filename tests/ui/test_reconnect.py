"""Back online: what waiting changes will meet is shown before they are sent."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, delivered, open_desk, press, waits
from tests.ui.conftest import close
from tracker.domain.change import Kind
from tracker.domain.task import Part
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets import reconnect
from tracker.ui.widgets.shell import ATTENTION, WAITING


def away(open_window: Open, *changes: tuple[Kind, str], progress: str = "") -> None:
    """Ana's window without network, closed after these changes."""
    made = open_window("ana")
    made.runner.stop()
    for kind, task_id in changes:
        made.window.tasks.move(kind, task_id)
    if progress:
        made.window.tasks.set_progress(progress, 40)
    close(made)


def conflicting(server: RunningServer, open_window: Open, qtbot: QtBot) -> EmployeeWindow:
    kept, cancelled = server.task("ana", title="Kept"), server.task("ana", title="Gone")
    away(open_window, (Kind.START, kept), (Kind.HOLD, cancelled))
    server.device("rita").do("cancel", cancelled)
    window = open_desk(open_window)
    qtbot.waitUntil(lambda: window.reconnect.preview is not None, timeout=PATIENCE)
    return window


def test_without_a_conflict_it_goes_out_at_once(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    away(open_window, (Kind.START, task_id))
    window = open_desk(open_window)
    delivered(window, qtbot)
    assert server.seen("rita", task_id)["status"] == "IN_PROGRESS"
    assert not window.banner.isVisible()


def test_a_conflict_is_said_and_nothing_is_sent_before(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = conflicting(server, open_window, qtbot)
    said = window.banner.accessibleName()
    assert said.startswith("Back online. 2 changes will be sent, 1 may conflict: Gone: ")
    assert "(E5005)" in said
    assert waits(window) == 2
    press(qtbot, window.banner.button)
    assert window._page == WAITING
    conflict = [row for row in window.waiting_page.rows if "May conflict" in row.accessibleName()]
    assert [row.key for row in conflict] == list(window.reconnect.preview.conflicts)  # type: ignore[union-attr]
    assert window.banner.button.text() == "Send now"
    press(qtbot, window.banner.button)
    delivered(window, qtbot)
    assert window.rail.rows[ATTENTION].accessibleName() == "Needs attention, 1"
    assert not window.banner.isVisible()


def test_what_conflicts_can_be_withdrawn_before_it_is_refused(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = conflicting(server, open_window, qtbot)
    press(qtbot, window.banner.button)
    conflict = next(r for r in window.waiting_page.rows if "May conflict" in r.accessibleName())
    press(qtbot, conflict.buttons["Withdraw"])
    press(qtbot, window.banner.button)
    delivered(window, qtbot)
    assert window.tray_page.rows == []


def test_who_does_nothing_has_it_sent_after_a_while(
    server: RunningServer, open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnect, "GRACE_MS", 50)
    window = conflicting(server, open_window, qtbot)
    delivered(window, qtbot)
    assert len(window.tray_page.rows) == 1


def test_a_task_that_went_to_somebody_else_is_a_conflict(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana", title="Calibrate")
    away(open_window, (Kind.START, task_id))
    rita, users = server.device("rita"), server.users
    rita.do("assign", task_id, {"user_id": users["jonas"], "part": Part.ASSIGNEE, "percent": 100})
    rita.do("unassign", task_id, {"user_id": users["ana"]})
    window = open_desk(open_window)
    qtbot.waitUntil(lambda: window.reconnect.preview is not None, timeout=PATIENCE)
    assert "Calibrate: " in window.banner.accessibleName()
    press(qtbot, window.banner.button)
    press(qtbot, window.banner.button)
    delivered(window, qtbot)


def test_progress_that_somebody_else_moved_is_said(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana", title="Calibrate")
    away(open_window, progress=task_id)
    server.device("rita").do("set_progress", task_id, {"percent": 70})
    window = open_desk(open_window)
    qtbot.waitUntil(lambda: window.reconnect.preview is not None, timeout=PATIENCE)
    assert "set 70 % meanwhile; yours will stand" in window.banner.accessibleName()
    press(qtbot, window.banner.button)
    press(qtbot, window.banner.button)
    delivered(window, qtbot)
    assert server.seen("rita", task_id)["progress"] == 40
