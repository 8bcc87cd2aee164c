"""What a person's tasks, or the tenant's, add up to: two statements each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.tasks.rows import TENANT
from server_stub.tasks.selecting import DONE_BY, is_late, is_open
from server_stub.tasks.tables import tasks, time_entries
from tracker.domain.task import Status
from tracker.protocol.rest import TaskStats

DAY_MS = 86_400_000

_C: Any = tasks.c
_SOON = sa.and_(_C.due_at.between(sa.bindparam("now"), sa.bindparam("soon")), is_open(_C))


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((condition, 1)))


def _sum(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.sum(value), sa.BigInteger)


ALL = (
    sa.select(
        _C.status,
        sa.func.count().label("number"),
        _number(is_late(_C)).label("late"),
        _number(_SOON).label("soon"),
        sa.func.count(_C.completed_at).label("completed"),
        sa.func.count(_C.cancelled_at).label("cancelled"),
        _sum(_C.completed_at - _C.created_at).label("taken"),
        sa.func.count(_C.quality_rating).label("rated"),
        _sum(_C.quality_rating).label("rating"),
    )
    .where(_C.tenant_id == TENANT)
    .group_by(_C.status)
)
OF_PERSON = ALL.where(_C.id.in_(DONE_BY))
MINUTES = sa.select(_sum(time_entries.c.minutes)).where(time_entries.c.tenant_id == TENANT)
MINUTES_OF_PERSON = MINUTES.where(time_entries.c.user_id == sa.bindparam("assignee"))


def stats(conn: Connection, tenant_id: str, person: tuple[str, int] | None, now: int) -> TaskStats:
    """Of a person (id and number), or of the tenant."""
    values: dict[str, Any] = {"tenant": tenant_id, "now": now, "soon": now + DAY_MS}
    if person is not None:
        values["assignee"] = person[0]
    of_tasks, of_time = (ALL, MINUTES) if person is None else (OF_PERSON, MINUTES_OF_PERSON)
    rows = conn.execute(of_tasks, values).all()
    minutes = conn.execute(of_time, values).scalar()

    def total(name: str) -> int:
        return sum(getattr(row, name) or 0 for row in rows)

    number, completed, rated = total("number"), total("completed"), total("rated")
    not_cancelled = number - total("cancelled")
    counts = {row.status: row.number for row in rows}
    return TaskStats(
        user_id=None if person is None else person[1],
        total=number,
        by_status={status: counts.get(status, 0) for status in Status},
        overdue=total("late"),
        due_within_24h=total("soon"),
        completed=completed,
        completion_rate=round(completed / not_cancelled, 4) if not_cancelled else None,
        mean_completion_ms=total("taken") // completed if completed else None,
        minutes_logged=minutes or 0,
        mean_rating=round(total("rating") / rated, 2) if rated else None,
    )
