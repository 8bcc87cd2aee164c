"""History that devices do not keep: read by a person now and then, page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from server_stub.core import audit
from server_stub.core.deps import CallerDep, Read
from server_stub.core.problems import RESPONSES, ProblemError
from server_stub.tasks import queries
from tracker.domain.access import may_see
from tracker.domain.ids import is_uuid
from tracker.protocol.history import MOST_ENTRIES, HistoryPage

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"], responses=RESPONSES)

LAST = 2**63 - 1
"""The greatest audit number the database can hold."""


@router.get("/{task_id}/history")
def history(
    task_id: str,
    caller: CallerDep,
    conn: Read,
    before: Annotated[int, Query(ge=1, le=LAST)] = LAST,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 50,
) -> HistoryPage:
    """The latest entries with an audit number below `before`, newest first. E5001 for a task that
    the caller may not see."""
    if not is_uuid(task_id):
        raise ProblemError("E2006", field="task_id")
    found_task = queries.states(conn, caller.tenant_id, [task_id]).get(task_id)
    if found_task is None or not may_see(caller.actor, found_task[0]):
        raise ProblemError("E5001")
    found = audit.before(conn, caller.tenant_id, task_id, before, limit + 1)
    return HistoryPage(entries=found[:limit], more=len(found) > limit)
