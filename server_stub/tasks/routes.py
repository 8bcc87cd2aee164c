"""The four endpoints of the first REST API, with its JSON to the letter.

Its writes become actions and are decided like a push: same rules, same audit, same receipts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, audit
from server_stub.core.auth import Caller
from server_stub.core.database import chunks
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.paging import After, Limit
from server_stub.core.state import ServerState
from server_stub.people import service as people
from server_stub.sync.once import Key
from server_stub.tasks.acting import Ask, Desk, Scene, act, once
from server_stub.tasks.rows import ASSIGNMENTS
from server_stub.tasks.selecting import Place, listed
from tracker.domain.change import Kind
from tracker.domain.instants import rfc3339
from tracker.domain.task import HistoryEntry, Occupancy, Part, Task
from tracker.protocol.tasks import (
    AdminTask,
    AdminTasks,
    CompleteRequest,
    EmployeeTask,
    EmployeeTasks,
    ProgressResult,
    ProgressUpdate,
    Update,
    printed_status,
)

router = APIRouter(prefix="/api", tags=["tasks"])

UPDATES_SHOWN = 5
STATUS = "/api/admin/task-status/"


def _due_date(task: Task, zone: str) -> str | None:
    """The day of the due in the tenant's zone, as this API prints it."""
    if task.due_date is not None or task.due_at is None:
        return task.due_date
    return (
        datetime.fromtimestamp(task.due_at / 1000, UTC)
        .astimezone(ZoneInfo(zone))
        .date()
        .isoformat()
    )


def _printed(task: Task, zone: str) -> dict[str, Any]:
    return {
        "id": task.number,
        "title": task.title,
        "progress_percentage": task.progress,
        "status": printed_status(task.status),
        "priority": task.priority,
        "due_date": _due_date(task, zone),
    }


@router.get("/employee-tasks/")
def employee_tasks(state: State, caller: CallerDep, conn: Read) -> EmployeeTasks:
    """The tasks the caller is on."""
    mine = _numbered(conn, caller, {"member": caller.user_id, "now": state.now()})
    return EmployeeTasks(tasks=[EmployeeTask(**_printed(task, caller.zone)) for task in mine])


@router.post("/task/{task_ref}/progress/", response_model=ProgressResult)
def progress(
    task_ref: str, body: ProgressUpdate, state: State, caller: CallerDep, key: Key = None
) -> Response:
    """Sets the progress; above 0 starts the task, 100 completes it."""
    desk = Desk(state, caller, key)
    args = {
        "percent": body.progress_percentage, **desk.said(body.notes, body.occupancy_status)
    }  # fmt: skip
    ask = once(Kind.SET_PROGRESS, args, {"percent": "progress_percentage"})
    return act(desk, task_ref, _older(ask))


@router.post("/task/{task_ref}/complete/", response_model=ProgressResult)
def complete(
    task_ref: str, state: State, caller: CallerDep,
    body: CompleteRequest | None = None, key: Key = None,
) -> Response:  # fmt: skip
    """Completes the task."""
    body, desk = body or CompleteRequest(), Desk(state, caller, key)
    ask = once(Kind.COMPLETE, desk.said(body.notes, body.occupancy_status))
    return act(desk, task_ref, _older(ask))


def _older(ask: Ask) -> Ask:
    """Answered in fewer words, so a key of `/api/v1/tasks` is not this request's."""
    return replace(ask, word=f"older {ask.word}", show=_result)


def _result(scene: Scene) -> ProgressResult:
    return ProgressResult(
        task_id=scene.task.number,
        new_progress=scene.task.progress,
        task_status=printed_status(scene.task.status),
    )


@router.get("/admin/task-status/")
def admin_task_status(
    state: State, caller: CallerDep, conn: Read, response: Response,
    after: After = 0, limit: Limit | None = None,
) -> AdminTasks:  # fmt: skip
    """Every task of the tenant with who does it, their occupancy and the last five updates. With a
    `limit` a page of them, by number; the `Link` header has the address of the next one."""
    access.require_admin(caller)
    found = _numbered(conn, caller, {"now": state.now()}, after, limit and limit + 1)
    if limit and len(found) > limit:
        found = found[:limit]
        following = f"{STATUS}?limit={limit}&after={found[-1].number}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    names = {p.id: p.display_name for p in people.people(conn, caller.tenant_id)}
    shown: list[AdminTask] = []
    for some in chunks(found):
        shown += _statuses(state, caller, conn, some, names)
    return AdminTasks(tasks=shown)


def _numbered(
    conn: Connection,
    caller: Caller,
    filters: Mapping[str, Any],
    after: int = 0,
    most: int | None = None,
) -> list[Task]:
    """Tasks that are not archived, by number; all of them without `most`."""
    place, wanted = Place(0, [after]), {"live": None, **filters}
    rows = listed(conn, caller.tenant_id, "number", wanted, place, most or 2**53)
    return [task for task, _ in rows]


def _statuses(
    state: ServerState, caller: Caller, conn: Connection, found: Sequence[Task],
    names: Mapping[str, str],
) -> list[AdminTask]:  # fmt: skip
    ids = [task.id for task in found]
    doing: dict[str, str] = {}
    for row in ASSIGNMENTS.of(conn, caller.tenant_id, ids):
        if row.part is Part.ASSIGNEE:
            doing.setdefault(row.task_id, row.user_id)
    updates: dict[str, list[HistoryEntry]] = {}
    for entry in audit.latest(conn, caller.tenant_id, ids, UPDATES_SHOWN):
        updates.setdefault(entry.task_id, []).append(entry)
    return [
        AdminTask(
            **_printed(task, caller.zone),
            employee=names.get(doing.get(task.id, "")),
            occupancy_status=_occupancy(state, doing.get(task.id)),
            updates=[_update(entry, names) for entry in updates.get(task.id, [])],
        )
        for task in found
    ]


def _occupancy(state: ServerState, user_id: str | None) -> Occupancy:
    return state.presence.occupancy(user_id or "", state.now())


def _update(entry: HistoryEntry, names: Mapping[str, str]) -> Update:
    before, after = entry.before.get("progress"), entry.after.get("progress")
    return Update(
        user=names.get(entry.user_id, ""),
        event=entry.event,
        previous_progress=before if isinstance(before, int) else None,
        new_progress=after if isinstance(after, int) else None,
        notes=entry.note,
        timestamp=rfc3339(entry.received_at) or "",
    )
