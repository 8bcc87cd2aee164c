"""Reminders of what is due within a day, and of what is overdue; a timetable makes them.

Its own file, as it asks the tasks, which tell this feature of what people do.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.database import Database
from server_stub.core.feed import Tenant
from server_stub.notifications import service
from server_stub.tasks import service as tasks
from tracker.domain.notification import REMIND_BEFORE, Notice, due_notices


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many rows were made, and after which task to go on; None when all were looked at."""

    made: int
    after: str | None


def remind(conn: Connection, tenant: Tenant, now: int, after: str = "") -> Reminded:
    """Looks at the tasks after that id, as many as make up to `service.CHUNK` rows, in the caller's
    transaction on the locked tenant. Whoever was told of a task and this due is not told again."""
    states = tasks.due_before(conn, tenant.id, now + REMIND_BEFORE, after, service.CHUNK)
    notices: list[Notice] = []
    last = None
    for state in states:
        found = due_notices(state, now)
        if notices and len(notices) + len(found) > service.CHUNK:
            return Reminded(service.tell(conn, tenant, notices), last)
        notices += found
        last = state.task.id
    made = service.tell(conn, tenant, notices)
    return Reminded(made, last if len(states) == service.CHUNK else None)


def remind_all(database: Database, tenant_id: str, now: int) -> int:
    """All of a tenant, in transactions of its own; how many rows were made. Stopped in the middle,
    the next time does the rest."""
    made, after = 0, ""
    while True:
        with database.write() as conn:
            tenant = feed.lock(conn, tenant_id)
            done = remind(conn, tenant, now, after)
            if done.made:
                feed.save(conn, tenant, now)
        made += done.made
        if done.after is None:
            return made
        after = done.after
