"""What screens show: confirmed rows and the own actions on top; nothing twice, no flicker."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Device, action, comment, new_id, page, receipt, task
from tests.support.server import START, RunningServer
from tracker.cache import projection
from tracker.cache.confirmed import Brief, Confirmed
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Mark, Projection, TaskView
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.decision import Applied
from tracker.domain.errors import Refusal
from tracker.domain.receipt import Outcome
from tracker.domain.task import (
    Assignment,
    Comment,
    HistoryEntry,
    Part,
    Person,
    Role,
    Status,
    Task,
    TimeEntry,
)

T = "00000000-0000-7000-8000-00000000000a"
ANA = "00000000-0000-7000-8000-0000000000aa"


def shortened(views: dict[str, TaskView]) -> list[tuple[Brief, Mark]]:
    """Views as a list shows them."""
    lines = [
        (Brief(**{name: getattr(view.task, name) for name in Brief._fields}), view.mark)
        for view in views.values()
    ]
    return sorted(lines, key=lambda line: line[0].number)


class Desk:
    """Ana's storage with one task of hers, pulled at version 1 and seq 10."""

    def __init__(self, folder: Path) -> None:
        self.confirmed, self.outbox = Confirmed(folder), Outbox(folder)
        self.projection = Projection(self.confirmed, self.outbox, Actor(ANA, Role.EMPLOYEE))
        self.pull(
            10,
            task(T),
            assignments=[Assignment(T, ANA, Part.ASSIGNEE, 100, "rita", START)],
            people=[Person(ANA, 3, "ana", "Ana Moreno", Role.EMPLOYEE, True)],
        )

    def close(self) -> None:
        self.confirmed.close()
        self.outbox.close()

    def pull(self, seq: int, *tasks: Task, **more: object) -> None:
        self.confirmed.apply(page(seq, tasks=[*tasks], **more), START)

    def do(self, *actions: Action) -> None:
        self.outbox.add(actions)

    def answer(self, of: Action, outcome: Outcome = Outcome.APPLIED, **more: object) -> None:
        self.outbox.record([receipt(of, outcome, **more)], START, lambda _: START)

    def view(self) -> TaskView:
        whole, alone = self.projection.views(), self.projection.views([T])
        assert alone == {T: whole[T]}
        assert self.projection.listing() == shortened(whole)
        return whole[T]

    @property
    def progress(self) -> int:
        return self.view().task.progress

    def comments(self) -> list[str]:
        return [one.text for one in self.projection.trail(T).comments]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    opened = Desk(tmp_path)
    yield opened
    opened.close()


def percent(value: int, **over: object) -> Action:
    return action(Kind.SET_PROGRESS, T, {"percent": value}, **over)


def test_confirmed_rows_alone_are_saved(desk: Desk) -> None:
    assert (desk.progress, desk.view().mark) == (0, Mark.SAVED)
    assert [row.user_id for row in desk.view().people] == [ANA]


def test_a_pending_action_is_shown_at_once(desk: Desk) -> None:
    desk.do(percent(45))
    view = desk.view()
    assert (view.task.progress, view.task.status) == (45, Status.IN_PROGRESS)
    assert view.mark is Mark.WAITING
    assert view.task.last_progress_by == ANA


def test_pending_actions_are_replayed_in_their_order(desk: Desk) -> None:
    desk.do(percent(45), action(Kind.HOLD, T), percent(60), action(Kind.RESUME, T), percent(30))
    view = desk.view()
    assert (view.task.progress, view.task.status) == (30, Status.IN_PROGRESS)


def test_an_acknowledged_action_stays_until_its_row_arrives(desk: Desk) -> None:
    made = percent(45)
    desk.do(made)
    desk.answer(made, task_version=2, seq=12)
    assert (desk.progress, desk.view().mark) == (45, Mark.SAVED)
    desk.pull(11)  # a page before the effect
    assert desk.progress == 45
    desk.pull(12, task(T, version=2, progress=50, status=Status.IN_PROGRESS))
    assert desk.progress == 50


def test_an_acknowledged_action_leaves_when_the_row_s_version_reaches_it(desk: Desk) -> None:
    made = percent(45)
    desk.do(made)
    desk.answer(made, task_version=2, seq=12)
    # The row may come with a page whose cursor is still behind.
    desk.pull(11, task(T, version=3, progress=20, status=Status.IN_PROGRESS))
    assert desk.progress == 20


def test_an_acknowledged_action_leaves_when_the_cursor_reaches_it(desk: Desk) -> None:
    made = percent(45)
    desk.do(made)
    desk.answer(made, task_version=9, seq=12)
    desk.pull(12)
    assert desk.progress == 0


def test_a_row_that_holds_the_first_of_two_is_replayed_with_the_second(desk: Desk) -> None:
    first, second = comment(T, "one"), comment(T, "two")
    desk.do(first, second)
    desk.answer(first, task_version=2, seq=11)
    desk.answer(second, task_version=3, seq=12)
    assert desk.view().task.comment_count == 2
    one = Comment(first.args["comment_id"], T, ANA, "one", START, START)
    desk.pull(11, task(T, version=2, comment_count=1), comments=[one])
    assert desk.view().task.comment_count == 2
    assert desk.comments() == ["one", "two"]
    two = Comment(second.args["comment_id"], T, ANA, "two", START + 1, START)
    desk.pull(12, task(T, version=3, comment_count=2), comments=[two])
    assert desk.view().task.comment_count == 2
    assert desk.comments() == ["one", "two"]


def test_rows_that_came_before_the_receipt_count_once(desk: Desk) -> None:
    """The answer to the push was lost, and a pull brought the effect first."""
    made = comment(T, "once")
    desk.do(made)
    own = Comment(made.args["comment_id"], T, ANA, "once", START, START)
    entry = HistoryEntry("4", T, ANA, "comment", {}, {}, "once", START, START, made.op_id)
    desk.pull(12, task(T, version=2, comment_count=1), comments=[own], history=[entry])
    assert desk.comments() == ["once"]
    assert [e.id for e in desk.projection.trail(T).history] == ["4"]
    desk.answer(made, task_version=2, seq=12)
    assert desk.view().task.comment_count == 1
    assert desk.comments() == ["once"]


def test_a_refused_action_is_one_less_to_replay(desk: Desk) -> None:
    first, second = percent(45), percent(60)
    desk.do(first, second)
    desk.answer(second, Outcome.REJECTED, code="E5005")
    assert (desk.progress, desk.view().mark) == (45, Mark.REJECTED)
    desk.answer(first, Outcome.REJECTED, code="E5005")
    assert (desk.progress, desk.view().task.status) == (0, Status.PENDING)
    for made in (first, second):
        desk.outbox.resolve(made.op_id, "discarded", START)
    assert desk.view().mark is Mark.SAVED


def test_an_action_that_fits_no_more_is_passed_over(desk: Desk) -> None:
    desk.do(percent(45))
    desk.pull(11, task(T, version=2, status=Status.CANCELLED))
    view = desk.view()
    assert (view.task.status, view.task.progress) == (Status.CANCELLED, 0)
    assert view.mark is Mark.WAITING


def test_pending_actions_stand_on_newer_rows(desk: Desk) -> None:
    desk.do(percent(45))
    desk.pull(11, task(T, version=2, title="Replace BOTH seals"))
    assert (desk.view().task.title, desk.progress) == ("Replace BOTH seals", 45)


def test_a_task_made_offline_is_there_and_can_be_worked_on(desk: Desk) -> None:
    made_id = new_id()
    people = [{"user_id": ANA}]
    create = action(Kind.CREATE_TASK, made_id, {"title": "Order gasket", "people": people})
    progress = action(task_id=made_id, depends_on=(create.op_id,))
    desk.do(create, progress)
    view = desk.projection.views()[made_id]
    assert (view.task.title, view.task.progress, view.mark) == ("Order gasket", 45, Mark.WAITING)
    assert desk.projection.views([made_id]) == {made_id: view}
    assert [e.event for e in desk.projection.trail(made_id).history] == [
        "create_task",
        "set_progress",
    ]
    desk.answer(create, task_version=1, seq=12)
    assert desk.projection.views()[made_id].task.progress == 45
    desk.pull(12, task(made_id, title="Order gasket", number=8))
    desk.pull(12, assignments=[Assignment(made_id, ANA, Part.ASSIGNEE, 100, ANA, START)])
    view = desk.projection.views()[made_id]
    assert (view.task.number, view.task.progress) == (8, 45)


def test_an_action_is_decided_on_the_moment_that_was_read_for_it(desk: Desk) -> None:
    shown = desk.projection.shown(T)
    desk.pull(11, task(T, status=Status.CANCELLED, version=2))
    assert (shown.states[T].task.version, shown.position.seq) == (1, 10)
    assert isinstance(desk.projection.decide(percent(50), shown), Applied)
    assert isinstance(desk.projection.decide(percent(50)), Refusal)


def test_one_that_names_another_task_is_decided_on_what_is_there_by_then(desk: Desk) -> None:
    parent_id, child_id = new_id(), new_id()
    people = [{"user_id": ANA}]
    parent, child = (
        action(Kind.CREATE_TASK, task_id=task_id, args={"title": "Own", "people": people} | more)
        for task_id, more in ((parent_id, {}), (child_id, {"parent_id": parent_id}))
    )
    shown = desk.projection.shown(child_id)
    assert isinstance(desk.projection.decide(child, shown), Refusal)
    desk.do(parent)
    assert isinstance(desk.projection.decide(child, shown), Applied)


def test_a_task_that_was_taken_away_is_gone_with_its_pending_action_kept(desk: Desk) -> None:
    desk.do(percent(45))
    desk.pull(11, gone=[{"kind": "task", "id": T}])
    assert desk.projection.views() == {}
    assert desk.projection.views([T]) == {}
    assert len(desk.outbox.waiting()) == 1


def test_what_was_acknowledged_in_another_epoch_is_not_compared(desk: Desk) -> None:
    made = percent(45)
    desk.do(made)
    desk.answer(made, task_version=99, seq=99)
    desk.confirmed.apply(page(3, epoch="e2", snapshot=True, tasks=[task(T, progress=10)]), START)
    assert desk.progress == 10


@pytest.mark.parametrize("most", [0, 2, 1_000])
def test_a_list_says_what_the_views_say(
    desk: Desk, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where so many wait that a list reads everything."""
    monkeypatch.setattr(projection, "_MOST_IDS", most)
    others = [task(new_id(), number=9 - n, title=f"No. {n}", due_at=START) for n in range(4)]
    desk.pull(11, *others, task(T, number=5))
    refused = comment(others[0].id, "x")
    made = action(Kind.CREATE_TASK, args={"title": "Made here", "people": []})
    desk.do(refused, percent(30), action(Kind.COMPLETE, others[2].id), made)
    desk.answer(refused, Outcome.REJECTED, code="E5014")
    lines = desk.projection.listing()
    assert lines == shortened(desk.projection.views())
    assert [line.number for line, _ in lines if line.id != made.task_id] == [5, 6, 7, 8, 9]
    assert {mark for _, mark in lines} == set(Mark)


def test_the_trail_tells_what_still_waits(desk: Desk) -> None:
    desk.do(percent(45), comment(T, "Gasket ordered"))
    trail = desk.projection.trail(T)
    assert [(e.event, e.received_at) for e in trail.history] == [
        ("set_progress", None),
        ("comment", None),
    ]
    assert trail.history[0].after == {"status": "IN_PROGRESS", "progress": 45}
    assert [c.text for c in trail.comments] == ["Gasket ordered"]


def test_two_devices_of_a_person_end_with_the_same_view(
    server: RunningServer, device: Callable[..., Device]
) -> None:
    task_id = server.task("ana")
    one, two = device("ana"), device("ana")
    for each in (one, two):
        each.sync()
    one.add(action(task_id=task_id), comment(task_id, "from one"))
    two.add(action(Kind.HOLD, task_id), comment(task_id, "from two"))
    for each in (one, two, one, two):
        each.sync()
    assert one.projection.views() == two.projection.views()
    assert one.projection.trail(task_id) == two.projection.trail(task_id)
    view = one.shown(task_id)
    assert (view.task.status, view.task.progress) == (Status.ON_HOLD, 45)
    assert view.task.comment_count == 2


def test_no_page_ends_between_a_task_and_what_was_said_on_it(
    server: RunningServer, device: Callable[..., Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 3)
    task_id, other = server.task("ana"), server.task("ana")
    ana = device("ana")
    ana.sync()
    server.device("rita").do("set_progress", other, {"percent": 30})
    ana.add(comment(task_id, "halfway"))
    seen: list[tuple[int, list[str], int]] = []

    def look() -> None:
        view, trail = ana.shown(task_id), ana.projection.trail(task_id)
        texts = [c.text for c in trail.comments]
        seen.append((view.task.comment_count, texts, len(trail.history)))

    ana.line.watch = look
    ana.sync()
    look()
    assert ana.line.calls.count("pull") > 2
    assert all(moment == (1, ["halfway"], 2) for moment in seen), seen


def test_versions_of_two_epochs_are_not_compared(
    server: RunningServer, device: Callable[..., Device]
) -> None:
    """The rows are still those of before a restore, where the task had a greater version."""
    task_id = server.task("ana")
    ana = device("ana")
    ana.sync()
    backup = server.back_up()
    for name in ("jonas", "sara"):
        server.device("rita").do("assign", task_id, {"user_id": server.users[name]})
    ana.sync()
    server.restore(backup)
    ana.add(action(task_id=task_id))
    seen: list[int] = []
    ana.line.before["pull"] = lambda: seen.append(ana.shown(task_id).task.progress)
    ana.sync()
    assert seen == [45], "between its receipt and the rows of the new epoch"
    assert ana.shown(task_id).task.progress == 45


def test_thirty_comments_whose_answer_was_lost_are_thirty(
    server: RunningServer, device: Callable[..., Device]
) -> None:
    """More than the history that a device keeps."""
    task_id = server.task("ana")
    ana = device("ana")
    ana.sync()
    ana.add(*(comment(task_id, str(n)) for n in range(30)))
    ana.line.fail("lose answer")
    ana.sync()
    assert ana.confirmed.rows([task_id]).tasks[task_id].comment_count == 30
    assert ana.shown(task_id).task.comment_count == 30
    assert len(ana.projection.trail(task_id).comments) == 30


def test_every_moment_of_a_sync_shows_the_same_thing(
    server: RunningServer, device: Callable[..., Device]
) -> None:
    """Between the push, its answer, and the page that brings the effect, nothing flickers."""
    task_id = server.task("ana")
    ana = device("ana")
    ana.sync()
    ana.add(action(task_id=task_id), comment(task_id, "halfway"))
    seen: list[tuple[int, int, list[str]]] = []

    def look() -> None:
        view, trail = ana.shown(task_id), ana.projection.trail(task_id)
        seen.append((view.task.progress, view.task.comment_count, [c.text for c in trail.comments]))

    look()
    ana.line.before["push"] = look
    ana.line.before["pull"] = look
    ana.line.fail("lose answer")
    ana.sync()
    look()
    ana.line.before["pull"] = look
    ana.sync()
    look()
    assert len(seen) == 6
    assert all(moment == (45, 1, ["halfway"]) for moment in seen), seen


class TestGoneOnFrom:
    """What was replayed is not replayed again, and nobody can tell."""

    @pytest.fixture
    def decided(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The actions that were decided, in order."""
        ops: list[str] = []
        decide = projection.decide

        def noted(state: Any, action: Action, *more: Any) -> Any:
            ops.append(action.op_id)
            return decide(state, action, *more)

        monkeypatch.setattr(projection, "decide", noted)
        return ops

    def test_a_queue_that_grows_is_decided_once(self, desk: Desk, decided: list[str]) -> None:
        made = [percent(n) for n in range(20)]
        for n, one in enumerate(made):
            desk.do(one)
            assert desk.projection.views([T])[T].task.progress == n
        assert decided == [one.op_id for one in made]
        desk.projection.trail(T)
        desk.projection.views()
        assert len(decided) == 20

    def test_another_row_below_decides_all_again(self, desk: Desk, decided: list[str]) -> None:
        made = [percent(10), comment(T, "x")]
        desk.do(*made)
        desk.projection.views()
        decided.clear()
        desk.pull(11, task(T, title="Renamed", version=2))
        assert desk.projection.views()[T].task.title == "Renamed"
        assert decided == [one.op_id for one in made]

    def test_what_follows_an_edited_one_is_decided_again(
        self, desk: Desk, decided: list[str]
    ) -> None:
        made = [percent(10), percent(20), percent(30)]
        desk.do(*made)
        desk.projection.views()
        decided.clear()
        desk.outbox.edit(made[1].op_id, {"percent": 100})
        assert desk.projection.views()[T].task.status is Status.COMPLETED
        assert decided == [one.op_id for one in made[1:]]

    def test_people_who_came_meanwhile_may_be_named(self, desk: Desk, decided: list[str]) -> None:
        made = action(
            Kind.CREATE_TASK, args={"title": "New", "people": [{"user_id": ANA}, {"user_id": T}]}
        )
        one = Projection(desk.confirmed, desk.outbox, Actor(ANA, Role.ADMIN))
        desk.do(made)
        assert made.task_id not in one.views()
        desk.pull(11, people=[Person(T, 4, "new", "New", Role.EMPLOYEE, True)])
        assert set(one.views()[made.task_id].state.people) == {ANA, T}
        assert decided == [made.op_id] * 2

    @pytest.mark.parametrize("seed", range(20))
    def test_it_is_what_a_new_projection_shows(self, desk: Desk, seed: int) -> None:
        rng, made, seq = random.Random(seed), list[Action](), 10
        other = new_id()
        desk.pull(10, task(other, number=2, created_by=ANA))
        for _ in range(40):
            task_id, dice = rng.choice((T, other)), rng.random()
            waiting = [item.action for item in desk.outbox.waiting()]
            if dice < 0.5 or not waiting:
                kinds = (Kind.HOLD, Kind.RESUME, Kind.COMPLETE, Kind.REOPEN)
                one = rng.choice(
                    (
                        action(Kind.SET_PROGRESS, task_id, {"percent": rng.randrange(101)}),
                        action(rng.choice(kinds), task_id),
                        comment(task_id, str(seq)),
                    )
                )
                desk.do(one)
                made.append(one)
            elif dice < 0.6:
                desk.outbox.withdraw(rng.choice(waiting).op_id, START)
            elif dice < 0.7:
                desk.outbox.edit(rng.choice(waiting).op_id, {"note": "edited"})
            elif dice < 0.85:
                outcome = rng.choice((Outcome.APPLIED, Outcome.REJECTED))
                desk.answer(waiting[0], outcome, task_version=seq, seq=seq + rng.randrange(3))
            else:
                seq += 1
                desk.pull(seq, task(task_id, number=1 + (task_id == other), version=seq))
            fresh = Projection(desk.confirmed, desk.outbox, Actor(ANA, Role.EMPLOYEE))
            some = rng.choice((None, [T], [other], [T, other]))
            assert desk.projection.views(some) == fresh.views(some)
            assert desk.projection.trail(task_id) == fresh.trail(task_id)


def test_only_ones_own_minutes_are_taken_back(desk: Desk) -> None:
    def logged(user_id: str, minutes: int) -> TimeEntry:
        return TimeEntry(new_id(), T, user_id, minutes, None, "", START, START)

    def take_back(minutes: int) -> Action:
        return action(Kind.LOG_TIME, T, {"entry_id": new_id(), "minutes": minutes, "note": ""})

    def answer(minutes: int) -> str | None:
        decided = desk.projection.decide(take_back(minutes))
        return decided.code if isinstance(decided, Refusal) else None

    entries = [logged(ANA, 20), logged("rita", 60)]
    desk.pull(11, task(T, version=2, actual_minutes=80), time_entries=entries)
    assert (answer(-20), answer(-21)) == (None, "E5037")
    desk.do(take_back(-15))
    assert (answer(-5), answer(-6)) == (None, "E5037")


def test_a_list_is_read_once_also_the_first_time(desk: Desk) -> None:
    """What the rows' epoch is has to be known before; it is no reason to read them twice."""
    fresh = Projection(desk.confirmed, desk.outbox, Actor(ANA, Role.EMPLOYEE))
    asked: list[str] = []
    desk.confirmed._conn.set_trace_callback(asked.append)
    assert list(fresh.views()) == [T]
    assert [said for said in asked if "FROM tasks" in said] == ["SELECT * FROM tasks"]
