"""Needs attention: both sides, and every way out of it, in both windows."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    card_of,
    delivered,
    notes,
    open_desk,
    open_monitor,
    press,
    too_late,
    waits,
)
from tests.ui.conftest import close
from tracker.domain.change import Kind
from tracker.domain.task import Status
from tracker.sync.engine import State
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.rows import RowWidget
from tracker.ui.widgets.shell import ATTENTION, Shell


def refused(server: RunningServer, window: EmployeeWindow, task_id: str, qtbot: QtBot) -> RowWidget:
    """Moves a task that Rita cancelled meanwhile, and waits for the answer."""
    too_late(server, window, task_id, percent=30, note="sensor is warm")
    press(qtbot, window.chip)
    return entry(window, qtbot)


def entry(window: Shell, qtbot: QtBot) -> RowWidget:
    qtbot.waitUntil(lambda: len(window.tray_page.rows) == 1, timeout=PATIENCE)
    if not window.tray_page.isVisible():
        press(qtbot, window.rail.rows[ATTENTION])
    (row,) = window.tray_page.rows
    return row


def test_the_refusal_is_counted_on_rail_chip_and_card(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana", title="Calibrate")
    window = open_desk(open_window)
    row = refused(server, window, task_id, qtbot)
    assert window.rail.rows[ATTENTION].accessibleName() == "Needs attention, 1"
    qtbot.waitUntil(lambda: window.chip.text() == "1 needs attention", timeout=PATIENCE)
    said = row.accessibleName()
    for words in ("Calibrate", "You did: Progress to 30 %", "You saw: Pending, 0 %",
                  "Server has: Cancelled, 0 %", "Why: ", "(E5005)"):  # fmt: skip
        assert words in said
    press(qtbot, window.rail.rows["All tasks"])
    assert "needs attention" in card_of(window, task_id).accessibleName()


def test_the_toast_leads_there(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    too_late(server, window, task_id, percent=30)
    press(qtbot, window.chip)
    words = "Unable to save progress (E5005)"
    qtbot.waitUntil(lambda: window.toast.headline.text() == words, timeout=PATIENCE)
    assert window.toast.isVisible()
    assert window.toast.button.text() == "Look"
    press(qtbot, window.toast.button)
    assert window.tray_page.isVisible()
    assert window.rail.rows[ATTENTION].isChecked()


def test_retry_of_what_cannot_work_yet_says_so_and_keeps_it(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    row = refused(server, window, task_id, qtbot)
    qtbot.waitUntil(
        lambda: window.board.views[task_id].task.status is Status.CANCELLED, timeout=PATIENCE
    )
    press(qtbot, row.buttons["Retry"])
    assert window.toast.headline.text() == "Unable to save progress (E5005)"
    assert (len(window.tray_page.rows), waits(window)) == (1, 0)


def test_retry_does_it_again_once_it_can(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    refused(server, window, task_id, qtbot)
    server.device("rita").do("reopen", task_id)
    press(qtbot, window.chip)
    qtbot.waitUntil(
        lambda: window.board.views[task_id].task.status is Status.IN_PROGRESS, timeout=PATIENCE
    )
    press(qtbot, entry(window, qtbot).buttons["Retry"])
    assert window.tray_page.rows == []
    delivered(window, qtbot)
    assert server.seen("rita", task_id)["progress"] == 30
    assert notes(server, task_id) == ["sensor is warm"]


def test_sent_as_a_comment_number_and_words_arrive(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    row = refused(server, window, task_id, qtbot)
    press(qtbot, row.buttons["Send as comment"])
    assert window.toast.headline.text() == "Sent as a comment."
    delivered(window, qtbot)
    (said,) = server.page("rita")["comments"] or server.page("rita", scope="monitor")["comments"]
    assert said["text"] == "30 %: sensor is warm"
    assert window.tray_page.rows == []
    assert window.rail.rows[ATTENTION].accessibleName() == "Needs attention, 0"


def test_the_chip_is_true_again_after_the_last_entry(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    row = refused(server, window, task_id, qtbot)
    press(qtbot, row.buttons["Discard"])
    qtbot.waitUntil(lambda: window.chip.text().startswith("Synced "), timeout=PATIENCE)


def test_a_discarded_entry_stays_recorded(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    row = refused(server, window, task_id, qtbot)
    press(qtbot, row.buttons["Discard"])
    outbox = made.workspace.outbox
    assert (outbox.tray(), outbox.waiting()) == ([], [])
    assert outbox.receipt_of(row.key) is not None


def test_an_old_refusal_is_not_told_again_at_every_start(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    refused(server, window, task_id, qtbot)
    close(made)
    again = open_desk(open_window)
    qtbot.waitUntil(lambda: again.status.state is State.SYNCED, timeout=PATIENCE)
    assert again.rail.rows[ATTENTION].accessibleName() == "Needs attention, 1"
    assert not again.toast.isVisible()


def blocked(server: RunningServer, open_window: Open, task_id: str, qtbot: QtBot) -> EmployeeWindow:
    """Ana's window after Hold was refused and Resume was blocked by it."""
    made = open_window("ana")
    made.runner.stop()
    made.window.tasks.move(Kind.HOLD, task_id)
    made.window.tasks.move(Kind.RESUME, task_id, "wrench found")
    server.device("rita").do("cancel", task_id)
    close(made)
    window = open_desk(open_window)
    qtbot.waitUntil(lambda: window.banner.button.text() == "Look first", timeout=PATIENCE)
    press(qtbot, window.banner.button)
    press(qtbot, window.banner.button)  # Send now
    qtbot.waitUntil(lambda: len(window.tray_page.rows) == 2, timeout=PATIENCE)
    press(qtbot, window.rail.rows[ATTENTION])
    return window


def test_what_is_blocked_says_by_what_and_is_done_again_with_it(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = blocked(server, open_window, task_id, qtbot)
    first, second = window.tray_page.rows
    assert "With it: 1 more change waits for this; Retry takes it along" in first.accessibleName()
    assert ", Blocked by: Hold · " in second.accessibleName()
    assert "Server has" not in second.accessibleName()
    server.device("rita").do("reopen", task_id)
    press(qtbot, window.chip)
    qtbot.waitUntil(
        lambda: window.board.views[task_id].task.status is Status.IN_PROGRESS, timeout=PATIENCE
    )
    press(qtbot, window.tray_page.rows[0].buttons["Retry"])
    assert window.tray_page.rows == []
    delivered(window, qtbot)
    assert server.seen("rita", task_id)["status"] == "IN_PROGRESS"
    assert notes(server, task_id) == ["wrench found"]


def test_once_the_obstacle_is_settled_the_blocked_one_says_that(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = blocked(server, open_window, server.task("ana"), qtbot)
    press(qtbot, window.tray_page.rows[0].buttons["Discard"])
    (row,) = window.tray_page.rows
    assert "Blocked by: an earlier change, which is settled" in row.accessibleName()


def test_the_monitor_has_it_too(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana")
    monitor = open_monitor(open_window)
    too_late(server, monitor, task_id, "sara", Kind.HOLD)
    press(qtbot, monitor.chip)
    row = entry(monitor, qtbot)
    assert "Server has: Cancelled" in row.accessibleName()
    assert monitor.toast.headline.text().startswith("Unable to put the task on hold (E")
    press(qtbot, row.buttons["Discard"])
    assert monitor.tray_page.rows == []
