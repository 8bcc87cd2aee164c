"""What is kept of finished tasks, and what their tenant promises."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence

from sqlalchemy.engine import Connection

from server_stub.analytics import queries
from server_stub.core import audit, feed
from server_stub.core.feed import Tenant
from server_stub.core.problems import ProblemError
from tracker.domain import metrics, sla, sla_settings
from tracker.domain.errors import Refusal
from tracker.domain.sla import Sla
from tracker.domain.task import Task
from tracker.protocol.analytics import NewSlaSettings
from tracker.protocol.figures import settings


def note_finished(
    conn: Connection, tenant: Tenant, turned: Sequence[Task], others: Sequence[Task]
) -> None:
    """What a batch means for the metrics: of the tasks that it finished or opened, and of the
    others that it touched. The rows of the tasks are written already."""
    done = [task for task in turned if task.completed_at is not None]
    if done:
        promised = promises(conn, tenant.id, tenant.zone)
        queries.save_metrics(conn, tenant.id, [metrics.metrics(task, promised) for task in done])
    queries.forget(conn, tenant.id, [task.id for task in turned if task.completed_at is None])
    still = [metrics.kept(task) for task in others if task.completed_at is not None]
    queries.follow(conn, tenant.id, still)


def promises(conn: Connection, tenant_id: str, zone: str) -> Sla:
    """What holds for tasks that are finished now; `zone` is the tenant's."""
    return queries.sla(conn, tenant_id) or sla.default(zone)


def read_settings(body: NewSlaSettings) -> Sla:
    """E2004, E2005, E2080 or E2081 for what cannot be used."""
    read = sla_settings.read(
        body.zone,
        body.week,
        body.holidays,
        {priority: (one.start, one.finish) for priority, one in body.promises.items()},
        zoneinfo.available_timezones(),
    )
    if isinstance(read, Refusal):
        raise ProblemError.of(read)
    return read


def set_promises(conn: Connection, tenant: Tenant, user_id: str, new: Sla, now: int) -> None:
    """For what is finished from now on. The tenant's row is locked by the caller."""
    before, after = (
        settings(found).model_dump(mode="json")
        for found in (promises(conn, tenant.id, tenant.zone), new)
    )
    changed = [name for name in after if before[name] != after[name]]
    queries.save_sla(conn, tenant.id, new)
    were, are = ({name: values[name] for name in changed} for values in (before, after))
    audit.note(conn, tenant, tenant.id, "sla.set", user_id, now, were, are)
    feed.save(conn, tenant, now)
