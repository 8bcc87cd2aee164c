"""Pruning: the feed forgets what every device in use has heard of long ago.

A pointer has no time of its own, and needs none: the pointers of a transaction were committed
together, and its mark, one row instead of many, says when (`made_at`, the server's clock). So
pruning goes up to a mark, and never divides a transaction.

What is pruned up to is remembered before anything is deleted. From then on no head is below it
(`feed.heads`), no cursor below it is good (E4005), and a mark below it proves nothing. The mark at
that very position stays: whoever stands there has missed nothing, and can still prove it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core import feed as feeds
from server_stub.core.database import Database, tell
from server_stub.core.heads import News
from server_stub.core.tables import counters, feed, marks

CHUNK = 500
"""Rows deleted in one transaction: writers wait for no more than that."""

# In the order of the key, so that it ends at the first one found.
_YOUNG = (
    sa.select(marks.c.seq)
    .where(marks.c.tenant_id == sa.bindparam("tenant"), marks.c.made_at >= sa.bindparam("since"))
    .order_by(marks.c.seq)
    .limit(1)
)
_OLDEST_KEPT = sa.func.coalesce(_YOUNG.scalar_subquery(), 2**63 - 1)
_UP_TO = sa.select(sa.func.max(marks.c.seq)).where(
    marks.c.tenant_id == sa.bindparam("tenant"), marks.c.seq < _OLDEST_KEPT
)
_REMEMBER = (
    sa.update(counters)
    .where(counters.c.tenant_id == sa.bindparam("tenant"))
    .values(pruned=sa.bindparam("up_to"))
)


def _delete(table: sa.Table) -> sa.Delete:
    """Some of the tenant's rows below a position; neither database's DELETE has a limit that the
    other knows."""
    some = (
        sa.select(table.c.seq)
        .where(table.c.tenant_id == sa.bindparam("tenant"), table.c.seq < sa.bindparam("below"))
        .order_by(table.c.seq)
        .limit(CHUNK)
    )
    return sa.delete(table).where(
        table.c.tenant_id == sa.bindparam("tenant"), table.c.seq.in_(some)
    )


_DELETE_POINTERS, _DELETE_MARKS = _delete(feed), _delete(marks)


@dataclass(frozen=True, slots=True)
class Pruned:
    """Up to which position the tenant's feed is pruned now, and what went this time."""

    up_to: int
    pointers: int
    marks: int


def prune(database: Database, tenant_id: str, since: int) -> Pruned:
    """Forgets what was committed before the instant `since`, in ms; stopped in the middle, the next
    time does the rest. E3007 and E3009 as every transaction."""
    up_to = _remember(database, tenant_id, since)
    return Pruned(
        up_to,
        _all_below(database, tenant_id, _DELETE_POINTERS, up_to + 1),
        _all_below(database, tenant_id, _DELETE_MARKS, up_to),
    )


def _remember(database: Database, tenant_id: str, since: int) -> int:
    """Up to the last mark before the first one that stays: where the clock was set back once, what
    is young is kept although something after it says that it is old."""
    with database.read() as conn:
        up_to = conn.execute(_UP_TO, {"tenant": tenant_id, "since": since}).scalar() or 0
    with database.write() as conn:
        tenant = feeds.lock(conn, tenant_id)
        if up_to <= tenant.pruned:
            return tenant.pruned
        conn.execute(_REMEMBER, {"tenant": tenant_id, "up_to": up_to})
        # Heads in memory may be below it. They would be right, but only until they are read anew.
        tell(conn, News(tenant_id, tenant.epoch, tenant.epoch_at, heads=None))
        return up_to


def _all_below(database: Database, tenant_id: str, delete: sa.Delete, position: int) -> int:
    gone, last = 0, CHUNK
    while last == CHUNK:
        with database.write() as conn:
            last = _some_below(conn, tenant_id, delete, position)
        gone += last
    return gone


def _some_below(conn: Connection, tenant_id: str, delete: sa.Delete, position: int) -> int:
    feeds.lock(conn, tenant_id)
    return conn.execute(delete, {"tenant": tenant_id, "below": position}).rowcount
