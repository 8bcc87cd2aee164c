"""Who may what, as a complete table."""

from __future__ import annotations

import pytest

from tracker.domain.access import Actor, may, may_see
from tracker.domain.change import TASK_KINDS, Kind
from tracker.domain.task import Assignment, Part, Priority, Role, Status, Task, TaskState

ME, OTHER = "me", "other"
SPEAK = {"comment", "edit_comment"}
ASSIGNEE = {
    "set_progress", "start", "hold", "resume", "complete", "reopen", "log_time", "accept", *SPEAK,
}  # fmt: skip
ALLOWED = {
    Part.ASSIGNEE: ASSIGNEE,
    Part.REVIEWER: {"reopen", "rate", *SPEAK},
    Part.WATCHER: SPEAK,
}


def state(part: Part | None, made_by: str = OTHER) -> TaskState:
    task = Task("t", 1, "x", "", Status.PENDING, Priority.LOW, 0, made_by, 0, 0, 1)
    people = {ME: Assignment("t", ME, part, 100, OTHER, 0)} if part else {}
    return TaskState(task, people)


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("kind", sorted(TASK_KINDS - {Kind.CREATE_TASK}))
def test_a_part_allows_exactly_its_kinds(part: Part, kind: Kind) -> None:
    assert may(Actor(ME, Role.EMPLOYEE), kind, state(part)) == (kind.value in ALLOWED[part])


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
@pytest.mark.parametrize("kind", sorted(TASK_KINDS))
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


WORK = "set_progress start hold resume complete reopen log_time accept comment edit_comment"
TABLE: dict[tuple[str | None, str], str] = {
    # (part, who made the task): every kind that is allowed
    ("ASSIGNEE", OTHER): WORK,
    ("REVIEWER", OTHER): "reopen rate comment edit_comment",
    ("WATCHER", OTHER): "comment edit_comment",
    (None, OTHER): "",
    ("ASSIGNEE", ME): f"{WORK} cancel edit_fields depend undepend",
    ("REVIEWER", ME): "reopen rate comment edit_comment",
    ("WATCHER", ME): "comment edit_comment",
    (None, ME): "comment edit_comment",
}
EVERY_KIND = {
    "set_progress", "complete", "start", "hold", "resume", "cancel", "reopen", "archive",
    "create_task", "edit_fields", "depend", "undepend", "assign", "unassign", "accept", "comment",
    "edit_comment", "log_time", "rate",
}  # fmt: skip
"""Of tasks: rights to what is about none are not asked for here."""


def test_the_table_knows_every_kind_part_and_role() -> None:
    assert {kind.value for kind in TASK_KINDS} == EVERY_KIND
    assert {part for part, _ in TABLE} - {None} == {part.value for part in Part}
    assert {role.value for role in Role} == {"EMPLOYEE", "ADMIN", "OWNER"}


@pytest.mark.parametrize("kind", sorted(EVERY_KIND - {"create_task"}))
@pytest.mark.parametrize(("part", "made_by"), TABLE)
@pytest.mark.parametrize("role", Role)
def test_role_part_and_kind_decide_together(
    role: Role, part: str | None, made_by: str, kind: str
) -> None:
    about = state(Part(part) if part else None, made_by)
    allowed = role is not Role.EMPLOYEE or kind in TABLE[part, made_by].split()
    assert may(Actor(ME, role), Kind(kind), about) == allowed


@pytest.mark.parametrize("kind", sorted(TASK_KINDS))
def test_whoever_may_do_something_to_a_task_also_sees_it(kind: Kind) -> None:
    for part, made_by in TABLE:
        about = state(Part(part) if part else None, made_by)
        me = Actor(ME, Role.EMPLOYEE)
        assert kind is Kind.CREATE_TASK or may_see(me, about) or not may(me, kind, about)


def test_an_employee_creates_for_themself_or_nobody_and_an_admin_for_anybody() -> None:
    def with_people(*users: str) -> TaskState:
        people = {user: Assignment("t", user, Part.ASSIGNEE, 100, ME, 0) for user in users}
        return TaskState(state(None, ME).task, people)

    employee, admin = Actor(ME, Role.EMPLOYEE), Actor(ME, Role.ADMIN)
    assert may(employee, Kind.CREATE_TASK, with_people())
    assert may(employee, Kind.CREATE_TASK, with_people(ME))
    assert not may(employee, Kind.CREATE_TASK, with_people(OTHER))
    assert not may(employee, Kind.CREATE_TASK, with_people(ME, OTHER))
    assert may(admin, Kind.CREATE_TASK, with_people(ME, OTHER))
