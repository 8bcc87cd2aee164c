"""Pushing: what waits for what, what another device changed, and cloned devices."""

from __future__ import annotations

import pytest

from tests.server.test_push import outcome
from tests.support.server import RunningServer

UNKNOWN = "0190a000-0000-7000-8000-00000000dead"


class TestDependsOn:
    def test_what_depends_on_a_refused_action_is_blocked_and_so_is_what_follows(
        self, server: RunningServer
    ) -> None:
        ana, task_id = server.device("ana"), server.new_id()
        create = ana.action("create_task", task_id, {"title": ""})
        first = ana.action("start", task_id, depends_on=[create["op_id"]])
        second = ana.action("hold", task_id, depends_on=[first["op_id"]])
        receipts = ana.push(create, first, second)
        assert [outcome(r) for r in receipts] == [
            ("rejected", "E2001"),
            ("blocked_by", "E5008"),
            ("blocked_by", "E5008"),
        ]
        assert [r["blocked_by"] for r in receipts] == [None, create["op_id"], first["op_id"]]
        assert ana.push(first) == [receipts[1]]

    def test_it_is_blocked_in_a_later_batch_as_well(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        resume = ana.action("resume", task_id)
        assert outcome(ana.push(resume)[0]) == ("rejected", "E5002")
        later = ana.do("hold", task_id, depends_on=[resume["op_id"]])
        assert (later["outcome"], later["blocked_by"]) == ("blocked_by", resume["op_id"])
        assert server.seen("ana", task_id)["status"] == "PENDING"

    def test_a_later_action_that_does_not_depend_goes_on(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        refused, applied = ana.push(ana.action("resume", task_id), ana.action("start", task_id))
        assert (refused["outcome"], applied["outcome"]) == ("rejected", "applied")

    def test_what_depends_on_an_applied_action_is_applied(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.new_id()
        people = [{"user_id": server.users["ana"]}]
        create = ana.action("create_task", task_id, {"title": "x", "people": people})
        start = ana.action("start", task_id, depends_on=[create["op_id"]])
        assert [r["outcome"] for r in ana.push(create, start)] == ["applied", "applied"]

    def test_an_unknown_one_is_tried_again_with_all_that_follows_on_its_task(
        self, server: RunningServer
    ) -> None:
        ana = server.device("ana")
        task_id, other = server.task("ana"), server.task("ana")
        batch = [
            ana.action("set_progress", task_id, {"percent": 10}),
            ana.action("start", task_id, depends_on=[UNKNOWN]),
            ana.action("set_progress", other, {"percent": 30}),
            ana.action("set_progress", task_id, {"percent": 40}),
        ]
        batch.append(ana.action("set_progress", other, {"percent": 50}))
        batch.append(ana.action("hold", other, depends_on=[batch[3]["op_id"]]))
        batch.append(ana.action("set_progress", other, {"percent": 60}))
        receipts = ana.push(*batch)
        said = [r["outcome"] for r in receipts]
        assert said == ["applied", "retry", "applied", "retry", "applied", "retry", "retry"]
        assert {r["code"] for r in receipts if r["outcome"] == "retry"} == {"E5013"}
        assert server.seen("ana", task_id)["progress"] == 10
        assert server.seen("ana", other)["progress"] == 50

    def test_a_retry_is_no_receipt_the_same_bytes_can_still_be_applied(
        self, server: RunningServer
    ) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        needed = ana.action("start", task_id)
        waiting = ana.action("hold", task_id, depends_on=[needed["op_id"]])
        assert outcome(ana.push(waiting)[0]) == ("retry", "E5013")
        assert server.sql("SELECT * FROM receipts WHERE op_id = :op", op=waiting["op_id"]) == []
        assert ana.push(needed)[0]["outcome"] == "applied"
        assert ana.push(waiting)[0]["outcome"] == "applied"
        assert server.seen("ana", task_id)["status"] == "ON_HOLD"

    def test_one_that_comes_later_in_the_batch_is_unknown_still(
        self, server: RunningServer
    ) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        needed = ana.action("start", task_id)
        waiting = ana.action("hold", task_id, depends_on=[needed["op_id"]])
        assert [r["outcome"] for r in ana.push(waiting, needed)] == ["retry", "retry"]


def test_a_format_that_is_not_understood_yet_waits(server: RunningServer) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    newer = ana.action("set_progress", task_id, {"percent": 10}, schema=2)
    later = ana.action("set_progress", task_id, {"percent": 20})
    assert [outcome(r) for r in ana.push(newer, later)] == [("retry", "E2012"), ("retry", "E5013")]


class TestClonedDevice:
    def test_a_used_device_number_under_another_op_id_is_told(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        original = ana.action("set_progress", task_id, {"percent": 10})
        ana.push(original)
        clone = ana.action("set_progress", task_id, {"percent": 20}, device_seq=1)
        follows = ana.action("hold", task_id)
        assert [outcome(r) for r in ana.push(clone, follows)] == [
            ("retry", "E5009"),
            ("retry", "E5013"),
        ]
        assert server.seen("ana", task_id)["progress"] == 10
        # The client takes a new device id for the same op_id, and it is accepted.
        fresh = server.device("ana")
        assert ana.push({**clone, "device_id": fresh.device_id})[0]["outcome"] == "applied"

    def test_it_is_told_inside_one_batch_too(self, server: RunningServer) -> None:
        ana = server.device("ana")
        one, two = server.task("ana"), server.task("ana")
        first = ana.action("start", one)
        second = ana.action("start", two, device_seq=first["device_seq"])
        assert [outcome(r) for r in ana.push(first, second)] == [
            ("applied", None),
            ("retry", "E5009"),
        ]

    def test_gaps_and_any_order_of_numbers_are_legal(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        batch = [
            ana.action("set_progress", task_id, {"percent": n}, device_seq=n) for n in (900, 3, 70)
        ]
        for action, percent in zip(batch, (1, 2, 3), strict=True):
            action["args"] = {"percent": percent}
        assert {r["outcome"] for r in ana.push(*batch)} == {"applied"}


class TestMerged:
    def test_progress_moved_by_another_device_is_overtaken_and_told(
        self, server: RunningServer
    ) -> None:
        task_id = server.task("ana", "jonas")
        ana, jonas = server.device("ana"), server.device("jonas")
        jonas.do("set_progress", task_id, {"percent": 60}, base_version=1)
        receipt = ana.do("set_progress", task_id, {"percent": 45}, base_version=1)
        assert (receipt["outcome"], receipt["merged"]) == ("merged", ["progress"])
        assert server.seen("ana", task_id)["progress"] == 45
        entry = server.page("ana")["history"][-1]
        assert (entry["before"], entry["after"]) == ({"progress": 60}, {"progress": 45})

    def test_a_change_of_the_same_device_is_no_conflict(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        batch = [
            ana.action("set_progress", task_id, {"percent": n}, base_version=1) for n in (10, 20)
        ]
        assert {r["outcome"] for r in ana.push(*batch)} == {"applied"}

    def test_another_device_of_the_same_person_is_another_device(
        self, server: RunningServer
    ) -> None:
        task_id = server.task("ana")
        server.device("ana").do("set_progress", task_id, {"percent": 60}, base_version=1)
        receipt = server.device("ana").do("set_progress", task_id, {"percent": 45}, base_version=1)
        assert receipt["outcome"] == "merged"

    def test_what_was_seen_before_acting_is_no_conflict(self, server: RunningServer) -> None:
        task_id = server.task("ana", "jonas")
        server.device("jonas").do("set_progress", task_id, {"percent": 60})
        receipt = server.device("ana").do("set_progress", task_id, {"percent": 45}, base_version=2)
        assert receipt["outcome"] == "applied"

    def test_a_rest_write_counts_as_another_device(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        server.post("ana", "/api/task/1/progress/", {"progress_percentage": 60})
        receipt = server.device("ana").do("set_progress", task_id, {"percent": 45}, base_version=1)
        assert receipt["outcome"] == "merged"

    def test_another_field_or_the_same_value_is_no_conflict(self, server: RunningServer) -> None:
        task_id = server.task("ana", "jonas")
        ana, jonas = server.device("ana"), server.device("jonas")
        said = {"comment_id": server.new_id(), "text": "x"}
        jonas.do("comment", task_id, said)
        assert ana.do("set_progress", task_id, {"percent": 5}, base_version=1)["merged"] == []
        jonas.do("set_progress", task_id, {"percent": 60})
        assert ana.do("set_progress", task_id, {"percent": 60}, base_version=3)["merged"] == []

    def test_a_base_of_another_epoch_counts_as_moved(self, server: RunningServer) -> None:
        task_id = server.task("ana", "jonas")
        server.device("jonas").do("set_progress", task_id, {"percent": 60})
        foreign = {"base_version": 99, "base_epoch": "f" * 32}
        receipt = server.device("ana").do("set_progress", task_id, {"percent": 45}, **foreign)
        assert receipt["outcome"] == "merged"

    def test_two_admins_who_assign_the_same_person_are_told(self, server: RunningServer) -> None:
        task_id, ana = server.task("jonas"), server.users["ana"]
        rita, sara = server.device("rita"), server.device("sara")
        rita.do("assign", task_id, {"user_id": ana, "percent": 20}, base_version=1)
        receipt = sara.do("assign", task_id, {"user_id": ana, "percent": 70}, base_version=1)
        assert (receipt["outcome"], receipt["merged"]) == ("merged", [f"people:{ana}"])
        stands = {a["user_id"]: a["percent"] for a in server.page("ana")["assignments"]}
        assert stands[ana] == 70
        other = {"user_id": server.users["rita"]}
        assert sara.do("assign", task_id, other, base_version=1)["outcome"] == "applied"

    @pytest.mark.parametrize("kind", ["set_progress", "complete"])
    def test_work_on_what_another_completed_is_refused(
        self, server: RunningServer, kind: str
    ) -> None:
        task_id = server.task("ana", "jonas")
        server.device("jonas").do("complete", task_id)
        args = {"percent": 45} if kind == "set_progress" else {}
        receipt = server.device("ana").do(kind, task_id, args, base_version=1)
        assert receipt["outcome"] == "rejected"
        assert receipt["current"]["status"] == "COMPLETED"
