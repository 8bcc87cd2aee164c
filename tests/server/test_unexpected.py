"""An unexpected exception: the action it happens at comes again, and the others are decided."""

from __future__ import annotations

from typing import Any

import pytest

from server_stub.core.audit import Verdict
from server_stub.sync import queries as receipts
from server_stub.tasks import service as tasks
from tests.server.test_audit import verdict as audit_verdict
from tests.server.test_push import outcome
from tests.support.server import RunningServer, problem
from tracker.domain.change import Action
from tracker.domain.errors import TrackerError

BAD = 66


@pytest.fixture(autouse=True)
def poison(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Deciding progress of 66 % raises the first of these; the last stays."""
    raised: list[Exception] = [ZeroDivisionError("planned")]
    really = tasks.decide

    def decide(state: Any, action: Action, *others: Any) -> Any:
        if action.args.get("percent") == BAD:
            raise raised.pop(0) if len(raised) > 1 else raised[0]
        return really(state, action, *others)

    monkeypatch.setattr(tasks, "decide", decide)
    return raised


def progress(percent: int) -> dict[str, int]:
    return {"percent": percent}


def test_only_what_follows_on_the_task_and_what_depends_on_it_comes_again(
    server: RunningServer,
) -> None:
    ana = server.device("ana")
    ill, well, third = (server.task("ana") for _ in range(3))
    bad = ana.action("set_progress", ill, progress(BAD))
    dependent = ana.action("set_progress", third, progress(10), depends_on=[bad["op_id"]])
    batch = [
        ana.action("set_progress", ill, progress(20)),
        ana.action("set_progress", well, progress(30)),
        bad,
        ana.action("set_progress", ill, progress(40)),
        ana.action("set_progress", well, progress(50)),
        dependent,
        ana.action("set_progress", third, progress(60)),
    ]
    assert [outcome(receipt) for receipt in ana.push(*batch)] == [
        ("applied", None),
        ("applied", None),
        ("retry", "E5017"),
        ("retry", "E5013"),
        ("applied", None),
        ("retry", "E5013"),
        ("retry", "E5013"),
    ]
    percents = {task["id"]: task["progress"] for task in server.page("ana")["tasks"]}
    assert percents == {ill: 20, well: 50, third: 0}


def test_what_came_again_is_done_once_the_server_is_mended(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, task_id = server.device("ana"), server.task("ana")
    batch = [ana.action("set_progress", task_id, progress(n)) for n in (10, BAD, 30)]
    first = ana.push(*batch)
    monkeypatch.undo()
    second = ana.push(*batch)
    assert second[0] == first[0]
    assert [receipt["outcome"] for receipt in second] == ["applied"] * 3
    trail = [row["op_id"] for row in server.audit_trail()][1:]
    assert trail == [action["op_id"] for action in batch]


def test_the_chain_the_feed_and_the_wake_up_are_those_of_what_was_done(
    either_server: RunningServer,
) -> None:
    server = either_server
    ana, task_id, ill = server.device("ana"), server.task("ana"), server.task("ana")
    cursor = server.page("ana")["cursor"]
    batch = [
        ana.action("set_progress", task_id, progress(10)),
        ana.action("set_progress", ill, progress(BAD)),
        ana.action("set_progress", task_id, progress(20)),
    ]
    woken: list[int] = []
    heads = server.app.state.tracker.heads
    with heads.listening(server.tenant_id, [server.users["ana"]], woken.append):
        answers = ana.push(*batch)
    page = server.page("ana", cursor)
    assert [entry["op_id"] for entry in page["history"]] == [batch[0]["op_id"], batch[2]["op_id"]]
    assert [task["id"] for task in page["tasks"]] == [task_id]
    ((hers,),) = server.sql("SELECT max(seq) FROM feed WHERE audience = :a", a=server.users["ana"])
    assert max(answer["seq"] for answer in answers) <= hers == max(woken)
    ((count, newest),) = server.sql(
        "SELECT count(*), max(seq) FROM feed WHERE tenant_id = :t", t=server.tenant_id
    )
    assert count == newest == page["head"]
    assert server.pull("ana", page["cursor"], mark=page["mark"]).status_code == 304
    assert audit_verdict(server) == Verdict(4, None)


def test_what_fails_after_it_was_written_leaves_nothing_and_wakes_nobody(
    either_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = either_server
    ana, hers, theirs = server.device("ana"), server.task("ana"), server.task("ana", "jonas")
    bad = ana.action("set_progress", theirs, progress(45))
    well = ana.action("set_progress", hers, progress(20))
    really = receipts.insert

    def insert(conn: Any, rows: Any) -> None:
        if any(row["op_id"] == bad["op_id"] for row in rows):
            raise ZeroDivisionError("planned")
        really(conn, rows)

    monkeypatch.setattr(receipts, "insert", insert)
    his = server.page("jonas")
    before = audit_verdict(server).checked
    woken: list[int] = []
    heads = server.app.state.tracker.heads
    with heads.listening(server.tenant_id, [server.users["jonas"]], woken.append):
        answers = ana.push(bad, well)
    assert [outcome(answer) for answer in answers] == [("retry", "E5017"), ("applied", None)]
    assert woken == []
    assert server.pull("jonas", his["cursor"], mark=his["mark"]).status_code == 304
    assert server.seen("ana", theirs)["progress"] == 0
    assert audit_verdict(server) == Verdict(before + 1, None)


def test_what_was_given_up_beside_it_gets_its_receipt(server: RunningServer) -> None:
    ana, given_up = server.device("ana"), server.new_id()
    bad = ana.action("set_progress", server.task("ana"), progress(BAD))
    receipts = ana.post([bad], void=[given_up]).json()["receipts"]
    assert [outcome(receipt) for receipt in receipts] == [("retry", "E5017"), ("rejected", "E5019")]


def test_a_database_that_is_away_fails_the_batch_as_a_whole(
    server: RunningServer, poison: list[Exception]
) -> None:
    """Taking it for a fault of one action would park what is not to blame."""
    ana, task_id = server.device("ana"), server.task("ana")
    poison.append(TrackerError("E3007"))
    bad = ana.action("set_progress", task_id, progress(BAD))
    problem(ana.post([ana.action("start", task_id), bad]), 503, "E3007")
    assert server.seen("ana", task_id)["status"] == "PENDING"
