"""Without network everything goes on, the screen tells the truth, and nothing waits for a click."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from pytestqt.qtbot import QtBot
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.server import RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    card_of,
    delivered,
    next_report,
    notes,
    open_desk,
    press,
    waits,
)
from tests.ui.conftest import close
from tracker.domain.change import Kind
from tracker.domain.page import Changes
from tracker.domain.task import Status
from tracker.services.status import SyncStatus
from tracker.services.status import banner as told
from tracker.sync.engine import State
from tracker.ui.bridge import Bridge
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.chrome import Banner
from tracker.ui.widgets.shell import WAITING

Serve = Callable[..., RunningServer]


def is_offline(window: EmployeeWindow) -> bool:
    return window.status.state is State.OFFLINE


def test_the_banner_comes_counts_and_goes_when_the_server_is_back(
    server: RunningServer, serve: Serve, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    assert window.chip.text().startswith("Synced ")
    assert not window.banner.isVisible()
    server.stop()
    card_of(window, task_id)
    press(qtbot, window.body.quick[1])
    press(qtbot, window.body.hold)
    assert window.chip.text() == "2 waiting"
    qtbot.waitUntil(lambda: is_offline(window), timeout=PATIENCE)
    assert window.chip.text().startswith("Offline since ")
    assert window.chip.text().endswith(", 2 waiting")
    assert window.chip.accessibleName() == f"Synchronisation: {window.chip.text()}"
    assert window.banner.isVisible()
    assert "2 changes go out" in window.banner.sentence.text()
    assert "Data from" in window.banner.sentence.text()
    assert window.rail.rows[WAITING].accessibleName() == "Waiting to send, 2"
    again = back(serve, server)
    press(qtbot, window.banner.button)
    delivered(window, qtbot)
    qtbot.waitUntil(lambda: window.chip.text().startswith("Synced "), timeout=PATIENCE)
    assert not window.banner.isVisible()
    seen = again.seen("rita", task_id)
    assert (seen["progress"], seen["status"]) == (25, Status.ON_HOLD.value)
    assert window.rail.rows[WAITING].accessibleName() == "Waiting to send, 0"


def back(serve: Serve, stopped: RunningServer) -> RunningServer:
    """The same server at the same address, as after a restart."""
    port = int(stopped.url.rsplit(":", 1)[1])
    return serve(port=port)


def test_put_away_lasts_until_the_state_changes(qtbot: QtBot) -> None:
    banner = Banner(None)  # type: ignore[arg-type]
    qtbot.addWidget(banner)
    offline = SyncStatus(State.OFFLINE, 1_000, 2_000, waiting=1)
    banner.say(told(offline, 3_000))
    assert banner.isVisible()
    press(qtbot, banner.away)
    for status in (offline, SyncStatus(State.OFFLINE, 1_000, 2_000, waiting=5)):
        banner.say(told(status, 4_000))
        assert not banner.isVisible()
    banner.say(told(SyncStatus(State.SIGN_IN, 1_000), 5_000))
    assert (banner.isVisible(), banner.button.text()) == (True, "Sign in")
    banner.say(told(SyncStatus(State.SYNCED, 6_000), 6_000))
    assert not banner.isVisible()
    banner.say(told(offline, 7_000))
    assert (banner.isVisible(), banner.button.text()) == (True, "Retry now")


def test_what_was_not_sent_can_be_withdrawn(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana", title="Seal")
    made = open_window("ana")
    made.runner.stop()
    window = made.window
    assert isinstance(window, EmployeeWindow)
    card_of(window, task_id)
    press(qtbot, window.body.quick[2])
    press(qtbot, window.rail.rows[WAITING])
    (row,) = window.waiting_page.rows
    assert row.accessibleName().startswith("Seal, You did: Progress to 50 %, When: ")
    press(qtbot, row.buttons["Withdraw"])
    assert (waits(window), window.waiting_page.rows) == (0, [])
    assert window.waiting_page._empty.isVisible()
    assert window.board.views[task_id].task.progress == 0
    assert window.rail.rows[WAITING].accessibleName() == "Waiting to send, 0"


def test_what_was_tried_says_so_and_offers_no_withdraw(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    window.open_page(WAITING)
    server.stop()
    window._acted(task_id, *progress(50))
    next_report(made, qtbot)

    def tried() -> bool:
        (row,) = window.waiting_page.rows
        return "Tried to send, no answer yet" in row.accessibleName() and row.buttons == {}

    qtbot.waitUntil(tried, timeout=PATIENCE)


def test_withdrawing_what_was_sent_meanwhile_says_so(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    made.runner.stop()
    window = made.window
    assert isinstance(window, EmployeeWindow)
    window._acted(task_id, *progress(50))
    window.open_page(WAITING)
    window.work.outbox.take_batch(0, 10, 10_000)  # the sync thread was quicker
    press(qtbot, window.waiting_page.rows[0].buttons["Withdraw"])
    assert "(E5016)" in window.toast.headline.text()


def progress(percent: int) -> tuple[Kind, int]:
    return Kind.SET_PROGRESS, percent


def test_what_waited_is_there_after_a_restart_and_is_sent_once(
    server: RunningServer, serve: Serve, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    server.stop()
    card_of(window, task_id)
    qtbot.keyClicks(window.body.note, "seal seated")
    press(qtbot, window.body.quick[3])
    qtbot.waitUntil(lambda: is_offline(window), timeout=PATIENCE)
    close(made)
    again = back(serve, server)
    window = open_desk(open_window)
    delivered(window, qtbot)
    assert again.seen("rita", task_id)["progress"] == 75
    assert notes(again, task_id) == ["seal seated"]


def test_the_chip_counts_while_many_are_sent(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_desk(open_window)
    window.show_sending(2, 12)
    assert window.chip.text() == "Sending 3 of 12"
    assert window.chip.accessibleName() == "Synchronisation: Sending 3 of 12"


def test_a_report_that_was_on_its_way_when_the_window_closed_is_dropped(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("ana")
    report = next_report(made, qtbot)
    bridge = made.window.findChild(Bridge)
    assert bridge is not None
    made.window.close()
    made.close()
    bridge.deliver(replace(report, changes=Changes(everything=True)))


def test_a_busy_proxy_is_left_alone_until_somebody_retries(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    busy = threading.Event()
    turned_away: list[str] = []

    def proxy(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not busy.is_set():
                await app(scope, receive, send)
                return
            turned_away.append(scope["path"])
            page = PlainTextResponse("Busy", 503, headers={"Retry-After": "60"})
            await page(scope, receive, send)

        return answer

    server.stop()
    server.wrap = proxy
    server.start()
    task_id = server.task("ana")
    window = open_desk(open_window)
    busy.set()
    card_of(window, task_id)
    press(qtbot, window.body.hold)
    qtbot.waitUntil(lambda: is_offline(window), timeout=PATIENCE)
    assert turned_away == ["/api/v1/sync/push"]
    held = window.work.outbox.waiting()[0].action.op_id
    press(qtbot, window.body.resume)
    window._give_up(held)
    qtbot.wait(700)
    assert len(turned_away) == 1
    press(qtbot, window.banner.button)
    qtbot.waitUntil(lambda: len(turned_away) == 2, timeout=PATIENCE)
    busy.clear()
    qtbot.wait(300)
    assert waits(window) == 2
    press(qtbot, window.banner.button)
    delivered(window, qtbot)
