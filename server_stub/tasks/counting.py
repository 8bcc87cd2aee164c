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


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((condition, 1)))


def _sum(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.sum(value), sa.BigInteger)


def _counted(c: Any) -> sa.Select[Any]:
    soon = sa.and_(c.due_at.between(sa.bindparam("now"), sa.bindparam("soon")), is_open(c))
    return sa.select(
        c.status,
        sa.func.count().label("number"),
        _number(is_late(c)).label("late"),
        _number(soon).label("soon"),
        sa.func.count(c.completed_at).label("completed"),
        sa.func.count(c.cancelled_at).label("cancelled"),
        _sum(c.completed_at - c.created_at).label("taken"),
        sa.func.count(c.quality_rating).label("rated"),
        _sum(c.quality_rating).label("rating"),
    ).group_by(c.status)


ALL = _counted(tasks.c).where(tasks.c.tenant_id == TENANT)
# Found first and counted then: SQLite would go through all tasks in the order of their status.
_THEIRS = (
    sa.select(tasks).where(tasks.c.tenant_id == TENANT, tasks.c.id.in_(DONE_BY))
).cte("theirs").prefix_with("MATERIALIZED")  # fmt: skip
OF_PERSON = _counted(_THEIRS.c)
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
