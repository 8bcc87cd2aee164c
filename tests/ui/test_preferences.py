"""What I am told: read from the server, changed, and never overwritten unseen."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, open_desk, press
from tracker.ui.dialogs.preferences import PreferencesDialog
from tracker.ui.employee.window import EmployeeWindow

PATH = "/api/v1/notifications/preferences"


def opened(window: EmployeeWindow) -> PreferencesDialog:
    next(a for a in window.commands.listed() if a.text() == "What I am told…").trigger()
    (dialog,) = [d for d in window.findChildren(PreferencesDialog) if d.isVisible()]
    return dialog


def loaded(window: EmployeeWindow, qtbot: QtBot) -> PreferencesDialog:
    dialog = opened(window)
    qtbot.waitUntil(dialog.save.isEnabled, timeout=PATIENCE)
    return dialog


def at_server(server: RunningServer) -> dict[str, Any]:
    found: dict[str, Any] = server.get("ana", PATH).json()
    return found


def test_what_is_changed_is_kept_at_the_server(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    before = at_server(server)
    dialog = loaded(open_desk(open_window), qtbot)
    assert dialog.checks["notify_task_overdue"].isChecked()
    press(qtbot, dialog.checks["notify_task_overdue"])
    press(qtbot, dialog.checks["quiet_hours_enabled"])
    qtbot.keyClicks(dialog.start.edit, "22:00")
    qtbot.keyClicks(dialog.end.edit, "06:00")
    press(qtbot, dialog.save)
    qtbot.waitUntil(lambda: at_server(server)["quiet_hours_enabled"], timeout=PATIENCE)
    changes = {"notify_task_overdue": False, "quiet_hours_enabled": True,
               "quiet_hours_start": "22:00", "quiet_hours_end": "06:00"}  # fmt: skip
    assert at_server(server) == {**before, **changes}


def test_what_the_server_refuses_is_said_and_what_was_typed_stays(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    dialog = loaded(open_desk(open_window), qtbot)
    press(qtbot, dialog.checks["quiet_hours_enabled"])
    press(qtbot, dialog.save)
    qtbot.waitUntil(lambda: "(E2050)" in dialog.problem.text(), timeout=PATIENCE)
    assert dialog.checks["quiet_hours_enabled"].isChecked()
    assert dialog.save.isEnabled()
    assert not at_server(server)["quiet_hours_enabled"]
    dialog.close()


def test_what_was_changed_elsewhere_is_not_overwritten(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    dialog = loaded(open_desk(open_window), qtbot)
    server.client("ana").put(PATH, json={"notify_task_completed": False}).raise_for_status()
    press(qtbot, dialog.checks["notify_task_overdue"])
    press(qtbot, dialog.save)
    qtbot.waitUntil(lambda: "(E5062)" in dialog.problem.text(), timeout=PATIENCE)
    press(qtbot, dialog.again)
    box = dialog.checks["notify_task_completed"]
    qtbot.waitUntil(lambda: not box.isChecked(), timeout=PATIENCE)
    assert at_server(server)["notify_task_overdue"]
    dialog.close()


def test_without_network_it_says_so_and_can_be_tried_again(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("ana")
    made.runner.stop()
    window = made.window
    assert isinstance(window, EmployeeWindow)
    server.port = int(server.url.rpartition(":")[2])
    server.stop()
    dialog = opened(window)
    qtbot.waitUntil(lambda: "(E4001)" in dialog.problem.text(), timeout=PATIENCE)
    assert not dialog.save.isEnabled()
    server.start()
    press(qtbot, dialog.again)
    qtbot.waitUntil(dialog.save.isEnabled, timeout=PATIENCE)
    dialog.close()
