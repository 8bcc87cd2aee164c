"""History that devices do not keep: read by a person now and then, page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from server_stub.core import audit
from server_stub.core.deps import CallerDep, Read
from server_stub.tasks import finding
from tracker.protocol.history import MOST_ENTRIES, HistoryPage

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"])

LAST = 2**63 - 1
"""The greatest audit number the database can hold."""


@router.get("/{task_ref}/history")
def history(
    task_ref: str,
    caller: CallerDep,
    conn: Read,
    before: Annotated[int, Query(ge=1, le=LAST)] = LAST,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 50,
) -> HistoryPage:
    """The latest entries of a task, by number or UUID, with an audit number below `before`; the
    newest first. E5001 for a task that the caller may not see."""
    task = finding.seen(conn, caller.tenant_id, caller.actor, task_ref).task
    found = audit.before(conn, caller.tenant_id, task.id, before, limit + 1)
    return HistoryPage(entries=found[:limit], more=len(found) > limit)
