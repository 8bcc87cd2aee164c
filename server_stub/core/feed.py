"""The change feed: who has to hear that a thing changed, at which position.

A row is a pointer, never the data; readers get the state of the moment they read. Positions come
from the locked counter row: a database sequence commits out of order, and a reader that saw 8
before 7 was committed would never see 7.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import tell
from server_stub.core.heads import News
from server_stub.core.statements import Statement
from server_stub.core.tables import counters, feed, marks, tenants

ALL = "all"
ADMINS = "admins"


@dataclass(slots=True)
class Tenant:
    """The locked counter row during one writing transaction, and the pointers it will write."""

    id: str
    epoch: str
    epoch_at: int
    zone: str
    seq: int
    nonce: str
    pruned: int
    audit_n: int
    audit_hash: str
    task_number: int
    person_number: int
    project_number: int
    notification_number: int
    team_number: int
    pointers: list[dict[str, Any]] = field(default_factory=list)
    unheard: bool = False
    """Something was written that no pointer tells of. A mark is left all the same: else a restore
    that takes it back would go unnoticed, and nobody would offer it again."""

    def point(self, audiences: Iterable[str], kind: str, entity_id: str) -> dict[str, int]:
        """Notes that each audience has to hear of the thing; returns each one's position."""
        written = {}
        for audience in audiences:
            self.seq += 1
            written[audience] = self.seq
            self.pointers.append(
                {
                    "tenant_id": self.id,
                    "seq": self.seq,
                    "audience": audience,
                    "kind": kind,
                    "entity_id": entity_id,
                }
            )
        return written


_OF_TENANT: sa.Select[Any] = sa.select(
    tenants.c.id,
    tenants.c.epoch,
    tenants.c.epoch_at,
    tenants.c.zone,
    counters.c.seq,
    counters.c.nonce,
    counters.c.pruned,
    counters.c.audit_n,
    counters.c.audit_hash,
    counters.c.task_number,
    counters.c.person_number,
    counters.c.project_number,
    counters.c.notification_number,
    counters.c.team_number,
).where(counters.c.tenant_id == tenants.c.id, tenants.c.id == sa.bindparam("tenant"))
_TENANT = Statement(_OF_TENANT)
# Both rows: what waited here then sees the epoch, too, as it is now. New rows of the tenant may
# still refer to it meanwhile.
_TENANT_LOCKED = Statement(_OF_TENANT.with_for_update(key_share=True))
_COUNTERS = (
    "seq",
    "nonce",
    "audit_n",
    "audit_hash",
    "task_number",
    "person_number",
    "project_number",
    "notification_number",
    "team_number",
)
_SAVE = Statement(
    sa.update(counters)
    .where(counters.c.tenant_id == sa.bindparam("tenant"))
    .values({name: sa.bindparam(f"new_{name}") for name in _COUNTERS})
)
_POINT, _MARK = Statement(sa.insert(feed)), Statement(sa.insert(marks))
_AFTER = Statement(
    sa.select(feed.c.seq, feed.c.kind, feed.c.entity_id)
    .where(
        feed.c.tenant_id == sa.bindparam("tenant"),
        feed.c.audience.in_(sa.bindparam("audiences", expanding=True)),
        feed.c.seq > sa.bindparam("after"),
    )
    .order_by(feed.c.seq)
    .limit(sa.bindparam("most"))
)


@functools.cache
def _heads(number: int) -> Statement:
    """The newest position of each of so many audiences, in one statement: each is one index seek,
    which a GROUP BY would not be."""
    return Statement(
        sa.select(
            *(
                sa.select(sa.func.max(feed.c.seq))
                .where(
                    feed.c.tenant_id == sa.bindparam("tenant"),
                    feed.c.audience == sa.bindparam(f"audience{n}"),
                )
                .scalar_subquery()
                for n in range(number)
            )
        )
    )


def lock(conn: Connection, tenant_id: str) -> Tenant:
    """Locks the tenant's counter row. Every writing transaction does this before it reads."""
    query = _TENANT if conn.dialect.name == "sqlite" else _TENANT_LOCKED
    return Tenant(*query.one(conn, {"tenant": tenant_id}))


def save(conn: Connection, tenant: Tenant, now: int) -> None:
    """Writes the pointers, a mark and the counter back; the last thing before the commit, after
    which readers hear of it. `now` is the server's clock in ms. A position without a pointer is
    nothing new to anybody: others' pointers are none to a reader, either."""
    if tenant.pointers:
        _POINT.run_each(conn, tenant.pointers)
        heads = {pointer["audience"]: pointer["seq"] for pointer in tenant.pointers}
        tell(conn, News(tenant.id, tenant.epoch, tenant.epoch_at, heads))
    elif tenant.unheard:
        tenant.seq += 1
    if tenant.pointers or tenant.unheard:
        tenant.nonce = secrets.token_hex(8)
        mark = {"tenant_id": tenant.id, "seq": tenant.seq, "nonce": tenant.nonce, "made_at": now}
        _MARK.run(conn, mark)
    tenant.pointers, tenant.unheard = [], False
    values = {f"new_{name}": getattr(tenant, name) for name in _COUNTERS}
    _SAVE.run(conn, {"tenant": tenant.id, **values})


def look(conn: Connection, tenant_id: str) -> Tenant:
    """The counter row as a reader sees it, unlocked."""
    return Tenant(*_TENANT.one(conn, {"tenant": tenant_id}))


def after(
    conn: Connection, tenant_id: str, audiences: Iterable[str], seq: int, limit: int
) -> list[tuple[int, str, str]]:
    """Up to `limit` pointers (seq, kind, id) after `seq` for these audiences, in order."""
    values = {"tenant": tenant_id, "audiences": list(audiences), "after": seq, "most": limit}
    return [(found, kind, entity_id) for found, kind, entity_id in _AFTER.all(conn, values)]


def heads(conn: Connection, tenant: Tenant, audiences: Iterable[str]) -> dict[str, int]:
    """The newest position of each of these audiences; where the feed was pruned to, if it holds
    none since: the newest may have been any up to there."""
    wanted = list(audiences)
    named = {f"audience{n}": audience for n, audience in enumerate(wanted)}
    found = _heads(len(wanted)).one(conn, {"tenant": tenant.id, **named})
    return {
        audience: max(newest or 0, tenant.pruned)
        for audience, newest in zip(wanted, found, strict=True)
    }
