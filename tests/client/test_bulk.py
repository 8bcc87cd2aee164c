"""One deed on many tasks: what a plan says comes true, and undoing brings back what was before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.server import DAY, RunningServer
from tracker.cache.projection import Shown, TaskView
from tracker.config import Profile
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import Changes
from tracker.domain.task import Part, Priority, Role, Status
from tracker.services import bulk, syncing
from tracker.services.bulk import (
    Back,
    Batch,
    Change,
    Deed,
    Move,
    Outcome,
    Planning,
    Reassign,
    Verdict,
)
from tracker.services.credentials import InEnvironment
from tracker.services.tasks import Tasks
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import State


@pytest.fixture
def work(server: RunningServer, tmp_path: Path) -> Iterator[Workspace]:
    """Rita's monitor, with nothing pulled yet."""
    profile = Profile(
        folder=tmp_path / "rita",
        scope="monitor",
        server_url=server.url,
        server_id=server.get(None, "/api/v1/health").json()["server_id"],
        user_id=server.users["rita"],
        name="rita",
        display_name="Rita Okafor",
        role=Role.ADMIN,
        tenant="Northwind",
    )
    opened = open_workspace(profile)
    yield opened
    opened.close()


def sync(server: RunningServer, work: Workspace) -> None:
    """Until all has its receipt: what stands on another goes out after it."""
    for _ in range(5):
        report = syncing.sync_once(work.profile, InEnvironment(server.token("rita")))
        assert report is not None
        assert report.state is State.SYNCED
        if not work.outbox.waiting():
            return
    raise AssertionError("it is never delivered")


def put(server: RunningServer, task_id: str, status: Status, by: str = "rita") -> None:
    """Brings a new task into that status."""
    ways: dict[Status, Sequence[str]] = {
        Status.PENDING: (), Status.IN_PROGRESS: ("start",), Status.ON_HOLD: ("start", "hold"),
        Status.COMPLETED: ("complete",), Status.CANCELLED: ("cancel",),
        Status.ARCHIVED: ("cancel",),  # for this device alone: others do not keep it
    }  # fmt: skip
    for kind in ways[status]:
        server.device(by).do(kind, task_id)


def done(work: Workspace, deed: Deed, *ids: str) -> Batch:
    return bulk.do(work.outbox, bulk.plan(Tasks(work), deed, ids))


def outcomes(work: Workspace, batch: Batch) -> list[tuple[str, str | None]]:
    found = bulk.results(work.outbox, batch.items)
    return [(outcome.name, refusal and refusal.code) for outcome, refusal in found.values()]


def people(view: TaskView) -> set[tuple[str, Part, int]]:
    return {(row.user_id, row.part, row.percent) for row in view.people}


def test_each_task_is_decided_as_a_click_on_it_would_be(
    server: RunningServer, work: Workspace
) -> None:
    ids = []
    for status in Status:
        ids.append(server.task("ana", title=status.value))
        put(server, ids[-1], status)
    sync(server, work)
    Tasks(work).move(Kind.ARCHIVE, ids[-1])
    expected = {
        Kind.HOLD: ["WILL", "WILL", "NOTHING", "E5002", "E5005", "E5014"],
        Kind.RESUME: ["E5002", "NOTHING", "WILL", "E5002", "E5005", "E5014"],
        Kind.CANCEL: ["WILL", "WILL", "WILL", "E5002", "NOTHING", "E5014"],
        Kind.REOPEN: ["E5002", "NOTHING", "E5002", "WILL", "WILL", "E5014"],
        Kind.ARCHIVE: ["E5002", "E5002", "E5002", "WILL", "WILL", "NOTHING"],
    }
    gone = "00000000-0000-7000-8000-00000000dead"
    tasks = Tasks(work)
    for kind, verdicts in expected.items():
        found = bulk.plan(tasks, Move(kind), [*ids, gone])
        said = [item.refusal.code if item.refusal else item.verdict.name for item in found.items]
        assert said == [*verdicts, "E5001"], kind
        for item in found.items:
            clicked = tasks.decide(
                tasks.draw_up(kind, item.task_id, {"note": ""}, tasks.shown([item.task_id])),
                tasks.shown([item.task_id]),
            )
            assert (item.refusal is None) or item.refusal == clicked
    assert len(work.outbox.waiting()) == 1


def test_what_has_the_value_already_is_left_alone(server: RunningServer, work: Workspace) -> None:
    one = server.task("ana", priority="HIGH", due_date="2026-03-05")
    two = server.task("ana", priority="LOW")
    sync(server, work)
    tasks = Tasks(work)
    due = Change({"due_at": None, "due_date": "2026-03-05"})
    for deed in (Change({"priority": "HIGH"}), due):
        found = bulk.plan(tasks, deed, [one, two])
        assert [item.verdict for item in found.items] == [Verdict.NOTHING, Verdict.WILL]
    found = bulk.plan(tasks, Change({"project_id": "nowhere"}), [one])
    assert found.items[0].refusal is not None


def test_all_of_it_is_one_transaction_and_each_task_gets_its_receipt(
    server: RunningServer, work: Workspace
) -> None:
    ids = [server.task("ana") for _ in range(3)]
    sync(server, work)
    server.device("sara").do("complete", ids[1])
    batch = done(work, Move(Kind.HOLD, "no parts"), *ids)
    assert outcomes(work, batch) == [("WAITING", None)] * 3
    assert {v.task.status for v in work.projection.views().values()} == {Status.ON_HOLD}
    sync(server, work)
    assert outcomes(work, batch) == [("SAVED", None), ("REFUSED", "E5002"), ("SAVED", None)]
    assert server.seen("rita", ids[0], "monitor")["status"] == "ON_HOLD"
    assert len(work.outbox.tray()) == 1


def test_reassigning_replaces_who_does_it_and_keeps_who_looks_on(
    server: RunningServer, work: Workspace
) -> None:
    users = server.users
    task_id = server.task("ana")
    server.device("rita").do("assign", task_id, {"user_id": users["sara"], "part": "REVIEWER"})
    sync(server, work)
    deed = Reassign(((users["jonas"], Part.ASSIGNEE, 80), (users["rita"], Part.WATCHER, 0)))
    batch = done(work, deed, task_id)
    kinds = [item.action.kind for item in work.outbox.waiting()]
    assert kinds == [Kind.ASSIGN, Kind.ASSIGN, Kind.UNASSIGN]
    last = work.outbox.waiting()[-1].action
    assert set(last.depends_on) == {one.op_id for one in batch.items[0].actions[:2]}
    sync(server, work)
    expected = {(users["jonas"], Part.ASSIGNEE, 80), (users["rita"], Part.WATCHER, 0),
                (users["sara"], Part.REVIEWER, 100)}  # fmt: skip
    assert people(work.projection.views()[task_id]) == expected
    assert outcomes(work, batch) == [("SAVED", None)]
    again = bulk.plan(Tasks(work), deed, [task_id])
    assert again.items[0].verdict is Verdict.NOTHING


def test_nobody_is_taken_off_where_no_new_assignee_comes(
    server: RunningServer, work: Workspace
) -> None:
    task_id, users = server.task("ana"), server.users
    sync(server, work)
    done(work, Reassign(((users["sara"], Part.REVIEWER, 100),)), task_id)
    done(work, Reassign(((users["jonas"], Part.ASSIGNEE, 50),), stay=True), task_id)
    assert people(work.projection.views()[task_id]) == {
        (users["ana"], Part.ASSIGNEE, 100), (users["jonas"], Part.ASSIGNEE, 50),
        (users["sara"], Part.REVIEWER, 100),
    }  # fmt: skip


def test_nobody_is_left_without_anybody_when_assigning_is_refused(
    server: RunningServer, work: Workspace
) -> None:
    task_id, users = server.task("ana"), server.users
    sync(server, work)
    batch = done(work, Reassign(((users["jonas"], Part.ASSIGNEE, 100),)), task_id)
    server.device("rita").do("cancel", task_id)
    server.device("rita").do("archive", task_id)
    sync(server, work)
    assert outcomes(work, batch) == [("REFUSED", "E5014")]
    codes = [entry.receipt.outcome.value for entry in work.outbox.tray()]
    assert codes == ["rejected", "blocked_by"]


class TestUndoing:
    def test_what_is_unsent_leaves_no_trace(self, server: RunningServer, work: Workspace) -> None:
        ids = [server.task("ana") for _ in range(3)]
        sync(server, work)
        before = work.projection.views()
        batch = done(work, Move(Kind.CANCEL), *ids)
        undone = bulk.undo(work, batch)
        assert {back for back, _ in undone.results.values()} == {Back.TAKEN_BACK}
        assert undone.batch.changes.tasks == set(ids)
        assert (work.projection.views(), work.outbox.waiting()) == (before, [])
        assert outcomes(work, batch) == [("WITHDRAWN", None)] * 3

    def test_its_note_is_not_half_typed_text_on_every_task(
        self, server: RunningServer, work: Workspace
    ) -> None:
        ids = [server.task("ana") for _ in range(2)]
        sync(server, work)
        batch = done(work, Move(Kind.HOLD, "no budget"), *ids)
        Tasks(work).move(Kind.RESUME, ids[0], "a word of my own")  # it stands on the batch
        work.outbox.save_draft(ids[1], "note", "half-typed", 1)
        bulk.undo(work, batch)
        drafts = [work.outbox.draft(one, "note") for one in ids]
        assert drafts == ["a word of my own", "half-typed"]

    def test_what_others_changed_since_is_left_alone(
        self, server: RunningServer, work: Workspace
    ) -> None:
        ids = [server.task("ana", priority="LOW") for _ in range(2)]
        sync(server, work)
        batch = done(work, Change({"priority": "HIGH"}), *ids)
        sync(server, work)
        fields = {"fields": {"priority": "URGENT"}}
        server.device("sara").do("edit_fields", ids[0], fields)
        sync(server, work)
        undone = bulk.undo(work, batch)
        back, refusal = undone.results[ids[0]]
        assert (back, refusal and refusal.code) == (Back.CANNOT, "E5062")
        assert undone.results[ids[1]] == (Back.REVERSED, None)
        sync(server, work)
        priorities = [server.seen("rita", one, "monitor")["priority"] for one in ids]
        assert priorities == ["URGENT", "LOW"]

    def test_an_archive_that_was_sent_stays(self, server: RunningServer, work: Workspace) -> None:
        task_id = server.task("ana")
        put(server, task_id, Status.CANCELLED)
        sync(server, work)
        batch = done(work, Move(Kind.ARCHIVE), task_id)
        sync(server, work)
        back, refusal = bulk.undo(work, batch).results[task_id]
        assert (back, refusal and refusal.code) == (Back.CANNOT, "E5022")
        assert work.outbox.waiting() == []

    def test_half_of_it_was_sent(self, server: RunningServer, work: Workspace) -> None:
        """ASSIGN went out, and UNASSIGN waits for its receipt."""
        task_id, users = server.task("ana"), server.users
        sync(server, work)
        before = people(work.projection.views()[task_id])
        batch = done(work, Reassign(((users["jonas"], Part.ASSIGNEE, 100),)), task_id)
        work.outbox.take_batch(0, 500, 1_000_000)
        undone = bulk.undo(work, batch)
        assert undone.results[task_id] == (Back.REVERSED, None)
        kinds = [item.action.kind for item in work.outbox.waiting()]
        assert kinds == [Kind.ASSIGN, Kind.UNASSIGN]
        sync(server, work)
        assert people(work.projection.views()[task_id]) == before
        assert work.outbox.tray() == []

    def test_it_begins_again_where_more_was_sent_meanwhile(
        self, server: RunningServer, work: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = [server.task("ana") for _ in range(2)]
        for one in ids:
            put(server, one, Status.IN_PROGRESS)
        sync(server, work)
        batch = done(work, Move(Kind.HOLD), *ids)
        take_back, calls = work.outbox.take_back, []

        def late(*given: object, **named: object) -> Changes | None:
            calls.append(given)
            if len(calls) == 1:
                work.outbox.take_batch(0, 1, 1_000_000)
            return take_back(*given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(work.outbox, "take_back", late)
        undone = bulk.undo(work, batch)
        assert [back for back, _ in undone.results.values()] == [Back.REVERSED, Back.TAKEN_BACK]
        sync(server, work)
        statuses = {server.seen("rita", one, "monitor")["status"] for one in ids}
        assert statuses == {"IN_PROGRESS"}


def test_a_plan_is_made_in_slices_and_looked_at_again(
    server: RunningServer, work: Workspace
) -> None:
    ids = [server.task("ana") for _ in range(30)]
    sync(server, work)
    tasks = Tasks(work)
    planning = Planning(tasks, Move(Kind.HOLD), ids)
    assert planning.step(0.0)
    assert (planning.done, planning.total) == (20, 30)
    assert not planning.step(9.0)
    assert planning.plan().count(Verdict.WILL) == 30
    tasks.move(Kind.CANCEL, ids[3])
    assert not planning.again(["another"])
    assert planning.again([ids[3], "another"])
    assert not planning.step(9.0)
    found = planning.plan()
    assert (found.count(Verdict.WILL), found.items[3].verdict) == (29, Verdict.REFUSED)
    assert [item.task_id for item in found.items] == ids


def test_what_is_said_of_all_is_looked_at_where_it_differs(
    server: RunningServer, work: Workspace
) -> None:
    """That is said every few seconds, which a long plan must outlive."""
    ids = [server.task("ana") for _ in range(60)]
    sync(server, work)
    tasks, views = Tasks(work), work.projection.views()
    asked: list[str] = []
    shown = tasks.shown
    tasks.shown = lambda some: (asked.extend(some), shown(some))[1]  # type: ignore[method-assign]
    planning = Planning(tasks, Move(Kind.HOLD), ids, lambda one: views[one])
    turns = 0
    while planning.step(0.0):
        planning.again(None)
        turns += 1
        assert turns < 20, "it starts from zero each time"
    assert sorted(asked) == sorted(ids), "each of them once"
    assert planning.plan().count(Verdict.WILL) == 60
    planning.again(None)
    while planning.step(0.0):
        pass
    assert (len(asked), planning.is_stale) == (60, False)
    tasks.move(Kind.CANCEL, ids[7])
    views = work.projection.views()
    planning.again(None)
    while planning.step(0.0):
        pass
    assert (asked[60:], planning.is_stale) == ([ids[7]] * (len(asked) - 60), True)
    assert planning.plan().items[7].verdict is Verdict.REFUSED


def test_a_fault_while_planning_drops_no_task(server: RunningServer, work: Workspace) -> None:
    ids = [server.task("ana") for _ in range(2)]
    sync(server, work)
    tasks = Tasks(work)
    planning = Planning(tasks, Move(Kind.HOLD), ids)
    shown, faults = tasks.shown, [EnvironmentFault("E3001"), ValueError("a bug")]

    def failing(some: Sequence[str]) -> Shown:
        if faults:
            raise faults.pop(0)
        return shown(some)

    tasks.shown = failing  # type: ignore[method-assign]
    for fault in (EnvironmentFault, ValueError):
        with pytest.raises(fault):
            planning.step(1.0)
    assert not planning.step(1.0)
    assert [item.task_id for item in planning.plan().items] == ids


# Random worlds


def any_deed(chance: random.Random, server: RunningServer) -> Deed:
    users = [server.users[name] for name in ("ana", "jonas", "sara")]
    make: list[Callable[[], Deed]] = [
        *(lambda kind=kind: Move(kind, "why")  # type: ignore[misc]
          for kind in (Kind.HOLD, Kind.RESUME, Kind.CANCEL, Kind.REOPEN, Kind.ARCHIVE)),
        lambda: Change({"priority": chance.choice(list(Priority)).value}),
        lambda: Change({"project_id": chance.choice([None, server.world.project_id])}),
        lambda: Change({"due_at": server.clock.now + DAY, "due_date": None}),
        lambda: Change({"due_at": None, "due_date": chance.choice([None, "2026-05-06"])}),
        lambda: Reassign(
            tuple((user_id, chance.choice(list(Part)), chance.choice([30, 100]))
                  for user_id in chance.sample(users, chance.randrange(1, 3))),
            stay=chance.random() < 0.3,
        ),
    ]  # fmt: skip
    return chance.choice(make)()


def terms(view: TaskView) -> tuple[object, ...]:
    """What the deeds here change. No transition leads back to PENDING, so a task that was is one
    in progress for this."""
    task = view.task
    status = Status.IN_PROGRESS if task.status is Status.PENDING else task.status
    return (status, task.progress, task.priority, task.project_id, task.due_at, task.due_date,
            frozenset(people(view)))  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_undoing_brings_back_what_was_before(
    server: RunningServer, work: Workspace, seed: int
) -> None:
    chance = random.Random(seed)
    ids = []
    for _ in range(14):
        more = {"due_date": "2026-04-01"} if chance.random() < 0.3 else {}
        ids.append(server.task(chance.choice(["ana", "jonas"]), **more))
        if chance.random() < 0.4:
            server.device("rita").do("set_progress", ids[-1], {"percent": chance.randrange(1, 99)})
        put(server, ids[-1], chance.choice(list(Status)))
    ids.sort()
    sync(server, work)
    for _ in range(8):
        ids = [one for one in ids if one in work.projection.views()]
        before = work.projection.views()
        deed = any_deed(chance, server)
        batch = done(work, deed, *chance.sample(ids, min(9, len(ids))))
        sent = chance.choice(["nothing", "some", "without answer", "all"])
        if sent == "all":
            sync(server, work)
        elif sent != "nothing":
            work.outbox.take_batch(0, 4 if sent == "some" else 500, 1_000_000)
        undone = bulk.undo(work, batch)
        for item in batch.items:
            back, refusal = undone.results[item.task_id]
            if back is Back.CANNOT:
                assert deed == Move(Kind.ARCHIVE, "why"), (deed, refusal)
        if chance.random() < 0.7:
            sync(server, work)
            assert work.outbox.tray() == []
            assert set(outcomes(work, undone.batch)) <= {("SAVED", None)}
        after = work.projection.views()
        stays = {one for one, (back, _) in undone.results.items() if back is Back.CANNOT}
        for one in set(ids) - stays:
            assert terms(after[one]) == terms(before[one]), (deed, sent)
            if undone.results.get(one, (Back.REVERSED, None))[0] is not Back.NOT_QUITE:
                assert after[one].task.status is before[one].task.status
    assert Outcome.SAVED.value == "saved at the server"
