"""What actions do to tasks: decided by the same pure function on both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.ids import uuid7
from tracker.domain.replay import Applied, Context, decide, work_time
from tracker.domain.task import (
    Assignment,
    Part,
    Priority,
    Role,
    Status,
    Task,
    TaskState,
    is_overdue,
)

NOW = 1_700_000_000_000
ANA, RITA, MEI, TASK = (uuid7(NOW, bytes([n]) * 10) for n in range(4))
PROJECT = uuid7(NOW, b"p" * 10)
EMPLOYEE, ADMIN = Actor(ANA, Role.EMPLOYEE), Actor(RITA, Role.ADMIN)
CONTEXT = Context(NOW, UTC, frozenset({ANA, RITA, MEI}), frozenset({PROJECT}), number=7)


def state(status: Status = Status.PENDING, progress: int = 0, **changes: Any) -> TaskState:
    task = Task(TASK, 1, "Seal", "", status, Priority.LOW, progress, RITA, NOW, NOW, 3)
    mine = Assignment(TASK, ANA, Part.ASSIGNEE, 100, RITA, NOW)
    return TaskState(replace(task, **changes), {ANA: mine})


def action(kind: Kind, made_at: int = NOW, **args: Any) -> Action:
    return Action(uuid7(NOW, b"o" * 10), kind, TASK, args, made_at)


def applied(before: TaskState | None, what: Action, actor: Actor = EMPLOYEE, **ctx: Any) -> Applied:
    decided = decide(before, what, actor, replace(CONTEXT, **ctx))
    assert isinstance(decided, Applied), decided
    return decided


def refused(before: TaskState | None, what: Action, actor: Actor = EMPLOYEE) -> str:
    decided = decide(before, what, actor, CONTEXT)
    assert isinstance(decided, Refusal), decided
    return decided.code


def test_progress_starts_a_task_and_says_what_changed() -> None:
    after = applied(state(), action(Kind.SET_PROGRESS, percent=45, note=" cleaned "))
    task = after.state.task
    assert (task.status, task.progress) == (Status.IN_PROGRESS, 45)
    assert (task.last_progress_by, task.last_progress_at) == (ANA, NOW)
    assert after.fact.before == {"status": "PENDING", "progress": 0}
    assert after.fact.after == {"status": "IN_PROGRESS", "progress": 45}
    assert after.fact.note == "cleaned"
    assert {"progress", "status"} <= after.changed


def test_a_hundred_percent_completes_and_reopening_brings_the_progress_back() -> None:
    done = applied(state(Status.IN_PROGRESS, 65), action(Kind.SET_PROGRESS, percent=100))
    assert done.state.task.status is Status.COMPLETED
    assert done.state.task.completed_at == NOW
    again = applied(done.state, action(Kind.REOPEN)).state.task
    assert (again.status, again.progress, again.completed_at) == (Status.IN_PROGRESS, 65, None)


def test_completing_keeps_the_note() -> None:
    task = applied(state(), action(Kind.COMPLETE, note="all fine")).state.task
    assert (task.progress, task.completion_notes) == (100, "all fine")


@pytest.mark.parametrize(
    ("status", "kind", "after"),
    [
        ("PENDING", "start", "IN_PROGRESS"),
        ("PENDING", "hold", "ON_HOLD"),
        ("IN_PROGRESS", "hold", "ON_HOLD"),
        ("ON_HOLD", "resume", "IN_PROGRESS"),
        ("CANCELLED", "reopen", "IN_PROGRESS"),
    ],
)
def test_each_kind_moves_to_its_status(status: str, kind: str, after: str) -> None:
    assert applied(state(Status(status), 30), action(Kind(kind))).state.task.status == after


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("IN_PROGRESS", "start", "E5002"),
        ("ON_HOLD", "start", "E5002"),
        ("PENDING", "resume", "E5002"),
        ("COMPLETED", "hold", "E5002"),
        ("COMPLETED", "complete", "E5002"),
        ("IN_PROGRESS", "reopen", "E5002"),
        ("CANCELLED", "complete", "E5005"),
        ("ARCHIVED", "reopen", "E5014"),
    ],
)
def test_what_the_machine_does_not_allow_is_refused(status: str, kind: str, code: str) -> None:
    assert refused(state(Status(status), 30), action(Kind(kind))) == code


@pytest.mark.parametrize(
    ("status", "code"), [("COMPLETED", "E5003"), ("CANCELLED", "E5005"), ("ARCHIVED", "E5014")]
)
def test_progress_of_a_finished_task_is_refused(status: str, code: str) -> None:
    assert refused(state(Status(status), 30), action(Kind.SET_PROGRESS, percent=40)) == code


def test_a_parent_takes_its_progress_from_its_children() -> None:
    assert refused(state(child_count=2), action(Kind.SET_PROGRESS, percent=40)) == "E5011"


def test_a_moved_progress_is_merged_and_an_unmoved_is_not() -> None:
    before, what = state(Status.IN_PROGRESS, 30), action(Kind.SET_PROGRESS, percent=40)
    assert applied(before, what, moved=frozenset({"progress"})).merged == ("progress",)
    assert applied(before, what, moved=frozenset({"title"})).merged == ()


def test_a_comment_counts_and_carries_its_text() -> None:
    what = action(Kind.COMMENT, comment_id=MEI, text="use the 40 Nm setting")
    after = applied(state(Status.CANCELLED), what)
    assert after.comment is not None
    assert (after.comment.text, after.state.task.comment_count) == ("use the 40 Nm setting", 1)


def test_assigning_lets_in_and_unassigning_shuts_out() -> None:
    let_in = applied(state(), action(Kind.ASSIGN, user_id=MEI, part="REVIEWER"), ADMIN)
    assert (let_in.granted, let_in.state.people[MEI].part) == (MEI, Part.REVIEWER)
    shut_out = applied(let_in.state, action(Kind.UNASSIGN, user_id=MEI), ADMIN)
    assert (shut_out.lost, set(shut_out.state.people)) == (MEI, {ANA})
    assert refused(state(), action(Kind.UNASSIGN, user_id=MEI), ADMIN) == "E5015"
    assert refused(state(), action(Kind.ASSIGN, user_id=TASK), ADMIN) == "E5006"


def test_creating_gives_a_number_and_a_due_day_ends_at_midnight() -> None:
    what = action(Kind.CREATE_TASK, title="New", due_date="2026-03-01", project_id=PROJECT)
    task = applied(None, what).state.task
    assert (task.number, task.due_date, task.due_at) == (7, "2026-03-01", 1772409599999)
    assert is_overdue(task, 1772409600000)
    assert not is_overdue(task, 1772409599999)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"title": "x", "project_id": MEI}, "E5007"),
        ({"title": "x", "people": [{"user_id": TASK}]}, "E5006"),
        ({"title": "x", "people": [{"user_id": MEI}]}, "E5004"),
    ],
)
def test_an_employee_creates_for_themself_with_known_things(args: Any, code: str) -> None:
    assert refused(None, action(Kind.CREATE_TASK, **args)) == code


def test_an_id_in_use_is_refused() -> None:
    assert refused(state(), action(Kind.CREATE_TASK, title="x")) == "E5012"


def test_a_task_one_cannot_see_is_like_none() -> None:
    assert refused(None, action(Kind.START)) == "E5001"
    hidden = TaskState(state().task, {})
    assert refused(hidden, action(Kind.START)) == "E5001"


def test_the_time_of_work_is_corrected_and_never_after_the_arrival() -> None:
    behind = replace(action(Kind.START, made_at=NOW - 5000), clock_offset=2000)
    assert work_time(behind, NOW) == NOW - 3000
    assert work_time(action(Kind.START, made_at=NOW + 9000), NOW) == NOW
    assert work_time(replace(behind, clock_offset=-(2**53)), NOW) == 0


MOVES = st.one_of(
    st.builds(lambda p: action(Kind.SET_PROGRESS, percent=p), st.integers(-5, 105)),
    st.sampled_from(
        [Kind.COMPLETE, Kind.START, Kind.HOLD, Kind.RESUME, Kind.CANCEL, Kind.REOPEN]
    ).map(action),
)


@given(st.lists(MOVES, max_size=30))
def test_no_sequence_of_actions_makes_a_task_that_contradicts_itself(moves: list[Action]) -> None:
    now = state()
    for move in moves:
        before = now
        frozen = replace(before.task)
        decided = decide(before, move, ADMIN, CONTEXT)
        assert before.task == frozen
        if isinstance(decided, Applied):
            now = decided.state
        task = now.task
        assert 0 <= task.progress <= 100
        assert (task.status is Status.COMPLETED) == (task.completed_at is not None)
        assert task.status is not Status.COMPLETED or task.progress == 100
