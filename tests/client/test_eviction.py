"""The bound on the cache: the oldest finished tasks leave stubs, and come back whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server_stub.sync import pull as serving
from tests.client.test_confirmed import assigned, done, entry, everything, said
from tests.support.client import Device, action, comment, page, receipt, task
from tests.support.server import HOUR, START, RunningServer
from tracker.cache.confirmed import MIGRATIONS, Confirmed
from tracker.cache.database import connect
from tracker.cache.eviction import MOST_FINISHED, MOST_OF_A_TENANT
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Projection
from tracker.config import Profile, Scope
from tracker.domain.access import Actor
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import CHILDREN, WHOLE_LIMIT
from tracker.domain.receipt import Outcome
from tracker.domain.task import Role, Status
from tracker.protocol.sync import Gone
from tracker.services.workspace import open_workspace
from tracker.sync.engine import State

Open = Callable[..., Device]
T, U = "task-t", "task-u"
COMPLETED, CANCELLED, ARCHIVED = Status.COMPLETED, Status.CANCELLED, Status.ARCHIVED


def nothing(_epoch: str | None, _seq: int) -> set[str]:
    return set()


def finished(task_id: str, changed: int = START, **over: Any) -> Any:
    return task(task_id, **{"status": COMPLETED, "updated_at": changed, "version": 4, **over})


def evict(confirmed: Confirmed, most: int = 0, busy: Any = nothing) -> set[str]:
    confirmed.most_finished = most
    return set(confirmed.evict(busy).tasks)


def fill(confirmed: Confirmed, *tasks: Any) -> None:
    """Each of them with a person, a comment and an entry of its history."""
    rows: dict[str, Any] = {
        "tasks": tasks,
        "assignments": [assigned(one.id, "ana") for one in tasks],
        "comments": [said(f"c-{one.id}", one.id) for one in tasks],
        "history": [entry(n, one.id) for n, one in enumerate(tasks, 1)],
    }
    confirmed.apply(page(5, **{name: list(found) for name, found in rows.items()}), START)


def parts(confirmed: Confirmed, task_id: str) -> set[str]:
    """The tables in which something of the task is, but for what the person was told of it."""
    return {
        name
        for name, rows in everything(confirmed).items()
        if name != "notifications" and any(task_id in map(str, row) for row in rows)
    }


# The bound


def test_the_bound_holds_and_the_least_recently_changed_leave_first(confirmed: Confirmed) -> None:
    ages = {"a": 30, "b": 10, "c": 20, "d": 40}
    fill(confirmed, *(finished(name, START + age) for name, age in ages.items()))
    assert evict(confirmed, 2) == {"b", "c"}
    assert set(confirmed.rows().tasks) == {"a", "d"}
    assert confirmed.stubs() == {"b": 4, "c": 4}
    assert evict(confirmed, 2) == set()
    assert evict(confirmed, 1) == {"a"}


@pytest.mark.parametrize("status", Status)
def test_only_finished_tasks_leave(confirmed: Confirmed, status: Status) -> None:
    fill(confirmed, task(T, status=status, updated_at=0))
    assert evict(confirmed) == ({T} if status in (COMPLETED, CANCELLED, ARCHIVED) else set())


def test_open_tasks_do_not_count(confirmed: Confirmed) -> None:
    fill(confirmed, *(task(f"open{n}") for n in range(5)), finished(T))
    assert evict(confirmed, 1) == set()


def test_all_that_hangs_on_it_goes_and_a_stub_stays(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T, number=7), finished(U, START + 1))
    confirmed.apply(page(6, history=[done(n, T) for n in range(10, 40)]), START)
    assert parts(confirmed, T) == {"tasks", "assignments", "comments", "history", "past_ops"}
    assert evict(confirmed, 1) == {T}
    assert parts(confirmed, T) == {"stubs"}
    assert parts(confirmed, U) == {"tasks", "assignments", "comments", "history"}
    assert everything(confirmed)["stubs"] == [(T, 7, 4, 0)]
    assert confirmed.position().cursor == "c6"
    assert confirmed.wanted() == []


def test_on_a_full_disk_all_stay(confirmed: Confirmed) -> None:
    fill(confirmed, *(finished(f"t{n}") for n in range(50)))
    confirmed._conn.execute("VACUUM")  # a migration that made tables anew left room
    before = everything(confirmed)
    confirmed._conn.execute(
        "CREATE TEMP TRIGGER torn BEFORE DELETE ON tasks WHEN old.id = 't30'"
        " BEGIN SELECT RAISE(ABORT, 'cut'); END"
    )
    with pytest.raises(Exception, match="cut"):
        evict(confirmed)
    assert everything(confirmed) == before
    confirmed._conn.execute("DROP TRIGGER torn")
    confirmed._conn.execute("VACUUM")  # tables that migrations made anew left room
    confirmed._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (pages,) = confirmed._conn.execute("PRAGMA page_count").fetchone()
    (room,) = confirmed._conn.execute("PRAGMA freelist_count").fetchone()
    assert room == 0
    confirmed._conn.execute("CREATE TABLE more (x)")
    confirmed._conn.execute(f"PRAGMA max_page_count={pages + 1}")
    confirmed._conn.execute("CREATE TEMP TRIGGER fat BEFORE INSERT ON stubs BEGIN"
                            " INSERT INTO more VALUES (zeroblob(1000000)); END")  # fmt: skip
    with pytest.raises(EnvironmentFault) as full:
        evict(confirmed)
    assert full.value.code == "E3001"
    confirmed._conn.execute("DROP TABLE more")
    assert everything(confirmed) == before


def test_a_cache_from_before_there_were_stubs_takes_them(tmp_path: Path) -> None:
    connect(tmp_path / "cache.db", MIGRATIONS[:2], "NORMAL").close()
    confirmed = Confirmed(tmp_path)
    assert (confirmed.rebuilt, confirmed.stubs()) == (False, {})
    confirmed.close()


# What own work needs


def test_what_own_work_needs_stays(confirmed: Confirmed, outbox: Outbox) -> None:
    waits, sent, refused, unread, read, settled, typed = (f"t{n}" for n in range(7))
    of = {name: action(Kind.COMMENT, name, {"comment_id": name, "text": "x"})
          for name in (waits, sent, refused, unread, read, settled)}  # fmt: skip
    outbox.add([one for name, one in of.items() if name != waits])
    outbox.take_batch(START, 500, 1_000_000)
    outbox.add([of[waits]])
    outbox.record(
        [
            receipt(of[refused], Outcome.REJECTED, code="E5005"),
            receipt(of[unread], seq=6),
            receipt(of[read], seq=5),
            receipt(of[settled], Outcome.REJECTED, code="E5005"),
        ],
        START,
        lambda _: START,
    )
    outbox.resolve(of[settled].op_id, "discarded", START)
    outbox.save_draft(typed, "note", "half a sentence", START)
    fill(confirmed, *(finished(f"t{n}") for n in range(8)))
    assert evict(confirmed, 0, outbox.busy) == {read, settled, "t7"}
    outbox.offer_again()
    assert {read, unread} <= outbox.busy("e1", 100)


def test_what_was_answered_in_a_later_epoch_than_the_rows_stays(
    confirmed: Confirmed, outbox: Outbox
) -> None:
    own = action(task_id=T)
    outbox.add([own])
    outbox.take_batch(START, 500, 1_000_000)
    mark = page(2, epoch="e2").origin
    outbox.record([receipt(own, epoch="e2", seq=2)], START, lambda _: START, mark)
    fill(confirmed, finished(T))
    assert evict(confirmed, 0, outbox.busy) == set()


def test_the_outbox_is_asked_after_the_tasks_were_chosen(
    confirmed: Confirmed, outbox: Outbox
) -> None:
    fill(confirmed, finished(T))
    told = []

    def busy(epoch: str | None, seq: int) -> set[str]:
        assert confirmed._conn.in_transaction
        outbox.add([comment(T, "saved meanwhile")])
        told.append((epoch, seq))
        return outbox.busy(epoch, seq)

    assert evict(confirmed, 0, busy) == set()
    assert told == [("e1", 5)]


def test_a_stub_that_own_work_needs_comes_back(confirmed: Confirmed) -> None:
    """An action was saved by who saw the task just before it left."""
    fill(confirmed, finished(T), finished(U))
    evict(confirmed)
    assert evict(confirmed, 0, lambda *_: {T}) == set()
    assert confirmed.wanted() == [T]


def test_nothing_of_a_stub_is_shown(confirmed: Confirmed, outbox: Outbox) -> None:
    """Not even what made it, should the answer to that be sought again."""
    fill(confirmed, finished(T))
    evict(confirmed)
    outbox.add([action(Kind.CREATE_TASK, T, {"title": "Made here", "people": []})])
    shown = Projection(confirmed, outbox, Actor("ana", Role.EMPLOYEE))
    assert T in shown.views()
    outbox.take_batch(START, 500, 1_000_000)
    assert (shown.views(), shown.views([T]), shown.listing()) == ({}, {}, [])


# Coming back


def whole(seq: int, task_id: str, **over: Any) -> Any:
    """A page that brings it again, with one comment more than `fill` gave it."""
    rows: dict[str, Any] = {
        "tasks": [finished(task_id, version=6)],
        "assignments": [assigned(task_id, "ana")],
        "comments": [said("c1", task_id), said("c2", task_id)],
        "history": [entry(1, task_id), entry(2, task_id)],
        "gone": [Gone(kind=CHILDREN, id=task_id)],
    }
    return page(seq, **{**rows, **over})


@pytest.mark.parametrize("kind", ["tasks", "assignments", "comments", "history"])
def test_a_part_of_a_stubbed_task_is_not_shown_and_the_whole_is_wanted(
    confirmed: Confirmed, kind: str
) -> None:
    fill(confirmed, finished(T), task(U))
    evict(confirmed)
    part = {kind: getattr(whole(6, T), kind), "gone": []}
    changes = confirmed.apply(page(6, **part), START)
    assert changes.tasks == set()
    assert parts(confirmed, T) == {"stubs"}
    assert confirmed.wanted() == [T]
    assert confirmed.position().cursor == "c6"
    assert confirmed.apply(whole(7, T), START).tasks == {T}
    assert parts(confirmed, T) == {"tasks", "assignments", "comments", "history"}
    assert (confirmed.stubs(), confirmed.wanted()) == ({}, [])
    assert [c.id for c in confirmed.comments(T)] == ["c1", "c2"]


def test_rows_of_other_tasks_in_the_same_page_are_kept(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T), task(U))
    evict(confirmed)
    rows = {"comments": [said("c1", T), said("c2", U)], "tasks": [finished(T), task(U, version=2)]}
    assert confirmed.apply(page(6, **rows), START).tasks == {U}
    assert confirmed.rows().tasks[U].version == 2
    assert [c.id for c in confirmed.comments(U)] == ["c-task-u", "c2"]


def test_a_tombstone_for_its_children_alone_is_not_the_whole(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T))
    evict(confirmed)
    confirmed.apply(whole(6, T, tasks=[]), START)
    assert (parts(confirmed, T), confirmed.wanted()) == ({"stubs"}, [T])
    confirmed.apply(page(7, gone=[Gone(kind=CHILDREN, id=T)]), START)
    assert (parts(confirmed, T), confirmed.wanted()) == ({"stubs"}, [T])


def test_the_tombstone_of_a_task_takes_its_stub(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T), finished(U))
    evict(confirmed)
    assert confirmed.apply(page(6, gone=[Gone(kind="task", id=T)]), START).tasks == {T}
    assert confirmed.stubs() == {U: 4}


def test_tombstones_of_its_parts_leave_the_stub(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T))
    evict(confirmed)
    stones = [("comment", "c-task-t"), ("history", "1"), ("assignment", f"{T}:ana")]
    confirmed.apply(page(6, gone=[Gone(kind=kind, id=one) for kind, one in stones]), START)
    assert (parts(confirmed, T), confirmed.wanted()) == ({"stubs"}, [])


def test_a_first_pull_ends_with_no_stubs_and_asks_for_none(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T), finished(U))
    evict(confirmed)
    confirmed.apply(page(6, tasks=[finished(T)]), START)
    assert confirmed.wanted() == [T]
    confirmed.forget_position()
    assert confirmed.wanted() == []
    confirmed.apply(page(7, cursor="half", snapshot=True, more=True, tasks=[finished(T)]), START)
    assert (confirmed.wanted(), set(confirmed.stubs())) == ([], {T, U})
    confirmed.apply(page(8, snapshot=True, tasks=[finished(U)]), START)
    assert (set(confirmed.rows().tasks), confirmed.stubs()) == ({T, U}, {})


def test_what_a_person_asked_for_does_not_leave_as_the_oldest(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T, START - 10), finished(U, START))
    assert evict(confirmed, 1) == {T}
    confirmed.ask(T, START + 5)
    assert confirmed.wanted() == [T]
    confirmed.apply(whole(6, T, tasks=[finished(T, START - 10)]), START)
    assert evict(confirmed, 1) == {U}
    assert everything(confirmed)["asked"] == [(T, START + 5)]
    assert evict(confirmed, 0) == {T}
    assert everything(confirmed)["asked"] == []


def test_a_stub_is_found_by_number_and_by_the_beginning_of_its_id(confirmed: Confirmed) -> None:
    fill(confirmed, finished(T, number=12), finished(U, number=3), task("task-open", number=4))
    evict(confirmed)
    assert confirmed.find_stubs("12") == [T]
    assert confirmed.find_stubs("task-u") == [U]
    assert sorted(confirmed.find_stubs("task-")) == [T, U]
    for nothing_fits in ("4", "tas_", "012", "9" * 30):
        assert confirmed.find_stubs(nothing_fits) == []


# With a server


@pytest.fixture
def task_id(server: RunningServer) -> str:
    """Ana's and Jonas's finished task with a comment."""
    task_id, rita = server.task("ana", "jonas"), server.device("rita")
    rita.do("comment", task_id, {"comment_id": server.new_id(), "text": "Before"})
    rita.do("complete", task_id)
    return task_id


@pytest.fixture
def ana(device: Open, task_id: str) -> Device:
    """With a stub of that task."""
    ana = device("ana")
    ana.sync()
    assert evict(ana.confirmed, 0, ana.outbox.busy) == {task_id}
    assert ana.projection.views() == {}
    return ana


def same_as_new(ana: Device, device: Open, task_id: str) -> bool:
    """Whether she has of the task what a new device of hers would have."""
    new = device("ana")
    new.sync()
    have = [
        (
            one.confirmed.rows().tasks[task_id],
            one.confirmed.rows().people[task_id],
            one.confirmed.comments(task_id),
            one.confirmed.history(task_id),
        )
        for one in (ana, new)
    ]
    return have[0] == have[1]


def test_reopened_by_another_it_comes_whole_in_the_same_run(
    server: RunningServer, device: Open, ana: Device, task_id: str
) -> None:
    server.device("rita").do("reopen", task_id)
    report = ana.sync()
    assert (report.state, report.changes.tasks) == (State.SYNCED, {task_id})
    assert ana.line.asked[-2:] == [[], [task_id]]
    assert [c.text for c in ana.confirmed.comments(task_id)] == ["Before"]
    assert same_as_new(ana, device, task_id)
    calls = len(ana.line.calls)
    ana.sync()
    assert (ana.line.calls[calls:], ana.line.asked[-1]) == (["pull"], [])


def test_commented_by_another_it_comes_whole(
    server: RunningServer, device: Open, ana: Device, task_id: str
) -> None:
    args = {"comment_id": server.new_id(), "text": "After"}
    server.device("jonas").do("comment", task_id, args)
    ana.sync()
    assert {c.text for c in ana.confirmed.comments(task_id)} == {"Before", "After"}
    assert same_as_new(ana, device, task_id)


def test_killed_before_the_whole_came_it_comes_next(
    server: RunningServer, device: Open, ana: Device, task_id: str
) -> None:
    server.device("rita").do("reopen", task_id)
    ana.line.fail("ok", "lose answer", method="pull")
    assert ana.sync().state is State.OFFLINE
    assert ana.projection.views() == {}
    ana.sync()
    assert same_as_new(ana, device, task_id)


def test_who_is_taken_off_it_loses_the_stub(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    server.device("rita").do("unassign", task_id, {"user_id": server.users["ana"]})
    ana.sync()
    assert ana.confirmed.stubs() == {}
    assert parts(ana.confirmed, task_id) == set()


def test_who_is_taken_off_it_between_row_and_whole_loses_the_stub_too(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    rita = server.device("rita")
    ana.confirmed.ask(task_id, ana.now)
    rita.do("unassign", task_id, {"user_id": server.users["ana"]})
    assert task_id in ana.sync().changes.tasks
    assert ana.line.asked[-1] == [task_id]
    assert (ana.confirmed.stubs(), parts(ana.confirmed, task_id)) == ({}, {"asked"})


def test_who_is_put_on_it_again_has_it_whole_at_once(
    server: RunningServer, device: Open, ana: Device, task_id: str
) -> None:
    rita, who = server.device("rita"), {"user_id": server.users["ana"]}
    rita.push(rita.action("unassign", task_id, who), rita.action("assign", task_id, who))
    ana.sync()
    assert ana.line.asked[-1] == []
    assert same_as_new(ana, device, task_id)


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_put_on_it_again_in_small_pages_it_is_whole_too(
    server: RunningServer, device: Open, ana: Device, task_id: str,
    monkeypatch: pytest.MonkeyPatch, rows: int,
) -> None:  # fmt: skip
    """Its tombstone and its row may come in different pages."""
    rita, who = server.device("rita"), {"user_id": server.users["ana"]}
    rita.push(rita.action("unassign", task_id, who), rita.action("assign", task_id, who))
    monkeypatch.setattr(serving, "PAGE_ROWS", rows)
    ana.sync()
    monkeypatch.undo()
    assert same_as_new(ana, device, task_id)


def test_more_than_one_pull_may_ask_for_come_in_several(
    server: RunningServer, device: Open
) -> None:
    ids = [server.task("ana") for _ in range(WHOLE_LIMIT + 5)]
    rita, ana = server.device("rita"), device("ana")
    rita.push(*[rita.action("cancel", one) for one in ids])
    ana.sync()
    assert evict(ana.confirmed, 0) == set(ids)
    rita.push(*[rita.action("reopen", one) for one in ids])
    calls = len(ana.line.asked)
    assert ana.sync().changes.tasks == set(ids)
    assert [len(asked) for asked in ana.line.asked[calls:]] == [0, WHOLE_LIMIT, 5]
    assert ana.confirmed.stubs() == {}
    assert len(ana.projection.views()) == len(ids)


def test_an_own_action_lies_on_top_of_what_comes_back(
    server: RunningServer, device: Open, ana: Device, task_id: str
) -> None:
    """It was saved by another process that saw the task just before it left."""
    ana.add(comment(task_id, "Mine"))
    assert ana.projection.views() == {}
    ana.line.fail("lose request", "lose answer")
    ana.confirmed.evict(ana.outbox.busy)
    assert ana.confirmed.wanted() == [task_id]
    assert ana.sync().state is State.OFFLINE
    assert ana.projection.views() == {}
    report = ana.sync()  # only the receipt is lost; the row has the comment already
    assert (report.state, report.waiting) == (State.OFFLINE, 1)
    assert ana.shown(task_id).task.comment_count == 2
    assert {c.text for c in ana.projection.trail(task_id).comments} == {"Before", "Mine"}
    assert ana.sync().state is State.SYNCED
    assert ana.shown(task_id).task.comment_count == 2
    assert same_as_new(ana, device, task_id)


def test_an_action_that_the_row_does_not_have_lies_on_top(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    ana.add(comment(task_id, "Mine"))
    page_of = ana.line.server.pull(ana.confirmed.next_cursor(), "desk", 0, None, [task_id])
    ana.confirmed.apply(page_of, START)
    assert ana.shown(task_id).task.comment_count == 2
    assert [c.text for c in ana.projection.trail(task_id).comments] == ["Before", "Mine"]
    assert server.seen("ana", task_id)["comment_count"] == 1


def test_the_engine_holds_the_bound_once_an_hour(server: RunningServer, device: Open) -> None:
    first, second = server.task("ana"), server.task("ana")
    rita, ana = server.device("rita"), device("ana")
    ana.confirmed.most_finished = 1
    ana.sync()
    rita.do("complete", first)
    server.clock.advance(1)
    rita.do("complete", second)
    ana.sync()
    assert set(ana.projection.views()) == {first, second}
    ana.now += HOUR
    assert ana.sync().changes.tasks == {first}
    assert set(ana.projection.views()) == {second}


def test_after_rows_were_pulled_anew_the_bound_is_held_at_once(
    server: RunningServer, device: Open
) -> None:
    ids = [server.task("ana") for _ in range(3)]
    rita, ana = server.device("rita"), device("ana")
    for one in ids:
        server.clock.advance(1)
        rita.do("complete", one)
    ana.confirmed.most_finished = 1
    ana.sync()
    assert set(ana.confirmed.stubs()) == set(ids[:2])
    server.sql("UPDATE tenants SET epoch = 'after'")
    ana.line.watch = lambda: seen.append(set(ana.confirmed.stubs()))
    seen: list[set[str]] = []
    assert ana.sync().changes.everything
    assert set(ana.projection.views()) == {ids[2]}
    assert set(ana.confirmed.stubs()) == set(ids[:2])
    assert ana.confirmed.position().epoch == "after"
    assert not any(ana.line.asked)


def test_nothing_leaves_after_a_pull_that_failed(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    other = server.task("ana")
    server.device("rita").do("complete", other)
    ana.sync()
    ana.now += HOUR
    ana.line.fail("lose request", method="pull")
    assert ana.sync().state is State.OFFLINE
    assert set(ana.projection.views()) == {other}
    ana.sync()
    assert ana.projection.views() == {}


def test_a_server_that_does_not_answer_to_it_is_not_asked_without_end(
    server: RunningServer, ana: Device, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_add_whole", lambda *_: None)
    server.device("rita").do("reopen", task_id)
    assert ana.sync().state is State.SYNCED
    assert ana.line.asked[-2:] == [[], [task_id]]
    assert ana.confirmed.wanted() == [task_id]


@pytest.mark.parametrize(
    ("scope", "most"), [("desk", MOST_FINISHED), ("monitor", MOST_OF_A_TENANT)]
)
def test_the_monitor_keeps_the_finished_tasks_of_a_whole_tenant(
    tmp_path: Path, scope: Scope, most: int
) -> None:
    assert MOST_FINISHED < MOST_OF_A_TENANT == 100_000
    profile = Profile(tmp_path, scope, "http://x", "s", "u", "rita", "Rita", Role.ADMIN, "N")
    work = open_workspace(profile)
    with closing(work):
        assert work.confirmed.most_finished == most
