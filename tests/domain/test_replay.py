"""What actions do to tasks: decided by the same pure function on both sides."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.access import Actor
from tracker.domain.change import ABOUT_NO_TASK, TASK_KINDS, Action, Kind
from tracker.domain.decision import Applied, Context, work_time
from tracker.domain.errors import CATALOGUE, Refusal
from tracker.domain.ids import uuid7
from tracker.domain.replay import decide
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
    assert let_in.state.people[MEI].part is Part.REVIEWER
    shut_out = applied(let_in.state, action(Kind.UNASSIGN, user_id=MEI), ADMIN)
    assert set(shut_out.state.people) == {ANA}
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


STATUSES = ["PENDING", "IN_PROGRESS", "ON_HOLD", "COMPLETED", "CANCELLED", "ARCHIVED"]
OUTCOMES = {
    # what each kind makes of a task in the six statuses above, in that order
    "set_progress": "IN_PROGRESS IN_PROGRESS ON_HOLD E5003 E5005 E5014",
    "complete": "COMPLETED COMPLETED COMPLETED E5002 E5005 E5014",
    "start": "IN_PROGRESS E5002 E5002 E5002 E5005 E5014",
    "hold": "ON_HOLD ON_HOLD E5002 E5002 E5005 E5014",
    "resume": "E5002 E5002 IN_PROGRESS E5002 E5005 E5014",
    "cancel": "CANCELLED CANCELLED CANCELLED E5002 E5005 E5014",
    "reopen": "E5002 E5002 E5002 IN_PROGRESS IN_PROGRESS E5014",
    "comment": "PENDING IN_PROGRESS ON_HOLD COMPLETED CANCELLED E5014",
    "assign": "PENDING IN_PROGRESS ON_HOLD COMPLETED CANCELLED E5014",
}
NEEDED: dict[str, dict[str, Any]] = {
    "set_progress": {"percent": 40},
    "comment": {"comment_id": MEI, "text": "x"},
    "assign": {"user_id": MEI},
    "unassign": {"user_id": ANA},
    "create_task": {"title": "x"},
    "edit_fields": {"fields": {"title": "y"}},
    "depend": {"needs_id": MEI},
    "undepend": {"needs_id": MEI},
    "edit_comment": {"comment_id": MEI, "text": "y"},
    "log_time": {"entry_id": MEI, "minutes": 5},
    "rate": {"rating": 4},
    "mark_notification": {"read": True},
    "occupancy": {"state": "IDLE", "started_at": 0, "ended_at": 1},
}


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        (kind, status, outcome)
        for kind, row in OUTCOMES.items()
        for status, outcome in zip(STATUSES, row.split(), strict=True)
    ],
)
def test_a_kind_makes_of_a_status_what_the_table_says(kind: str, status: str, outcome: str) -> None:
    before = state(Status(status), 30)
    decided = decide(before, action(Kind(kind), **NEEDED.get(kind, {})), ADMIN, CONTEXT)
    if isinstance(decided, Refusal):
        assert decided.code == outcome
    else:
        assert decided.state.task.status.value == outcome


@pytest.mark.parametrize(
    ("status", "progress", "percent", "after"),
    [
        ("PENDING", 0, 0, "PENDING"),
        ("PENDING", 0, 1, "IN_PROGRESS"),
        ("IN_PROGRESS", 60, 0, "IN_PROGRESS"),
        ("IN_PROGRESS", 60, 99, "IN_PROGRESS"),
        ("ON_HOLD", 60, 0, "ON_HOLD"),
        ("ON_HOLD", 60, 99, "ON_HOLD"),
        ("PENDING", 0, 100, "COMPLETED"),
        ("IN_PROGRESS", 60, 100, "COMPLETED"),
        ("ON_HOLD", 60, 100, "COMPLETED"),
    ],
)
def test_progress_is_set_and_the_status_follows(
    status: str, progress: int, percent: int, after: str
) -> None:
    task = applied(
        state(Status(status), progress), action(Kind.SET_PROGRESS, percent=percent)
    ).state.task
    assert (task.status.value, task.progress) == (after, percent)
    assert (task.completed_at, task.progress_before) == (
        (NOW, progress) if percent == 100 else (None, None)
    )


@pytest.mark.parametrize("finish", [action(Kind.COMPLETE), action(Kind.SET_PROGRESS, percent=100)])
@pytest.mark.parametrize("before", [0, 1, 65, 99])
def test_reopening_returns_to_the_progress_before(finish: Action, before: int) -> None:
    done = applied(state(Status.IN_PROGRESS, before), finish).state
    task = applied(done, action(Kind.REOPEN)).state.task
    assert (task.status, task.progress) == (Status.IN_PROGRESS, before)
    assert (task.completed_at, task.progress_before) == (None, None)


@pytest.mark.parametrize(("before", "after"), [(100, 99), (99, 99), (0, 0), (None, 0)])
def test_a_reopened_task_has_99_at_most(before: int | None, after: int) -> None:
    done = state(Status.COMPLETED, 100, completed_at=NOW, progress_before=before)
    assert applied(done, action(Kind.REOPEN)).state.task.progress == after


def test_cancelling_and_reopening_keep_the_progress() -> None:
    gone = applied(state(Status.ON_HOLD, 65), action(Kind.CANCEL), ADMIN)
    assert gone.state.task.progress == 65
    assert applied(gone.state, action(Kind.REOPEN)).state.task.progress == 65


def test_a_parent_may_still_be_completed_by_hand() -> None:
    assert applied(state(child_count=2), action(Kind.COMPLETE)).state.task.progress == 100


MERGES = [
    ("IN_PROGRESS", "set_progress", {"percent": 40}, True),
    ("IN_PROGRESS", "set_progress", {"percent": 30}, False),  # the value that stands already
    ("IN_PROGRESS", "complete", {}, True),
    ("IN_PROGRESS", "hold", {}, False),
    ("IN_PROGRESS", "cancel", {}, False),
    ("IN_PROGRESS", "comment", NEEDED["comment"], False),
    ("IN_PROGRESS", "assign", NEEDED["assign"], False),
    ("IN_PROGRESS", "unassign", NEEDED["unassign"], False),
]


@pytest.mark.parametrize(("status", "kind", "args", "overtakes"), MERGES)
def test_only_an_overtaken_progress_is_merged(
    status: str, kind: str, args: Any, overtakes: bool
) -> None:
    before, what = state(Status(status), 30), action(Kind(kind), **args)
    moved = frozenset({"progress", "status", "title", "people"})
    assert applied(before, what, ADMIN, moved=moved).merged == (("progress",) if overtakes else ())
    assert applied(before, what, ADMIN, moved=moved - {"progress"}).merged == ()
    assert applied(before, what, ADMIN).merged == ()


@pytest.mark.parametrize("kind", sorted(ABOUT_NO_TASK))
def test_what_is_about_no_task_is_a_mistake_of_who_asks(kind: Kind) -> None:
    for args in (NEEDED.get(kind.value, {}), {"nonsense": 1}):
        with pytest.raises(ValueError, match=kind.value):
            decide(state(), action(kind, **args), ADMIN, CONTEXT)


@pytest.mark.parametrize("kind", sorted(TASK_KINDS - {Kind.CREATE_TASK}))
def test_what_is_not_shared_is_not_found_and_what_is_not_allowed_is_forbidden(kind: Kind) -> None:
    what = action(kind, **NEEDED.get(kind.value, {}))
    mine = state().people[ANA]
    watched = TaskState(state().task, {ANA: replace(mine, part=Part.WATCHER)})
    assert refused(None, what, ADMIN) == "E5001"
    assert refused(TaskState(state().task, {}), what) == "E5001"
    if kind not in (Kind.COMMENT, Kind.EDIT_COMMENT):
        assert refused(watched, what) == "E5004"


def test_arguments_are_looked_at_before_anything_about_the_task_is_told() -> None:
    assert refused(None, action(Kind.SET_PROGRESS, percent=True)) == "E2003"
    assert refused(state(Status.ARCHIVED), action(Kind.SET_PROGRESS, percent=101)) == "E2003"


def test_the_base_version_and_what_was_seen_never_decide() -> None:
    what = action(Kind.SET_PROGRESS, percent=40)
    other = replace(what, base_version=1, base_epoch="old", seen={"progress": 99}, schema=9)
    assert decide(state(), what, EMPLOYEE, CONTEXT) == decide(state(), other, EMPLOYEE, CONTEXT)


def test_every_recorded_instant_is_the_time_of_work_and_the_row_has_the_arrival() -> None:
    def at(kind: Kind, made_at: int, **args: Any) -> Applied:
        before = None if kind is Kind.CREATE_TASK else state()
        return applied(before, action(kind, made_at, **args), ADMIN)

    for made_at, when in [(NOW - 60_000, NOW - 60_000), (NOW + 60_000, NOW)]:
        progress = at(Kind.SET_PROGRESS, made_at, percent=40).state.task
        comment = at(Kind.COMMENT, made_at, **NEEDED["comment"]).comment
        assert comment is not None
        assert (progress.last_progress_at, progress.updated_at) == (when, NOW)
        assert at(Kind.COMPLETE, made_at).state.task.completed_at == when
        assert (comment.made_at, comment.received_at) == (when, NOW)
        assert at(Kind.ASSIGN, made_at, user_id=MEI).state.people[MEI].assigned_at == when
        assert at(Kind.CREATE_TASK, made_at, title="x").state.task.created_at == when


WIDE = st.integers(-(2**63), 2**63)


@given(WIDE, st.none() | WIDE, st.integers(0, 2**48))
def test_work_is_never_done_after_it_arrived_or_before_1970(
    made_at: int, offset: int | None, received_at: int
) -> None:
    when = work_time(replace(action(Kind.START, made_at), clock_offset=offset), received_at)
    assert 0 <= when <= received_at
    corrected = made_at + (offset or 0)
    assert when == corrected or not 0 <= corrected <= received_at


def test_a_due_day_ends_in_the_zone_of_the_tenant() -> None:
    what = action(Kind.CREATE_TASK, title="New", due_date="2026-03-29")
    berlin = applied(None, what, zone=ZoneInfo("Europe/Berlin")).state.task
    assert berlin.due_at == 1774821599999  # 2026-03-29T21:59:59.999Z


@pytest.mark.parametrize("status", Status)
def test_only_an_open_task_is_overdue(status: Status) -> None:
    late = state(status, due_at=NOW - 1).task
    assert is_overdue(late, NOW) == (status.value in STATUSES[:3])
    assert not is_overdue(replace(late, due_at=NOW), NOW)
    assert not is_overdue(replace(late, due_at=None), NOW)


STEPS = {
    ("PENDING", "IN_PROGRESS"), ("PENDING", "ON_HOLD"), ("PENDING", "COMPLETED"),
    ("PENDING", "CANCELLED"), ("IN_PROGRESS", "ON_HOLD"), ("IN_PROGRESS", "COMPLETED"),
    ("IN_PROGRESS", "CANCELLED"), ("ON_HOLD", "IN_PROGRESS"), ("ON_HOLD", "COMPLETED"),
    ("ON_HOLD", "CANCELLED"), ("COMPLETED", "IN_PROGRESS"), ("CANCELLED", "IN_PROGRESS"),
    ("COMPLETED", "ARCHIVED"), ("CANCELLED", "ARCHIVED"),
}  # fmt: skip
USERS = st.sampled_from([ANA, RITA, MEI, TASK])
ANY_ARGS: dict[Kind, st.SearchStrategy[dict[str, Any]]] = {
    Kind.SET_PROGRESS: st.fixed_dictionaries(
        {"percent": st.integers(-1, 101) | st.sampled_from([0, 99, 100, True, 1.5, float("nan")])}
    ),
    Kind.COMMENT: st.fixed_dictionaries(
        {"comment_id": USERS, "text": st.sampled_from(["", "x", "\x00"])}
    ),
    Kind.ASSIGN: st.fixed_dictionaries({"user_id": USERS, "part": st.sampled_from([*Part, "?"])}),
    Kind.UNASSIGN: st.fixed_dictionaries({"user_id": USERS}),
    Kind.CREATE_TASK: st.just({"title": "x"}),
    Kind.EDIT_FIELDS: st.fixed_dictionaries(
        {"fields": st.sampled_from([{}, {"title": "y"}, {"due_date": "2026-02-30"}])}
    ),
    Kind.LOG_TIME: st.fixed_dictionaries({"entry_id": USERS, "minutes": st.integers(-90, 90)}),
    Kind.RATE: st.fixed_dictionaries({"rating": st.integers(0, 6)}),
}


@st.composite
def acts(draw: st.DrawFn) -> tuple[Action, Actor, frozenset[str]]:
    kind = draw(st.sampled_from(sorted(TASK_KINDS)))
    args = draw(ANY_ARGS.get(kind, st.just({})))
    made_at = draw(st.integers(NOW - 100_000, NOW + 100_000))
    actor = Actor(draw(st.sampled_from([ANA, RITA, MEI])), draw(st.sampled_from(Role)))
    moved = draw(st.sampled_from([frozenset(), frozenset({"progress"}), frozenset({"title"})]))
    return action(kind, made_at, **args), actor, moved


@given(st.lists(acts(), max_size=40))
def test_whoever_does_whatever_the_task_stays_true_and_nothing_is_changed_in_place(
    sequence: list[tuple[Action, Actor, frozenset[str]]],
) -> None:
    now = state()
    for what, actor, moved in sequence:
        context = replace(CONTEXT, moved=moved)
        # repr, because the NaN among the arguments does not equal itself
        kept, kept_args = deepcopy(now), repr(what.args)
        decided = decide(now, what, actor, context)
        assert (now, repr(what.args)) == (kept, kept_args)
        assert decide(now, what, actor, context) == decided
        if isinstance(decided, Refusal):
            assert decided.code in CATALOGUE
            continue
        before, task = now.task, decided.state.task
        now = decided.state
        assert before.status is task.status or (before.status, task.status) in STEPS
        assert type(task.progress) is int
        assert 0 <= task.progress <= 100
        archived = task.status is Status.ARCHIVED and task.cancelled_at is None
        done = task.status is Status.COMPLETED or archived
        assert done == (task.progress == 100) == (task.completed_at is not None)
        assert done == (task.progress_before is not None)
        assert task.status is not Status.PENDING or task.progress == 0
        assert set(decided.merged) <= moved & decided.changed
        assert (task.id, task.number, task.created_by) == (before.id, before.number, RITA)
