"""Forgetting when people were active, all that is old enough, a few thousand at a time."""

from __future__ import annotations

from server_stub.core.database import Database
from server_stub.occupancy import service


def forget(database: Database, before: int) -> int:
    """Intervals of every tenant that ended before that instant; how many there were. Each chunk is
    a transaction of its own."""
    gone, last = 0, 1
    while last:
        with database.write() as conn:
            last = service.purge(conn, before)
        gone += last
    return gone
