"""Tasks form trees by their parents and a graph by what they wait for; neither may have a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracker.domain.task import Task, TaskState


def is_below(task_id: str, found: TaskState, task: Callable[[str], TaskState | None]) -> bool:
    """Whether `found` is the task, or has it among those above."""
    above: TaskState | None = found
    seen: set[str] = set()
    while above is not None and above.task.id not in seen:
        if above.task.id == task_id:
            return True
        seen.add(above.task.id)
        parent = above.task.parent_id
        above = task(parent) if parent is not None else None
    return False


def reaches(start: str, wanted: str, needs: Callable[[str], Iterable[str]]) -> bool:
    """Whether `start` waits for `wanted`, be it through others, or is it."""
    left, seen = [start], set[str]()
    while left:
        one = left.pop()
        if one == wanted:
            return True
        if one not in seen:
            seen.add(one)
            left.extend(needs(one))
    return False


def counted(before: Task | None, after: Task) -> dict[str, int]:
    """The parents that the change of a task concerns, and how many children more each has."""
    found: dict[str, int] = {}
    for task, number in ((before, -1), (after, 1)):
        if task is not None and task.parent_id is not None:
            counts = number if task.cancelled_at is None else 0
            found[task.parent_id] = found.get(task.parent_id, 0) + counts
    same = before is not None and before.shown_progress == after.shown_progress
    return {parent_id: number for parent_id, number in found.items() if number or not same}
