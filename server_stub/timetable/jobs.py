"""What the server does by the clock.

A job looks for what is due and does it in chunks, each a transaction of its own. So it can be ended
anywhere, also by SIGKILL, and begun again: what is done is not due any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server_stub.core import feed, sessions
from server_stub.core.state import ServerState
from server_stub.notifications import reminders
from server_stub.occupancy.forgetting import forget
from server_stub.people import service as people
from server_stub.tasks import service as tasks

CHUNK = 500
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Job:
    """`cron` is in UTC. `run` does all that is due now and returns how much that was."""

    cron: str
    run: Callable[[ServerState], int]


def _each(of_tenant: Callable[[ServerState, str], int]) -> Callable[[ServerState], int]:
    """Does it for one tenant after the other."""

    def run(state: ServerState) -> int:
        with state.database.read() as conn:
            tenants = people.tenant_ids(conn)
        return sum(of_tenant(state, tenant_id) for tenant_id in tenants)

    return run


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


def _forget_activity(state: ServerState) -> int:
    before = state.now() - state.settings.occupancy_days * DAY_MS
    return forget(state.database, before)


def _forget_devices(state: ServerState) -> int:
    done, number = 0, CHUNK
    while number == CHUNK:
        with state.database.write() as conn:
            number = sessions.purge_devices(conn, state.now(), CHUNK)
        done += number
    return done


JOBS: Mapping[str, Job] = {
    "archive": Job("10 3 * * *", _each(_archive)),
    "forget activity": Job("20 3 * * *", _forget_activity),
    "forget devices": Job("30 3 * * *", _forget_devices),
    "remind": Job("*/5 * * * *", _each(_remind)),
}
