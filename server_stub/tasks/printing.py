"""Tasks and what hangs on them as REST prints them: with numbers for whatever has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from server_stub.people import service as people
from server_stub.tasks import queries
from server_stub.tasks.rows import DEPENDENCIES
from tracker.domain.access import Actor, may_see
from tracker.domain.instants import rfc3339
from tracker.domain.task import (
    Assignment,
    Comment,
    Part,
    Task,
    TaskState,
    TimeEntry,
    is_overdue,
)
from tracker.protocol.rest import (
    NeededTask,
    PrintedComment,
    PrintedPart,
    PrintedTask,
    PrintedTime,
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """By id."""

    people: dict[str, int]
    projects: dict[str, int]
    tasks: dict[str, int]


def first_assignee(state: TaskState) -> str | None:
    """Who was first to have to do the task: S1 knows one."""
    doing = [row for row in state.people.values() if row.part is Part.ASSIGNEE]
    first = min(doing, key=lambda row: (row.assigned_at, row.user_id), default=None)
    return first.user_id if first else None


def instant(ms: int) -> str:
    return rfc3339(ms) or ""


def tasks(
    conn: Connection, tenant_id: str, states: Sequence[TaskState], now: int
) -> list[PrintedTask]:
    numbers = _numbers(conn, tenant_id, states)
    return [_task(state, numbers, now) for state in states]


def _numbers(conn: Connection, tenant_id: str, states: Sequence[TaskState]) -> Numbers:
    found = [state.task for state in states]
    projects = {task.project_id for task in found if task.project_id is not None}
    parents = {task.parent_id for task in found if task.parent_id is not None}
    on_them = {user_id for state in states for user_id in state.people}
    return Numbers(
        people=people_numbers(conn, tenant_id, on_them | {task.created_by for task in found}),
        projects={p.id: p.number for p in people.projects(conn, tenant_id, sorted(projects))}
        if projects
        else {},
        tasks=queries.numbers(conn, tenant_id, sorted(parents)),
    )


def people_numbers(conn: Connection, tenant_id: str, ids: Iterable[str]) -> dict[str, int]:
    return {p.id: p.number for p in people.people(conn, tenant_id, sorted(set(ids)))}


def _task(state: TaskState, numbers: Numbers, now: int) -> PrintedTask:
    task = state.task
    doing = first_assignee(state)
    on_it = sorted(state.people.values(), key=lambda row: (row.assigned_at, row.user_id))
    return PrintedTask(
        id=task.number,
        uuid=task.id,
        title=task.title,
        description=task.description,
        status=task.status,
        priority=task.priority,
        progress_percentage=task.progress,
        assigned_to=numbers.people[doing] if doing is not None else None,
        created_by=numbers.people[task.created_by],
        lead_id=task.lead_id,
        project_id=numbers.projects[task.project_id] if task.project_id is not None else None,
        parent_id=numbers.tasks[task.parent_id] if task.parent_id is not None else None,
        task_type=task.task_type,
        due_date=rfc3339(task.due_at),
        due_day=task.due_date,
        scheduled_at=rfc3339(task.scheduled_at),
        started_at=rfc3339(task.started_at),
        completed_at=rfc3339(task.completed_at),
        cancelled_at=rfc3339(task.cancelled_at),
        completion_notes=task.completion_notes,
        estimated_duration_min=task.estimated_minutes,
        actual_duration_min=task.actual_minutes,
        quality_rating=task.quality_rating,
        revenue_cents=task.revenue_cents,
        people=[_part(row, numbers.people[row.user_id]) for row in on_it],
        rollup_progress=task.rollup_progress,
        child_count=task.child_count,
        comment_count=task.comment_count,
        is_overdue=is_overdue(task, now),
        is_blocked=task.is_blocked,
        version=task.version,
        created_at=instant(task.created_at),
        updated_at=instant(task.updated_at),
    )


def _part(row: Assignment, number: int) -> PrintedPart:
    return PrintedPart(
        number=number,
        part=row.part,
        percent=row.percent,
        accepted_at=rfc3339(row.accepted_at),
        completed_at=rfc3339(row.completed_at),
    )


def comments(
    conn: Connection, tenant_id: str, task: Task, rows: Sequence[Comment]
) -> list[PrintedComment]:
    numbers = people_numbers(conn, tenant_id, (row.user_id for row in rows))
    return [
        PrintedComment(
            id=row.id,
            task_id=task.number,
            user_id=numbers[row.user_id],
            text=row.text,
            parent_id=row.parent_id,
            attachments=list(row.attachments),
            created_at=instant(row.made_at),
            edited_at=rfc3339(row.edited_at),
            version=row.version,
        )
        for row in rows
    ]


def times(
    conn: Connection, tenant_id: str, task: Task, rows: Sequence[TimeEntry]
) -> list[PrintedTime]:
    numbers = people_numbers(conn, tenant_id, (row.user_id for row in rows))
    return [
        PrintedTime(
            id=row.id,
            task_id=task.number,
            user_id=numbers[row.user_id],
            minutes=row.minutes,
            started_at=rfc3339(row.started_at),
            notes=row.note,
            created_at=instant(row.made_at),
        )
        for row in rows
    ]


def needs(conn: Connection, tenant_id: str, actor: Actor, task: Task) -> list[NeededTask]:
    """What the task waits for, finished or not, by number."""
    rows = DEPENDENCIES.of(conn, tenant_id, [task.id])
    found = queries.states(conn, tenant_id, [row.needs_id for row in rows])
    return [
        NeededTask(
            id=state.task.number,
            uuid=state.task.id,
            title=state.task.title if may_see(actor, state) else None,
            status=state.task.status if may_see(actor, state) else None,
        )
        for state, _ in sorted(found.values(), key=lambda pair: pair[0].task.number)
    ]
