"""The audit trail: append only, chained by hash, guarded by triggers in the first migration.

A row's hash covers the hash before it and the stored bytes of its body, so a change, a gap, a
swap or a replaced row breaks the chain at that row. Bodies hold user ids, never names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.engine import Connection

from server_stub.core.feed import Tenant
from server_stub.core.statements import Statement
from server_stub.core.tables import audit, counters
from tracker.domain.task import HistoryEntry

GENESIS = "0" * 64
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_INSERT = Statement(sa.insert(audit))
_RANKED = (
    sa.select(
        audit.c.n,
        audit.c.body,
        sa.func.row_number()
        .over(partition_by=audit.c.task_id, order_by=audit.c.n.desc())
        .label("rank"),
    )
    .where(
        audit.c.tenant_id == sa.bindparam("tenant"),
        audit.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
    )
    .subquery()
)
_LATEST = Statement(
    sa.select(_RANKED.c.body).where(_RANKED.c.rank <= sa.bindparam("most")).order_by(_RANKED.c.n)
)
_ENTRIES = Statement(
    sa.select(audit.c.body).where(
        audit.c.tenant_id == sa.bindparam("tenant"),
        audit.c.n.in_(sa.bindparam("numbers", expanding=True)),
    )
)

_BEFORE = (
    sa.select(audit.c.body)
    .where(
        audit.c.tenant_id == sa.bindparam("tenant"),
        audit.c.task_id == sa.bindparam("task"),
        audit.c.n < sa.bindparam("before"),
    )
    .order_by(audit.c.n.desc())
    .limit(sa.bindparam("most"))
)


def append(tenant: Tenant, task_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
    """The next row of the locked tenant's chain; the caller inserts it with its batch."""
    tenant.audit_n += 1
    text = _compact({"n": tenant.audit_n, "tenant": tenant.id, "task": task_id, **body})
    row: dict[str, Any] = {
        "tenant_id": tenant.id,
        "n": tenant.audit_n,
        "task_id": task_id,
        "body": text,
        "prev_hash": tenant.audit_hash,
        "hash": _hash(tenant.audit_hash, text),
    }
    tenant.audit_hash = row["hash"]
    return row


def note(
    conn: Connection,
    tenant: Tenant,
    thing_id: str,
    event: str,
    user_id: str | None,
    now: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    **more: Any,
) -> None:
    """Writes a row about a thing that is no task (`person.create`); where a task's id stands in
    other rows, its id does. `user_id` is None for who works at the server's command line."""
    body = {
        "event": event,
        "user": user_id,
        "op_id": None,
        "device_id": None,
        "device_seq": None,
        "before": dict(before),
        "after": dict(after),
        "note": "",
        "occupancy": None,
        "merged": [],
        "made_at": now,
        "clock_offset": None,
        "worked_at": now,
        "received_at": now,
        **more,
    }
    insert(conn, [append(tenant, thing_id, body)])


def note_change(
    conn: Connection,
    tenant: Tenant,
    event: str,
    old: Any,
    new: Any,
    user_id: str | None,
    now: int,
    private: Collection[str] = (),
) -> None:
    """Writes what differs between two values of a dataclass with an id; of `private` fields only
    that they do."""
    differing = [
        f.name
        for f in fields(new)
        if f.name != "version" and getattr(old, f.name) != getattr(new, f.name)
    ]
    told = [name for name in differing if name not in private]
    before, after = ({name: getattr(one, name) for name in told} for one in (old, new))
    note(conn, tenant, new.id, event, user_id, now, before, after, fields=differing)


def insert(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        _INSERT.run_each(conn, rows)


def _hash(previous: str, body: str) -> str:
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def rows(conn: Connection, tenant_id: str, task_id: str | None = None) -> Iterator[dict[str, Any]]:
    """The bodies in order, of the tenant or of one task."""
    query = sa.select(audit.c.body).where(audit.c.tenant_id == tenant_id).order_by(audit.c.n)
    if task_id is not None:
        query = query.where(audit.c.task_id == task_id)
    for (body,) in conn.execute(query):
        yield json.loads(body)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the chain found: how many rows, and the first number that does not fit."""

    checked: int
    broken_at: int | None
    reason: str = ""

    def __str__(self) -> str:
        of = f"the chain of {self.checked} rows"
        if self.broken_at is None:
            return f"{of} is whole"
        return f"{of} is BROKEN at row {self.broken_at}: {self.reason}"


def verify(conn: Connection, tenant_id: str) -> Verdict:
    """Walks the chain of one tenant and compares its end with the counter row."""
    previous, expected = GENESIS, 1
    query = sa.select(audit).where(audit.c.tenant_id == tenant_id).order_by(audit.c.n)
    for row in conn.execute(query):
        if row.n != expected:
            return Verdict(expected - 1, expected, "a row is missing")
        if row.prev_hash != previous or row.hash != _hash(previous, row.body):
            return Verdict(expected - 1, row.n, "the row or its order was changed")
        body = json.loads(row.body)
        if body["n"] != row.n or body["task"] != row.task_id or body["tenant"] != tenant_id:
            return Verdict(expected - 1, row.n, "the row's columns differ from its body")
        previous, expected = row.hash, expected + 1
    end = conn.execute(
        sa.select(counters.c.audit_n, counters.c.audit_hash).where(
            counters.c.tenant_id == tenant_id
        )
    ).one()
    if (end.audit_n, end.audit_hash) != (expected - 1, previous):
        return Verdict(expected - 1, expected, "rows are missing at the end")
    return Verdict(expected - 1, None)


def as_history(body: Mapping[str, Any]) -> HistoryEntry:
    """An audit body as the line a person reads in the task's history."""
    return HistoryEntry(
        id=str(body["n"]),
        task_id=body["task"],
        user_id=body["user"],
        event=body["event"],
        before=body["before"],
        after=body["after"],
        note=body["note"],
        made_at=body["worked_at"],
        received_at=body["received_at"],
        op_id=body["op_id"],
    )


def latest(
    conn: Connection, tenant_id: str, task_ids: Sequence[str], most: int
) -> list[HistoryEntry]:
    """The `most` latest entries of each of these tasks, oldest first."""
    if not task_ids:
        return []
    values = {"tenant": tenant_id, "tasks": list(task_ids), "most": most}
    return [as_history(from_json(body)) for (body,) in _LATEST.all(conn, values)]


def before(
    conn: Connection, tenant_id: str, task_id: str, number: int, most: int
) -> list[HistoryEntry]:
    """The `most` latest entries of the task below this audit number, newest first."""
    values = {"tenant": tenant_id, "task": task_id, "before": number, "most": most}
    return [as_history(json.loads(body)) for (body,) in conn.execute(_BEFORE, values)]


def entries(conn: Connection, tenant_id: str, numbers: Sequence[int]) -> list[HistoryEntry]:
    """The entries with these audit numbers."""
    if not numbers:
        return []
    values = {"tenant": tenant_id, "numbers": list(numbers)}
    return [as_history(from_json(body)) for (body,) in _ENTRIES.all(conn, values)]
