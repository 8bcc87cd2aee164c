"""What my admin sees: the page says what the server says, and lets the person decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from tests.support.client import action, receipt
from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, around, delivered, open_desk, press
from tracker.config import read_settings
from tracker.domain.change import Action, Kind
from tracker.domain.receipt import Outcome
from tracker.services.workspace import device_clock
from tracker.ui.dialogs.pause import PauseDialog
from tracker.ui.employee.activity_page import ACTIVITY
from tracker.ui.employee.window import EmployeeWindow

Desk = Callable[..., EmployeeWindow]
MINUTE, HOUR = 60_000, 3_600_000


def interval(state: str, ago: int, length: int, offset: int = 0, reason: str = "") -> Action:
    now = device_clock()
    args: dict[str, Any] = {"state": state, "started_at": now - ago,
                            "ended_at": now - ago + length}  # fmt: skip
    args |= {"reason": reason} if reason else {}
    return action(Kind.OCCUPANCY, args=args, made_at=now, clock_offset=offset)


def said(window: EmployeeWindow) -> list[str]:
    return [line.accessibleName() for line in window.activity_page.list.lines if line.isVisible()]


def test_the_page_is_what_the_server_tells_an_admin(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_desk(open_window, idle_ms=lambda: 0, report_activity=True)
    offset = window.offset
    window.work.outbox.report(
        [
            interval("ACTIVE", 3 * HOUR, HOUR, offset),
            interval("IDLE", 2 * HOUR, HOUR, offset),
            interval("OFFLINE", HOUR, 30 * MINUTE, offset, "Lunch"),
        ],
        None,
    )
    window.acted.emit()
    delivered(window, qtbot)
    window.open_page(ACTIVITY)
    page = window.activity_page
    assert "Asking" in page.source.text()
    qtbot.waitUntil(lambda: page.source.text().startswith("As the server"), timeout=PATIENCE)
    path = f"/api/v1/people/{server.users['ana']}/occupancy"
    told = server.get("rita", path).json()["intervals"]
    assert [one["state"] for one in told] == ["ACTIVE", "IDLE", "OFFLINE"]
    assert [(i.state.value, i.started_at, i.ended_at, i.reason) for i in page.bar._intervals] == [
        (i["state"], i["started_at"], i["ended_at"], i["reason"]) for i in told
    ]
    assert page.bar.accessibleDescription() == "Active 1 h, Idle 1 h, Paused 30 min"
    newest, *_ = said(window)
    assert "Paused: Lunch" in newest
    assert "waiting" not in newest


def test_without_a_server_it_says_so_and_shows_what_this_device_knows(
    desk: Desk, tmp_path: Path, qtbot: QtBot
) -> None:
    window = desk(around=around(tmp_path, None, lambda: 0, report_activity=True))
    refused, waiting = interval("IDLE", 2 * HOUR, HOUR), interval("ACTIVE", HOUR, HOUR)
    window.work.outbox.add([refused])
    window.work.outbox.take_batch(device_clock(), 10, 100_000)
    window.work.outbox.record([receipt(refused, Outcome.REJECTED, code="E2062")], 0, lambda _: 0)
    window.work.outbox.add([waiting])
    window.open_page(ACTIVITY)
    page = window.activity_page
    qtbot.waitUntil(lambda: "cannot be asked" in page.source.text(), timeout=PATIENCE)
    (only,) = said(window)
    assert "Active" in only
    assert "waiting to be sent" in only
    assert page.bar.accessibleDescription() == "Active 1 h"


def test_an_open_page_follows_what_is_reported(desk: Desk, tmp_path: Path, qtbot: QtBot) -> None:
    window = desk(around=around(tmp_path, None, lambda: 0, report_activity=True))
    window.begin()
    window.open_page(ACTIVITY)
    assert said(window) == ["Nothing in the last 24 hours."]
    window.work.outbox.report([interval("ACTIVE", HOUR, HOUR)], None)
    window.working.watch.look()
    (only,) = said(window)
    assert "Active" in only


def test_more_than_fit_are_counted_and_not_kept_silent(desk: Desk, tmp_path: Path) -> None:
    window = desk(around=around(tmp_path, None, lambda: 0, report_activity=True))
    some = [
        interval("ACTIVE" if n % 2 else "IDLE", (100 - n) * 10 * MINUTE, 10 * MINUTE)
        for n in range(99)
    ]
    window.work.outbox.report(some, None)
    window.open_page(ACTIVITY)
    assert said(window)[-1] == "… and 39 earlier"


def test_pause_and_go_on_are_pressed_there(desk: Desk, tmp_path: Path, qtbot: QtBot) -> None:
    window = desk(around=around(tmp_path, None, lambda: 0, report_activity=True))
    window.begin()
    window.open_page(ACTIVITY)
    page = window.activity_page
    assert page.now.text() == "Now: Active"
    press(qtbot, page.pause)
    (dialog,) = [one for one in window.findChildren(PauseDialog) if one.isVisible()]
    press(qtbot, dialog.usual[0])
    assert page.now.text() == "Now: Paused: Lunch"
    assert page.pause.text() == "Go on"
    press(qtbot, page.pause)
    assert page.now.text() == "Now: Active"


def test_reporting_is_turned_off_there_and_on_again(
    desk: Desk, tmp_path: Path, qtbot: QtBot
) -> None:
    window = desk(around=around(tmp_path, None, lambda: 0, report_activity=True))
    window.begin()
    heard = []
    window.settings_changed.connect(heard.append)
    window.open_page(ACTIVITY)
    page = window.activity_page
    press(qtbot, page.reports)
    assert page.now.text() == "Your activity is not reported."
    assert not page.pause.isVisible()
    assert window.occupancy_now() is None
    assert window.working.activity.seen is None
    press(qtbot, page.reports)
    assert page.now.text() == "Now: Active"
    assert [one.report_activity for one in heard] == [False, True]
    assert read_settings(tmp_path).report_activity, "writing them is the program's"


def test_a_page_opened_twice_and_a_window_that_closes_leave_no_answer_behind(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_desk(open_window)
    for _ in range(3):
        window.open_page(ACTIVITY)
    window.close()  # answers that come now are nobody's: see `nothing_is_left` and Qt's warnings


def test_it_tells_of_each_device_what_admins_see(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_desk(open_window, idle_ms=lambda: 0, report_activity=True)
    server.device("ana").post([], unsent=3)
    window.open_page(ACTIVITY)
    page = window.activity_page
    qtbot.waitUntil(page.devices.isVisible, timeout=PATIENCE)
    told = server.get("rita", f"/api/v1/people/{server.users['ana']}/devices").json()["devices"]
    lines = [line for line in page.devices.lines if line.isVisible()]
    assert len(lines) == len(told) == 1
    assert "unsent" in lines[0].accessibleName()
