"""Actions made to break the batch they are in, or what others see: each is refused alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import RunningServer
from tracker.domain.instants import rfc3339
from tracker.domain.reading import LAST_INSTANT


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        pytest.param("comment", {"comment_id": [], "text": "x"}, id="id is a list"),
        pytest.param("comment", {"comment_id": {}, "text": "x"}, id="id is an object"),
        pytest.param("comment", {"comment_id": "\ud800", "text": "x"}, id="id surrogate"),
        pytest.param("comment", {"comment_id": "a\x00", "text": "x"}, id="id with NUL"),
        pytest.param("comment", {"comment_id": 7, "text": "x"}, id="id is a number"),
        pytest.param("create_task", {"title": "x", "due_date": "9999-12-31"}, id="last day"),
        pytest.param("set_progress", {"percent": 10**400}, id="huge number"),
        pytest.param("set_progress", {"percent": float("nan")}, id="NaN"),
        pytest.param("set_progress", {"percent": 1, "\ud800": 1}, id="surrogate key"),
        pytest.param("assign", {"user_id": "\ud800"}, id="user surrogate"),
        pytest.param("assign", {"user_id": [], "part": []}, id="lists for ids"),
        pytest.param("set_progress", {"percent": {"a": [[[[[[]]]]]]}}, id="nested"),
    ],
)  # fmt: skip
def test_odd_arguments(shared_server: RunningServer, kind: str, args: dict[str, Any]) -> None:
    alone(shared_server, kind, args, {})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"\ud800": 1}, id="surrogate key"),
        pytest.param({"op_id": "\ud800"}, id="surrogate op_id"),
        pytest.param({"kind": "\ud800"}, id="surrogate kind"),
        pytest.param({"device_id": "\ud800"}, id="surrogate device"),
        pytest.param({"a\x00b": 1}, id="NUL key"),
        pytest.param({"device_seq": 10**30}, id="huge device_seq"),
        pytest.param({"made_at": float("inf")}, id="infinite"),
        pytest.param({"base_version": 10**30}, id="huge version"),
    ],
)
def test_odd_envelopes(shared_server: RunningServer, change: dict[str, Any]) -> None:
    alone(shared_server, "set_progress", {"percent": 10}, change)


def alone(server: RunningServer, kind: str, args: dict[str, Any], change: dict[str, Any]) -> None:
    """The odd action is refused, and what is around it in its batch is applied."""
    rita, task_id = server.device("rita"), server.task("ana")
    odd = rita.action(kind, server.new_id() if kind == "create_task" else task_id, args)
    batch = [
        rita.action("set_progress", task_id, {"percent": 10}),
        odd | change,
        rita.action("set_progress", task_id, {"percent": 20}),
    ]
    answer = rita.post(batch)
    assert answer.status_code == 200
    outcomes = [receipt["outcome"] for receipt in answer.json()["receipts"]]
    assert outcomes == ["applied", "rejected", "applied"]


def test_odd_things_beside_the_decision_are_no_reason_to_refuse(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    seen = {"title": "x" * 5_000, "deep": [[[[{}]]]], "n": 10**100, "nul": "\x00", "s": "\ud800"}
    receipt = ana.do("set_progress", task_id, {"percent": 10}, seen=seen)
    assert receipt["outcome"] == "applied"


def test_a_refusal_is_short_however_long_the_odd_key_was(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    receipt = ana.do("start", task_id, **{"k" * 100_000: 1})
    assert receipt["outcome"] == "rejected"
    assert len(str(receipt)) < 2_000


def test_the_last_due_a_task_may_have_can_be_listed(server: RunningServer) -> None:
    """Else one task of one person takes the list away from every admin."""
    server.task("ana", by="ana", due_at=LAST_INSTANT)
    assert server.get("ana", "/api/employee-tasks/").status_code == 200
    assert server.get("rita", "/api/admin/task-status/").status_code == 200


@pytest.mark.parametrize("offset", [-(2**53), -(10**14)])
def test_the_time_of_work_can_always_be_printed(server: RunningServer, offset: int) -> None:
    """Else one action takes `tracker-server audit` away."""
    ana, task_id = server.device("ana"), server.task("ana")
    ana.do("set_progress", task_id, {"percent": 10}, clock_offset=offset)
    entry = server.page("ana")["history"][-1]
    printed = rfc3339(entry["made_at"])
    assert printed is not None
    assert printed.endswith("Z")


def test_a_clock_that_is_far_ahead_is_brought_back(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    ana.do("set_progress", task_id, {"percent": 10}, made_at=LAST_INSTANT, clock_offset=2**53)
    assert server.page("ana")["history"][-1]["made_at"] == server.clock.now
