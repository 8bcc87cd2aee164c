"""The timer and the activity of a person, pressed like they would, over breaks and restarts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.server import RunningServer
from tests.support.windows import (
    Open,
    around,
    card_of,
    delivered,
    next_report,
    open_desk,
    press,
    settle,
    task_id,
    waits,
)
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.stretch import Stretch
from tracker.domain.task import Occupancy, Status
from tracker.services import activity, timing
from tracker.services.workspace import device_clock
from tracker.ui.dialogs.away import AwayDialog
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.dialogs.pause import PauseDialog
from tracker.ui.employee import working
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets import watch
from tracker.ui.widgets.shell import WAITING

Desk = Callable[..., EmployeeWindow]
MINUTE, HOUR = 60_000, 3_600_000
SEAL, PUMP = task_id(1), task_id(2)


class Day:
    """The clocks of a device, and whether somebody touches it."""

    def __init__(self) -> None:
        self.wall, self.monotonic, self.idle = device_clock(), 0.0, 0

    def follow(self, window: EmployeeWindow) -> None:
        found = window.working.timing
        found._monotonic = lambda: self.monotonic
        found._last = found._looked = self.monotonic

    def pass_by(self, window: EmployeeWindow, ms: int, *, touched: bool = True) -> None:
        """The window looks every 5 s, as it does."""
        for _ in range(0, ms, 5_000):
            self.wall += 5_000
            self.monotonic += 5.0
            self.idle = 0 if touched else self.idle + 5_000
            window.working.watch.look()

    def sleep(self, ms: int) -> None:
        self.wall += ms
        self.idle += ms


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    made = Day()
    for module in (activity, timing, watch, working):
        monkeypatch.setattr(module, "device_clock", lambda: made.wall)
    return made


Begin = Callable[..., EmployeeWindow]


@pytest.fixture
def begin(desk: Desk, day: Day, tmp_path: Path) -> Begin:
    """Ana's window at work, with a seal to replace and a pump that is in progress."""

    def make(**settings: object) -> EmployeeWindow:
        window = desk(
            task(SEAL, title="Seal"),
            task(PUMP, number=2, title="Pump", status=Status.IN_PROGRESS, progress=10),
            around=around(tmp_path, None, lambda: day.idle, **settings),
        )
        day.follow(window)
        window.begin()
        return window

    return make


def logged(window: EmployeeWindow) -> list[tuple[str, int]]:
    return [
        (one.action.task_id, one.action.args["minutes"])
        for one in window.work.outbox.waiting()
        if one.action.kind is Kind.LOG_TIME
    ]


def start(window: EmployeeWindow, qtbot: QtBot, wanted: str = PUMP) -> None:
    card_of(window, wanted)
    assert window.body.timer.text() == "Start timer"
    press(qtbot, window.body.timer)


def asked(window: EmployeeWindow) -> list[AwayDialog]:
    settle()
    return [one for one in window.findChildren(AwayDialog) if one.isVisible()]


def answer(window: EmployeeWindow, qtbot: QtBot, words: str) -> None:
    (dialog,) = asked(window)
    press(qtbot, dialog.buttons[words])
    assert asked(window) == []


# The timer


def test_the_timer_of_a_card_counts_and_logs(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    assert not window.timer_pill.isVisible()
    start(window, qtbot)
    day.pass_by(window, 25 * MINUTE)
    assert window.timer_pill.text() == "25:00 · Pump"
    assert "25:00" in window.body._worked.text()
    assert waits(window) == 0
    press(qtbot, window.body.timer)
    assert logged(window) == [(PUMP, 25)]
    assert window.board.views[PUMP].task.actual_minutes == 25
    assert not window.timer_pill.isVisible()
    assert window.toast.headline.text() == "Time logged: Pump"


def test_starting_it_on_a_pending_task_begins_the_task(
    begin: Begin, day: Day, qtbot: QtBot
) -> None:
    window = begin()
    start(window, qtbot, SEAL)
    assert window.board.views[SEAL].task.status is Status.IN_PROGRESS
    assert [one.action.kind for one in window.work.outbox.waiting()] == [Kind.START]
    start(window, qtbot, PUMP)
    assert [one.action.kind for one in window.work.outbox.waiting()] == [Kind.START]


def test_there_is_one_timer_at_a_time(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    start(window, qtbot, SEAL)
    day.pass_by(window, 3 * MINUTE)
    start(window, qtbot, PUMP)
    assert logged(window) == [(SEAL, 3)]
    assert window.timer_pill.text() == "0:00 · Pump"
    card_of(window, SEAL)
    assert window.body.timer.text() == "Start timer"


def test_less_than_half_a_minute_is_said_and_not_logged(
    begin: Begin, day: Day, qtbot: QtBot
) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 25_000)
    press(qtbot, window.body.timer)
    assert logged(window) == []
    assert "less than half a minute" in window.toast.sentence.text()


def test_the_pill_leads_to_its_task_from_wherever_the_person_is(
    begin: Begin, day: Day, qtbot: QtBot
) -> None:
    window = begin()
    start(window, qtbot)
    window.open_page("Done")
    qtbot.keyClicks(window.search.edit, "nothing like it")
    qtbot.waitUntil(lambda: not window.cards.ids)
    window.open_page(WAITING)
    press(qtbot, window.timer_pill)
    assert window.cards.selected_id == PUMP
    assert window.cards.isVisible()


def test_logged_time_is_taken_back_before_it_is_sent(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    start(window, qtbot)
    window.working.timing.add(50 * HOUR)
    press(qtbot, window.body.timer)
    assert [minutes for _, minutes in logged(window)] == [1_440, 1_440, 120]
    press(qtbot, window.toast.button)
    assert (waits(window), window.board.views[PUMP].task.actual_minutes) == (0, 0)


def test_logged_time_is_taken_back_by_as_much_less_after_it_was_sent(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    wanted = server.task("ana")
    window = open_desk(open_window)
    card_of(window, wanted)
    press(qtbot, window.body.timer)
    window.working.timing.add(50 * HOUR)
    press(qtbot, window.body.timer)
    delivered(window, qtbot)
    assert server.seen("rita", wanted)["actual_minutes"] == 50 * 60
    assert window.toast.headline.text().startswith("Time logged")
    press(qtbot, window.toast.button)
    delivered(window, qtbot)
    assert server.seen("rita", wanted)["actual_minutes"] == 0
    assert window.work.outbox.tally().tray == 0


def test_a_full_disk_stops_no_timer(
    begin: Begin, day: Day, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 10 * MINUTE)

    def full(*_: object, **__: object) -> None:
        raise EnvironmentFault("E3001")

    with monkeypatch.context() as disk:
        disk.setattr(window.work.outbox, "keep_timer", full)
        disk.setattr(window.work.outbox, "add", full)
        press(qtbot, window.body.timer)
        assert "(E3001)" in window.toast.headline.text()
        day.pass_by(window, 2 * MINUTE)
    assert window.body.timer.text() == "Stop timer"
    press(qtbot, window.body.timer)
    assert logged(window) == [(PUMP, 12)]


# Breaks


def broken_off(begin: Begin, day: Day, qtbot: QtBot) -> EmployeeWindow:
    """Ten minutes of work, twenty of nothing, and the person is back."""
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 10 * MINUTE)
    day.pass_by(window, 20 * MINUTE, touched=False)
    assert asked(window) == []
    day.pass_by(window, 5_000)
    return window


@pytest.mark.parametrize(
    ("words", "worked", "entries"),
    [
        ("Keep the time", 30 * MINUTE + 5_000, []),
        ("Take it off", 10 * MINUTE, []),
        ("Take it off and stop the timer", None, [(PUMP, 10)]),
    ],
)
def test_a_break_is_the_person_s_to_judge(
    begin: Begin, day: Day, qtbot: QtBot, words: str, worked: int | None, entries: list[object]
) -> None:
    window = broken_off(begin, day, qtbot)
    answer(window, qtbot, words)
    assert window.working.timer_of(PUMP) == worked
    assert logged(window) == entries


def test_a_break_can_be_the_work_of_another_task(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = broken_off(begin, day, qtbot)
    answer(window, qtbot, "Log it on another task…")
    (chooser,) = [one for one in window.findChildren(Chooser) if one.isVisible()]
    assert [option.words for option in chooser._listed] == ["Seal"]
    assert window.working.timer_of(PUMP) == 30 * MINUTE + 5_000, "not before one was chosen"
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    assert logged(window) == [(SEAL, 20)]
    assert window.working.timer_of(PUMP) == 10 * MINUTE


def test_closing_the_question_keeps_the_time(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = broken_off(begin, day, qtbot)
    (dialog,) = asked(window)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert asked(window) == []
    assert window.working.timer_of(PUMP) == 30 * MINUTE + 5_000


def test_a_timer_started_after_a_break_is_not_blamed_for_it(
    begin: Begin, day: Day, qtbot: QtBot
) -> None:
    window = begin()
    day.pass_by(window, 20 * MINUTE, touched=False)
    day.idle = 0
    start(window, qtbot)  # back, and quicker than the next look
    day.pass_by(window, 5_000)
    assert asked(window) == []
    assert window.working.timer_of(PUMP) == 5_000


@pytest.mark.parametrize("wanted", [PUMP, SEAL])
def test_who_comes_back_and_presses_a_timer_at_once_is_asked_first(
    begin: Begin, day: Day, qtbot: QtBot, wanted: str
) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 10 * MINUTE)
    day.pass_by(window, 20 * MINUTE, touched=False)
    day.idle = 0
    card_of(window, wanted)
    press(qtbot, window.body.timer)
    answer(window, qtbot, "Take it off")
    assert logged(window) == []
    press(qtbot, window.body.timer)
    assert logged(window) == [(PUMP, 10)]


def test_a_question_about_one_timer_changes_no_other(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = broken_off(begin, day, qtbot)
    start(window, qtbot, SEAL)
    assert asked(window) == []
    assert logged(window) == [(PUMP, 30)]
    assert window.working.timer_of(SEAL) == 0


def test_without_a_timer_nobody_is_asked(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    day.pass_by(window, 20 * MINUTE, touched=False)
    day.pass_by(window, 5_000)
    assert asked(window) == []


def test_a_wall_clock_set_forward_takes_off_no_more_than_the_break(
    begin: Begin, day: Day, qtbot: QtBot
) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 40 * MINUTE)
    day.pass_by(window, 10 * MINUTE, touched=False)
    day.wall += 100_000
    day.pass_by(window, 5_000)
    answer(window, qtbot, "Take it off")
    assert window.working.timer_of(PUMP) == 40 * MINUTE


def test_the_sleep_of_the_machine_is_asked_about_once(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 10 * MINUTE)
    day.sleep(8 * HOUR)
    day.pass_by(window, 5_000)
    (dialog,) = asked(window)
    assert next(iter(dialog.buttons)) == "Leave this time out"
    answer(window, qtbot, "Leave this time out")
    day.pass_by(window, MINUTE)
    assert asked(window) == []
    assert window.working.timer_of(PUMP) == 11 * MINUTE


# Restarts


def reopened(begin: Begin, window: EmployeeWindow, day: Day, gone: int) -> EmployeeWindow:
    window.close()
    window.work.close()
    day.wall += gone
    return begin()


@pytest.mark.parametrize(
    ("words", "worked", "entries"),
    [
        ("Leave this time out", 10 * MINUTE, []),
        ("Count it as work", 10 * MINUTE + 14 * HOUR, []),
        ("Leave it out and stop the timer", None, [(PUMP, 10)]),
    ],
)
def test_a_timer_that_was_left_running_is_asked_about(
    begin: Begin, day: Day, qtbot: QtBot, words: str, worked: int | None, entries: list[object]
) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 10 * MINUTE)
    again = reopened(begin, window, day, 14 * HOUR)
    assert again.timer_pill.text() == "10:00 · Pump"
    answer(again, qtbot, words)
    assert again.working.timer_of(PUMP) == worked
    assert logged(again) == entries


def test_a_weekend_can_be_logged_on_another_task(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    start(window, qtbot)
    again = reopened(begin, window, day, 60 * HOUR)
    answer(again, qtbot, "Log it on another task…")
    (chooser,) = [one for one in again.findChildren(Chooser) if one.isVisible()]
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    assert logged(again) == [(SEAL, 1_440), (SEAL, 1_440), (SEAL, 720)]
    assert again.working.timer_of(PUMP) == 0


def test_a_short_restart_asks_nothing(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin()
    start(window, qtbot)
    day.pass_by(window, 10 * MINUTE)
    again = reopened(begin, window, day, 30_000)
    assert asked(again) == []
    assert again.working.timer_of(PUMP) == 10 * MINUTE + 30_000


# Activity


def intervals(window: EmployeeWindow) -> list[tuple[str, str]]:
    return [
        (one.action.args["state"], one.action.args.get("reason", ""))
        for one in window.work.outbox.waiting()
        if one.action.kind is Kind.OCCUPANCY
    ]


def test_what_is_reported_stands_beside_the_name(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin(report_activity=True, idle_minutes=5)
    assert window.who.line.startswith("Active")
    assert window.occupancy_now() is Occupancy.ACTIVE
    day.pass_by(window, 6 * MINUTE, touched=False)
    assert window.who.line.startswith("Idle")
    assert window.occupancy_now() is Occupancy.IDLE
    assert "Idle" in window.who.accessibleName()


def test_a_pause_is_said_reported_and_ended(begin: Begin, day: Day, qtbot: QtBot) -> None:
    window = begin(report_activity=True)
    commands = {action.text(): action for action in window.commands.listed()}
    assert "Go on after the pause" not in commands
    commands["Pause my activity…"].trigger()
    (dialog,) = [one for one in window.findChildren(PauseDialog) if one.isVisible()]
    qtbot.keyClicks(dialog.reason.edit, "Dentist")
    qtbot.keyClick(dialog.reason.edit, Qt.Key.Key_Return)
    assert window.who.line.startswith("Paused: Dentist")
    day.pass_by(window, 2 * MINUTE)
    commands = {action.text(): action for action in window.commands.listed()}
    assert "Pause my activity…" not in commands
    commands["Go on after the pause"].trigger()
    assert window.who.line.startswith("Active")
    assert intervals(window) == [("OFFLINE", "Dentist")]
    assert window.work.outbox.tally().waiting == 1
    assert "waiting" not in window.chip.text(), "what is reported is not the person's work"


def test_with_reports_off_nothing_is_reported_or_offered(
    begin: Begin, day: Day, qtbot: QtBot
) -> None:
    window = begin(report_activity=False)
    day.pass_by(window, 20 * MINUTE, touched=False)
    day.pass_by(window, MINUTE)
    assert window.occupancy_now() is None
    assert "Active" not in window.who.line
    assert not any("ause" in action.text() for action in window.commands.listed())
    window.close()
    assert (window.work.outbox.stretch(), waits(window)) == (None, 0)


def test_what_was_seen_goes_out_and_is_the_admin_s_to_read(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("ana", idle_ms=lambda: 0, report_activity=True)
    window = made.window
    assert isinstance(window, EmployeeWindow)
    now = device_clock()
    window.working.activity._stretch = Stretch(Occupancy.ACTIVE, now - 40_000, now)
    window.working.pause("Lunch")
    delivered(window, qtbot)
    path = f"/api/v1/people/{server.users['ana']}/occupancy"
    told = server.get("rita", path).json()["intervals"]
    assert [one["state"] for one in told] == ["ACTIVE"]
    next_report(made, qtbot)
    people = server.get("rita", "/api/v1/people/presence").json()["people"]
    states = {one["user_id"]: one["occupancy"] for one in people}
    assert states[server.users["ana"]] == "OFFLINE"  # paused
