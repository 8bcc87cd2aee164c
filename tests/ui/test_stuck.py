"""What the server cannot take: seen, tried at once, given up; nobody's words are lost by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.client import park
from tests.support.server import HOUR, RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    card_of,
    delivered,
    notes,
    open_desk,
    open_monitor,
    press,
    settle,
)
from tests.ui.conftest import close
from tracker.domain.change import Kind
from tracker.services.tasks import Done
from tracker.services.workspace import device_clock
from tracker.sync.engine import State
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.rows import RowWidget
from tracker.ui.widgets.shell import WAITING

WORDS = "sensor is warm"
PARKED = "The server could not take this; Tracker tries it once an hour"

Park = Callable[..., EmployeeWindow]


@pytest.fixture
def parked(open_window: Open, qtbot: QtBot) -> Park:
    """Opens Ana's window with one change parked, for an hour from now."""

    def make(task_id: str) -> EmployeeWindow:
        made = open_window("ana")
        made.runner.stop()
        done = made.window.tasks.set_progress(task_id, 30, WORDS)
        assert isinstance(done, Done)
        park(made.workspace.outbox, done.op_id, device_clock() + HOUR)
        close(made)
        window = open_desk(open_window)
        qtbot.waitUntil(lambda: window.status.state is State.SYNCED, timeout=PATIENCE)
        return window

    return make


def row_of(window: EmployeeWindow, qtbot: QtBot) -> RowWidget:
    if not window.waiting_page.isVisible():
        press(qtbot, window.rail.rows[WAITING])
    return window.waiting_page.rows[0]


def test_the_row_says_so_and_what_comes_after_it_says_what_it_waits_for(
    server: RunningServer, parked: Park, qtbot: QtBot
) -> None:
    task_id, other = server.task("ana", title="Seal"), server.task("ana", title="Belt")
    window = parked(task_id)
    window._acted(task_id, Kind.HOLD, None)
    window._acted(other, Kind.HOLD, None)
    qtbot.waitUntil(lambda: server.seen("ana", other)["status"] == "ON_HOLD", timeout=PATIENCE)
    row = row_of(window, qtbot)
    assert row.accessibleName().startswith(f"Seal, You did: Progress to 30 % · “{WORDS}”, When: ")
    assert row.accessibleName().endswith(f", State: {PARKED}")
    assert list(row.buttons) == ["Try now", "Give up"]
    held = window.waiting_page.rows[1]
    assert "Waits for the change before it on this task, which is stuck" in held.accessibleName()
    assert list(held.buttons) == ["Edit", "Withdraw"]


def test_try_now_does_not_wait_for_the_hour(
    server: RunningServer, parked: Park, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = parked(task_id)
    press(qtbot, row_of(window, qtbot).buttons["Try now"])
    delivered(window, qtbot)
    assert server.seen("ana", task_id)["progress"] == 30
    qtbot.waitUntil(lambda: window.chip.text().startswith("Synced "), timeout=PATIENCE)


def test_without_a_server_try_now_says_when(
    server: RunningServer, parked: Park, qtbot: QtBot
) -> None:
    window = parked(server.task("ana"))
    server.stop()
    press(qtbot, row_of(window, qtbot).buttons["Try now"])
    row = row_of(window, qtbot)
    assert row.accessibleName().endswith("tries it as soon as the server answers")
    assert list(row.buttons) == ["Give up"]


def test_one_press_of_give_up_only_asks(server: RunningServer, parked: Park, qtbot: QtBot) -> None:
    window = parked(server.task("ana"))
    row = row_of(window, qtbot)
    press(qtbot, row.buttons["Give up"])
    assert window.toast.headline.text() == "Give this change up?"
    assert PARKED in row_of(window, qtbot).accessibleName()
    window.toast.hide()  # its time is over
    press(qtbot, row.buttons["Give up"])
    assert window.toast.isVisible()
    assert not window.work.outbox.given_up()


def test_given_up_the_server_never_does_it_and_the_words_are_in_the_note_again(
    server: RunningServer, parked: Park, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = parked(task_id)
    card_of(window, task_id)
    assert window.body.note.toPlainText() == ""
    press(qtbot, row_of(window, qtbot).buttons["Give up"])
    press(qtbot, window.toast.button)
    delivered(window, qtbot)
    qtbot.waitUntil(lambda: window.waiting_page.rows == [], timeout=PATIENCE)
    assert (server.seen("ana", task_id)["progress"], notes(server, task_id)) == (0, [])
    press(qtbot, window.rail.rows["All tasks"])
    card_of(window, task_id)
    assert window.body.note.toPlainText() == WORDS
    assert window.board.views[task_id].task.progress == 0


def test_until_the_server_agrees_the_row_says_giving_up(
    server: RunningServer, parked: Park, qtbot: QtBot
) -> None:
    window = parked(server.task("ana"))
    server.stop()
    button = row_of(window, qtbot).buttons["Give up"]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    qtbot.keyClick(button, Qt.Key.Key_Space)  # the second press is the answer
    row = row_of(window, qtbot)
    assert row.accessibleName().endswith("State: Giving up…")
    assert row.buttons == {}
    assert not window.toast.isVisible()


def test_what_is_typed_meanwhile_stays_behind_the_words_that_come_back(
    server: RunningServer, parked: Park, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = parked(task_id)
    card_of(window, task_id)
    window._give_up(window.work.outbox.waiting()[0].action.op_id)
    # Not yet in the draft that the sync thread puts the words into.
    qtbot.keyClicks(window.body.note, "cold now")
    delivered(window, qtbot)
    qtbot.waitUntil(
        lambda: window.body.note.toPlainText() == f"{WORDS}\ncold now", timeout=PATIENCE
    )
    window.body.keep_draft()
    assert window.drafts.read((task_id, "note")) == f"{WORDS}\ncold now"


def test_the_chip_warns_and_leads_there(server: RunningServer, parked: Park, qtbot: QtBot) -> None:
    window = parked(server.task("ana"))
    assert window.chip.text() == "1 change is stuck"
    assert window.chip.accessibleDescription() == "Look at Waiting to send"
    assert not window.banner.isVisible()
    press(qtbot, window.chip)
    assert window.waiting_page.isVisible()
    assert window.rail.rows[WAITING].isChecked()


def test_the_alarm_counts_says_since_when_and_retries(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    made.runner.stop()
    window = made.window
    assert isinstance(window, EmployeeWindow)
    window._acted(task_id, Kind.HOLD, None)
    since = device_clock() - 130_000
    known = replace(window.status, state=State.SYNCED, stuck_since=since)
    window.status = known
    window.show_changes(None)
    assert window.banner.headline.text() == "Changes wait although the server answers."
    assert window.banner.sentence.text().startswith("1 change waits since ")
    assert window.chip.text().startswith("Stuck since ")
    with qtbot.waitSignal(window.sync_wanted, timeout=PATIENCE):
        press(qtbot, window.banner.button)
    press(qtbot, window.chip)
    assert window.waiting_page.isVisible()
    for width, beside in ((1080, True), (760, False)):
        window.resize(width, 480)
        settle()
        assert (window.banner.sentence.x() > window.banner.headline.x()) is beside
    press(qtbot, window.waiting_page.rows[0].buttons["Withdraw"])
    assert not window.banner.isVisible()


def test_the_monitor_has_the_page_too(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    monitor = open_monitor(open_window)
    server.stop()
    monitor.act(Kind.HOLD, lambda: monitor.tasks.move(Kind.HOLD, task_id))
    press(qtbot, monitor.rail.rows[WAITING])
    assert monitor.rail.rows[WAITING].accessibleName() == "Waiting to send, 1"
    assert len(monitor.waiting_page.rows) == 1
