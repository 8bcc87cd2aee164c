"""CSV import."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from server_stub.core import feed
from server_stub.core.deps import CallerDep, State
from server_stub.core.problems import answer
from server_stub.importing import service
from tracker.protocol.importing import ImportReport, Verdict
from tracker.protocol.problems import FieldProblem

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])


@router.post("/tasks", response_model=ImportReport)
def import_tasks(
    state: State,
    caller: CallerDep,
    file: Annotated[bytes, Body(media_type="text/csv")] = b"",
    dry_run: bool = False,
    partial: bool = False,
) -> ImportReport | Response:
    """Makes a task of each line. `dry_run` says what would become of each and makes none. With a
    line that cannot be imported nothing is (E2073), unless `partial`. Columns: title, description,
    priority, project, due, assignees, estimate, type, parent, scheduled, revenue."""
    now = state.now()
    if dry_run:
        with state.database.read() as conn:
            return service.check(conn, caller, file, now)
    with state.database.write() as conn:
        tenant = feed.lock(conn, caller.tenant_id)
        report = service.import_tasks(conn, tenant, caller, file, now, partial=partial)
    if report.refused and not partial:
        wrong = [
            FieldProblem(field=f"line {row.line}: {row.field or 'title'}", message=row.message)
            for row in report.lines
            if row.verdict is Verdict.REFUSED
        ]
        return answer("E2073", f"{len(wrong)} of {len(report.lines)}.", wrong)
    return report
