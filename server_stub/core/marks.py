"""Marks: how a server finds out that it was restored from a backup.

Each writing transaction leaves a random nonce at the position it ended at. A reader carries the
greatest (epoch, position, nonce) it has seen, signed. Where the database does not hold that nonce
at that position, or ends before it, something the reader has seen is gone: the tenant gets a new
epoch, positions and versions of the old one mean nothing any more, and devices offer again what
they had delivered. Nonces below the position that the feed is pruned to are gone by themselves: a
mark from there proves nothing.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import tell
from server_stub.core.feed import Tenant
from server_stub.core.heads import News
from server_stub.core.signing import Signer
from server_stub.core.statements import Statement
from server_stub.core.tables import marks, tenants

_REMEMBERED = 50_000
_NONCE = Statement(
    sa.select(marks.c.nonce).where(
        marks.c.tenant_id == sa.bindparam("tenant"), marks.c.seq == sa.bindparam("at")
    )
)
_LAST_END = Statement(
    sa.select(sa.func.max(marks.c.seq)).where(
        marks.c.tenant_id == sa.bindparam("tenant"),
        marks.c.seq.between(sa.bindparam("first"), sa.bindparam("last")),
    )
)


@dataclass(frozen=True, slots=True)
class Mark:
    tenant: str
    epoch: str
    seq: int
    nonce: str
    epoch_at: int = 0


class Marks:
    """Makes and checks marks. What was verified since this start is remembered: only then may a
    poll be answered without looking at the database."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._verified: OrderedDict[str, None] = OrderedDict()

    def of(self, tenant: Tenant) -> str:
        """The mark of the tenant's head, which this transaction read or is about to commit."""
        return self._signer.sign(
            [tenant.id, tenant.epoch, tenant.seq, tenant.nonce, tenant.epoch_at]
        )

    def is_verified(self, text: str | None) -> bool:
        return text is None or text in self._verified

    def forget(self) -> None:
        """The database may be another one than a moment ago."""
        self._verified.clear()

    def verify(self, conn: Connection, tenant: Tenant, text: str | None) -> bool | None:
        """True for a mark this database knows, None for one of another epoch, and False for one
        that proves a restore. True, too, for one that proves nothing: not signed by this server,
        or of a time whose marks are pruned."""
        mark = self._read(text)
        if mark is None or mark.tenant != tenant.id:
            return True
        if mark.epoch != tenant.epoch:
            # The device has yet to learn that its epoch is over. A later one than this database
            # knows was lost with a second restore; to go on in the one from before would let
            # positions mean two things.
            return False if mark.epoch_at > tenant.epoch_at else None
        if mark.seq < tenant.pruned:
            return True
        if mark.seq > tenant.seq or nonce_at(conn, tenant, mark.seq) != mark.nonce:
            return False
        assert text is not None
        self._verified[text] = None
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)
        return True

    def _read(self, text: str | None) -> Mark | None:
        payload = self._signer.unsign(text) if text else None
        if not isinstance(payload, list) or len(payload) not in (4, 5):
            return None
        return Mark(*payload)


def nonce_at(conn: Connection, tenant: Tenant, seq: int) -> str:
    if seq == tenant.seq:
        return tenant.nonce
    found = _NONCE.first(conn, {"tenant": tenant.id, "at": seq})
    return found[0] if found else ""


def last_end(conn: Connection, tenant: Tenant, first: int, last: int) -> int | None:
    """Where the last transaction that ended between two positions did."""
    (end,) = _LAST_END.one(conn, {"tenant": tenant.id, "first": first, "last": last})
    return end  # type: ignore[no-any-return]


def new_epoch(conn: Connection, tenant: Tenant, now: int) -> None:
    """Ends the tenant's epoch; the caller holds its counter row and commits. It begins later than
    the one before also where a clock was set back: that is how the two are told apart."""
    tenant.epoch, tenant.epoch_at = str(uuid.uuid4()), max(now, tenant.epoch_at + 1)
    values = {"epoch": tenant.epoch, "epoch_at": tenant.epoch_at}
    conn.execute(sa.update(tenants).where(tenants.c.id == tenant.id).values(**values))
    tell(conn, News(tenant.id, tenant.epoch, tenant.epoch_at))
