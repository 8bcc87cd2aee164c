"""What the server does by the clock.

A job looks for what is due and does it in chunks, each a transaction of its own. So it can be ended
anywhere, also by SIGKILL, and begun again: what is done is not due any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server_stub.core import feed
from server_stub.core.state import ServerState
from server_stub.notifications import reminders
from server_stub.people import service as people
from server_stub.tasks import service as tasks

CHUNK = 500
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Job:
    """`cron` is in UTC. `of_tenant` does all that is due now and returns how much that was."""

    cron: str
    of_tenant: Callable[[ServerState, str], int]

    def run(self, state: ServerState) -> int:
        with state.database.read() as conn:
            tenants = people.tenant_ids(conn)
        return sum(self.of_tenant(state, tenant_id) for tenant_id in tenants)


def _archive(state: ServerState, tenant_id: str) -> int:
    now = state.now()
    before = now - state.settings.archive_days * DAY_MS
    done, number = 0, CHUNK
    while number == CHUNK:
        with state.database.write() as conn:
            tenant = feed.lock(conn, tenant_id)
            number = tasks.archive_finished(conn, tenant, before, now, CHUNK)
            feed.save(conn, tenant, now)
        done += number
    return done


def _remind(state: ServerState, tenant_id: str) -> int:
    return reminders.remind_all(state.database, tenant_id, state.now())


JOBS: Mapping[str, Job] = {
    "archive": Job("10 3 * * *", _archive),
    "remind": Job("*/5 * * * *", _remind),
}
