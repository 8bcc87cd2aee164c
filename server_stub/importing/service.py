"""Tasks from a CSV file: each line is a `create_task`, decided and kept like any other.

The id of a line's action is made of the person, the file and the line, so the same file sent twice
makes nothing twice.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.auth import Caller
from server_stub.core.feed import Tenant
from server_stub.importing.reading import Line, Names, arguments, lines
from server_stub.people import service as people
from server_stub.sync import push
from server_stub.tasks import service as tasks
from tracker.domain.change import Action, Kind
from tracker.domain.errors import InputError, Refusal
from tracker.protocol.importing import ImportedLine, ImportReport, Verdict


@dataclass(frozen=True, slots=True)
class _Read:
    """A line as the action it would be, or why it cannot be one."""

    line: Line
    action: Action | None
    refusal: Refusal | None


def check(conn: Connection, caller: Caller, data: bytes, now: int) -> ImportReport:
    """What an import would do, line by line; nothing is written."""
    tenant = feed.look(conn, caller.tenant_id)
    found = _read(conn, tenant, caller, data, now)
    return _report(found, _decided(conn, tenant, caller, found, now), dry_run=True)


def import_tasks(
    conn: Connection, tenant: Tenant, caller: Caller, data: bytes, now: int, *, partial: bool
) -> ImportReport:
    """Makes the tasks. With a line that is refused, none of them, unless `partial`: the report then
    says `new` of no line. The tenant is locked, and saved here."""
    found = _read(conn, tenant, caller, data, now)
    # On a copy of the counter row: deciding counts numbers and chains the trail.
    decided = _decided(conn, feed.look(conn, tenant.id), caller, found, now)
    report = _report(found, decided, dry_run=False)
    if report.refused and not partial:
        return report
    refused = {row.line for row in report.lines if row.verdict is Verdict.REFUSED}
    good = [read.action for read in found if read.action and read.line.number not in refused]
    sents = [_sent(caller, action) for action in good]
    receipts = push.decide(conn, tenant, caller.actor, sents, now)
    numbers = {r.op_id: r.current["number"] for r in receipts if r.current is not None}
    made = [
        row.model_copy(update={"id": numbers.get(read.action.op_id)}) if read.action else row
        for row, read in zip(report.lines, found, strict=True)
    ]
    return report.model_copy(update={"lines": made})


def _read(conn: Connection, tenant: Tenant, caller: Caller, data: bytes, now: int) -> list[_Read]:
    found, file = lines(data), hashlib.sha256(data).hexdigest()
    names = _names(conn, tenant, found)
    user = uuid.UUID(caller.user_id)
    read = []
    for line in found:
        op_id = uuid.uuid5(user, f"import {file} {line.number}")
        try:
            args = arguments(line, names)
        except InputError as error:
            refusal = Refusal(error.code, error.field, error.info)
            read.append(_Read(line, None, refusal))
            continue
        task_id = str(uuid.uuid5(op_id, "task"))
        action = Action(str(op_id), Kind.CREATE_TASK, task_id, args, made_at=now, clock_offset=0)
        read.append(_Read(line, action, None))
    return read


def _names(conn: Connection, tenant: Tenant, found: Sequence[Line]) -> Names:
    """Names and numbers of the people and projects that are there, and of the named parents."""
    known = [person for person in people.people(conn, tenant.id) if person.active]
    projects = [p for p in people.projects(conn, tenant.id) if not p.archived]
    parents = {line.cells.get("parent", "") for line in found}
    numbers = sorted({int(text) for text in parents if re.fullmatch("[0-9]{1,15}", text)})
    return Names(
        {p.name.casefold(): p.id for p in known} | {str(p.number): p.id for p in known},
        {p.name.casefold(): p.id for p in projects} | {str(p.number): p.id for p in projects},
        {str(number): i for number, i in tasks.ids_of_numbers(conn, tenant.id, numbers).items()},
    )


def _decided(
    conn: Connection, tenant: Tenant, caller: Caller, found: Sequence[_Read], now: int
) -> dict[str, Refusal | None]:
    """op_id → why it would be refused; E5012 is a line that was imported before."""
    actions = [read.action for read in found if read.action is not None]
    bench = tasks.open_bench(conn, tenant, actions)
    decided: dict[str, Refusal | None] = {}
    for action in actions:
        done = tasks.act(bench, caller.actor, action, now)
        decided[action.op_id] = done if isinstance(done, Refusal) else None
    return decided


def _report(
    found: Sequence[_Read], decided: dict[str, Refusal | None], *, dry_run: bool
) -> ImportReport:
    rows = [_row(read, decided) for read in found]
    verdicts = [row.verdict for row in rows]
    return ImportReport(
        dry_run=dry_run,
        new=verdicts.count(Verdict.NEW),
        known=verdicts.count(Verdict.KNOWN),
        refused=verdicts.count(Verdict.REFUSED),
        lines=rows,
    )


_COLUMNS = {
    "due_at": "due", "estimated_minutes": "estimate", "people": "assignees",
    "project_id": "project", "parent_id": "parent", "task_type": "type",
    "scheduled_at": "scheduled", "revenue_cents": "revenue",
}  # fmt: skip
"""What the file calls the arguments of an action, where it calls them otherwise."""


def _row(read: _Read, decided: dict[str, Refusal | None]) -> ImportedLine:
    refusal = read.refusal or (decided[read.action.op_id] if read.action else None)
    title = read.line.cells.get("title", "")
    if refusal is None:
        return ImportedLine(line=read.line.number, verdict=Verdict.NEW, title=title)
    if refusal.code == "E5012":
        return ImportedLine(line=read.line.number, verdict=Verdict.KNOWN, title=title)
    return ImportedLine(
        line=read.line.number,
        verdict=Verdict.REFUSED,
        title=title,
        code=refusal.code,
        field=refusal.field and _COLUMNS.get(refusal.field, refusal.field),
        message=refusal.message,
    )


def _sent(caller: Caller, action: Action) -> push.Sent:
    # Without the moment, or a repeat would not match.
    raw = {"kind": action.kind, "task_id": action.task_id, "args": action.args, "schema": 1}
    mark = push.fingerprint(caller.user_id, raw)
    return push.Sent(action.op_id, mark, None, None, action)
