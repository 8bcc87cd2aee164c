"""What is kept of a task once it is finished: how long it took, how well, and whether in time."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.domain.sla import DAY, Sla, Standing, verdict
from tracker.domain.task import Priority, Task


@dataclass(frozen=True, slots=True)
class Kept:
    """What follows the task as long as somebody rates it, logs time on it or edits it.

    `efficiency_ratio` is the time worked in estimates; None without an estimate or where nobody
    logged time."""

    task_id: str
    project_id: str | None
    was_overdue: bool
    efficiency_ratio: float | None
    quality_rating: int | None
    revenue_cents: int | None


@dataclass(frozen=True, slots=True)
class Metrics(Kept):
    """The rest is as it was at the moment of completion: the priority, what was promised for it,
    and the calendar. `days_to_complete` are whole days and their parts since the task was made;
    `start_ms` and `finish_ms` working time since it was assigned, None for what never was."""

    completed_at: int
    completed_by: str | None
    priority: Priority
    days_to_complete: float
    start_ms: int | None
    finish_ms: int | None
    started_in_time: bool | None
    finished_in_time: bool | None


def kept(task: Task) -> Kept:
    """Of a task that is finished."""
    return Kept(
        task_id=task.id,
        project_id=task.project_id,
        was_overdue=was_overdue(task),
        efficiency_ratio=efficiency(task),
        quality_rating=task.quality_rating,
        revenue_cents=task.revenue_cents,
    )


def was_overdue(task: Task) -> bool:
    """When it was finished."""
    assert task.completed_at is not None
    return task.due_at is not None and task.due_at < task.completed_at


def efficiency(task: Task) -> float | None:
    if task.estimated_minutes and task.actual_minutes:
        return task.actual_minutes / task.estimated_minutes
    return None


def days_to_complete(task: Task) -> float:
    assert task.completed_at is not None
    return max(0, task.completed_at - task.created_at) / DAY


def metrics(task: Task, sla: Sla) -> Metrics:
    """Of a task that is finished; a device's clock that was wrong makes no time negative."""
    later = kept(task)
    assert task.completed_at is not None
    found = verdict(task, sla, task.completed_at)
    return Metrics(
        later.task_id,
        later.project_id,
        later.was_overdue,
        later.efficiency_ratio,
        later.quality_rating,
        later.revenue_cents,
        completed_at=task.completed_at,
        # Completing sets the progress, and nobody sets it afterwards.
        completed_by=task.last_progress_by,
        priority=task.priority,
        days_to_complete=days_to_complete(task),
        start_ms=found.start_ms if found else None,
        finish_ms=found.finish_ms if found else None,
        started_in_time=found.start is Standing.IN_TIME if found else None,
        finished_in_time=found.finish is Standing.IN_TIME if found else None,
    )
