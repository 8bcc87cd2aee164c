"""Which actions a request asks for, from what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from server_stub.core.problems import ProblemError
from server_stub.tasks import finding, printing
from server_stub.tasks.acting import Scene, Step
from tracker.domain.change import Kind
from tracker.domain.instants import from_rfc3339
from tracker.domain.task import OPEN, Part, Status, canonical
from tracker.protocol.rest import NewPart, NewTask, TaskChange

_PLAIN = {
    "title": "title",
    "description": "description",
    "lead_id": "lead_id",
    "task_type": "task_type",
    "estimated_duration_min": "estimated_minutes",
    "revenue_cents": "revenue_cents",
}
"""Fields that are taken as they are, and what tasks call them."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BEGINS = {
    Status.ON_HOLD: Kind.RESUME,
    Status.COMPLETED: Kind.REOPEN,
    Status.CANCELLED: Kind.REOPEN,
}
"""How a task gets into progress from there; from anywhere else it starts."""
_ENDS = {
    Status.ON_HOLD: Kind.HOLD,
    Status.COMPLETED: Kind.COMPLETE,
    Status.CANCELLED: Kind.CANCEL,
    Status.ARCHIVED: Kind.ARCHIVE,
}


def creation(scene: Scene, body: NewTask) -> list[Step]:
    args = {name: value for name, value in _fields(scene, body).items() if value is not None}
    people = [_part(scene, one) for one in body.people]
    if body.assigned_to is not None:
        found = finding.person_id(scene.conn, scene.tenant.id, body.assigned_to, "assigned_to")
        people.insert(0, {"user_id": found})
    return [Step(Kind.CREATE_TASK, args | ({"people": people} if people else {}))]


def _part(scene: Scene, one: NewPart) -> dict[str, Any]:
    return {
        "user_id": finding.person_id(scene.conn, scene.tenant.id, one.user_id, "people"),
        "part": one.part.upper(),
        "percent": one.percent,
    }


def _fields(scene: Scene, body: NewTask | TaskChange) -> dict[str, Any]:
    """The task's fields that the body names, by the names and in the form of actions."""
    given = body.model_fields_set
    found = {mine: getattr(body, name) for name, mine in _PLAIN.items() if name in given}
    if "priority" in given:
        found["priority"] = canonical(body.priority) if body.priority is not None else None
    if "scheduled_at" in given:
        found["scheduled_at"] = moment(body.scheduled_at, "scheduled_at")
    if "due_date" in given:
        if body.due_date is not None and _DAY.fullmatch(body.due_date):
            found["due_date"] = body.due_date
        else:
            found["due_at"] = moment(body.due_date, "due_date")
    conn, tenant_id = scene.conn, scene.tenant.id
    if "project_id" in given:
        ref = body.project_id
        found["project_id"] = ref and finding.project_id(conn, tenant_id, ref, "project_id")
    if "parent_id" in given:
        ref = body.parent_id
        found["parent_id"] = ref and finding.other_task_id(conn, tenant_id, ref, "parent_id")
    return found


def moment(text: str | None, field: str) -> int | None:
    found = from_rfc3339(text) if text is not None else None
    if text is not None and found is None:
        raise ProblemError("E2004", "An instant is written 2026-12-31T17:00:00Z.", field)
    return found


def change(scene: Scene, body: TaskChange, said: Mapping[str, Any]) -> list[Step]:
    """What differs from how the task is, in an order in which each is legal. `said` goes with the
    last change of status or progress."""
    task = scene.task
    fields = {
        name: value for name, value in _fields(scene, body).items() if getattr(task, name) != value
    }
    steps = [Step(Kind.EDIT_FIELDS, {"fields": fields})] if fields else []
    if "assigned_to" in body.model_fields_set:
        steps += _handing_over(scene, body)
    return steps + _moving(scene, body, said)


def _handing_over(scene: Scene, body: TaskChange) -> list[Step]:
    """Somebody else does the task from now on. Who is printed already stays, with the others."""
    ref = body.assigned_to
    tenant_id, named = scene.tenant.id, {"user_id": "assigned_to"}
    wanted = ref and finding.person_id(scene.conn, tenant_id, ref, "assigned_to")
    if wanted == printing.first_assignee(scene.state):
        return []
    doing = {row.user_id for row in scene.state.people.values() if row.part is Part.ASSIGNEE}
    steps = [
        Step(Kind.UNASSIGN, {"user_id": user_id}, named) for user_id in sorted(doing - {wanted})
    ]
    if wanted is not None and wanted not in doing:
        steps.insert(0, Step(Kind.ASSIGN, {"user_id": wanted, "part": Part.ASSIGNEE.value}, named))
    return steps


def _moving(scene: Scene, body: TaskChange, said: Mapping[str, Any]) -> list[Step]:
    """Status and progress. What is so already is no step, unless there are notes on it."""
    task, given = scene.task, body.model_fields_set
    status = _status(body.status) if "status" in given else None
    percent = body.progress_percentage if "progress_percentage" in given else None
    if body.notes and status is None and percent is None:
        raise ProblemError("E2017", "They belong to a status or a progress.", "notes")
    if status is not None and percent is not None:
        _check_pair(status, percent)
    steps = []
    is_news = percent != task.progress or (body.notes and status in (None, task.status))
    if percent is not None and is_news and status is not Status.COMPLETED:
        named = {"percent": "progress_percentage"}
        steps.append(Step(Kind.SET_PROGRESS, {"percent": percent}, named))
    if status is not None and (status is not task.status or (body.notes and not steps)):
        # Progress needs an open task; what ends it comes after.
        steps.insert(0 if status in OPEN else len(steps), Step(_kind(task.status, status), {}))
    if steps:
        last = steps[-1]
        steps[-1] = Step(last.kind, {**last.args, **said}, last.names)
    return steps


def _status(word: str) -> Status:
    try:
        return Status(word.upper())
    except ValueError:
        raise ProblemError("E2005", f"One of {', '.join(Status)}.", "status") from None


def _check_pair(status: Status, percent: int) -> None:
    """One request cannot ask for a progress and for a status that has another one."""
    if status is Status.COMPLETED and percent != 100:
        raise ProblemError("E2003", "A completed task is at 100.", "progress_percentage")
    if status in OPEN and percent == 100:
        raise ProblemError("E2003", "At 100 the task is completed.", "progress_percentage")
    if status is Status.PENDING and percent > 0:
        raise ProblemError("E2003", "Above 0 the task is in progress.", "progress_percentage")


def _kind(now: Status, wanted: Status) -> Kind:
    """The action that leads there, if any does: whether it may is for the domain to say."""
    if wanted is Status.IN_PROGRESS:
        return _BEGINS.get(now, Kind.START)
    if wanted is Status.PENDING:
        info = f"It is {now}; {wanted} was wanted."
        raise ProblemError("E5014" if now is Status.ARCHIVED else "E5002", info, "status")
    return _ENDS[wanted]


def removal(scene: Scene) -> list[Step]:
    """Nothing is deleted: an open task is cancelled first, then it is archived."""
    cancelled = [Step(Kind.CANCEL, {})] if scene.task.status in OPEN else []
    return [*cancelled, Step(Kind.ARCHIVE, {})]
