"""CSV import."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Body, Response
from sqlalchemy.engine import Connection

from server_stub.core.feed import Tenant
from server_stub.core.problems import PROBLEM, answer
from server_stub.importing import service
from server_stub.sync.once import Reply, RequestDep, once
from tracker.domain.spreadsheet import Verdict
from tracker.protocol.importing import ImportReport
from tracker.protocol.problems import FieldProblem

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])


@router.post("/tasks", response_model=ImportReport)
def import_tasks(
    request: RequestDep,
    file: Annotated[bytes, Body(media_type="text/csv")] = b"",
    dry_run: bool = False,
    partial: bool = False,
) -> ImportReport | Response:
    """Makes a task of each line. `dry_run` says what would become of each and makes none. With a
    line that cannot be imported nothing is (E2073), unless `partial`. Columns: title, description,
    priority, project, due, assignees, estimate, type, parent, scheduled, revenue."""
    state, caller = request.state, request.caller
    if dry_run:
        with state.database.read() as conn:
            return service.check(conn, caller, file, state.now())

    def do(conn: Connection, tenant: Tenant, now: int) -> Reply:
        report = service.import_tasks(conn, tenant, caller, file, now, partial=partial)
        return Reply.of(report) if partial or not report.refused else _refused(report)

    content = {"file": hashlib.sha256(file).hexdigest(), "partial": partial}
    return once(request, "import", content, do)


def _refused(report: ImportReport) -> Reply:
    """What is wrong with each line; nothing was made."""
    wrong = [
        FieldProblem(field=f"line {row.line}: {row.field or 'title'}", message=row.message)
        for row in report.lines
        if row.verdict is Verdict.REFUSED
    ]
    problem = answer("E2073", f"{len(wrong)} of {len(report.lines)}.", wrong)
    text = bytes(problem.body).decode()
    trace = {"Tracker-Trace": problem.headers["Tracker-Trace"]}
    return Reply(text, problem.status_code, trace, PROBLEM)
