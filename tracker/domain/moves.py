"""Progress and status: one number and one state machine a task."""

from __future__ import annotations

from typing import Any

from tracker.domain import change, lifecycle
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.decision import Applied, Context, applied, work_time
from tracker.domain.errors import Refusal
from tracker.domain.task import Status, TaskState


def set_progress(
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
    return applied(state, values, action, actor, ctx, args.note, args.occupancy)


TARGET = {
    Kind.COMPLETE: Status.COMPLETED,
    Kind.START: Status.IN_PROGRESS,
    Kind.HOLD: Status.ON_HOLD,
    Kind.RESUME: Status.IN_PROGRESS,
    Kind.CANCEL: Status.CANCELLED,
    Kind.REOPEN: Status.IN_PROGRESS,
    Kind.ARCHIVE: Status.ARCHIVED,
}
"""The status that each kind leads to."""
_FINISHED = frozenset({Status.COMPLETED, Status.CANCELLED})
_FROM = {
    Kind.START: frozenset({Status.PENDING}),
    Kind.RESUME: frozenset({Status.ON_HOLD}),
    Kind.REOPEN: _FINISHED,
}
"""IN_PROGRESS can be reached by three kinds; each only undoes its own status."""


def move(
    state: TaskState, action: Action, args: change.Noted, actor: Actor, ctx: Context
) -> Applied | Refusal:
    task, kind = state.task, action.kind
    target = TARGET[kind]
    if task.status is Status.ARCHIVED:
        return Refusal("E5014")
    if task.status is Status.CANCELLED and kind not in (Kind.REOPEN, Kind.ARCHIVE):
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
    elif kind is Kind.CANCEL:
        values["cancelled_at"] = when
    elif kind is Kind.REOPEN:
        values["cancelled_at"] = None
        if task.status is Status.COMPLETED:
            values |= {
                "progress": lifecycle.progress_after_reopen(task.progress_before),
                "progress_before": None,
                "completed_at": None,
            }
    return applied(state, values, action, actor, ctx, args.note, args.occupancy)
