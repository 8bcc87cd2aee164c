"""What a database holds, for the person who has just copied it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core import audit, feed, marks, migrate
from server_stub.core.audit import Verdict
from server_stub.core.tables import counters
from server_stub.people import service as people
from tracker.domain.errors import TrackerError

_COUNTS = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(counters.c.audit_n), 0))


@dataclass(frozen=True, slots=True)
class Contents:
    """`chains` is empty where they were not walked."""

    revision: str
    tenants: int
    audit_rows: int
    chains: Mapping[str, Verdict]

    @property
    def broken(self) -> dict[str, Verdict]:
        return {of: found for of, found in self.chains.items() if found.broken_at is not None}

    def __str__(self) -> str:
        said = (
            f"revision {self.revision}, {self.tenants} tenants, {self.audit_rows} rows in the "
            "audit trail"
        )
        if not self.chains:
            return said
        if not self.broken:
            return f"{said}, every chain whole"
        return f"{said}; {'; '.join(f'{of}: {found}' for of, found in self.broken.items())}"


def contents(conn: Connection, *, walk: bool = True) -> Contents:
    """E3008 where there are no tables. Reads what is there since the first revision only, so that
    a database can be backed up before it is migrated. `walk` reads every row of the trail."""
    revision = migrate.revision_of(conn)
    if revision is None:
        raise TrackerError("E3008")
    tenants, audit_rows = conn.execute(_COUNTS).one()
    chains = {}
    if walk:
        chains = {of: audit.verify(conn, of) for of in people.tenant_ids(conn)}
    return Contents(revision, tenants, int(audit_rows), chains)


def require_known(revision: str | None) -> str:
    """That this code can bring tables of that revision to its own: E3020 and E3021."""
    if revision is None:
        raise TrackerError("E3020", "It holds no tables of ours.")
    if revision not in migrate.revisions():
        raise TrackerError("E3021", f"Its revision is {revision}.")
    return revision


def begin_epochs(conn: Connection, now: int) -> None:
    """What devices have seen may be gone: from here on they offer it again."""
    for tenant_id in people.tenant_ids(conn):
        marks.new_epoch(conn, feed.lock(conn, tenant_id), now)
