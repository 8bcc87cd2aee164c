"""What is reported of a person: what was seen, once, in their words; nothing with reports off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Device
from tests.support.server import RunningServer
from tests.support.windows import offline_workspace
from tracker.domain.change import REASON_LIMIT, Kind, parse
from tracker.domain.errors import EnvironmentFault, Refusal
from tracker.domain.receipt import Outcome, Receipt
from tracker.domain.task import Occupancy
from tracker.services import activity as room
from tracker.services.activity import Activity
from tracker.services.workspace import Workspace

MINUTE, HOUR = 60_000, 3_600_000
THRESHOLD = 5 * MINUTE
START = 1_700_000_000_000


class Clock:
    now = START


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(room, "device_clock", lambda: made.now)
    return made


@pytest.fixture
def work(tmp_path: Path, clock: Clock) -> Iterator[Workspace]:
    made = offline_workspace(tmp_path, [])
    yield made
    made.close()


Begin = Callable[..., Activity]


@pytest.fixture
def begin(work: Workspace) -> Begin:
    """The program starts; calling it again is a restart after a crash."""

    def make(**over: Any) -> Activity:
        return Activity(work, **{"reports": True, "threshold_ms": THRESHOLD, **over})

    return make


def watch(activity: Activity, clock: Clock, ms: int, idle: Callable[[int], int | None]) -> None:
    """Looks every 5 s for so long; `idle` says what the system answers so long after the start."""
    for passed in range(0, ms, 5_000):
        activity.look(idle(passed))
        clock.now += 5_000


def queued(work: Workspace) -> list[tuple[str, int, int, str]]:
    found = []
    for one in work.outbox.waiting():
        args = one.action.args
        assert not isinstance(parse(Kind.OCCUPANCY, args), Refusal)
        times = (args["started_at"] - START, args["ended_at"] - START)
        found.append((args["state"], *times, args.get("reason", "")))
    return found


def test_work_and_a_break_become_intervals_without_a_gap(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    watch(activity, clock, 4 * MINUTE, lambda _: 0)
    watch(activity, clock, 8 * MINUTE, lambda passed: passed)
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.end()
    found = queued(work)
    assert found == [
        ("ACTIVE", 0, 5 * MINUTE, ""),  # reported before anybody could know that it was idle
        ("IDLE", 5 * MINUTE, 10 * MINUTE, ""),
        ("IDLE", 10 * MINUTE, 12 * MINUTE, ""),
        ("ACTIVE", 12 * MINUTE, 13 * MINUTE - 5_000, ""),
    ]
    assert work.outbox.stretch() is None


def test_with_reports_off_nothing_is_looked_at_or_written(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin(reports=False)
    activity.pause("Lunch")
    watch(activity, clock, HOUR, lambda passed: passed)
    activity.end()
    assert (activity.seen, work.outbox.stretch(), queued(work)) == (None, None, [])
    assert activity.reported(clock.now) == []


def test_turned_off_what_was_seen_before_ends_there(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.reports = False
    watch(activity, clock, HOUR, lambda _: 0)
    assert queued(work) == [("ACTIVE", 0, MINUTE - 5_000, "")]


def test_a_system_that_cannot_tell_is_not_called_idle(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    watch(activity, clock, 10 * MINUTE, lambda _: None)
    activity.end()
    assert {state for state, *_ in queued(work)} == {"UNKNOWN"}


def test_a_pause_is_reported_in_the_person_s_words_whatever_they_touch(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    activity.look(0)
    clock.now += MINUTE
    activity.pause("  Lunch with Rita ")
    activity.look(0)
    watch(activity, clock, 2 * MINUTE, lambda passed: passed % 2_000)
    activity.pause(None)
    activity.look(0)
    assert queued(work) == [
        ("ACTIVE", 0, MINUTE, ""),
        ("OFFLINE", MINUTE, 3 * MINUTE, "Lunch with Rita"),
    ]


@pytest.mark.parametrize("reason", ["x" * 5_000, "a\x00b", "\ud800", "🍔" * REASON_LIMIT, "\n"])
def test_any_words_for_a_pause_are_taken_by_the_server(
    server: RunningServer,
    device: Callable[..., Device],
    work: Workspace,
    begin: Begin,
    clock: Clock,
    reason: str,
) -> None:
    activity = begin()
    activity.pause(reason)
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.pause(None)
    activity.look(0)
    (waiting,) = work.outbox.waiting()
    ana = device("ana")
    args = {**waiting.action.args, "started_at": ana.now - MINUTE, "ended_at": ana.now}
    ana.add(replace(waiting.action, args=args))
    assert ana.sync().tray == 0


def test_a_pause_outlives_a_restart_and_the_time_between_is_nobody_s(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    activity.pause("")
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.end()
    clock.now += 3 * HOUR
    again = begin()
    assert again.paused == ""
    watch(again, clock, MINUTE, lambda _: 0)
    again.pause(None)
    again.look(0)
    (before, after) = queued(work)
    assert before == ("OFFLINE", 0, MINUTE - 5_000, "")
    assert after[:2] == ("OFFLINE", 3 * HOUR + MINUTE)


def test_a_crash_costs_half_a_minute_at_most(work: Workspace, begin: Begin, clock: Clock) -> None:
    watch(begin(), clock, 4 * MINUTE, lambda _: 0)
    clock.now += HOUR
    again = begin()
    assert again.paused is None
    again.look(0)
    ((state, started, ended, _),) = queued(work)
    assert (state, started) == ("ACTIVE", 0)
    assert 4 * MINUTE - room.KEEP_MS - 5_000 <= ended <= 4 * MINUTE


def test_on_a_full_disk_nothing_that_was_seen_is_lost(
    work: Workspace, begin: Begin, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity = begin()
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.pause("Lunch")

    def refuse(*_: object) -> None:
        raise EnvironmentFault("E3001")

    with monkeypatch.context() as full:
        full.setattr(work.outbox, "report", refuse)
        with pytest.raises(EnvironmentFault):
            activity.look(0)
    clock.now += 5_000
    activity.look(0)
    ((state, started, ended, _),) = queued(work)
    assert (state, started) == ("ACTIVE", 0)
    assert ended >= MINUTE - 5_000


# What the person is told of it


def settle(work: Workspace, outcome: Outcome) -> None:
    work.outbox.take_batch(0, 500, 1_000_000)
    ids = [one.action.op_id for one in work.outbox.waiting()]
    receipts = [Receipt(op_id, outcome, "e1", code="E2062") for op_id in ids]
    work.outbox.record(receipts, 0, lambda _: 0)


def test_pieces_of_one_stretch_are_told_as_one_and_what_waits_is_told_apart(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    watch(activity, clock, 11 * MINUTE, lambda _: 0)
    settle(work, Outcome.APPLIED)
    watch(activity, clock, 4 * MINUTE, lambda _: 0)
    activity.end()
    sent, waits = activity.reported(clock.now)
    assert (sent.delivered, waits.delivered) == (True, False)
    assert sent.interval.ended_at - sent.interval.started_at == 10 * MINUTE
    assert waits.interval.state is Occupancy.ACTIVE
    assert waits.interval.ended_at == clock.now - 5_000
    assert activity.reported(clock.now + room.DAY_MS + HOUR) == []


def test_what_was_refused_or_taken_back_is_not_told_as_reported(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.end()
    settle(work, Outcome.REJECTED)
    assert activity.reported(clock.now) == []
    watch(activity, clock, MINUTE, lambda _: 0)
    activity.end()
    assert len(activity.reported(clock.now)) == 1
    work.outbox.withdraw(work.outbox.waiting()[0].action.op_id, clock.now)
    assert activity.reported(clock.now) == []


def test_a_no_takes_back_what_was_seen_and_not_sent(
    work: Workspace, begin: Begin, clock: Clock
) -> None:
    activity = begin()
    watch(activity, clock, 20 * MINUTE, lambda _: 0)
    assert len(queued(work)) >= 3
    assert activity.stop()
    assert (queued(work), work.outbox.stretch(), activity.seen) == ([], None, None)
    watch(activity, clock, 20 * MINUTE, lambda _: 0)
    assert queued(work) == []


def test_what_was_sent_already_stays_sent(work: Workspace, begin: Begin, clock: Clock) -> None:
    activity = begin()
    watch(activity, clock, 20 * MINUTE, lambda _: 0)
    sent = work.outbox.take_batch(clock.now, 1, 900_000)
    activity.stop()
    assert [one.action.op_id for one in work.outbox.waiting()] == [one.action.op_id for one in sent]
