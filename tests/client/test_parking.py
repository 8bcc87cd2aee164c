"""Finding the action that a push fails at: others go on, and a server that is ill blames none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from server_stub.tasks import service as decisions
from tests.client.test_engine import own_ops
from tests.support.client import Device, action, comment
from tests.support.server import HOUR, MINUTE, RunningServer
from tracker.domain.change import Action
from tracker.domain.errors import Unreachable
from tracker.domain.receipt import PARKED_AFTER
from tracker.sync.engine import Report, State

Open = Callable[..., Device]


@pytest.fixture
def ana(server: RunningServer, device: Open) -> Device:
    found = device("ana")
    found.sync()
    return found


def break_at(device: Device, *made: Action) -> None:
    """The server answers 500 to every batch with one of these."""
    ids = [one.op_id for one in made]

    def fault(messages: Sequence[str]) -> Exception | None:
        found = any(op_id in message for message in messages for op_id in ids)
        return Unreachable("E4004") if found else None

    device.line.fault = fault


def sizes(device: Device) -> list[int]:
    return [len(batch) for batch in device.line.pushed]


def retries(device: Device) -> dict[str, int]:
    return {item.action.op_id: item.retries for item in device.outbox.waiting()}


def later(device: Device, ms: int = 5 * MINUTE) -> Report:
    device.now += ms
    return device.sync()


def some(server: RunningServer, device: Device, count: int) -> list[Action]:
    """Progress of as many tasks."""
    return [*device.add(*(action(task_id=server.task("ana")) for _ in range(count)))]


class TestDividing:
    def test_a_batch_is_halved_only_after_two_backoffs(
        self, server: RunningServer, ana: Device
    ) -> None:
        made = some(server, ana, 4)
        break_at(ana, made[2])
        for _ in range(2):
            report = later(ana)
            assert (report.state, report.sent, report.waiting) == (State.OFFLINE, 0, 4)
            assert report.fault is not None
            assert report.fault.code == "E4004"
        assert sizes(ana) == [4, 4]
        report = later(ana)
        assert (report.state, report.sent) == (State.OFFLINE, 3)
        assert sizes(ana)[2:6] == [4, 2, 2, 1]
        assert ana.waiting_ids() == [made[2].op_id]

    def test_a_push_that_works_makes_it_wait_twice_again(
        self, server: RunningServer, ana: Device
    ) -> None:
        made = some(server, ana, 2)
        break_at(ana, made[0])
        later(ana)
        ana.line.fault = lambda _: None
        assert later(ana).state is State.SYNCED
        made = some(server, ana, 2)
        break_at(ana, made[0])
        ana.line.pushed.clear()
        for _ in range(2):
            later(ana)
        assert sizes(ana) == [2, 2]

    @pytest.mark.parametrize("code", ["E3007", "E4001", "E4002", "E4003"])
    def test_nothing_else_than_500_is_ever_halved(
        self, server: RunningServer, ana: Device, code: str
    ) -> None:
        """502, 503, 504 and silence say nothing about what was sent."""
        some(server, ana, 4)
        ana.line.fault = lambda _: Unreachable(code)
        for _ in range(6):
            assert later(ana).state is State.OFFLINE
        assert sizes(ana) == [4] * 6
        assert set(retries(ana).values()) == {0}


class TestTheServersHealth:
    def test_two_that_fail_alone_are_asked_about_with_an_empty_batch(
        self, server: RunningServer, ana: Device
    ) -> None:
        made = some(server, ana, 4)
        break_at(ana, made[1], made[2])
        for _ in range(3):
            later(ana)
        assert sizes(ana).count(0) == 1
        alone = [batch for batch in ana.line.pushed if len(batch) == 1]
        assert sizes(ana).index(0) > ana.line.pushed.index(alone[1])
        assert retries(ana) == {made[1].op_id: 1, made[2].op_id: 1}

    def test_one_alone_is_not_judged_yet(self, server: RunningServer, ana: Device) -> None:
        made = some(server, ana, 4)
        break_at(ana, made[1])
        for _ in range(3):
            later(ana)
        assert 0 not in sizes(ana)
        assert retries(ana) == {made[1].op_id: 0}

    def test_a_server_that_fails_at_nothing_as_well_is_ill_and_blames_none(
        self, server: RunningServer, ana: Device
    ) -> None:
        made = some(server, ana, 4)
        ana.line.fault = lambda _: Unreachable("E4004")
        for _ in range(10):
            assert later(ana).state is State.OFFLINE
        assert 0 in sizes(ana)
        assert retries(ana) == {one.op_id: 0 for one in made}
        ana.line.fault = lambda _: None
        assert later(ana).sent == 4


class TestParked:
    @pytest.fixture
    def parked(self, server: RunningServer, ana: Device) -> tuple[Action, Action]:
        """An action the server fails at, as often as it takes, and a later one of its task."""
        task_id = server.task("ana")
        bad, follows = ana.add(action(task_id=task_id), comment(task_id, "After it"))
        break_at(ana, bad)
        for _ in range(12):
            report = later(ana)
            if report.parked:
                break
        assert retries(ana)[bad.op_id] >= PARKED_AFTER
        assert (report.parked, report.waiting) == (1, 2)
        ana.line.pushed.clear()
        return bad, follows

    def test_it_is_said_and_stays_in_the_outbox(
        self, ana: Device, parked: tuple[Action, Action]
    ) -> None:
        report = later(ana, MINUTE)
        assert (report.state, report.parked, report.waiting, report.tray) == (
            State.SYNCED, 1, 2, 0,
        )  # fmt: skip
        assert ana.outbox.tally().parked == 1
        assert [item.parked for item in ana.outbox.waiting()] == [True, False]
        assert ana.shown(parked[0].task_id).task.progress == 45

    def test_others_flow_and_later_ones_of_its_task_wait(
        self, server: RunningServer, ana: Device, parked: tuple[Action, Action]
    ) -> None:
        (other,) = some(server, ana, 1)
        assert later(ana, MINUTE).sent == 1
        assert own_ops(server, other.task_id) == [other.op_id]
        assert own_ops(server, parked[0].task_id) == []
        assert ana.waiting_ids() == [one.op_id for one in parked]

    def test_it_is_tried_once_an_hour(self, ana: Device, parked: tuple[Action, Action]) -> None:
        for _ in range(59):
            later(ana, MINUTE)
        assert ana.line.pushed == []
        later(ana, MINUTE)
        assert sizes(ana) == [1]

    def test_a_person_need_not_wait_for_the_hour(
        self, ana: Device, parked: tuple[Action, Action]
    ) -> None:
        ana.line.fault = lambda _: None
        ana.outbox.try_now(parked[0].op_id)
        assert later(ana, MINUTE).sent == 2

    def test_once_the_server_is_mended_all_arrive_in_order(
        self, server: RunningServer, ana: Device, parked: tuple[Action, Action]
    ) -> None:
        ana.line.fault = lambda _: None
        report = later(ana, HOUR)
        assert (report.state, report.sent, report.parked, report.waiting) == (
            State.SYNCED, 2, 0, 0,
        )  # fmt: skip
        assert own_ops(server, parked[0].task_id) == [one.op_id for one in parked]


def test_a_retry_that_the_server_asks_for_counts_as_well(
    server: RunningServer, ana: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = server.task("ana")
    bad, follows = ana.add(action(task_id=task_id), comment(task_id, "After it"))
    really = decisions.decide

    def decide(state: Any, one: Action, *others: Any) -> Any:
        if one.op_id == bad.op_id:
            raise ZeroDivisionError("planned")
        return really(state, one, *others)

    monkeypatch.setattr(decisions, "decide", decide)
    for tries in range(1, PARKED_AFTER + 1):
        report = later(ana)
        assert retries(ana) == {bad.op_id: tries, follows.op_id: 0}
        assert report.state is State.SYNCED
        assert report.parked == (1 if tries == PARKED_AFTER else 0)
    assert own_ops(server, task_id) == []
    monkeypatch.undo()
    assert later(ana, HOUR - 1).sent == 0
    assert later(ana, 1).sent == 2
    assert own_ops(server, task_id) == [bad.op_id, follows.op_id]
