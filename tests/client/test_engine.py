"""The engine between real files and a real server, over a line that fails on purpose."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.client import Device, action, comment, new_id
from tests.support.server import DAY, HOUR, MINUTE, START, RunningServer
from tracker.domain.change import Kind
from tracker.domain.errors import ServerRefusal, Unreachable
from tracker.domain.overtaken import Overtaken
from tracker.domain.receipt import Outcome
from tracker.domain.task import Occupancy, Status
from tracker.services.credentials import InMemory
from tracker.sync.engine import State
from tracker.sync.ports import Tokens

Open = Callable[..., Device]


def audit_ops(server: RunningServer, task_id: str) -> list[str | None]:
    """The op_ids in the audit trail of a task, in its order."""
    rows = server.sql("SELECT body FROM audit WHERE task_id = :t ORDER BY n", t=task_id)
    return [json.loads(body)["op_id"] for (body,) in rows]


def own_ops(server: RunningServer, task_id: str) -> list[str | None]:
    """Those after the one that made the task."""
    return audit_ops(server, task_id)[1:]


# Exactly once


def test_what_was_done_offline_arrives_in_order(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    report = ana.sync()
    assert (report.state, report.sent, report.changes.everything) == (State.SYNCED, 0, True)
    made = ana.add(
        action(task_id=task_id, args={"percent": 45, "note": "Halb fertig 🚰"}),
        comment(task_id, "Gasket ordered"),
        action(Kind.HOLD, task_id),
        action(Kind.RESUME, task_id),
        action(Kind.COMPLETE, task_id, {"note": "Done"}),
    )
    report = ana.sync()
    assert (report.state, report.sent, report.waiting, report.tray) == (State.SYNCED, 5, 0, 0)
    assert report.changes.tasks == {task_id}
    assert own_ops(server, task_id) == [one.op_id for one in made]
    assert server.seen("ana", task_id)["status"] == "COMPLETED"
    assert ana.shown(task_id).task.version == server.seen("ana", task_id)["version"]
    position = ana.confirmed.position()
    assert ana.outbox.overlay(position.epoch, position.seq) == []


@pytest.mark.parametrize(
    "words",
    [
        ("lose answer",),
        ("lose request",),
        ("twice",),
        ("lose request", "lose answer", "lose answer", "twice"),
    ],
    ids=" then ".join,
)
def test_a_failing_line_loses_and_doubles_nothing(
    server: RunningServer, device: Open, words: tuple[str, ...]
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    made = ana.add(
        action(task_id=task_id, args={"percent": 30}),
        action(task_id=task_id, args={"percent": 60}),
        comment(task_id, "once"),
    )
    ana.line.fail(*words)
    for word in words:
        report = ana.sync()
        lost = word.startswith("lose")
        assert report.state is (State.OFFLINE if lost else State.SYNCED)
        assert report.waiting == (3 if lost else 0)
        assert ana.shown(task_id).task.progress == 60
    report = ana.sync()
    assert (report.state, report.waiting) == (State.SYNCED, 0)
    assert own_ops(server, task_id) == [one.op_id for one in made]
    view = ana.shown(task_id)
    assert (view.task.progress, view.task.comment_count) == (60, 1)
    assert len(ana.projection.trail(task_id).history) == 4


def test_a_repeat_gets_the_original_receipt(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    (made,) = ana.add(action(task_id=task_id))
    ana.line.fail("lose answer")
    report = ana.sync()
    assert isinstance(report.fault, Unreachable)
    server.device("ana").do("set_progress", task_id, {"percent": 80})
    server.clock.advance(DAY)
    ana.sync()
    first, second = ana.line.answers
    assert first == second
    assert ana.line.pushed[0] == ana.line.pushed[1]
    assert ana.outbox.receipt_of(made.op_id) == first[0]
    assert audit_ops(server, task_id).count(made.op_id) == 1
    assert ana.shown(task_id).task.progress == 80


def test_a_lost_page_comes_again(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.line.fail("lose answer", "lose request", method="pull")
    for _ in range(2):
        assert ana.sync().state is State.OFFLINE
        assert ana.projection.views() == {}
    assert ana.sync().state is State.SYNCED
    assert list(ana.projection.views()) == [task_id]


def test_receipts_count_even_when_the_pull_fails(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    ana.add(action(task_id=task_id))
    ana.line.fail("lose answer", method="pull")
    report = ana.sync()
    assert (report.state, report.sent, report.waiting) == (State.OFFLINE, 1, 0)
    assert report.changes.tasks == {task_id}
    assert ana.shown(task_id).task.progress == 45


@pytest.mark.parametrize(
    "fault",
    [
        Unreachable("E4002"),
        Unreachable("E4004"),
        ServerRefusal("E3007", status=503),
        ServerRefusal("E2013", status=400),
    ],
    ids=str,
)
def test_a_push_that_is_not_taken_keeps_no_news_away(
    server: RunningServer, device: Open, fault: Unreachable | ServerRefusal
) -> None:
    mine, ana = server.task("ana"), device("ana")
    ana.sync()
    ana.add(action(task_id=mine))
    theirs = server.task("ana")
    ana.line.fault = lambda _: fault
    report = ana.sync()
    assert report.fault is fault
    assert (report.waiting, report.changes.tasks) == (1, {theirs})
    assert theirs in ana.projection.views()


@pytest.mark.parametrize("code", ["E4001", "E4003", "E4007"])
def test_where_nobody_answers_a_push_nothing_is_read(
    server: RunningServer, device: Open, code: str
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    ana.add(action(task_id=task_id))
    ana.line.calls.clear()
    ana.line.fault = lambda _: Unreachable(code)
    report = ana.sync()
    assert (report.state, ana.line.calls) == (State.OFFLINE, [])


def test_nothing_new_changes_nothing(server: RunningServer, device: Open) -> None:
    server.task("ana")
    ana = device("ana")
    ana.sync()
    ana.now += 5_000
    report = ana.sync()
    assert (report.state, bool(report.changes)) == (State.SYNCED, False)
    assert ana.line.calls[-1:] == ["pull"]
    assert ana.confirmed.position().pulled_at == ana.now


def test_the_clock_offset_is_kept(server: RunningServer, device: Open) -> None:
    ana = device("ana", now=START - 90_000)
    ana.sync()
    assert ana.confirmed.position().clock_offset == 90_000


# Order


def test_after_a_retry_the_task_keeps_its_order(server: RunningServer, device: Open) -> None:
    held, free, ana = server.task("ana"), server.task("ana"), device("ana")
    ana.sync()
    unknown = new_id()
    # The server does not know `unknown`, as when another device made it and has not sent it.
    first, second = ana.add(
        action(task_id=held, args={"percent": 30}, depends_on=(unknown,)),
        action(task_id=held, args={"percent": 60}),
    )
    (other,) = ana.add(action(task_id=free))
    report = ana.sync()
    assert (report.state, report.sent, report.waiting) == (State.SYNCED, 1, 2)
    assert own_ops(server, free) == [other.op_id]
    assert own_ops(server, held) == []
    (third,) = ana.add(action(task_id=held, args={"percent": 90}))
    ana.sync()
    assert own_ops(server, held) == []
    cancelled = server.task("rita")
    server.device("rita").do("hold", cancelled, op_id=unknown)
    ana.now += 10 * MINUTE
    report = ana.sync()
    assert (report.sent, report.waiting) == (3, 0)
    assert own_ops(server, held) == [one.op_id for one in (first, second, third)]


def test_what_is_made_offline_waits_for_its_task(server: RunningServer, device: Open) -> None:
    ana = device("ana")
    ana.sync()
    made_id = new_id()
    people = [{"user_id": server.users["ana"]}]
    create = action(Kind.CREATE_TASK, made_id, {"title": "Order gasket", "people": people})
    work = action(task_id=made_id, depends_on=(create.op_id,))
    ana.add(create, work, action(Kind.COMPLETE, made_id))
    ana.line.fail("lose answer")
    ana.sync()
    report = ana.sync()
    assert (report.sent, report.waiting, report.tray) == (3, 0, 0)
    assert len(ana.line.pushed[0]) == 1  # the creation alone; the rest after its receipt
    assert server.seen("ana", made_id)["status"] == "COMPLETED"
    assert ana.shown(made_id).task.number == server.seen("ana", made_id)["number"] > 0


# Refusals


def test_a_refusal_goes_to_the_tray_with_both_sides(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    seen = {"title": "Replace pump seal", "status": "PENDING", "progress": 0}
    (made,) = ana.add(action(task_id=task_id, seen=seen))
    server.device("rita").do("cancel", task_id)
    report = ana.sync()
    assert (report.state, report.sent, report.waiting, report.tray) == (State.SYNCED, 1, 0, 1)
    (entry,) = ana.outbox.tray()
    assert (entry.action, entry.receipt.outcome) == (made, Outcome.REJECTED)
    assert entry.receipt.code == "E5005"
    assert entry.receipt.current is not None
    assert entry.receipt.current["status"] == "CANCELLED"
    view = ana.shown(task_id)
    assert (view.task.status, view.task.progress) == (Status.CANCELLED, 0)


def test_what_stands_on_a_refused_action_is_blocked(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    hold = action(Kind.HOLD, task_id)
    ana.add(hold, action(Kind.RESUME, task_id, depends_on=(hold.op_id,)))
    server.device("rita").do("cancel", task_id)
    report = ana.sync()
    assert (report.waiting, report.tray) == (0, 2)
    refused, blocked = ana.outbox.tray()
    assert (refused.receipt.code, blocked.receipt.code) == ("E5005", "E5008")
    assert blocked.receipt.blocked_by == hold.op_id


def test_a_refused_action_is_done_again_with_what_stands_on_it(
    server: RunningServer, device: Open
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    hold = action(Kind.HOLD, task_id)
    ana.add(hold, action(Kind.RESUME, task_id, {"note": "on"}, depends_on=(hold.op_id,)))
    server.device("rita").do("cancel", task_id)
    ana.sync()
    server.device("rita").do("reopen", task_id)
    again = action(Kind.HOLD, task_id)
    ana.outbox.retry(hold.op_id, again, START)
    assert ana.outbox.tray() == []
    first, second = ana.outbox.waiting()
    assert (first.action.op_id, second.action.depends_on) == (again.op_id, (again.op_id,))
    assert second.action.args == {"note": "on"}
    report = ana.sync()
    assert (report.waiting, report.tray) == (0, 0)
    assert server.seen("ana", task_id)["status"] == "IN_PROGRESS"


def test_what_is_blocked_after_its_obstacle_was_done_again_follows_at_once(
    server: RunningServer, device: Open
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    (hold,) = ana.add(action(Kind.HOLD, task_id))
    server.device("rita").do("cancel", task_id)
    ana.sync()
    server.device("rita").do("reopen", task_id)
    ana.add(action(Kind.RESUME, task_id, depends_on=(hold.op_id,)))
    ana.outbox.retry(hold.op_id, action(Kind.HOLD, task_id), START)
    report = ana.sync()
    assert (report.waiting, report.tray) == (0, 0)
    assert server.seen("ana", task_id)["status"] == "IN_PROGRESS"


def test_a_task_taken_away_disappears_and_its_work_is_in_the_tray(
    server: RunningServer, device: Open
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    (made,) = ana.add(action(task_id=task_id))
    server.device("rita").do("unassign", task_id, {"user_id": server.users["ana"]})
    ana.sync()
    assert ana.projection.views() == {}
    (entry,) = ana.outbox.tray()
    assert (entry.action.op_id, entry.receipt.code) == (made.op_id, "E5001")
    assert entry.receipt.current is None


def test_who_is_let_in_again_forgets_who_left_meanwhile(
    server: RunningServer, device: Open
) -> None:
    task_id, jonas = server.task("ana", "jonas"), device("jonas")
    rita = server.device("rita")
    jonas.sync()
    for kind, name in (("unassign", "jonas"), ("unassign", "ana"), ("assign", "jonas")):
        rita.do(kind, task_id, {"user_id": server.users[name]})
    jonas.sync()
    assert set(jonas.confirmed.rows().people[task_id]) == {server.users["jonas"]}
    assert len(jonas.confirmed.history(task_id)) == 4


def test_a_disabled_account_freezes_the_queue(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    ana.add(action(task_id=task_id))
    server.sql("UPDATE users SET active = :no WHERE name = 'ana'", no=False)
    report = ana.sync()
    assert (report.state, report.waiting) == (State.REFUSED, 1)
    assert report.fault is not None
    assert report.fault.code == "E1004"


# Sizes


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    server = serve(settings={"max_body": 12_000})
    task_id = server.task("ana")
    ana = Device(server, "ana", tmp_path / "ana").open()
    ana.sync()
    made = ana.add(*(comment(task_id, f"{n} " + "x" * 1_000) for n in range(30)))
    report = ana.sync()
    assert (report.state, report.sent, report.waiting) == (State.SYNCED, 30, 0)
    assert own_ops(server, task_id) == [one.op_id for one in made]
    assert [len(batch) for batch in ana.line.pushed][:3] == [30, 15, 7]
    ana.close()


def test_a_batch_that_cannot_be_read_is_halved_too(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    made = ana.add(*(comment(task_id, str(n)) for n in range(10)))
    ana.line.most, ana.line.refusal = 2, ServerRefusal("E2013", 422)
    report = ana.sync()
    assert (report.state, report.sent) == (State.SYNCED, 10)
    assert own_ops(server, task_id) == [one.op_id for one in made]


def test_a_single_action_that_is_refused_as_a_request_stays_in_the_queue(
    server: RunningServer, device: Open
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    made = ana.add(comment(task_id, "a"), comment(task_id, "b"))
    ana.line.most, ana.line.refusal = 0, ServerRefusal("E2014", 413)
    report = ana.sync()
    assert (report.state, report.waiting) == (State.REFUSED, 2)
    ana.line.refusal = None
    ana.sync()
    assert ana.waiting_ids() == [one.op_id for one in made], "it steps aside for a while"
    ana.now += MINUTE
    ana.sync()
    assert own_ops(server, task_id) == [one.op_id for one in made]


def test_more_than_a_batch_goes_in_several(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    told: list[tuple[int, int]] = []
    ana.engine._on_sending = lambda done, total: told.append((done, total))
    made = ana.add(*(comment(task_id, str(n)) for n in range(620)))
    ana.line.fail("ok", "lose answer")
    report = ana.sync()
    assert (report.state, report.sent, report.waiting) == (State.OFFLINE, 500, 120)
    assert ana.sync().sent == 120
    assert told[:2] == [(0, 620), (500, 620)]
    assert own_ops(server, task_id) == [one.op_id for one in made]


# Cursor


def test_a_void_cursor_is_pulled_anew_and_the_queue_is_kept(
    server: RunningServer, device: Open
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    (made,) = ana.add(action(task_id=task_id, depends_on=(new_id(),)))
    ana.sync()  # its parent is unknown, so it steps aside
    server.sql("UPDATE tenants SET epoch = 'e-after-restore'")
    report = ana.sync()
    assert (report.state, report.waiting) == (State.SYNCED, 1)
    assert report.changes.everything
    assert ana.waiting_ids() == [made.op_id]
    assert ana.confirmed.position().epoch == "e-after-restore"
    assert ana.shown(task_id).task.progress == 45


def test_another_role_is_pulled_anew(server: RunningServer, device: Open) -> None:
    hidden, ana = server.task("jonas"), device("ana")
    ana.sync()
    assert ana.projection.views() == {}
    server.sql("UPDATE users SET role = 'ADMIN' WHERE name = 'ana'")
    report = ana.sync()
    assert (report.state, report.changes.everything) == (State.SYNCED, True)
    monitor = device("ana", scope="monitor")
    monitor.sync()
    assert hidden in monitor.projection.views()


def test_a_first_pull_that_was_cut_goes_on_where_it_stopped(
    server: RunningServer, device: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 2)
    tasks = {server.task("ana") for _ in range(5)}
    ana = device("ana")
    ana.line.fail("ok", "ok", "lose answer", method="pull")
    assert ana.sync().state is State.OFFLINE
    assert ana.projection.views() == {}
    late = server.task("ana", title="Made while the pull was cut")
    ana.close()
    ana.open()
    assert ana.confirmed.next_cursor() is not None
    assert ana.sync().state is State.SYNCED
    # What came after the first page follows in the feed, with the next look.
    ana.sync()
    assert set(ana.projection.views()) == {*tasks, late}
    assert len(ana.confirmed.people()) == 4


def test_between_two_pages_nothing_is_counted_twice(
    server: RunningServer, device: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page brings tasks as they are now, also what later pages point at. What was done here and
    lost its answer is then in the row although its history entry has not come yet."""
    monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 2)
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    server.device("rita").do("set_progress", task_id, {"percent": 10})
    ana.add(comment(task_id, "once"))
    ana.line.fail("lose answer")
    ana.line.fail("ok", "lose request", method="pull")
    assert ana.sync().state is State.OFFLINE
    assert ana.shown(task_id).task.progress == 10
    assert ana.shown(task_id).task.comment_count == 1


def test_the_monitor_learns_of_presence(server: RunningServer, device: Open) -> None:
    task_id, ana, rita = server.task("ana"), device("ana"), device("rita", scope="monitor")
    ana.sync()
    ana.add(action(task_id=task_id, depends_on=(new_id(),)))
    ana.sync()
    report = rita.sync()
    assert report.changes.presence
    assert task_id in rita.projection.views()
    presence = rita.confirmed.presence()[server.users["ana"]]
    assert (presence.last_heard_at, presence.unsent) == (START, 1)
    assert presence.occupancy in set(Occupancy)


# Signing in


@pytest.fixture
def signed_in(server: RunningServer, device: Open) -> Device:
    """Ana's device with a session of its own, which can end."""
    ana = device("ana", credentials=InMemory())
    ana.http.sign_in("ana", server.password)
    return ana


def test_an_ended_session_is_refreshed_once_and_nobody_notices(
    server: RunningServer, signed_in: Device
) -> None:
    task_id = server.task("ana")
    signed_in.sync()
    (made,) = signed_in.add(action(task_id=task_id))
    server.clock.advance(2 * HOUR)
    report = signed_in.sync()
    assert (report.state, report.sent) == (State.SYNCED, 1)
    assert signed_in.line.calls.count("refresh") == 1
    assert own_ops(server, task_id) == [made.op_id]


def test_a_lost_answer_to_a_refresh_signs_nobody_out(
    server: RunningServer, signed_in: Device
) -> None:
    """The server has new tokens and the device still the old: they are good until the new ones
    are used."""
    task_id = server.task("ana")
    old = signed_in.credentials.read()
    signed_in.add(action(task_id=task_id))
    server.clock.advance(2 * HOUR)
    assert old is not None
    server.post(None, "/api/v1/session/refresh", {"refresh_token": old.refresh})
    report = signed_in.sync()
    assert (report.state, report.sent) == (State.SYNCED, 1)
    assert signed_in.credentials.read() != old


def test_no_network_while_refreshing_is_being_offline(
    server: RunningServer, signed_in: Device
) -> None:
    server.clock.advance(2 * HOUR)
    signed_in.line.fail("lose request", method="refresh")
    assert signed_in.sync().state is State.OFFLINE
    assert signed_in.sync().state is State.SYNCED


def test_a_session_that_is_over_asks_the_person_and_keeps_the_queue(
    server: RunningServer, signed_in: Device
) -> None:
    task_id = server.task("ana")
    signed_in.sync()
    (made,) = signed_in.add(action(task_id=task_id))
    server.sql("UPDATE tokens SET revoked_at = :now WHERE refresh_hash IS NOT NULL", now=START)
    for _ in range(2):
        signed_in.line.calls.clear()
        report = signed_in.sync()
        assert (report.state, report.waiting, report.sent) == (State.SIGN_IN, 1, 0)
        assert report.fault is not None
        assert report.fault.code == "E1002"
        assert signed_in.line.calls.count("refresh") == 1
    assert signed_in.shown(task_id).task.progress == 45
    signed_in.http.sign_in("ana", server.password)
    assert signed_in.sync().state is State.SYNCED
    assert own_ops(server, task_id) == [made.op_id]


def test_without_a_token_nothing_is_lost_either(server: RunningServer, device: Open) -> None:
    ana = device("ana")
    ana.add(action(task_id=server.task("ana")))
    ana.credentials.write(None)
    report = ana.sync()
    assert (report.state, report.waiting) == (State.SIGN_IN, 1)
    ana.credentials.write(Tokens(server.token("ana")))
    assert ana.sync().sent == 1


# Offline, restarts, copies


def test_a_stopped_server_is_offline_and_a_started_one_gets_it_all(
    serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    server = serve()
    task_id = server.task("ana")
    ana = Device(server, "ana", tmp_path / "ana").open()
    ana.sync()
    server.stop()
    made = ana.add(action(task_id=task_id), comment(task_id, "offline"))
    report = ana.sync()
    assert (report.state, report.waiting) == (State.OFFLINE, 2)
    assert report.fault is not None
    assert report.fault.code == "E4001"
    ana.close()
    server.start()
    ana.open()
    assert ana.shown(task_id).task.progress == 45
    report = ana.sync()
    assert (report.state, report.sent) == (State.SYNCED, 2)
    assert own_ops(server, task_id) == [one.op_id for one in made]
    ana.close()


def test_a_copied_profile_delivers_under_a_new_device(
    server: RunningServer, device: Open, tmp_path: Path
) -> None:
    task_id, ana = server.task("ana"), device("ana", tmp_path / "one")
    ana.sync()
    ana.add(comment(task_id, "before the copy"))
    ana.close()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    ana.open()
    twin = device("ana", tmp_path / "two")
    mine = ana.add(*(comment(task_id, f"one {n}") for n in range(3)))
    theirs = twin.add(*(comment(task_id, f"two {n}") for n in range(3)))
    for each in (ana, twin):
        report = each.sync()
        assert (report.state, report.waiting, report.tray) == (State.SYNCED, 0, 0)
    ops = own_ops(server, task_id)
    assert len(ops) == len(set(ops)) == 7
    for made in (mine, theirs):
        assert [op for op in ops if op in {one.op_id for one in made}] == [m.op_id for m in made]
    ana.sync()
    assert ana.shown(task_id) == twin.shown(task_id)


def test_a_killed_engine_goes_on_with_the_same_bytes(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    (made,) = ana.add(action(task_id=task_id))
    ana.line.fail("lose answer")
    ana.sync()
    sent = ana.line.pushed
    ana.close()
    ana.open()
    assert ana.sync().sent == 1
    assert ana.line.pushed == sent
    assert own_ops(server, task_id) == [made.op_id]


def test_a_change_by_another_device_is_named_when_it_was_overtaken(
    server: RunningServer, device: Open
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    view = ana.shown(task_id)
    (made,) = ana.add(action(task_id=task_id, base_version=view.task.version))
    server.device("ana").do("set_progress", task_id, {"percent": 80})
    ana.sync()
    receipt = ana.outbox.receipt_of(made.op_id)
    assert receipt is not None
    assert (receipt.outcome, receipt.merged) == (Outcome.MERGED, ("progress",))
    assert ana.shown(task_id).task.progress == 45


def test_what_was_overtaken_is_known_until_progress_goes_on(
    server: RunningServer, device: Open
) -> None:
    task_id, ana, jonas = server.task("ana", "jonas"), device("ana"), device("jonas")
    for each in (ana, jonas):
        each.sync()

    def offered(on: Device) -> Overtaken | None:
        return on.projection.overtaken(on.projection.trail(task_id).history)

    seen = {
        "base_version": ana.shown(task_id).task.version,
        "base_epoch": ana.confirmed.position().epoch,
    }
    jonas.add(action(task_id=task_id, args={"percent": 80}, **seen))
    jonas.sync()
    ana.add(
        action(task_id=task_id, args={"percent": 30}, **seen),
        action(task_id=task_id, args={"percent": 45}, **seen),
    )
    assert offered(ana) is None
    ana.sync()
    jonas.sync()
    found = offered(ana)
    assert found == Overtaken(80, server.users["jonas"])
    assert offered(jonas) is None
    seen["base_version"] = ana.shown(task_id).task.version
    ana.add(action(task_id=task_id, args={"percent": 80}, **seen))
    assert offered(ana) is None
    ana.sync()
    assert offered(ana) is None
    assert server.seen("ana", task_id)["progress"] == 80
