"""All that the detail pane shows of one task: as it is shown, so with own actions on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.cache.projection import TaskView, Trail
from tracker.services.board import Board
from tracker.services.workspace import Workspace

LATE_MS = 60_000
"""Arriving later than this after it was made, an action says "made offline"."""


@dataclass(frozen=True, slots=True)
class Details:
    """`needs` are the tasks it waits for, None where one is not shared with the person."""

    view: TaskView
    trail: Trail
    parent: TaskView | None
    children: Sequence[TaskView]
    needs: Sequence[tuple[str, TaskView | None]]


def details(work: Workspace, board: Board, task_id: str) -> Details:
    """Of a task that the board has."""
    view, trail = board.views[task_id], work.projection.trail(task_id)
    children: list[TaskView] = []
    if view.task.child_count:  # looking through all takes a millisecond for each 10,000
        children = [one for one in board.views.values() if one.task.parent_id == task_id]
        children.sort(key=lambda one: one.task.number)
    return Details(
        view,
        trail,
        board.views.get(view.task.parent_id or ""),
        children,
        [(needs_id, board.views.get(needs_id)) for needs_id in trail.needs],
    )
