"""Pushing actions: each gets one receipt, and a repeat gets the same one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import MINUTE, OUTSIDER, START, RunningServer, problem

NOBODY = "0190a000-0000-7000-8000-000000000001"


def outcome(receipt: dict[str, Any]) -> tuple[str, str | None]:
    return receipt["outcome"], receipt["code"]


def test_a_receipt_says_all_the_contract_promises(server: RunningServer) -> None:
    task_id = server.task("ana")
    page = server.page("ana")
    receipt = server.device("ana").do("set_progress", task_id, {"percent": 45})
    after = server.page("ana", page["cursor"])
    assert receipt == {
        "op_id": receipt["op_id"],
        "outcome": "applied",
        "epoch": page["epoch"],
        "code": None,
        "info": "",
        "blocked_by": None,
        "merged": [],
        "task_version": 2,
        "seq": receipt["seq"],
        "current": None,
        "differs": False,
        "field": None,
    }
    assert page["seq"] < receipt["seq"] <= after["seq"]
    assert after["tasks"][0]["version"] == 2


def test_every_kind_does_what_it_says(server: RunningServer) -> None:
    task_id, comment_id = server.new_id(), server.new_id()
    rita, ana = server.device("rita"), server.device("ana")
    created = {
        "title": " Inspect cable tray ",
        "description": "Row 7",
        "priority": "URGENT",
        "project_id": server.world.project_id,
        "due_date": "2026-03-09",
        "estimated_minutes": 90,
        "people": [],
    }
    jonas = {"user_id": server.users["jonas"]}
    steps = [
        (rita, "create_task", created, "PENDING", 0),
        (rita, "assign", {"user_id": server.users["ana"], "percent": 60}, "PENDING", 0),
        (rita, "assign", {**jonas, "part": "REVIEWER", "percent": 0}, "PENDING", 0),
        (ana, "start", {"note": "On my way"}, "IN_PROGRESS", 0),
        (ana, "set_progress", {"percent": 45, "occupancy": "ACTIVE"}, "IN_PROGRESS", 45),
        (ana, "hold", {"note": "No wrench"}, "ON_HOLD", 45),
        (ana, "set_progress", {"percent": 50}, "ON_HOLD", 50),
        (ana, "resume", {}, "IN_PROGRESS", 50),
        (ana, "comment", {"comment_id": comment_id, "text": "Wrench found"}, "IN_PROGRESS", 50),
        (ana, "complete", {"note": "Done"}, "COMPLETED", 100),
        (ana, "reopen", {}, "IN_PROGRESS", 50),
        (rita, "unassign", jonas, "IN_PROGRESS", 50),
        (rita, "cancel", {"note": "Not needed"}, "CANCELLED", 50),
    ]
    for step, (device, kind, args, status, percent) in enumerate(steps, start=1):
        receipt = device.do(kind, task_id, args)
        assert outcome(receipt) == ("applied", None), (kind, receipt)
        task = server.seen("rita", task_id, "monitor")
        assert (task["status"], task["progress"], task["version"]) == (status, percent, step)
    task = server.seen("rita", task_id, "monitor")
    assert task["title"] == "Inspect cable tray"
    assert (task["priority"], task["project_id"]) == ("URGENT", server.world.project_id)
    assert (task["due_date"], task["estimated_minutes"]) == ("2026-03-09", 90)
    assert task["due_at"] == 1_773_097_199_999  # the end of that day in Berlin
    assert (task["comment_count"], task["created_by"]) == (1, server.users["rita"])
    page = server.page("rita", scope="monitor")
    assert [entry["event"] for entry in page["history"]] == [kind for _, kind, *_ in steps]
    assert page["comments"][0]["text"] == "Wrench found"
    people = {(row["user_id"], row["part"], row["percent"]) for row in page["assignments"]}
    assert people == {(server.users["ana"], "ASSIGNEE", 60)}


def test_a_batch_is_decided_in_its_order(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    batch = [ana.action("set_progress", task_id, {"percent": n}) for n in (10, 30, 20)]
    batch += [ana.action("hold", task_id), ana.action("resume", task_id)]
    receipts = ana.push(*batch)
    assert [r["op_id"] for r in receipts] == [a["op_id"] for a in batch]
    assert [r["task_version"] for r in receipts] == [2, 3, 4, 5, 6]
    entries = server.page("ana")["history"][1:]
    assert [e["after"].get("progress") for e in entries] == [10, 30, 20, None, None]
    assert [e["op_id"] for e in entries] == [a["op_id"] for a in batch]


def test_a_repeat_gets_the_original_receipt_and_does_nothing(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (first,) = ana.push(action)
    ana.do("set_progress", task_id, {"percent": 80})
    server.clock.advance(400 * 24 * 60 * MINUTE)
    (again,) = ana.push(action)
    assert again == first
    assert server.seen("ana", task_id)["progress"] == 80
    assert server.audit_count(task_id) == 3


def test_a_repeat_inside_one_batch_gets_the_same_receipt(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    first, second = ana.push(action, action)
    assert first == second
    assert first["seq"] > 0
    assert server.audit_count(task_id) == 2


def test_a_refusal_is_final_too(server: RunningServer) -> None:
    ana, rita, task_id = server.device("ana"), server.device("rita"), server.task("ana")
    rita.do("cancel", task_id)
    action = ana.action("set_progress", task_id, {"percent": 45})
    (first,) = ana.push(action)
    assert outcome(first) == ("rejected", "E5005")
    rita.do("reopen", task_id)
    assert ana.push(action) == [first]


def test_a_renumbered_repeat_is_the_same_action(server: RunningServer) -> None:
    """A cloned device takes a new device id for all it has; what was decided stays decided."""
    ana, task_id = server.device("ana"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (first,) = ana.push(action)
    other = server.device("ana")
    again = {**action, "device_id": other.device_id, "device_seq": 9, "clock_offset": 7, "seen": {}}
    assert ana.push(again) == [first]


@pytest.mark.parametrize(
    "change",
    [
        {"args": {"percent": 46}},
        {"made_at": START + 1},
        {"base_version": 7},
        {"kind": "start", "args": {}},
        {"depends_on": ["0190a000-0000-7000-8000-000000000000"]},
    ],
)
def test_the_same_op_id_with_other_content_differs(
    shared_server: RunningServer, change: dict[str, Any]
) -> None:
    ana, task_id = shared_server.device("ana"), shared_server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    (first,) = ana.push(action)
    (second,) = ana.push({**action, **change})
    assert second == {**first, "differs": True}
    assert shared_server.seen("ana", task_id)["progress"] == 45
    assert shared_server.audit_count(task_id) == 2


def test_another_persons_op_id_leaks_nothing(server: RunningServer) -> None:
    ana, jonas, task_id = server.device("ana"), server.device("jonas"), server.task("ana")
    action = ana.action("set_progress", task_id, {"percent": 45})
    ana.push(action)
    stolen = {**action, "device_id": jonas.device_id}
    (receipt,) = jonas.push(stolen)
    assert outcome(receipt) == ("rejected", "E5010")
    assert (receipt["task_version"], receipt["seq"], receipt["current"]) == (0, 0, None)
    assert ana.push(action)[0]["outcome"] == "applied"
    olga = server.device(OUTSIDER)
    (foreign,) = olga.push({**action, "device_id": olga.device_id})
    assert outcome(foreign) == ("rejected", "E5001")
    assert foreign["current"] is None


@pytest.mark.parametrize(
    ("kind", "args", "code"),
    [
        ("set_progress", {"percent": 101}, "E2003"),
        ("set_progress", {"percent": True}, "E2003"),
        ("set_progress", {"percent": "45"}, "E2003"),
        ("set_progress", {"percent": 1.5}, "E2003"),
        ("set_progress", {}, "E2003"),
        ("set_progress", {"percent": 5, "note": "x" * 10_001}, "E2002"),
        ("set_progress", {"percent": 5, "note": "a\x00b"}, "E2008"),
        ("set_progress", {"percent": 5, "note": "\ud800"}, "E2008"),
        ("set_progress", {"percent": 5, "note": ["x"]}, "E2017"),
        ("set_progress", {"percent": 5, "occupancy": "ASLEEP"}, "E2005"),
        ("set_progress", {"percent": 5, "extra": 1}, "E2017"),
        ("comment", {"comment_id": NOBODY, "text": " "}, "E2009"),
        ("comment", {"comment_id": "here", "text": "x"}, "E2006"),
        ("comment", {"text": "x"}, "E2017"),
        ("assign", {"user_id": NOBODY}, "E5006"),
        ("assign", {"user_id": "ana"}, "E2006"),
        ("assign", {"part": "CHIEF"}, "E2017"),
        ("unassign", {"user_id": NOBODY}, "E5015"),
        ("create_task", {"title": "  "}, "E2001"),
        ("create_task", {"title": "x" * 201}, "E2002"),
        ("create_task", {"title": "x", "due_date": "2026-02-30"}, "E2004"),
        ("create_task", {"title": "x", "due_at": -1}, "E2004"),
        ("create_task", {"title": "x", "estimated_minutes": 0}, "E2015"),
        ("create_task", {"title": "x", "priority": "SOON"}, "E2005"),
        ("create_task", {"title": "x", "people": [{"percent": 101}]}, "E2010"),
        ("create_task", {"title": "x", "people": "ana"}, "E2017"),
        ("create_task", {"title": "x", "project_id": NOBODY}, "E5007"),
        ("create_task", {"title": "taken"}, "E5012"),
        ("resume", {}, "E5002"),
        ("reopen", {}, "E5002"),
        ("teleport", {}, "E2011"),
    ],
)  # fmt: skip
def test_an_invalid_action_is_refused_alone(
    shared_server: RunningServer, kind: str, args: dict[str, Any], code: str
) -> None:
    rita, task_id = shared_server.device("rita"), shared_server.task("ana")
    new = kind == "create_task" and code != "E5012"
    batch = [
        rita.action("set_progress", task_id, {"percent": 10}),
        rita.action(kind, shared_server.new_id() if new else task_id, args),
        rita.action("set_progress", task_id, {"percent": 20}),
    ]
    before, bad, after = rita.push(*batch)
    assert (before["outcome"], after["outcome"]) == ("applied", "applied")
    assert outcome(bad) == ("rejected", code)
    assert shared_server.seen("ana", task_id)["progress"] == 20


@pytest.mark.parametrize(
    "change",
    [
        {"device_seq": 0},
        {"device_seq": True},
        {"device_id": "desk"},
        {"made_at": "now"},
        {"made_at": -1},
        {"made_at": 10**18},
        {"made_at": 1.5},
        {"task_id": "1"},
        {"args": []},
        {"args": None},
        {"base_version": -1},
        {"depends_on": ["x"]},
        {"schema": "1"},
        {"unknown": 1},
        {"kind": "x" * 41},
    ],
)
def test_an_action_of_the_wrong_shape_is_refused_alone(
    shared_server: RunningServer, change: dict[str, Any]
) -> None:
    ana, task_id = shared_server.device("ana"), shared_server.task("ana")
    bad = ana.action("set_progress", task_id, {"percent": 10}) | change
    good = ana.action("set_progress", task_id, {"percent": 20})
    first, second = ana.push(bad, good)
    assert outcome(first) == ("rejected", "E2017")
    assert first["op_id"] == bad["op_id"]
    assert first["info"].startswith(next(iter(change)))
    assert second["outcome"] == "applied"
    assert ana.push(bad) == [first]


@pytest.mark.parametrize("bad", [None, 7, "x", [], {}, {"op_id": "x"}, {"op_id": 7}])
def test_what_has_no_op_id_is_refused_in_its_place(shared_server: RunningServer, bad: Any) -> None:
    ana, task_id = shared_server.device("ana"), shared_server.task("ana")
    first, second = ana.push(bad, ana.action("set_progress", task_id, {"percent": 20}))
    assert outcome(first) == ("rejected", "E2006")
    assert second["outcome"] == "applied"


def test_a_refusal_shows_what_the_server_has_unless_access_is_lost(server: RunningServer) -> None:
    ana, rita = server.device("ana"), server.device("rita")
    task_id = server.task("ana", title="Order wrenches")
    rita.do("cancel", task_id)
    refused = ana.do("set_progress", task_id, {"percent": 45})
    assert refused["current"] == {
        "number": 1,
        "title": "Order wrenches",
        "status": "CANCELLED",
        "progress": 0,
        "version": 2,
        "updated_at": START,
    }
    rita.do("unassign", task_id, {"user_id": server.users["ana"]})
    lost = ana.do("set_progress", task_id, {"percent": 46})
    assert (outcome(lost), lost["current"]) == (("rejected", "E5001"), None)


def test_what_a_role_does_not_allow_is_refused(server: RunningServer) -> None:
    ana, task_id, his = server.device("ana"), server.task("ana"), server.task("jonas")
    jonas = {"user_id": server.users["jonas"]}
    assert outcome(ana.do("cancel", task_id)) == ("rejected", "E5004")
    assert outcome(ana.do("assign", task_id, jonas)) == ("rejected", "E5004")
    assert outcome(ana.do("set_progress", his, {"percent": 1})) == ("rejected", "E5001")
    for_him = {"title": "x", "people": [jonas]}
    assert outcome(ana.do("create_task", server.new_id(), for_him)) == ("rejected", "E5004")
    mine = {"title": "x", "people": [{"user_id": server.users["ana"]}]}
    own = server.new_id()
    assert outcome(ana.do("create_task", own, mine)) == ("applied", None)
    assert outcome(ana.do("cancel", own)) == ("applied", None)


def test_a_comment_id_is_used_once(server: RunningServer) -> None:
    ana, task_id, other = server.device("ana"), server.task("ana"), server.task("ana")
    said = {"comment_id": server.new_id(), "text": "x"}
    first, second = ana.push(
        ana.action("comment", task_id, said), ana.action("comment", other, said)
    )
    assert (first["outcome"], outcome(second)) == ("applied", ("rejected", "E5012"))
    assert outcome(ana.do("comment", task_id, said)) == ("rejected", "E5012")


def test_the_devices_clock_is_recorded_and_never_ahead_of_the_arrival(
    server: RunningServer,
) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    slow = {"made_at": START - 60 * MINUTE, "clock_offset": 50 * MINUTE}
    fast = {"made_at": START + 60 * MINUTE, "clock_offset": 0}
    ana.do("set_progress", task_id, {"percent": 10}, **slow)
    ana.do("set_progress", task_id, {"percent": 20}, **fast)
    _, first, second = server.page("ana")["history"]
    assert (first["made_at"], first["received_at"]) == (START - 10 * MINUTE, START)
    assert (second["made_at"], second["received_at"]) == (START, START)


class TestBatchLimits:
    def test_500_actions_are_one_batch_and_501_are_too_many(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        batch = [ana.action("set_progress", task_id, {"percent": n % 100}) for n in range(501)]
        problem(ana.post(batch), 422, "E2013")
        assert server.audit_count(task_id) == 1
        receipts = ana.push(*batch[:500])
        assert {r["outcome"] for r in receipts} == {"applied"}
        assert server.seen("ana", task_id)["version"] == 501

    def test_an_empty_batch_says_that_the_server_is_healthy(self, server: RunningServer) -> None:
        answer = server.device("ana").post([])
        assert answer.status_code == 200
        page = server.page("ana")
        expected = {name: page[name] for name in ("epoch", "head", "mark")}
        assert answer.json() == {"receipts": [], **expected}

    @pytest.mark.parametrize(
        "body",
        [{}, [], None, {"actions": {}}, {"actions": [], "unsent": -1}, {"actions": [], "x": 1}],
    )
    def test_a_batch_of_the_wrong_shape_is_a_problem(
        self, server: RunningServer, body: Any
    ) -> None:
        problem(server.post("ana", "/api/v1/sync/push", body), 422, "E2013")


def test_a_newer_format_waits_whatever_is_new_about_it(server: RunningServer) -> None:
    """Queues outlive upgrades: the server may know it tomorrow, and what follows comes after it."""
    task_id, ana = server.task("ana"), server.device("ana")
    unknown = ana.action("invented_later", task_id, {"how": "new"}, schema=2, extra_field=1)
    after = ana.action("set_progress", task_id, {"percent": 20})
    receipts = ana.push(unknown, after)
    assert [(r["outcome"], r["code"]) for r in receipts] == [("retry", "E2012"), ("retry", "E5013")]


def test_an_absurd_count_of_unsent_changes_is_refused(server: RunningServer) -> None:
    assert server.device("ana").post([], unsent=10**30).status_code == 422
    assert server.pull("ana", unsent=10**30).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "actions"), ({"actions": [], "unsent": -1}, "unsent"), ({"actions": [], "x": 1}, "x"),
     ({"actions": [1] * 501}, "actions"), ([], "body")],
)  # fmt: skip
def test_a_body_that_is_no_batch_is_told_which_part_of_it(
    server: RunningServer, body: Any, field: str
) -> None:
    answer = problem(server.post("ana", "/api/v1/sync/push", body), 422, "E2013")
    assert [error["field"] for error in answer["errors"]] == [field]
