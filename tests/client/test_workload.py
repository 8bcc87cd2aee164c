"""What is counted change by change is what counting everything anew finds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.support.client import task
from tests.support.server import HOUR, START
from tests.support.windows import task_id
from tracker.cache.projection import Mark, TaskView
from tracker.domain.task import OPEN, Assignment, Part, Status, Task, is_overdue
from tracker.services.workload import Workload

PEOPLE, PROJECTS = ("ana", "jonas", "mei"), ("hall", "yard", None)


def view(one: Task, *people: tuple[str, Part, int]) -> TaskView:
    rows = tuple(Assignment(one.id, who, part, share, "rita", START) for who, part, share in people)
    return TaskView(one, rows, Mark.SAVED)


def anything(r: random.Random, number: int) -> TaskView:
    status = r.choice([*Status])
    done = status is Status.COMPLETED or (status is Status.ARCHIVED and r.random() < 0.5)
    made = task(
        task_id(number), status=status, progress=100 if done else r.randrange(100),
        project_id=r.choice(PROJECTS), due_at=r.choice([None, START + r.randrange(-9, 9) * HOUR]),
        estimated_minutes=r.choice([None, 30, 45, 600]), completed_at=START if done else None,
        rollup_progress=r.choice([None, None, 33]),
    )  # fmt: skip
    on_it = r.sample(PEOPLE, r.randrange(4))
    return view(made, *((who, r.choice([*Part]), r.choice([0, 33, 100])) for who in on_it))


def is_what_counting_anew_finds(found: Workload, views: dict[str, TaskView], now: int) -> None:
    for who in PEOPLE:
        mine = [
            (v.task, row.percent)
            for v in views.values()
            for row in v.people
            if row.user_id == who and row.part is Part.ASSIGNEE and v.task.status in OPEN
        ]
        load = found.person(who)
        assert load.open == {one.id for one, _ in mine}
        assert load.minutes == round(sum((t.estimated_minutes or 0) * p for t, p in mine) / 100)
        assert load.unestimated == sum(t.estimated_minutes is None for t, _ in mine)
        assert load.overdue(now) == sum(is_overdue(t, now) for t, _ in mine)
    for project in PROJECTS[:2]:
        tasks = [v.task for v in views.values() if v.task.project_id == project]
        standing = found.project(project or "")
        assert standing.tasks == sum(t.status is not Status.ARCHIVED for t in tasks)
        assert standing.open == sum(t.status in OPEN for t in tasks)
        assert standing.overdue(now) == sum(is_overdue(t, now) for t in tasks)
        counted = [
            t.shown_progress
            for t in tasks
            if t.status is not Status.CANCELLED
            and (t.status is not Status.ARCHIVED or t.completed_at is not None)
        ]
        mean = sum(counted) / len(counted) if counted else None
        assert standing.progress == mean


@pytest.mark.parametrize("seed", range(30))
def test_it_follows_every_change(seed: int) -> None:
    r = random.Random(seed)
    views = {task_id(n): anything(r, n) for n in range(r.randrange(30))}
    found = Workload()
    found.look(views)
    while found.step(views, 7):
        # Between two slices things change, too.
        number = r.randrange(40)
        views[task_id(number)] = anything(r, number)
        found.look(views, [task_id(number)])
    is_what_counting_anew_finds(found, views, START)
    for _ in range(60):
        number, way = r.randrange(40), r.randrange(4)
        one = task_id(number)
        if way == 0:
            views.pop(one, None)
        else:
            views[one] = anything(r, number)
        found.look(views, [one] if way != 3 else None)
        assert not found.step(views)
        is_what_counting_anew_finds(found, views, START + r.randrange(-12, 12) * HOUR)


def test_the_same_tasks_are_not_counted_again() -> None:
    views = {task_id(n): view(task(task_id(n)), ("ana", Part.ASSIGNEE, 100)) for n in range(50)}
    found = Workload()
    found.look(views)
    assert not found.is_whole
    assert found.step(views, 20)
    assert not found.step(views, 40)
    assert found.is_whole
    found.look(views)
    assert found.is_whole, "nothing differs"
    views[task_id(3)] = replace(views[task_id(3)], mark=Mark.WAITING)
    del views[task_id(4)]
    found.look(views)
    assert sum(1 for _ in iter(lambda: found.step(views, 2), False)) < 5
    assert len(found.person("ana").open) == 49
    assert found.person("nobody").open == set()


def test_it_is_not_whole_before_all_are_compared() -> None:
    views = {task_id(n): view(task(task_id(n)), ("ana", Part.ASSIGNEE, 100)) for n in range(50)}
    found = Workload()
    found.look(views)
    while found.step(views, 1):  # compares ten, then counts one by one
        assert not found.is_whole
    assert found.is_whole
    assert len(found.person("ana").open) == 50
