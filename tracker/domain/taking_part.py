"""The people on a task: who is on it, what they say, how long they worked, how good it was."""

from __future__ import annotations

from dataclasses import replace

from tracker.domain import change
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.decision import Applied, Context, Fact, applied, work_time
from tracker.domain.errors import Refusal
from tracker.domain.task import Assignment, Comment, Part, Status, TaskState, TimeEntry


def assign(
    state: TaskState, action: Action, args: change.Assigned, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if args.user_id not in ctx.people:
        return Refusal("E5006", "user_id")
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    old = state.people.get(args.user_id)
    when = work_time(action, ctx.received_at)
    assignment = Assignment(
        task_id=state.task.id,
        user_id=args.user_id,
        part=args.part,
        percent=args.percent,
        assigned_by=actor.user_id,
        assigned_at=when,
        version=old.version + 1 if old else 1,
        # Another share of the same work: who took it on still does it.
        accepted_at=old.accepted_at if old and old.part is args.part else None,
        completed_at=old.completed_at if old and old.part is args.part else None,
    )
    fact = Fact(
        Kind.ASSIGN,
        {"part": old.part, "percent": old.percent} if old else {},
        {"user_id": args.user_id, "part": args.part, "percent": args.percent},
    )
    people = {**state.people, args.user_id: assignment}
    task = replace(state.task, updated_at=ctx.received_at)
    if task.assigned_at is None and args.part is Part.ASSIGNEE:
        task = replace(task, assigned_at=when)
    changed = frozenset({f"people:{args.user_id}"})
    merged = tuple(changed & ctx.moved)
    return Applied(TaskState(task, people), fact, changed, merged)


def unassign(
    state: TaskState, action: Action, args: change.Unassigned, actor: Actor, ctx: Context
) -> Applied | Refusal:
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
    return Applied(TaskState(task, people), fact, changed, merged)


def accept(
    state: TaskState, action: Action, args: change.Accepted, actor: Actor, ctx: Context
) -> Applied | Refusal:
    """Saying it again changes nothing: the first time counts."""
    own = state.people.get(actor.user_id)
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if own is None or own.part is not Part.ASSIGNEE:
        return Refusal("E5034")
    if own.accepted_at is None:
        when = work_time(action, ctx.received_at)
        own = replace(own, accepted_at=when, version=own.version + 1)
    task = replace(state.task, updated_at=ctx.received_at)
    people = {**state.people, actor.user_id: own}
    return Applied(TaskState(task, people), Fact(Kind.ACCEPT, {}, {}), frozenset())


def comment(
    state: TaskState, action: Action, args: change.Said, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if args.parent_id is not None:
        parent = ctx.comment(args.parent_id)
        if parent is None or parent.task_id != state.task.id:
            return Refusal("E5035", "parent_id")
    row = Comment(
        id=args.comment_id,
        task_id=state.task.id,
        user_id=actor.user_id,
        text=args.text,
        made_at=work_time(action, ctx.received_at),
        received_at=ctx.received_at,
        parent_id=args.parent_id,
        attachments=args.attachments,
    )
    values = {"comment_count": state.task.comment_count + 1}
    return replace(applied(state, values, action, actor, ctx, args.text), comment=row)


def edit_comment(
    state: TaskState, action: Action, args: change.Reworded, actor: Actor, ctx: Context
) -> Applied | Refusal:
    """Both wordings stay in the audit trail."""
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    old = ctx.comment(args.comment_id)
    if old is None or old.task_id != state.task.id:
        return Refusal("E5035", "comment_id")
    if old.user_id != actor.user_id:
        return Refusal("E5036", "comment_id")
    when = work_time(action, ctx.received_at)
    row = replace(old, text=args.text, edited_at=when, version=old.version + 1)
    fact = Fact(
        Kind.EDIT_COMMENT, {"comment_id": old.id, "text": old.text}, {"text": args.text}, args.text
    )
    changed = frozenset({f"comment:{old.id}"})
    task = replace(state.task, updated_at=ctx.received_at)
    merged = tuple(changed & ctx.moved)
    return Applied(TaskState(task, state.people), fact, changed, merged, comment=row)


def log_time(
    state: TaskState, action: Action, args: change.Logged, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    minutes = state.task.actual_minutes + args.minutes
    # What others logged an admin may correct, nobody else.
    own = ctx.logged(state.task.id) if args.minutes < 0 and not actor.is_admin else None
    if minutes < 0 or (own is not None and own + args.minutes < 0):
        return Refusal("E5037", "minutes")
    row = TimeEntry(
        id=args.entry_id,
        task_id=state.task.id,
        user_id=actor.user_id,
        minutes=args.minutes,
        started_at=args.started_at,
        note=args.note,
        made_at=work_time(action, ctx.received_at),
        received_at=ctx.received_at,
    )
    told = frozenset({"actual_minutes"})
    values = {"actual_minutes": minutes}
    done = applied(state, values, action, actor, ctx, args.note, told=told)
    return replace(done, entry=row, merged=())  # minutes add up, whoever logs them


def rate(
    state: TaskState, action: Action, args: change.Rated, actor: Actor, ctx: Context
) -> Applied | Refusal:
    if state.task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if state.task.status is not Status.COMPLETED:
        return Refusal("E5038")
    told = frozenset({"quality_rating"})
    values = {"quality_rating": args.rating}
    return applied(state, values, action, actor, ctx, args.note, told=told)
