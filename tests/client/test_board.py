"""What a board keeps from one change to the next is what it would find by doing all again."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import page, task
from tests.support.server import DAY, START
from tracker.cache import confirmed as rows
from tracker.cache.projection import TaskView
from tracker.config import Profile
from tracker.domain.page import Changes
from tracker.domain.task import (
    OPEN,
    Assignment,
    Part,
    Person,
    Priority,
    Project,
    Role,
    Status,
    Task,
    is_overdue,
)
from tracker.protocol.sync import Gone
from tracker.services import board as boards
from tracker.services import listing
from tracker.services.board import Board, Filter, Place, Sort
from tracker.services.tasks import Done, Tasks
from tracker.services.workspace import Workspace, open_workspace

HOUR = 3_600_000
ANA, RITA = "ana", "rita"
HALL, YARD = "p-hall", "p-yard"
ZOE, YUN = "zoe", "yun"
TEAM = {ZOE}
URGENCY = [Priority.URGENT, Priority.HIGH, Priority.MEDIUM, Priority.LOW]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    profile = Profile(
        folder=tmp_path / "ana",
        scope="desk",
        server_url="http://127.0.0.1:9",
        server_id="s1",
        user_id=ANA,
        name="ana",
        display_name="Ana Moreno",
        role=Role.EMPLOYEE,
        tenant="Northwind",
    )
    with closing(open_workspace(profile)) as opened:
        projects = [Project(HALL, 1, "Hall B retrofit", False), Project(YARD, 2, "Yard", False)]
        people = [
            Person(ZOE, 1, ZOE, "Zoë Abel", Role.EMPLOYEE, True, team_id="team"),
            Person(YUN, 2, YUN, "yun Oh", Role.EMPLOYEE, True),
        ]
        first = page(1, projects=projects, people=people, snapshot=True)
        opened.confirmed.apply(first, START)
        yield opened


class Feed:
    """Changes as a pull would bring them: tasks come, change in anything, and go."""

    def __init__(self, workspace: Workspace, chance: random.Random) -> None:
        self._confirmed, self._chance = workspace.confirmed, chance
        self._seq = 1
        self.tasks: dict[str, Task] = {}

    def pull(self, number: int) -> frozenset[str]:
        self._seq += 1
        coming = [self._task() for _ in range(number)]
        going = [t for t in self.tasks if self._chance.random() < 0.02]
        parts = [
            Assignment(t.id, who, part, 100, RITA, START)
            for t in coming
            for who, part in ((ANA, self._chance.choice(list(Part))), (RITA, Part.REVIEWER),
                              (self._chance.choice([ZOE, YUN, "gone"]), Part.ASSIGNEE))
        ]  # fmt: skip
        stones = [Gone(kind="task", id=task_id) for task_id in going]
        answer = page(self._seq, tasks=coming, assignments=parts, gone=stones)
        changes = self._confirmed.apply(answer, START)
        self.tasks |= {t.id: t for t in coming}
        for task_id in going:
            del self.tasks[task_id]
        return changes.tasks

    def _task(self) -> Task:
        chance = self._chance
        known = chance.choice(list(self.tasks)) if self.tasks and chance.random() < 0.7 else ""
        number = int(known[1:]) if known else len(self.tasks) + 1_000 * self._seq
        due = START + chance.randrange(-40, 40) * HOUR if chance.random() < 0.8 else None
        by_day = due is not None and chance.random() < 0.3
        return task(
            f"t{number:07}",
            number=number % 50,  # ties, as tasks have that wait for their number
            title=chance.choice(["Replace pump seal", "Paint the rail", "äußere Tür", "Paint"]),
            status=chance.choice(list(Status)),
            priority=chance.choice(list(Priority)),
            project_id=chance.choice([None, HALL, YARD]),
            due_at=due,
            updated_at=START + chance.randrange(9),
            progress=chance.randrange(4) * 20,
            due_date=datetime.fromtimestamp((due or 0) / 1000, UTC).date().isoformat()
            if by_day
            else None,
            created_at=START - chance.randrange(9) * DAY,
            completed_at=chance.choice([None, START - HOUR]),
            version=self._seq,
        )


def plainly(board: Board, wanted: Filter, now: int, commented: Container[str] = ()) -> list[str]:
    """The ids that fit, in order, from nothing but the views and who was `commented` so."""
    found = [v for v in board.views.values() if fits(board, v, wanted, now, commented)]
    return [view.task.id for view in in_order(board, found, wanted)]


def fits(board: Board, view: TaskView, wanted: Filter, now: int, commented: Container[str]) -> bool:
    one = view.task
    project = board.projects[one.project_id].name if one.project_id else ""
    said = f"{one.title}\n{one.description}\n{project}".casefold()
    return (
        is_in(view, wanted.place, now)
        and wanted.priority in (None, one.priority)
        and wanted.project in (None, one.project_id)
        and (wanted.team is None or {row.user_id for row in view.people} & TEAM)
        and (not wanted.overdue or is_overdue(one, now))
        and (wanted.person is None or wanted.person in {row.user_id for row in view.people})
        and (
            wanted.text.casefold() in said
            or wanted.text == str(one.number)
            or (bool(wanted.text) and one.id in commented)
        )
    )


def is_in(view: TaskView, where: Place, now: int) -> bool:
    one = view.task
    midnight = datetime.fromtimestamp(now / 1000).astimezone().replace(hour=23, minute=59)
    by_today = one.due_at is not None and (
        one.due_date <= midnight.date().isoformat()
        if one.due_date
        else one.due_at < midnight.replace(second=0, microsecond=0).timestamp() * 1000 + 60_000
    )
    return {
        Place.ALL: one.status is not Status.ARCHIVED,
        Place.TODAY: one.status in OPEN and by_today,
        Place.OVERDUE: is_overdue(one, now),
        Place.PENDING: one.status is Status.PENDING,
        Place.IN_PROGRESS: one.status is Status.IN_PROGRESS,
        Place.ON_HOLD: one.status is Status.ON_HOLD,
        Place.DONE: one.status is Status.COMPLETED,
        Place.CANCELLED: one.status is Status.CANCELLED,
        Place.ARCHIVED: one.status is Status.ARCHIVED,
        Place.WATCHING: any(
            row.user_id == ANA and row.part is not Part.ASSIGNEE for row in view.people
        ),
    }[where]


def may_move(view: TaskView) -> bool:
    return any(row.user_id == ANA and row.part is Part.ASSIGNEE for row in view.people)


def in_order(board: Board, found: list[TaskView], wanted: Filter) -> list[TaskView]:
    """Sorted by one thing after the other, the last first: each keeps the order of those before."""
    back = wanted.backwards

    def by(value: Callable[[TaskView], Any], backwards: bool = False) -> None:
        found.sort(key=value, reverse=backwards)

    def number(view: TaskView) -> int:
        return view.task.number or 1 << 62

    def urgency(view: TaskView) -> int:
        return URGENCY.index(view.task.priority)

    def due(backwards: bool) -> None:
        by(lambda v: v.task.due_at or 0, backwards)
        by(lambda v: v.task.due_at is None)

    def named(name: Callable[[TaskView], str]) -> None:
        by(lambda v: name(v).casefold(), back)
        by(lambda v: name(v) == "")

    by(lambda v: v.task.id)
    if wanted.sort is Sort.NUMBER:
        by(number, back)
        return found
    by(lambda v: v.task.number)
    match wanted.sort:
        case Sort.DUE:
            by(urgency)
            due(back)
            by(lambda v: -(v.task.completed_at or v.task.updated_at)
               if v.task.status not in OPEN else 0, back)  # fmt: skip
        case Sort.PRIORITY:
            due(back)
            by(urgency, back)
        case Sort.TITLE:
            by(lambda v: v.task.title.casefold(), back)
        case Sort.NEWEST:
            by(lambda v: -v.task.created_at, back)
        case Sort.UPDATED:
            by(lambda v: -v.task.updated_at, back)
        case Sort.PROGRESS:
            by(lambda v: v.task.shown_progress, back)
        case Sort.PERSON:
            named(lambda v: min(doing(board, v), default=""))
        case Sort.PROJECT:
            named(lambda v: board.project_of(v.task))
        case Sort.STATUS:
            due(back)
            by(lambda v: list(Status).index(v.task.status), back)
            return found
    by(lambda v: v.task.status not in OPEN)
    return found


def doing(board: Board, view: TaskView) -> list[str]:
    rows = [row for row in view.people if row.part is Part.ASSIGNEE]
    return [board.people[r.user_id].display_name for r in rows if r.user_id in board.people]


def any_filter(chance: random.Random) -> Filter:
    return Filter(
        place=chance.choice([*Place, Place.OVERDUE, Place.TODAY, Place.ALL]),
        text=chance.choice(["", "", "PUMP", "hall", "7", "nothing"]),
        priority=chance.choice([None, None, *Priority]),
        person=chance.choice([None, None, RITA]),
        project=chance.choice([None, None, HALL]),
        team=chance.choice([None, None, None, "team"]),
        overdue=chance.random() < 0.2,
        sort=chance.choice(list(Sort)),
        backwards=chance.random() < 0.5,
    )


@pytest.mark.parametrize("seed", range(12))
def test_random_changes_leave_what_doing_all_again_finds(workspace: Workspace, seed: int) -> None:
    chance = random.Random(seed)
    feed = Feed(workspace, chance)
    feed.pull(60)
    board, tasks = Board(workspace), Tasks(workspace)
    now, wanted = START, Filter()
    for _ in range(60):
        if chance.random() < 0.3:
            wanted = any_filter(chance)
        if chance.random() < 0.6:  # time passes, and a clock that was set back goes back
            now += chance.choice([0, 1, 20 * 60_000, HOUR, 9 * HOUR, -HOUR])
        changed = feed.pull(chance.choice([0, 1, 1, 7]))
        if chance.random() < 0.3 and feed.tasks:
            done = tasks.set_progress(chance.choice(list(feed.tasks)), chance.randrange(101), "")
            changed |= done.changes.tasks if isinstance(done, Done) else frozenset()
        board.refresh(Changes(changed))
        assert board.views == workspace.projection.views()
        assert list(board.select(wanted, now)) == plainly(board, wanted, now)
        soonest = plainly(board, Filter(Place.IN_PROGRESS), now)
        mine = [one for one in soonest if may_move(board.views[one])]
        assert list(board.in_hand(3)) == mine[:3]
        found = board.counts(now)
        assert board.overdue(now) == found[Place.OVERDUE]
        assert found == {p: len(plainly(board, Filter(p), now)) for p in Place}


@pytest.mark.parametrize("seed", range(12))
def test_a_large_board_comes_to_the_same_a_bit_at_a_time(
    workspace: Workspace, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room, name, value in (
        (boards, "SMALL", 0), (boards, "AT_ONCE", 3), (listing, "STEP", 5), (rows, "_SEARCHED", 2),
    ):  # fmt: skip
        monkeypatch.setattr(room, name, value)
    chance = random.Random(seed)
    feed = Feed(workspace, chance)
    feed.pull(60)
    board, tasks, called = Board(workspace), Tasks(workspace), []
    board.on_busy = lambda: called.append(1)
    wanted, known = Filter(), len(board.select(Filter(), START))
    for _ in range(60):
        if chance.random() < 0.4:
            wanted = any_filter(chance)
        changed = Changes(feed.pull(chance.choice([0, 1, 1, 7])), people=chance.random() < 0.1)
        if chance.random() < 0.3 and feed.tasks:
            task_id = chance.choice(list(feed.tasks))
            done = tasks.comment(task_id, chance.choice(["the pump", "hall", "x"]))
            changed |= done.changes if isinstance(done, Done) else Changes()
        if chance.random() < 0.1:
            changed = Changes(everything=True)
        board.refresh(changed)
        board.select(wanted, START)
        assert bool(called) or not board.is_busy
        for _ in range(chance.randrange(12)):
            board.work(0)
        assert len(board.views) > known // 2, "half a list is never shown"
        if chance.random() < 0.4:
            for _ in range(10_000):
                if not board.is_busy:
                    break
                board.work(0)
                board.select(wanted, START)
            assert not board.is_busy
            assert board.views == workspace.projection.views()
            commented = workspace.projection.mentioned(wanted.text, sorted(board.views))
            assert list(board.select(wanted, START)) == plainly(board, wanted, START, commented)
            found = board.counts(START)
            assert found == {p: len(plainly(board, Filter(p), START)) for p in Place}


def test_what_was_shown_before_is_forgotten_a_bit_at_a_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room, name, value in ((boards, "SMALL", 0), (boards, "AT_ONCE", 7), (listing, "STEP", 5)):
        monkeypatch.setattr(room, name, value)
    some = [task(f"t{n:02}", number=n + 1) for n in range(60)]
    workspace.confirmed.apply(page(2, tasks=some), START)
    board = Board(workspace)
    views, order = board.views, board._listing
    board.refresh(Changes(everything=True))
    while not board.work(0):
        assert board.views is views
        assert len(views) == 60
    assert board.views is not views
    left = [len(views) + len(order._keys)]
    while board.is_busy:
        board.work(0)
        left.append(len(views) + len(order._keys))
    assert left[0] == 120
    assert left[-1] == 0
    assert max(a - b for a, b in pairwise(left)) == 5
    assert len(board.views) == len(board.select(Filter(), START)) == 60


def test_the_same_ids_are_the_same_tuple(workspace: Workspace) -> None:
    one, two = task("t1", number=1), task("t2", number=2, due_at=START)
    workspace.confirmed.apply(page(2, tasks=[one, two]), START)
    board = Board(workspace)
    before = board.select(Filter(), START)
    assert before == ("t2", "t1")
    workspace.confirmed.apply(page(3, tasks=[replace(one, progress=40, version=2)]), START)
    board.refresh(Changes(frozenset({"t1"})))
    assert board.views["t1"].task.progress == 40
    assert board.select(Filter(), START) is before


@pytest.mark.parametrize("sort", [Sort.PERSON, Sort.PROJECT])
def test_a_new_name_is_a_new_place(workspace: Workspace, sort: Sort) -> None:
    tasks = [task("t1", project_id=HALL, number=1), task("t2", project_id=YARD, number=2)]
    on = [Assignment("t1", YUN, Part.ASSIGNEE, 100, RITA, START),
          Assignment("t2", ZOE, Part.ASSIGNEE, 100, RITA, START)]  # fmt: skip
    workspace.confirmed.apply(page(2, tasks=tasks, assignments=on), START)
    board, wanted = Board(workspace), Filter(sort=sort)
    assert board.select(wanted, START) == ("t1", "t2")
    new = page(
        3, projects=[Project(HALL, 1, "Zoo", False, version=2)],
        people=[Person(YUN, 2, YUN, "Zz", Role.EMPLOYEE, True, version=2)],
        tasks=[replace(tasks[0], progress=5, version=2)],
    )  # fmt: skip
    board.refresh(workspace.confirmed.apply(new, START))
    assert board.select(wanted, START) == ("t2", "t1")


def test_a_search_finds_a_project_by_its_new_name(workspace: Workspace) -> None:
    workspace.confirmed.apply(page(2, tasks=[task("t1", project_id=HALL)]), START)
    board = Board(workspace)
    assert board.select(Filter(text="foundry"), START) == ()
    renamed = Project(HALL, 1, "Foundry", False, version=2)
    board.refresh(workspace.confirmed.apply(page(3, projects=[renamed]), START))
    assert board.select(Filter(text="foundry"), START) == ("t1",)


def test_what_the_server_answered_is_shown_until_a_pull_brings_it(workspace: Workspace) -> None:
    board = Board(workspace)
    made = Project("p-new", 3, "Metering", False)
    renamed = replace(board.projects[HALL], name="Hall C", version=2)
    for thing in (made, renamed):
        board.learn(thing)
    for _ in range(2):
        assert (board.projects["p-new"], board.projects[HALL]) == (made, renamed)
        board.refresh(Changes(people=True))  # of something else, from before
    newer = replace(renamed, name="Hall D", version=3)
    found = workspace.confirmed.apply(page(2, projects=[made, newer]), START)
    board.refresh(found)
    assert (board.projects["p-new"], board.projects[HALL]) == (made, newer)
    board.learn(renamed)
    assert board.projects[HALL] == newer
