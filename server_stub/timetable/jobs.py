"""What the server does by the clock.

A job looks for what is due and does it in chunks, each a transaction of its own. So it can be ended
anywhere, also by SIGKILL, and begun again: what is done is not due any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.feed import Tenant
from server_stub.core.state import ServerState
from server_stub.people import service as people
from server_stub.tasks import service as tasks

CHUNK = 500
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Job:
    """`cron` is in UTC. `chunk` does some of what is due for the locked tenant and returns how
    much that was; 0 when nothing is left."""

    cron: str
    chunk: Callable[[ServerState, Connection, Tenant], int]

    def run(self, state: ServerState) -> int:
        """Does all that is due now, for every tenant; returns how much that was."""
        with state.database.read() as conn:
            tenants = people.tenant_ids(conn)
        return sum(number for tenant_id in tenants for number in self._of(state, tenant_id))

    def _of(self, state: ServerState, tenant_id: str) -> Iterator[int]:
        number = -1
        while number:
            with state.database.write() as conn:
                tenant = feed.lock(conn, tenant_id)
                number = self.chunk(state, conn, tenant)
                feed.save(conn, tenant, state.now())
            yield number


def _archive(state: ServerState, conn: Connection, tenant: Tenant) -> int:
    now = state.now()
    before = now - state.settings.archive_days * DAY_MS
    return tasks.archive_finished(conn, tenant, before, now, CHUNK)


JOBS: Mapping[str, Job] = {"archive": Job("10 3 * * *", _archive)}
