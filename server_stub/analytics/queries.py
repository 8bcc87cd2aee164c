"""All SQL of the analytics: what is kept of finished tasks, what is promised, and the counting.

The counting reads no row of `tasks` or `assignments`, which are three times as long, but their
indexes `tasks_counted` and `assignees_by_task`, which hold every column that is named here.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.analytics.tables import sla_calendars, sla_targets, task_metrics
from server_stub.core.database import upsert
from server_stub.core.statements import Statement
from server_stub.core.tables import users
from server_stub.tasks.tables import assignments, tasks
from tracker.domain.figures import COUNTED_BY_PROGRESS, OfStatus, Promised, Running, Totals
from tracker.domain.metrics import Kept, Metrics
from tracker.domain.period import Days
from tracker.domain.sla import Calendar, Hours, Promise, Sla, Target, Unit
from tracker.domain.task import OPEN, Part, Priority, Status

TENANT: sa.BindParameter[Any] = sa.bindparam("tenant")
_THIS = sa.and_(
    task_metrics.c.tenant_id == TENANT, task_metrics.c.task_id == sa.bindparam("finished")
)
_KEPT = [f.name for f in fields(Kept) if f.name != "task_id"]
_METRICS = [f.name for f in fields(Metrics)]
_FOLLOW = (
    sa.update(task_metrics)
    .where(_THIS)
    .values({name: sa.bindparam(f"new_{name}") for name in _KEPT})
)
_FORGET = Statement(sa.delete(task_metrics).where(_THIS))


def save_metrics(conn: Connection, tenant_id: str, rows: Iterable[Metrics]) -> None:
    values = [
        {"tenant_id": tenant_id, **{name: getattr(row, name) for name in _METRICS}} for row in rows
    ]
    upsert(conn, task_metrics, values, ("tenant_id", "task_id"))


def follow(conn: Connection, tenant_id: str, rows: Iterable[Kept]) -> None:
    """Brings up to date what is there."""
    values = [
        {"tenant": tenant_id, "finished": row.task_id}
        | {f"new_{name}": getattr(row, name) for name in _KEPT}
        for row in rows
    ]
    if values:
        conn.execute(_FOLLOW, values)


def forget(conn: Connection, tenant_id: str, task_ids: Iterable[str]) -> None:
    values = [{"tenant": tenant_id, "finished": task_id} for task_id in task_ids]
    if values:
        _FORGET.run_each(conn, values)


# -- What is promised ---------------------------------------------------------------------------

_TARGETS = sa.select(sla_targets).where(sla_targets.c.tenant_id == TENANT)
_CALENDAR = sa.select(sla_calendars).where(sla_calendars.c.tenant_id == TENANT)


def sla(conn: Connection, tenant_id: str) -> Sla | None:
    """None for a tenant that said nothing."""
    found = conn.execute(_CALENDAR, {"tenant": tenant_id}).one_or_none()
    if found is None:
        return None
    week = tuple(Hours(*hours) if hours else None for hours in json.loads(found.week))
    holidays = frozenset(date.fromisoformat(day) for day in json.loads(found.holidays))
    promises = {
        Priority(row.priority): Promise(
            Target(row.start_amount, Unit(row.start_unit)),
            Target(row.finish_amount, Unit(row.finish_unit)),
        )
        for row in conn.execute(_TARGETS, {"tenant": tenant_id})
    }
    return Sla(Calendar(found.zone, week, holidays), promises)


def save_sla(conn: Connection, tenant_id: str, new: Sla) -> None:
    week = [(day.opens, day.closes) if day else None for day in new.calendar.week]
    calendar = {
        "tenant_id": tenant_id,
        "zone": new.calendar.zone,
        "week": json.dumps(week),
        "holidays": json.dumps(sorted(day.isoformat() for day in new.calendar.holidays)),
    }
    targets = [
        {
            "tenant_id": tenant_id,
            "priority": priority,
            "start_amount": promise.start.amount,
            "start_unit": promise.start.unit,
            "finish_amount": promise.finish.amount,
            "finish_unit": promise.finish.unit,
        }
        for priority, promise in new.promises.items()
    ]
    upsert(conn, sla_calendars, [calendar], ["tenant_id"])
    upsert(conn, sla_targets, targets, ["tenant_id", "priority"])


# -- The counting -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which tasks: a period (both ends in it, ms), a project, people; None for any."""

    since: int | None = None
    until: int | None = None
    project_id: str | None = None
    user_ids: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[bool, bool, bool]:
        """Which conditions there are: a statement is built once for each."""
        period = self.since is not None or self.until is not None
        return period, self.project_id is not None, self.user_ids is not None

    def values(self, tenant_id: str, **more: Any) -> dict[str, Any]:
        named = {
            "since": 0 if self.since is None else self.since,
            "until": 2**62 if self.until is None else self.until,
            "project": self.project_id,
            "users": self.user_ids,
        }
        return {"tenant": tenant_id, **named, **more}


_USERS: sa.BindParameter[Any] = sa.bindparam("users", expanding=True)
_NOW: sa.BindParameter[Any] = sa.bindparam("now")


# Written into the statement: an index of some rows only is used where the statement itself says
# that it is about those.
_IS_ASSIGNEE = assignments.c.part == sa.literal_column(f"'{Part.ASSIGNEE}'")
_IS_OPEN = tasks.c.status.in_(sorted(OPEN))
_HAS_PROGRESS = tasks.c.status.in_(sorted(COUNTED_BY_PROGRESS))
_IS_OVERDUE = tasks.c.due_at < _NOW


def _within(column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return column.between(sa.bindparam("since"), sa.bindparam("until"))


def _of_tasks(period: bool, project: bool, people: bool) -> list[sa.ColumnElement[bool]]:
    """Made in the period, of the project, and the people's to do."""
    theirs = sa.select(assignments.c.task_id).where(
        assignments.c.tenant_id == TENANT, _IS_ASSIGNEE, assignments.c.user_id.in_(_USERS)
    )
    return [
        tasks.c.tenant_id == TENANT,
        *([_within(tasks.c.created_at)] if period else []),
        *([tasks.c.project_id == sa.bindparam("project")] if project else []),
        *([tasks.c.id.in_(theirs)] if people else []),
    ]


def _of_finished(period: bool, project: bool, people: bool) -> list[sa.ColumnElement[bool]]:
    """Finished in the period, of the project, and by the people."""
    return [
        task_metrics.c.tenant_id == TENANT,
        *([_within(task_metrics.c.completed_at)] if period else []),
        *([task_metrics.c.project_id == sa.bindparam("project")] if project else []),
        *([task_metrics.c.completed_by.in_(_USERS)] if people else []),
    ]


@functools.cache
def _by_status(*shape: bool) -> sa.Select[Any]:
    return (
        sa.select(
            tasks.c.status,
            sa.func.count(),
            sa.func.count(tasks.c.completed_at),
            sa.func.count().filter(_IS_OVERDUE),
        )
        .where(*_of_tasks(*shape))
        .group_by(tasks.c.status)
    )


def by_status(conn: Connection, tenant_id: str, asked: Asked, now: int) -> dict[Status, OfStatus]:
    rows = conn.execute(_by_status(*asked.shape), asked.values(tenant_id, now=now))
    return {Status(status): OfStatus(*numbers) for status, *numbers in rows}


@functools.cache
def _by_progress(*shape: bool) -> sa.Select[Any]:
    shown = sa.func.coalesce(tasks.c.rollup_progress, tasks.c.progress)
    below = (sa.func.count().filter(shown < limit) for limit in (25, 50, 75))
    columns: list[sa.ColumnElement[Any]] = [*below, sa.func.count()]
    return sa.select(*columns).where(
        *_of_tasks(*shape), tasks.c.status.in_(sorted(COUNTED_BY_PROGRESS))
    )


def by_progress(conn: Connection, tenant_id: str, asked: Asked) -> list[int]:
    """How many are in each quarter."""
    below = (0, *conn.execute(_by_progress(*asked.shape), asked.values(tenant_id)).one())
    return [more - fewer for fewer, more in pairwise(below)]


# Joined outwards, so that SQLite begins with the open tasks: the other way round it looks up every
# task that anybody ever had, which takes 15 times as long.
_DOERS = sa.and_(
    assignments.c.tenant_id == TENANT, assignments.c.task_id == tasks.c.id, _IS_ASSIGNEE
)
_WHO = users.c.id == assignments.c.user_id


@functools.cache
def _open_by_person(*shape: bool) -> sa.Select[Any]:
    period, project, people = shape
    return (
        sa.select(assignments.c.user_id, sa.func.count(), sa.func.count().filter(_IS_OVERDUE))
        .select_from(tasks.outerjoin(assignments, _DOERS))
        .where(
            *_of_tasks(period, project, False),
            _IS_OPEN,
            *([assignments.c.user_id.in_(_USERS)] if people else []),
        )
        .group_by(assignments.c.user_id)
    )


def open_by_person(
    conn: Connection, tenant_id: str, asked: Asked, now: int
) -> dict[str | None, tuple[int, int]]:
    """Open tasks and overdue ones of each assignee; of nobody under None."""
    rows = conn.execute(_open_by_person(*asked.shape), asked.values(tenant_id, now=now))
    return {user_id: (number, overdue) for user_id, number, overdue in rows}


@functools.cache
def _open_by_team(*shape: bool) -> sa.Select[Any]:
    period, project, people = shape
    # A task that two people of a team have to do is one task of the team.
    overdue = sa.case((_IS_OVERDUE, tasks.c.id))
    return (
        sa.select(
            users.c.team_id, sa.func.count(tasks.c.id.distinct()), sa.func.count(overdue.distinct())
        )
        .select_from(tasks.outerjoin(assignments, _DOERS).outerjoin(users, _WHO))
        .where(
            *_of_tasks(period, project, False),
            _IS_OPEN,
            *([assignments.c.user_id.in_(_USERS)] if people else []),
        )
        .group_by(users.c.team_id)
    )


def open_by_team(
    conn: Connection, tenant_id: str, asked: Asked, now: int
) -> dict[str | None, tuple[int, int]]:
    """Open tasks and overdue ones of each team; of people without one, and of nobody, under
    None."""
    rows = conn.execute(_open_by_team(*asked.shape), asked.values(tenant_id, now=now))
    return {team_id: (number, overdue) for team_id, number, overdue in rows}


def _mean(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """As a float, which PostgreSQL's mean of whole numbers is not."""
    return sa.cast(sa.func.avg(column), sa.Float)


_M = task_metrics.c
_TOTALS: tuple[sa.ColumnElement[Any], ...] = (
    sa.func.count(),
    _mean(_M.days_to_complete),
    sa.func.count(_M.efficiency_ratio),
    _mean(_M.efficiency_ratio),
    sa.func.count(_M.quality_rating),
    _mean(_M.quality_rating),
    sa.func.count().filter(_M.was_overdue),
    sa.cast(sa.func.coalesce(sa.func.sum(_M.revenue_cents), 0), sa.BigInteger),
    sa.func.count(_M.started_in_time),
    sa.func.count().filter(_M.started_in_time),
    sa.func.count().filter(_M.finished_in_time),
)


@functools.cache
def _totals(*shape: bool) -> sa.Select[Any]:
    return sa.select(*_TOTALS).where(*_of_finished(*shape))


@functools.cache
def _totals_by_person(*shape: bool) -> sa.Select[Any]:
    query = sa.select(_M.completed_by, *_TOTALS).where(*_of_finished(*shape))
    return query.group_by(_M.completed_by)


def totals(conn: Connection, tenant_id: str, asked: Asked) -> Totals:
    return Totals(*conn.execute(_totals(*asked.shape), asked.values(tenant_id)).one())


def totals_by_person(conn: Connection, tenant_id: str, asked: Asked) -> dict[str | None, Totals]:
    rows = conn.execute(_totals_by_person(*asked.shape), asked.values(tenant_id))
    return {user_id: Totals(*numbers) for user_id, *numbers in rows}


@functools.cache
def _promised(*shape: bool) -> sa.Select[Any]:
    return (
        sa.select(
            _M.priority,
            sa.func.count(),
            sa.func.count().filter(_M.started_in_time),
            sa.func.count().filter(_M.finished_in_time),
            _mean(_M.start_ms),
            _mean(_M.finish_ms),
        )
        .where(*_of_finished(*shape), _M.started_in_time.is_not(None))
        .group_by(_M.priority)
    )


def promised(conn: Connection, tenant_id: str, asked: Asked) -> dict[Priority, Promised]:
    rows = conn.execute(_promised(*asked.shape), asked.values(tenant_id))
    return {Priority(priority): Promised(*numbers) for priority, *numbers in rows}


def _too_early(name: str) -> sa.ColumnElement[bool]:
    """Assigned so long ago that it is late, which differs by priority."""
    limits: dict[str, sa.BindParameter[Any]] = {
        priority.value: sa.bindparam(f"{name}_{priority}") for priority in Priority
    }
    return tasks.c.assigned_at < sa.case(limits, value=tasks.c.priority)


@functools.cache
def _running(*shape: bool) -> sa.Select[Any]:
    not_begun = sa.and_(tasks.c.started_at.is_(None), _too_early("start"))
    return (
        sa.select(
            tasks.c.priority,
            sa.func.count(),
            sa.func.count().filter(not_begun),
            sa.func.count().filter(_too_early("finish")),
        )
        .where(*_of_tasks(*shape), _IS_OPEN, tasks.c.assigned_at.is_not(None))
        .group_by(tasks.c.priority)
    )


def running(
    conn: Connection, tenant_id: str, asked: Asked, late: Mapping[Priority, Sequence[int]]
) -> dict[Priority, Running]:
    """`late` are the instants that were late if assigned before: to start, to finish."""
    limits = {
        f"{name}_{priority}": at
        for priority, instants in late.items()
        for name, at in zip(("start", "finish"), instants, strict=True)
    }
    rows = conn.execute(_running(*asked.shape), asked.values(tenant_id, **limits))
    return {Priority(priority): Running(*numbers) for priority, *numbers in rows}


# -- By day -------------------------------------------------------------------------------------

_START: sa.BindParameter[int] = sa.bindparam("start", type_=sa.BigInteger)
_UNTIL: sa.BindParameter[int] = sa.bindparam("until_day", type_=sa.BigInteger)
_SLOT: sa.BindParameter[int] = sa.bindparam("slot", type_=sa.BigInteger)


def _slot(at: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return (at - _START) // _SLOT


def _later(one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((one < other, other), else_=one)


_IS_MADE = tasks.c.created_at.between(_START, _UNTIL)
_LATE_SINCE = _later(tasks.c.due_at, tasks.c.created_at)
_ENDED = sa.func.coalesce(tasks.c.completed_at, tasks.c.cancelled_at)
_ENDED_LATE = sa.and_(_ENDED > _LATE_SINCE, _ENDED >= _START)
_IS_LATE = sa.and_(
    tasks.c.due_at < sa.bindparam("before"),
    tasks.c.created_at <= _UNTIL,
    sa.or_(_IS_OPEN, _ENDED_LATE),
)


@functools.cache
def _by_slot(project: bool, people: bool) -> sa.Select[Any]:
    """When a task was made, became late, and was so no more: three looks at the index in one."""
    # Named in the grouping: PostgreSQL takes the same words with other parameters for other ones.
    names = "made_in", "late_from", "late_to"
    parts = (
        sa.case((_IS_MADE, _slot(tasks.c.created_at))),
        sa.case((_IS_LATE, _slot(_later(_LATE_SINCE, _START)))),
        sa.case((sa.and_(_IS_LATE, _ENDED <= _UNTIL), _slot(_ENDED))),
    )
    columns = [part.label(name) for part, name in zip(parts, names, strict=True)]
    return (
        sa.select(*columns, sa.func.count())
        .where(*_of_tasks(False, project, people), sa.or_(_IS_MADE, _IS_LATE))
        .group_by(*names)
    )


@functools.cache
def _finished_by_slot(project: bool, people: bool) -> sa.Select[int, int]:
    return (
        sa.select(_slot(_M.completed_at).label("finished_in"), sa.func.count())
        .where(*_of_finished(False, project, people), _M.completed_at.between(_START, _UNTIL))
        .group_by("finished_in")
    )


def by_day(
    conn: Connection, tenant_id: str, asked: Asked, days: Days, now: int
) -> tuple[list[int], list[int], list[int]]:
    """Of each day, whatever period is asked for: tasks that were made, that were finished, and how
    many more were overdue at its end than at the one before, at the first one's than none. So
    only what is late at the start or changes later is counted, and not all again for each day."""
    if not days.names:
        return [], [], []
    shape = asked.project_id is not None, asked.user_ids is not None
    values = asked.values(
        tenant_id,
        start=days.start,
        until_day=days.until,
        slot=days.slot,
        before=min(now, days.until + 1),
    )
    made, finished, overdue = Counter[int | None](), Counter[int | None](), Counter[int | None]()
    for made_in, late_from, late_to, number in conn.execute(_by_slot(*shape), values):
        made[made_in] += number
        overdue[late_from] += number
        overdue[late_to] -= number
    for finished_in, number in conn.execute(_finished_by_slot(*shape), values):
        finished[finished_in] += number
    return days.summed(made), days.summed(finished), days.summed(overdue)
