"""Changes that wait although the server answers: a new connection, then an alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.client import Device, action
from tests.support.server import HOUR, MINUTE, RunningServer
from tracker.domain.errors import Unreachable
from tracker.domain.receipt import PARKED_AFTER, Outcome, Receipt
from tracker.sync.engine import State

Open = Callable[..., Device]


@pytest.fixture
def ana(server: RunningServer, device: Open) -> Device:
    """With a change that the server is given and never answers, though it answers pulls."""
    found = device("ana")
    found.sync()
    found.add(action(task_id=server.task("ana")))
    found.line.fault = lambda _: Unreachable("E4002")
    assert not found.sync().stuck
    return found


def come_again(device: Device, ms: int) -> None:
    """What waits was answered with a retry, and steps aside for that time."""
    later = [
        Receipt(item.action.op_id, Outcome.RETRY, "e1", "E5017") for item in device.outbox.waiting()
    ]
    device.outbox.record(later, device.now, lambda _: device.now + ms)


def polls(device: Device, ms: int) -> list[bool]:
    """Whether each poll of that time said that nothing moves."""
    end, said = device.now + ms, []
    while device.now < end:
        device.now += 5_000
        said.append(device.sync().stuck)
    return said


def test_after_a_minute_the_connection_is_renewed_once(ana: Device) -> None:
    polls(ana, MINUTE - 5_000)
    assert "renew" not in ana.line.calls
    polls(ana, 5 * MINUTE)
    assert ana.line.calls.count("renew") == 1


def test_after_two_minutes_it_is_said(ana: Device) -> None:
    assert set(polls(ana, 2 * MINUTE - 5_000)) == {False}
    assert set(polls(ana, MINUTE)) == {True}


def test_it_is_said_since_when(ana: Device) -> None:
    began = ana.now
    polls(ana, 4 * MINUTE)
    assert ana.sync().stuck_since == began


def test_something_else_that_arrives_ends_it(server: RunningServer, ana: Device) -> None:
    ana.line.fault = lambda _: None
    come_again(ana, HOUR)
    assert polls(ana, 3 * MINUTE)[-1]
    ana.add(action(task_id=server.task("ana")))
    report = ana.sync()
    assert (report.sent, report.waiting, report.stuck) == (1, 1, False)
    assert set(polls(ana, 2 * MINUTE - 5_000)) == {False}
    assert polls(ana, MINUTE)[-1]
    assert ana.line.calls.count("renew") == 2


def test_no_server_is_no_alarm(ana: Device) -> None:
    ana.line.fault = lambda _: Unreachable("E4001")
    assert set(polls(ana, HOUR)) == {False}


def test_with_nothing_waiting_there_is_none(server: RunningServer, device: Open) -> None:
    idle = device("ana")
    assert set(polls(idle, 10 * MINUTE)) == {False}
    idle.add(action(task_id=server.task("ana")))
    idle.line.fault = lambda _: Unreachable("E4002")
    idle.now += 5_000
    assert not idle.sync().stuck
    assert "renew" not in idle.line.calls


def test_what_is_parked_alarms_nobody_twice(ana: Device) -> None:
    """It is shown as parked already."""
    ana.line.fault = lambda _: None
    for _ in range(PARKED_AFTER):
        come_again(ana, HOUR)
    assert set(polls(ana, 10 * MINUTE)) == {False}


def test_what_waits_behind_a_parked_one_alarms_nobody_either(ana: Device) -> None:
    ana.line.fault = lambda _: None
    for _ in range(PARKED_AFTER):
        come_again(ana, HOUR)
    (parked,) = ana.outbox.waiting()
    ana.add(action(task_id=parked.action.task_id))
    assert set(polls(ana, 10 * MINUTE)) == {False}


class TestReadingGoesOn:
    @pytest.mark.parametrize("code", ["E4002", "E4004"])
    def test_when_the_server_takes_no_push(
        self, server: RunningServer, ana: Device, code: str
    ) -> None:
        ana.line.fault = lambda _: Unreachable(code)
        news = server.task("ana")
        report = ana.sync()
        assert news in ana.projection.views()
        assert report.state is State.OFFLINE
        assert report.fault is not None
        assert report.fault.code == code
        assert report.waiting == 1

    def test_but_not_where_nobody_answers(self, ana: Device) -> None:
        ana.line.fault = lambda _: Unreachable("E4001")
        ana.line.calls.clear()
        assert ana.sync().state is State.OFFLINE
        assert ana.line.calls == []
