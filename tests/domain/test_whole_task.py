"""Editing, parents, waiting, comments, time, ratings and archiving: decided by the one function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.domain.test_replay import (
    ADMIN,
    ANA,
    CONTEXT,
    EMPLOYEE,
    MEI,
    NOW,
    PROJECT,
    RITA,
    TASK,
    action,
    applied,
    refused,
    state,
)
from tracker.domain.access import Actor
from tracker.domain.change import Kind, parse
from tracker.domain.decision import Context
from tracker.domain.errors import Refusal
from tracker.domain.graph import counted, is_below, reaches
from tracker.domain.ids import uuid7
from tracker.domain.replay import decide
from tracker.domain.task import Comment, Part, Role, Status, TaskState

A, B, C = (uuid7(NOW, bytes([n]) * 10) for n in range(10, 13))


def other(task_id: str, parent_id: str | None = None, **changes: Any) -> TaskState:
    found = state(**changes)
    return replace(found, task=replace(found.task, id=task_id, parent_id=parent_id))


def knowing(*others: TaskState, **more: Any) -> dict[str, Any]:
    there = {found.task.id: found for found in others}
    return {"task": there.get, **more}


def code(before: TaskState | None, what: Any, actor: Actor = ADMIN, **ctx: Any) -> str:
    decided = decide(before, what, actor, replace(CONTEXT, **ctx))
    assert isinstance(decided, Refusal), decided
    return decided.code


# -- editing -----------------------------------------------------------------------------------


def test_an_edit_changes_what_it_names_and_tells_both_values() -> None:
    what = action(Kind.EDIT_FIELDS, fields={"title": "Pump", "priority": "URGENT"})
    done = applied(state(), what, ADMIN)
    assert (done.state.task.title, done.state.task.priority) == ("Pump", "URGENT")
    assert done.fact.before == {"title": "Seal", "priority": "LOW"}
    assert done.fact.after == {"title": "Pump", "priority": "URGENT"}
    assert done.changed == {"title", "priority"}
    assert done.merged == ()


def test_of_two_edits_of_one_field_the_later_stands_and_says_so() -> None:
    what = action(Kind.EDIT_FIELDS, fields={"title": "Pump", "description": "new"})
    assert applied(state(), what, ADMIN, moved=frozenset({"title", "progress"})).merged == (
        "title",
    )


def test_a_due_is_a_day_or_an_instant_and_one_takes_the_others_place() -> None:
    day = applied(state(), action(Kind.EDIT_FIELDS, fields={"due_date": "2026-03-01"}), ADMIN)
    assert (day.state.task.due_date, day.state.task.due_at) == ("2026-03-01", 1772409599999)
    at = applied(day.state, action(Kind.EDIT_FIELDS, fields={"due_at": NOW}), ADMIN)
    assert (at.state.task.due_date, at.state.task.due_at) == (None, NOW)
    gone = applied(at.state, action(Kind.EDIT_FIELDS, fields={"due_date": None}), ADMIN)
    assert (gone.state.task.due_date, gone.state.task.due_at) == (None, None)


@pytest.mark.parametrize(
    ("fields", "wanted", "field"),
    [
        ({}, "E2017", "fields"),
        ("title", "E2017", "fields"),
        ({"title": " "}, "E2001", "title"),
        ({"title": None}, "E2001", "title"),
        ({"priority": None}, "E2005", "priority"),
        ({"status": "COMPLETED"}, "E2017", "status"),
        ({"created_by": ANA}, "E2017", "created_by"),
        ({"actual_minutes": 5}, "E2017", "actual_minutes"),
        ({"due_at": NOW, "due_date": "2026-01-01"}, "E2004", "due_date"),
        ({"revenue_cents": 1.5}, "E2023", "revenue_cents"),
        ({"parent_id": "7"}, "E2006", "parent_id"),
        ({"scheduled_at": -1}, "E2004", "scheduled_at"),
        ({"task_type": "x" * 61}, "E2002", "task_type"),
    ],
)
def test_fields_that_cannot_be_set_or_read_are_named(fields: Any, wanted: str, field: str) -> None:
    refusal = parse(Kind.EDIT_FIELDS, {"fields": fields})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (wanted, field)


def test_who_may_edit() -> None:
    what = action(Kind.EDIT_FIELDS, fields={"title": "Pump"})
    assert refused(state(), what) == "E5004"
    own = state(created_by=ANA)
    assert applied(own, what).state.task.title == "Pump"
    assert refused(state(Status.ARCHIVED, created_by=ANA), what) == "E5014"
    assert code(state(), action(Kind.EDIT_FIELDS, fields={"project_id": MEI})) == "E5007"
    done = applied(state(), action(Kind.EDIT_FIELDS, fields={"project_id": PROJECT}), ADMIN)
    assert done.state.task.project_id == PROJECT


# -- parents -----------------------------------------------------------------------------------


def test_a_task_is_never_below_itself() -> None:
    # C is below B is below the task
    there = knowing(state(), other(B, TASK), other(C, B), other(A))
    for parent in (TASK, B, C):
        what = action(Kind.EDIT_FIELDS, fields={"parent_id": parent})
        assert code(state(), what, **there) == "E5031"
    what = action(Kind.EDIT_FIELDS, fields={"parent_id": A})
    assert applied(state(), what, ADMIN, **there).state.task.parent_id == A


def test_a_parent_has_to_be_seen_and_there() -> None:
    what = action(Kind.CREATE_TASK, title="x", parent_id=A)
    assert code(None, what) == "E5030"
    assert code(None, what, **knowing(other(A, status=Status.ARCHIVED))) == "E5030"
    hidden = TaskState(other(A).task, {})
    assert code(None, what, EMPLOYEE, **knowing(hidden)) == "E5030"
    assert applied(None, what, **knowing(other(A))).state.task.parent_id == A


def test_a_broken_chain_of_parents_ends_the_walk() -> None:
    loop = {A: other(A, B), B: other(B, A)}
    assert not is_below(TASK, loop[A], loop.get)
    assert is_below(B, loop[A], loop.get)


def test_only_parents_that_a_change_concerns_are_counted() -> None:
    plain, child = other(B).task, other(B, A).task
    assert counted(None, child) == {A: 1}
    assert counted(child, child) == {}
    assert counted(child, replace(child, progress=5)) == {A: 0}
    assert counted(child, replace(child, cancelled_at=1)) == {A: -1}
    assert counted(child, plain) == {A: -1}
    assert counted(child, replace(child, parent_id=C)) == {A: -1, C: 1}


# -- waiting for others --------------------------------------------------------------------------


def test_tasks_never_wait_for_each_other() -> None:
    needs = {A: [B], B: [C], C: [TASK]}
    there = knowing(state(), other(A), other(B), needs=lambda one: needs.get(one, ()))
    for needed in (TASK, A, B):
        assert code(state(), action(Kind.DEPEND, needs_id=needed), **there) == "E5032"
    free = knowing(other(A), needs=lambda one: {A: [B]}.get(one, ()))
    done = applied(state(), action(Kind.DEPEND, needs_id=A), ADMIN, **free)
    assert done.dependency is not None
    assert (done.dependency.task_id, done.dependency.needs_id) == (TASK, A)
    assert done.fact.after == {"needs_id": A, "needs": 1}


def test_waiting_twice_for_one_task_is_waiting_once() -> None:
    there = knowing(other(A), needs=lambda one: [A] if one == TASK else [])
    assert applied(state(), action(Kind.DEPEND, needs_id=A), ADMIN, **there).dependency is None
    done = applied(state(), action(Kind.UNDEPEND, needs_id=A), ADMIN, **there)
    assert done.parted == A
    assert code(state(), action(Kind.UNDEPEND, needs_id=B), **there) == "E5033"
    assert code(state(), action(Kind.DEPEND, needs_id=B), **there) == "E5030"


def test_a_graph_with_a_loop_ends_the_walk() -> None:
    needs = {A: [B], B: [A]}
    assert not reaches(A, C, lambda one: needs.get(one, ()))


def test_a_blocked_task_says_so_and_takes_work() -> None:
    blocked = state(open_needs=1)
    assert blocked.task.is_blocked
    done = applied(blocked, action(Kind.COMPLETE))
    assert not done.state.task.is_blocked


# -- people --------------------------------------------------------------------------------------


def test_accepting_says_when_and_only_the_first_time_counts() -> None:
    first = applied(state(), action(Kind.ACCEPT, NOW - 50))
    mine = first.state.people[ANA]
    assert (mine.accepted_at, mine.version) == (NOW - 50, 2)
    assert applied(first.state, action(Kind.ACCEPT, NOW)).state.people[ANA] == mine
    assert refused(state(), action(Kind.ACCEPT), ADMIN) == "E5034"


def test_who_completes_has_done_their_part_until_it_is_opened_again() -> None:
    done = applied(state(), action(Kind.COMPLETE))
    assert done.state.people[ANA].completed_at == NOW
    again = applied(done.state, action(Kind.REOPEN)).state.people[ANA]
    assert (again.completed_at, again.version) == (None, 3)
    by_admin = applied(state(), action(Kind.COMPLETE), ADMIN)
    assert by_admin.state.people[ANA].completed_at is None


def test_another_share_of_the_same_part_keeps_that_it_was_accepted() -> None:
    taken = applied(state(), action(Kind.ACCEPT)).state
    half = applied(taken, action(Kind.ASSIGN, user_id=ANA, percent=50), ADMIN)
    assert half.state.people[ANA].accepted_at == NOW
    watching = applied(taken, action(Kind.ASSIGN, user_id=ANA, part="WATCHER"), ADMIN)
    assert watching.state.people[ANA].accepted_at is None


def test_when_it_was_first_assigned_begun_and_cancelled() -> None:
    made = applied(None, action(Kind.CREATE_TASK, title="x"), ADMIN).state
    assert made.task.assigned_at is None
    watched = applied(made, action(Kind.ASSIGN, user_id=MEI, part="WATCHER"), ADMIN).state
    assert watched.task.assigned_at is None
    given = applied(watched, action(Kind.ASSIGN, NOW - 9, user_id=ANA), ADMIN).state
    assert given.task.assigned_at == NOW - 9
    later = applied(given, action(Kind.ASSIGN, NOW, user_id=MEI), ADMIN).state
    assert later.task.assigned_at == NOW - 9
    begun = applied(later, action(Kind.SET_PROGRESS, NOW - 5, percent=10)).state
    assert begun.task.started_at == NOW - 5
    dropped = applied(begun, action(Kind.CANCEL, NOW - 3), ADMIN).state
    assert (dropped.task.started_at, dropped.task.cancelled_at) == (NOW - 5, NOW - 3)
    assert applied(dropped, action(Kind.REOPEN), ADMIN).state.task.cancelled_at is None


# -- comments --------------------------------------------------------------------------------------

SAID = Comment(MEI, TASK, ANA, "first", NOW, NOW)


def test_an_answer_hangs_below_a_comment_of_the_same_task() -> None:
    what = action(Kind.COMMENT, comment_id=A, text="yes", parent_id=MEI)
    assert code(state(), what) == "E5035"
    elsewhere = replace(SAID, task_id=B)
    assert code(state(), what, comment={MEI: elsewhere}.get) == "E5035"
    done = applied(state(), what, comment={MEI: SAID}.get)
    assert done.comment is not None
    assert done.comment.parent_id == MEI


def test_only_the_author_rewords_and_both_wordings_are_told() -> None:
    what = action(Kind.EDIT_COMMENT, comment_id=MEI, text="second")
    done = applied(state(), what, comment={MEI: SAID}.get)
    assert done.comment is not None
    assert (done.comment.text, done.comment.version, done.comment.edited_at) == ("second", 2, NOW)
    assert done.fact.before["text"] == "first"
    assert done.state.task.comment_count == 0
    assert code(state(), what, ADMIN, comment={MEI: SAID}.get) == "E5036"
    assert code(state(), what) == "E5035"


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "ftp://x", "https://", "https://a b", 5, "https://" + "x" * 2000],
)
def test_an_attachment_is_an_address_that_opens_a_page(link: Any) -> None:
    args = {"comment_id": MEI, "text": "x", "attachments": [link]}
    refusal = parse(Kind.COMMENT, args)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "E2022"


def test_attachments_are_kept() -> None:
    links = ["https://files.example/pump.jpg"]
    what = action(Kind.COMMENT, comment_id=A, text="see", attachments=links)
    done = applied(state(), what)
    assert done.comment is not None
    assert done.comment.attachments == tuple(links)


# -- time, ratings, archiving ----------------------------------------------------------------------


def test_minutes_add_up_and_are_corrected_never_below_zero() -> None:
    once = applied(state(), action(Kind.LOG_TIME, entry_id=A, minutes=30, note="drive"))
    assert once.entry is not None
    assert (once.entry.minutes, once.entry.note, once.entry.user_id) == (30, "drive", ANA)
    twice = applied(once.state, action(Kind.LOG_TIME, entry_id=B, minutes=-10))
    assert twice.state.task.actual_minutes == 20
    assert refused(twice.state, action(Kind.LOG_TIME, entry_id=C, minutes=-21)) == "E5037"
    back = action(Kind.LOG_TIME, entry_id=C, minutes=-20)
    for own, answer in ((19, "E5037"), (20, None), (None, None)):
        found = decide(
            twice.state,
            back,
            Actor(ANA, Role.EMPLOYEE),
            replace(CONTEXT, logged=lambda _, own=own: own),
        )
        assert (found.code if isinstance(found, Refusal) else None) == answer, own
    admin = decide(twice.state, back, Actor(RITA, Role.ADMIN), replace(CONTEXT, logged=lambda _: 0))
    assert not isinstance(admin, Refusal)
    assert (
        applied(
            state(),
            action(Kind.LOG_TIME, entry_id=A, minutes=30),
            moved=frozenset({"actual_minutes"}),
        ).merged
        == ()
    )


@pytest.mark.parametrize("minutes", [0, 1441, -1441, True, 1.5, "5", None])
def test_minutes_are_whole_and_within_a_day(minutes: Any) -> None:
    refusal = parse(Kind.LOG_TIME, {"entry_id": A, "minutes": minutes})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("E2024", "minutes")


def test_a_reviewer_rates_what_is_completed() -> None:
    reviewer = Actor(MEI, Role.EMPLOYEE)
    done = applied(state(), action(Kind.COMPLETE)).state
    theirs = replace(done.people[ANA], user_id=MEI, part=Part.REVIEWER)
    reviewed = TaskState(done.task, {**done.people, MEI: theirs})
    what = action(Kind.RATE, rating=4, note="neat")
    rated = applied(reviewed, what, reviewer)
    assert rated.state.task.quality_rating == 4
    assert rated.fact.after == {"quality_rating": 4}
    assert refused(reviewed, what, EMPLOYEE) == "E5004"
    assert refused(state(), what, ADMIN) == "E5038"


def test_only_what_is_finished_is_archived_and_then_nothing_more_happens() -> None:
    assert refused(state(), action(Kind.ARCHIVE), ADMIN) == "E5002"
    for kind in (Kind.COMPLETE, Kind.CANCEL):
        finished = applied(state(), action(kind), ADMIN).state
        gone = applied(finished, action(Kind.ARCHIVE), ADMIN).state
        assert gone.task.status is Status.ARCHIVED
        for further in (Kind.REOPEN, Kind.START, Kind.ARCHIVE):
            assert refused(gone, action(further), ADMIN) == "E5014"


def test_a_context_without_others_knows_none() -> None:
    bare = Context(NOW, CONTEXT.zone, (), ())
    assert (bare.task(A), list(bare.needs(A)), bare.comment(A)) == (None, [], None)
    assert RITA not in bare.people
