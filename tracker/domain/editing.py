"""Making a task, changing what it says, and its place among others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tracker.domain import access, change, graph
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.decision import Applied, Context, Fact, applied, work_time
from tracker.domain.errors import Refusal
from tracker.domain.instants import end_of_day
from tracker.domain.task import (
    Assignment,
    Dependency,
    Part,
    Priority,
    Status,
    Task,
    TaskState,
)


def create(
    state: TaskState | None, action: Action, args: change.Created, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state is not None:
        return Refusal("E5012")
    if (wrong := _cannot_name(action.task_id, args.fields, actor, ctx)) is not None:
        return wrong
    if any(person.user_id not in ctx.people for person in args.people):
        return Refusal("E5006", "people")
    when = work_time(action, ctx.received_at)
    people = {
        person.user_id: Assignment(
            action.task_id, person.user_id, person.part, person.percent, actor.user_id, when
        )
        for person in args.people
    }
    values: dict[str, Any] = {"description": "", "priority": Priority.MEDIUM}
    values |= _with_due(args.fields, ctx)
    if any(person.part is Part.ASSIGNEE for person in args.people):
        values["assigned_at"] = when
    task = Task(
        id=action.task_id,
        number=ctx.number,
        status=Status.PENDING,
        progress=0,
        created_by=actor.user_id,
        created_at=when,
        updated_at=ctx.received_at,
        version=0,
        **values,
    )
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


def edit(
    state: TaskState, action: Action, args: change.Edited, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if (wrong := _cannot_name(action.task_id, args.fields, actor, ctx)) is not None:
        return wrong
    values = _with_due(args.fields, ctx)
    return applied(state, values, action, actor, ctx, told=frozenset(values))


def _with_due(given: Mapping[str, Any], ctx: Context) -> dict[str, Any]:
    """A day ends in the tenant's zone, so that `due_at` alone says when the task is late."""
    day = given.get("due_date")
    return {**given, "due_at": end_of_day(day, ctx.zone)} if day is not None else dict(given)


def _cannot_name(
    task_id: str, given: Mapping[str, Any], actor: Actor, ctx: Context
) -> Refusal | None:
    """What is wrong with the project or the parent that the fields name."""
    project = given.get("project_id")
    if project is not None and project not in ctx.projects:
        return Refusal("E5007", "project_id")
    parent_id = given.get("parent_id")
    if parent_id is None:
        return None
    parent = ctx.task(parent_id)
    if not can_be_named(parent, actor) or parent is None:
        return Refusal("E5030", "parent_id")
    return Refusal("E5031", "parent_id") if graph.is_below(task_id, parent, ctx.task) else None


def can_be_named(other: TaskState | None, actor: Actor) -> bool:
    """Whether a task may lie below this one, or wait for it."""
    if other is None or other.task.status is Status.ARCHIVED:
        return False
    return access.may_see(actor, other)


def depend(
    state: TaskState, action: Action, args: change.Needing, actor: Actor, ctx: Context
) -> Applied | Refusal:
    task = state.task
    if task.status is Status.ARCHIVED:
        return Refusal("E5014")
    needed = ctx.task(args.needs_id)
    if not can_be_named(needed, actor) or needed is None:
        return Refusal("E5030", "needs_id")
    if graph.reaches(args.needs_id, task.id, ctx.needs):
        return Refusal("E5032", "needs_id")
    known = args.needs_id in ctx.needs(task.id)
    when = work_time(action, ctx.received_at)
    row = None if known else Dependency(task.id, args.needs_id, actor.user_id, when)
    fact = Fact(Kind.DEPEND, {}, {"needs_id": args.needs_id, "needs": needed.task.number})
    return replace(_related(state, args, ctx, fact), dependency=row)


def undepend(
    state: TaskState, action: Action, args: change.Needing, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if args.needs_id not in ctx.needs(state.task.id):
        return Refusal("E5033", "needs_id")
    fact = Fact(Kind.UNDEPEND, {"needs_id": args.needs_id}, {})
    return replace(_related(state, args, ctx, fact), parted=args.needs_id)


def _related(state: TaskState, args: change.Needing, ctx: Context, fact: Fact) -> Applied:
    task = replace(state.task, updated_at=ctx.received_at)
    changed = frozenset({f"needs:{args.needs_id}"})
    return Applied(TaskState(task, state.people), fact, changed, tuple(changed & ctx.moved))
