"""Who may what, as a complete table."""

from __future__ import annotations

import pytest

from tracker.domain.access import Actor, may, may_see
from tracker.domain.change import Kind
from tracker.domain.task import Assignment, Part, Priority, Role, Status, Task, TaskState

ME, OTHER = "me", "other"
ASSIGNEE = {"set_progress", "start", "hold", "resume", "complete", "reopen", "comment"}
ALLOWED = {
    Part.ASSIGNEE: ASSIGNEE,
    Part.REVIEWER: {"reopen", "comment"},
    Part.WATCHER: {"comment"},
}


def state(part: Part | None, made_by: str = OTHER) -> TaskState:
    task = Task("t", 1, "x", "", Status.PENDING, Priority.LOW, 0, made_by, 0, 0, 1)
    people = {ME: Assignment("t", ME, part, 100, OTHER, 0)} if part else {}
    return TaskState(task, people)


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CREATE_TASK])
def test_a_part_allows_exactly_its_kinds(part: Part, kind: Kind) -> None:
    assert may(Actor(ME, Role.EMPLOYEE), kind, state(part)) == (kind.value in ALLOWED[part])


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
@pytest.mark.parametrize("kind", Kind)
def test_admins_and_owners_may_everything_about_tasks(role: Role, kind: Kind) -> None:
    assert may(Actor(ME, role), kind, state(None))
    assert may_see(Actor(ME, role), state(None))


def test_who_made_a_task_for_themself_may_cancel_it() -> None:
    me = Actor(ME, Role.EMPLOYEE)
    assert may(me, Kind.CANCEL, state(Part.ASSIGNEE, made_by=ME))
    assert not may(me, Kind.CANCEL, state(Part.WATCHER, made_by=ME))
    assert not may(me, Kind.CANCEL, state(Part.ASSIGNEE))


def test_a_task_is_seen_by_those_on_it_and_who_made_it() -> None:
    me = Actor(ME, Role.EMPLOYEE)
    assert may_see(me, state(Part.WATCHER))
    assert may_see(me, state(None, made_by=ME))
    assert not may_see(me, state(None))
