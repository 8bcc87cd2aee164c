"""What waiting changes will meet, seen before they are sent: after days without network the person
can look first. The server decides all the same; this is what the fresh rows say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.domain.change import ABOUT_NO_TASK, Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.task import Task
from tracker.services import wording
from tracker.services.attention import title_of
from tracker.services.board import Board
from tracker.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Preview:
    """`waiting` changes of the person will be sent; `conflicts` says by op_id what some of them
    meet, `first` is the first of these with its title."""

    waiting: int
    conflicts: Mapping[str, str]
    first: str = ""


def preview(work: Workspace, board: Board, now: int) -> Preview:
    waiting = [one.action for one in work.outbox.waiting() if one.action.kind is not Kind.OCCUPANCY]
    refused = {action.op_id: refusal for action, refusal in work.projection.conflicts()}
    ids = sorted({action.task_id for action in waiting if action.kind not in ABOUT_NO_TASK})
    tasks: dict[str, Task] = {}
    for first_of in range(0, len(ids), _MOST):
        tasks |= work.confirmed.rows(ids[first_of : first_of + _MOST]).tasks
    found: dict[str, str] = {}
    first = ""
    for action in waiting:
        task = tasks.get(action.task_id)
        if action.op_id in refused:
            words = _refusal(refused[action.op_id], task, now)
        elif task is not None and _is_overtaken(action, task, board.me):
            who = board.name_of(task.last_progress_by or "")
            words = f"{who} set {task.progress} % meanwhile; yours will stand"
        else:
            continue
        found[action.op_id] = words
        first = first or f"{title_of(action)}: {words}"
    return Preview(len(waiting), found, first)


_MOST = 1_000
"""A statement takes only so many ids."""


def _refusal(refusal: Refusal, task: Task | None, now: int) -> str:
    when = f" ({wording.age(task.updated_at, now)})" if task is not None else ""
    return f"{refusal.message.rstrip('.')}{when} ({refusal.code})"


def _is_overtaken(action: Action, task: Task, me: str) -> bool:
    """Somebody else moved the progress after what the person saw."""
    return (
        action.kind is Kind.SET_PROGRESS
        and task.version > (action.base_version or 0)
        and task.last_progress_by not in (None, me)
        and task.progress != action.seen.get("progress", task.progress)
    )
