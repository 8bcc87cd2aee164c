"""What an action does to a task: the pure function both sides decide with.

The server calls `decide` on current rows to accept or refuse; the client calls it on its
confirmed rows to show the same result before any answer. No clock, no I/O, no random.
"""

from __future__ import annotations

from typing import assert_never

from tracker.domain import access, change, editing, moves, taking_part
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.decision import Applied, Context
from tracker.domain.errors import Refusal
from tracker.domain.task import TaskState


def decide(
    state: TaskState | None, action: Action, actor: Actor, ctx: Context
) -> Applied | Refusal:
    """Apply `action` by `actor` to `state` (None: no such task), or say why not. ValueError for one
    of `ABOUT_NO_TASK`: whoever asks has taken it for something else."""
    args = change.parse(action.kind, action.args)
    if action.kind not in change.TASK_KINDS or isinstance(args, change.Marked | change.Occupied):
        raise ValueError(f"{action.kind} is about no task")
    if isinstance(args, Refusal):
        return args
    if isinstance(args, change.Created):
        return editing.create(state, action, args, actor, ctx)
    if state is None or not access.may_see(actor, state):
        return Refusal("E5001")
    if not access.may(actor, action.kind, state):
        return Refusal("E5004")
    match args:
        case change.Progress():
            return moves.set_progress(state, action, args, actor, ctx)
        case change.Noted():
            return moves.move(state, action, args, actor, ctx)
        case change.Edited():
            return editing.edit(state, action, args, actor, ctx)
        case change.Needing():
            relate = editing.depend if action.kind is Kind.DEPEND else editing.undepend
            return relate(state, action, args, actor, ctx)
        case change.Assigned():
            return taking_part.assign(state, action, args, actor, ctx)
        case change.Unassigned():
            return taking_part.unassign(state, action, args, actor, ctx)
        case change.Accepted():
            return taking_part.accept(state, action, args, actor, ctx)
        case change.Said():
            return taking_part.comment(state, action, args, actor, ctx)
        case change.Reworded():
            return taking_part.edit_comment(state, action, args, actor, ctx)
        case change.Logged():
            return taking_part.log_time(state, action, args, actor, ctx)
        case change.Rated():
            return taking_part.rate(state, action, args, actor, ctx)
        case _:
            assert_never(args)
