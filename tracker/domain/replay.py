"""What an action does to a task: the pure function both sides decide with.

The server calls `decide` on current rows to accept or refuse; the client calls it on its
confirmed rows to show the same result before any answer. No clock, no I/O, no random.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace
from datetime import tzinfo
from typing import Any, assert_never

from tracker.domain import access, change, lifecycle
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.instants import end_of_day
from tracker.domain.task import (
    Assignment,
    Comment,
    Occupancy,
    Scalar,
    Status,
    Task,
    TaskState,
)

CLOCK_TOLERANCE = 5 * 60_000
_SHOWN = frozenset({"status", "progress"})


@dataclass(frozen=True, slots=True)
class Context:
    """What deciding needs beside the task. `moved` names the fields another device changed after
    the action's base; `people` and `projects` are the ids an action may name."""

    received_at: int
    zone: tzinfo
    people: Container[str]
    projects: Container[str]
    moved: frozenset[str] = frozenset()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """What the audit trail and the history say of one applied action."""

    event: str
    before: Mapping[str, Scalar]
    after: Mapping[str, Scalar]
    note: str = ""
    occupancy: Occupancy | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The action took effect. `changed` names the task's fields that are different now, `merged`
    those where a change by another device was overtaken."""

    state: TaskState
    fact: Fact
    changed: frozenset[str]
    merged: tuple[str, ...] = ()
    comment: Comment | None = None
    granted: str | None = None
    lost: str | None = None


def work_time(action: Action, received_at: int) -> int:
    """When the work was done, in server time: the device's clock corrected by the offset it knew,
    never later than the arrival and never before 1970. Recorded and shown; it never decides who
    wins."""
    return max(0, min(action.made_at + (action.clock_offset or 0), received_at))


def clock_is_off(action: Action, received_at: int) -> bool:
    """Whether the device's clock was wrong by more than 5 minutes, as far as can be told."""
    if action.clock_offset is None:
        return action.made_at > received_at + CLOCK_TOLERANCE
    return abs(action.clock_offset) > CLOCK_TOLERANCE


def decide(
    state: TaskState | None, action: Action, actor: Actor, ctx: Context
) -> Applied | Refusal:
    """Apply `action` by `actor` to `state` (None: no such task), or say why not. ValueError for one
    of `ABOUT_NO_TASK`: whoever asks has taken it for something else."""
    args = change.parse(action.kind, action.args)
    if action.kind not in change.TASK_KINDS or isinstance(args, change.Occupied):
        raise ValueError(f"{action.kind} is about no task")
    if isinstance(args, Refusal):
        return args
    if isinstance(args, change.Created):
        return _create(state, action, args, actor, ctx)
    if state is None or not access.may_see(actor, state):
        return Refusal("E5001")
    if not access.may(actor, action.kind, state):
        return Refusal("E5004")
    match args:
        case change.Progress():
            return _set_progress(state, action, args, actor, ctx)
        case change.Noted():
            return _move(state, action, args, actor, ctx)
        case change.Said():
            return _comment(state, action, args, actor, ctx)
        case change.Assigned():
            return _assign(state, action, args, actor, ctx)
        case change.Unassigned():
            return _unassign(state, args, ctx)
        case _:
            assert_never(args)


def _applied(
    before: TaskState,
    values: dict[str, Any],
    ctx: Context,
    event: str,
    note: str,
    occupancy: Occupancy | None = None,
    comment: Comment | None = None,
) -> Applied:
    """The task with these values; history shows status and progress, so the fact holds just
    those."""
    old = before.task
    task = replace(old, updated_at=ctx.received_at, **values)
    changed = frozenset(name for name, value in values.items() if getattr(old, name) != value)
    shown = sorted(changed & _SHOWN)
    fact = Fact(
        event,
        {name: getattr(old, name) for name in shown},
        {name: values[name] for name in shown},
        note,
        occupancy,
    )
    merged = ("progress",) if "progress" in changed and "progress" in ctx.moved else ()
    return Applied(TaskState(task, before.people), fact, changed, merged, comment)


def _set_progress(
    state: TaskState, action: Action, args: change.Progress, actor: Actor, ctx: Context
) -> Applied | Refusal:
    task = state.task
    match task.status:
        case Status.COMPLETED:
            return Refusal("E5003")
        case Status.CANCELLED:
            return Refusal("E5005")
        case Status.ARCHIVED:
            return Refusal("E5014")
    if task.child_count:
        return Refusal("E5011")
    when = work_time(action, ctx.received_at)
    status = lifecycle.status_for_progress(task.status, args.percent)
    values: dict[str, Any] = {
        "status": status,
        "progress": args.percent,
        "last_progress_at": when,
        "last_progress_by": actor.user_id,
    }
    if status is Status.COMPLETED:
        values |= {
            "progress_before": task.progress,
            "completed_at": when,
            "completion_notes": args.note,
        }
    return _applied(state, values, ctx, Kind.SET_PROGRESS, args.note, args.occupancy)


_TARGET = {
    Kind.COMPLETE: Status.COMPLETED,
    Kind.START: Status.IN_PROGRESS,
    Kind.HOLD: Status.ON_HOLD,
    Kind.RESUME: Status.IN_PROGRESS,
    Kind.CANCEL: Status.CANCELLED,
    Kind.REOPEN: Status.IN_PROGRESS,
}
_FROM = {
    Kind.START: frozenset({Status.PENDING}),
    Kind.RESUME: frozenset({Status.ON_HOLD}),
    Kind.REOPEN: frozenset({Status.COMPLETED, Status.CANCELLED}),
}
"""IN_PROGRESS can be reached by three kinds; each only undoes its own status."""


def _move(
    state: TaskState, action: Action, args: change.Noted, actor: Actor, ctx: Context
) -> Applied | Refusal:
    task, kind = state.task, action.kind
    target = _TARGET[kind]
    if task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if task.status is Status.CANCELLED and kind is not Kind.REOPEN:
        return Refusal("E5005")
    sources = _FROM.get(kind)
    legal = lifecycle.allows(task.status, target) and (sources is None or task.status in sources)
    if not legal:
        return Refusal("E5002", info=f"It is {task.status}; {target} was wanted.")
    when = work_time(action, ctx.received_at)
    values: dict[str, Any] = {"status": target}
    if kind is Kind.COMPLETE:
        values |= {
            "progress": 100,
            "progress_before": task.progress,
            "completed_at": when,
            "completion_notes": args.note,
            "last_progress_at": when,
            "last_progress_by": actor.user_id,
        }
    elif kind is Kind.REOPEN and task.status is Status.COMPLETED:
        values |= {
            "progress": lifecycle.progress_after_reopen(task.progress_before),
            "progress_before": None,
            "completed_at": None,
        }
    return _applied(state, values, ctx, kind, args.note, args.occupancy)


def _comment(
    state: TaskState, action: Action, args: change.Said, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    comment = Comment(
        id=args.comment_id,
        task_id=state.task.id,
        user_id=actor.user_id,
        text=args.text,
        made_at=work_time(action, ctx.received_at),
        received_at=ctx.received_at,
    )
    values = {"comment_count": state.task.comment_count + 1}
    return _applied(state, values, ctx, Kind.COMMENT, args.text, comment=comment)


def _assign(
    state: TaskState, action: Action, args: change.Assigned, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if args.user_id not in ctx.people:
        return Refusal("E5006", "user_id")
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    old = state.people.get(args.user_id)
    assignment = Assignment(
        task_id=state.task.id,
        user_id=args.user_id,
        part=args.part,
        percent=args.percent,
        assigned_by=actor.user_id,
        assigned_at=work_time(action, ctx.received_at),
        version=old.version + 1 if old else 1,
    )
    fact = Fact(
        Kind.ASSIGN,
        {"part": old.part, "percent": old.percent} if old else {},
        {"user_id": args.user_id, "part": args.part, "percent": args.percent},
    )
    people = {**state.people, args.user_id: assignment}
    task = replace(state.task, updated_at=ctx.received_at)
    changed = frozenset({f"people:{args.user_id}"})
    merged = tuple(changed & ctx.moved)
    return Applied(TaskState(task, people), fact, changed, merged, granted=args.user_id)


def _unassign(state: TaskState, args: change.Unassigned, ctx: Context) -> Applied | Refusal:
    old = state.people.get(args.user_id)
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if old is None:
        return Refusal("E5015", "user_id")
    people = {user: row for user, row in state.people.items() if user != args.user_id}
    fact = Fact(Kind.UNASSIGN, {"user_id": args.user_id, "part": old.part}, {})
    task = replace(state.task, updated_at=ctx.received_at)
    changed = frozenset({f"people:{args.user_id}"})
    merged = tuple(changed & ctx.moved)
    return Applied(TaskState(task, people), fact, changed, merged, lost=args.user_id)


def _create(
    state: TaskState | None, action: Action, args: change.Created, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state is not None:
        return Refusal("E5012")
    if args.project_id is not None and args.project_id not in ctx.projects:
        return Refusal("E5007", "project_id")
    if any(person.user_id not in ctx.people for person in args.people):
        return Refusal("E5006", "people")
    when = work_time(action, ctx.received_at)
    due_at = end_of_day(args.due_date, ctx.zone) if args.due_date else args.due_at
    task = Task(
        id=action.task_id,
        number=ctx.number,
        title=args.title,
        description=args.description,
        status=Status.PENDING,
        priority=args.priority,
        progress=0,
        created_by=actor.user_id,
        created_at=when,
        updated_at=ctx.received_at,
        version=0,
        project_id=args.project_id,
        due_at=due_at,
        due_date=args.due_date,
        estimated_minutes=args.estimated_minutes,
    )
    people = {
        person.user_id: Assignment(
            action.task_id, person.user_id, person.part, person.percent, actor.user_id, when
        )
        for person in args.people
    }
    made = TaskState(task, people)
    if not access.may(actor, Kind.CREATE_TASK, made):
        return Refusal("E5004")
    fact = Fact(
        Kind.CREATE_TASK,
        {},
        {"title": task.title, "status": task.status, "priority": task.priority}
        | ({"user_id": next(iter(people))} if len(people) == 1 else {}),
    )
    changed = frozenset(f.name for f in fields(Task)) - {"updated_at", "version"}
    changed |= {f"people:{user_id}" for user_id in people}
    return Applied(made, fact, changed)
