"""Tasks from a CSV file: each line is a `create_task`, decided and kept like any other.

The id of a line's action is made of the person, the file and the line, so the same file sent twice
makes nothing twice. Whoever has the file can make these ids too, so what others did under them does
not count, and a task of theirs is never said to be an imported line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.auth import Caller
from server_stub.core.feed import Tenant
from server_stub.people import service as people
from server_stub.sync import push
from server_stub.tasks import service as tasks
from tracker.domain import spreadsheet
from tracker.domain.change import Action
from tracker.domain.errors import InputError, Refusal
from tracker.domain.receipt import EFFECTIVE, Receipt
from tracker.domain.spreadsheet import Names, Planned, Verdict
from tracker.protocol.importing import ImportedLine, ImportReport

_TAKEN = Refusal("E5010", info="Change the file, if only its columns' order, and import it anew.")
"""Something else has the line's id, or its task's, for ever."""


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
    good = [plan.action for plan in found if plan.action and plan.line.number not in refused]
    sents = [_sent(caller, action) for action in good]
    receipts = push.decide(conn, tenant, caller.actor, sents, now)
    done = settled(found, report, {receipt.op_id: receipt for receipt in receipts})
    if done.refused and not partial:  # unlike what was decided before: taken back, with the others
        worst = next(row for row in done.lines if row.verdict is Verdict.REFUSED)
        raise InputError("E2073", worst.message, f"line {worst.line}")
    return done


def settled(
    found: Sequence[Planned], report: ImportReport, receipts: Mapping[str, Receipt]
) -> ImportReport:
    """The report by what came of the lines. A line is new only where its own action took effect,
    whatever was thought before."""
    rows = []
    for row, plan in zip(report.lines, found, strict=True):
        receipt = receipts.get(plan.action.op_id) if plan.action else None
        if receipt is None:
            rows.append(row)
            continue
        refusal = _refusal(receipt)
        if row.verdict is Verdict.NEW and refusal is not None:
            rows.append(ImportedLine(**asdict(spreadsheet.judged(plan, refusal))))
        else:
            number = receipt.current and receipt.current.get("number")
            rows.append(row.model_copy(update={"id": number}))
    return _counted(rows, dry_run=report.dry_run)


def _refusal(receipt: Receipt) -> Refusal | None:
    """Why an action that was answered so made no task; something else under its id did not."""
    if receipt.outcome not in EFFECTIVE:
        return Refusal(receipt.code or "E5008", receipt.field, receipt.info)
    return _TAKEN if receipt.differs else None


def _read(conn: Connection, tenant: Tenant, caller: Caller, data: bytes, now: int) -> list[Planned]:
    found, mark = spreadsheet.lines(data), spreadsheet.mark_of(data)
    names = _names(conn, tenant, spreadsheet.parents(found))
    return [spreadsheet.planned(line, names, caller.user_id, mark, now) for line in found]


def _names(conn: Connection, tenant: Tenant, numbers: Sequence[int]) -> Names:
    """Of the people and projects that are there, and of the named parents."""
    parents = tasks.ids_of_numbers(conn, tenant.id, numbers)
    return spreadsheet.names_of(
        people.people(conn, tenant.id), people.projects(conn, tenant.id), parents
    )


def _decided(
    conn: Connection, tenant: Tenant, caller: Caller, found: Sequence[Planned], now: int
) -> dict[str, Refusal | None]:
    """op_id → why it would be refused; E5012 is a line that the caller imported before. What was
    answered under its id before, as when a device sent it, stands for ever."""
    actions = [plan.action for plan in found if plan.action is not None]
    bench = tasks.open_bench(conn, tenant, actions)
    before = push.settled_before(conn, tenant, caller.actor, [action.op_id for action in actions])
    decided: dict[str, Refusal | None] = {}
    for action in actions:
        there, receipt = bench.task(action.task_id), before.get(action.op_id)
        done = tasks.act(bench, caller.actor, action, now)
        refusal = done if isinstance(done, Refusal) else None
        if there is not None and there.task.created_by != caller.user_id:
            refusal = _TAKEN
        if refusal is None and receipt is not None:
            refusal = _refusal(receipt) or _TAKEN
        decided[action.op_id] = refusal
    return decided


def _report(
    found: Sequence[Planned], decided: dict[str, Refusal | None], *, dry_run: bool
) -> ImportReport:
    rows = []
    for plan in found:
        refusal = decided[plan.action.op_id] if plan.action else None
        rows.append(ImportedLine(**asdict(spreadsheet.judged(plan, refusal))))
    return _counted(rows, dry_run=dry_run)


def _counted(rows: list[ImportedLine], *, dry_run: bool) -> ImportReport:
    verdicts = [row.verdict for row in rows]
    return ImportReport(
        dry_run=dry_run,
        new=verdicts.count(Verdict.NEW),
        known=verdicts.count(Verdict.KNOWN),
        refused=verdicts.count(Verdict.REFUSED),
        lines=rows,
    )


def _sent(caller: Caller, action: Action) -> push.Sent:
    raw = {"kind": action.kind, "task_id": action.task_id, "args": action.args, "schema": 1}
    mark = push.derived_fingerprint(caller.user_id, raw)
    return push.Sent(action.op_id, mark, None, None, action)
