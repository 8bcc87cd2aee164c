"""Giving an action up: never done from then on, unless it was decided already."""

from __future__ import annotations

from typing import Any

from tests.server.test_push import outcome
from tests.support.server import OUTSIDER, Device, RunningServer, problem


def give_up(device: Device, *op_ids: str, actions: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    answer = device.post(actions, void=[*op_ids])
    assert answer.status_code == 200, answer.text
    receipts: list[dict[str, Any]] = answer.json()["receipts"]
    return receipts


def test_what_was_given_up_is_rejected_for_ever(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (receipt,) = give_up(ana, action["op_id"])
    assert outcome(receipt) == ("rejected", "E5019")
    assert (receipt["epoch"], receipt["current"]) == (server.epoch, None)
    for _ in range(2):
        (late,) = ana.push(action)
        assert late == receipt
        assert late["differs"] is False
    assert give_up(ana, action["op_id"]) == [receipt]
    assert server.seen("ana", task_id)["progress"] == 0
    assert server.audit_count(task_id) == 1


def test_what_was_done_already_stays_done(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (done,) = ana.push(action)
    assert give_up(ana, action["op_id"]) == [done]
    assert outcome(done) == ("applied", None)
    assert server.seen("ana", task_id)["progress"] == 45


def test_what_was_refused_already_keeps_its_reason(server: RunningServer) -> None:
    ana = server.device("ana")
    action = ana.action("start", server.new_id())
    (refused,) = ana.push(action)
    assert give_up(ana, action["op_id"]) == [refused]
    assert outcome(refused) == ("rejected", "E5001")


def test_what_came_in_the_same_batch_is_decided_first(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("start", task_id)
    receipts = give_up(ana, action["op_id"], action["op_id"], actions=(action,))
    assert [outcome(receipt) for receipt in receipts] == [("applied", None)] * 2


def test_what_depends_on_it_is_blocked(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    given_up = ana.action("hold", task_id)
    give_up(ana, given_up["op_id"])
    receipt = ana.do("resume", task_id, depends_on=[given_up["op_id"]])
    assert (receipt["outcome"], receipt["blocked_by"]) == ("blocked_by", given_up["op_id"])


def test_another_persons_action_is_neither_shown_nor_touched(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (done,) = ana.push(action)
    (nothing,) = give_up(server.device("jonas"), action["op_id"])
    assert (*outcome(nothing), nothing["current"]) == ("rejected", "E5010", None)
    assert ana.push(action) == [done]


def test_another_tenants_actions_are_out_of_reach(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (elsewhere,) = give_up(server.device(OUTSIDER), action["op_id"])
    assert outcome(elsewhere) == ("rejected", "E5019")
    assert outcome(ana.push(action)[0]) == ("applied", None)


def test_what_is_no_id_fails_the_request(server: RunningServer) -> None:
    for bad in (["x"], [None], ["0190a000-0000-7000-8000-000000000000"] * 501):
        problem(server.device("ana").post([], void=bad), 422, "E2013")
