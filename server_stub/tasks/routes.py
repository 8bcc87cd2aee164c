"""The four endpoints of the first REST API, with its JSON to the letter.

Its writes become actions and are decided like a push: same rules, same audit, same receipts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, audit, auth, feed
from server_stub.core.auth import Caller
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.problems import RESPONSES, ProblemError, answer
from server_stub.core.state import ServerState
from server_stub.people import service as people
from server_stub.sync import push
from server_stub.tasks import queries
from server_stub.tasks.rows import ASSIGNMENTS
from tracker.domain.change import Action, Kind
from tracker.domain.ids import is_uuid
from tracker.domain.instants import rfc3339
from tracker.domain.receipt import EFFECTIVE
from tracker.domain.task import HistoryEntry, Occupancy, Part, Status, Task
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

router = APIRouter(prefix="/api", tags=["tasks"], responses=RESPONSES)

UPDATES_SHOWN = 5
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


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
def employee_tasks(caller: CallerDep, conn: Read) -> EmployeeTasks:
    """The tasks the caller is on."""
    found = queries.tasks_of_user(conn, caller.tenant_id, caller.user_id)
    return EmployeeTasks(tasks=[EmployeeTask(**_printed(task, caller.zone)) for task in found])


@router.post("/task/{task_ref}/progress/", response_model=ProgressResult)
def progress(
    task_ref: str, body: ProgressUpdate, state: State, caller: CallerDep, key: Key = None,
) -> ProgressResult | Response:  # fmt: skip
    """Sets the progress; above 0 starts the task, 100 completes it."""
    args = {"percent": body.progress_percentage, "note": body.notes}
    return _submit(state, caller, Kind.SET_PROGRESS, task_ref, args, body, key)


@router.post("/task/{task_ref}/complete/", response_model=ProgressResult)
def complete(
    task_ref: str, state: State, caller: CallerDep,
    body: CompleteRequest | None = None, key: Key = None,
) -> ProgressResult | Response:  # fmt: skip
    """Completes the task."""
    body = body or CompleteRequest()
    return _submit(state, caller, Kind.COMPLETE, task_ref, {"note": body.notes}, body, key)


def _submit(
    state: ServerState,
    caller: Caller,
    kind: Kind,
    task_ref: str,
    args: Mapping[str, Any],
    body: ProgressUpdate | CompleteRequest,
    key: str | None,
) -> ProgressResult | Response:
    """One REST write as one action without a device.

    A refusal is answered after the commit, not raised: its receipt is kept like any other.
    """
    now = state.now()
    if body.occupancy_status is not None:
        args = {**args, "occupancy": body.occupancy_status}
        state.presence.hear(caller.user_id, now, occupancy=body.occupancy_status)
    op_id = str(uuid.uuid5(uuid.UUID(caller.user_id), key)) if key else auth.new_id(now)
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        task_id = _task_id(conn, caller, task_ref)
        # With a key the fingerprint must not hold the moment, or no repeat would match.
        raw = {"kind": kind, "task_id": task_id, "args": args, "schema": 1}
        sent = push.Sent(
            op_id,
            push.fingerprint(caller.user_id, raw),
            None,
            None,
            Action(op_id, kind, task_id, args, made_at=now, clock_offset=0),
        )
        (receipt,) = push.decide(conn, tenant, caller.actor, [sent], now)
    if receipt.differs:
        return answer("E5010")
    if receipt.outcome not in EFFECTIVE or receipt.current is None:
        return answer(receipt.code or "E4004", receipt.info)
    status = Status(receipt.current["status"])
    return ProgressResult(
        task_id=receipt.current["number"],
        new_progress=receipt.current["progress"],
        task_status=printed_status(status),
    )


def _task_id(conn: Connection, caller: Caller, ref: str) -> str:
    """The id behind a number or UUID in a path. An unknown number is E5001, like any task the
    caller cannot see."""
    if ref.isascii() and ref.isdigit() and len(ref) < 16:
        found = queries.id_of_number(conn, caller.tenant_id, int(ref))
        if found is None:
            raise ProblemError("E5001")
        return found
    if not is_uuid(ref):
        raise ProblemError("E2006", field="task_id")
    return ref


@router.get("/admin/task-status/")
def admin_task_status(state: State, caller: CallerDep, conn: Read) -> AdminTasks:
    """Every task of the tenant with who does it, their occupancy and the last five updates."""
    access.require_admin(caller)
    found = queries.tasks_of_tenant(conn, caller.tenant_id)
    ids = [task.id for task in found]
    names = {p.id: p.display_name for p in people.people(conn, caller.tenant_id)}
    doing: dict[str, str] = {}
    for row in ASSIGNMENTS.of(conn, caller.tenant_id, ids):
        if row.part is Part.ASSIGNEE:
            doing.setdefault(row.task_id, row.user_id)
    updates: dict[str, list[HistoryEntry]] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        for entry in audit.latest(conn, caller.tenant_id, some, UPDATES_SHOWN):
            updates.setdefault(entry.task_id, []).append(entry)
    return AdminTasks(
        tasks=[
            AdminTask(
                **_printed(task, caller.zone),
                employee=names.get(doing.get(task.id, "")),
                occupancy_status=_occupancy(state, doing.get(task.id)),
                updates=[_update(entry, names) for entry in updates.get(task.id, [])],
            )
            for task in found
        ]
    )


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
