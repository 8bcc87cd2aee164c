"""All SQL about the intervals that devices report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks
from server_stub.core.statements import Statement
from server_stub.occupancy.tables import occupancy_intervals as intervals
from tracker.domain.change import LONGEST_INTERVAL
from tracker.domain.occupancy import Interval
from tracker.domain.task import Occupancy

PURGED_AT_ONCE = 5_000
"""Rows deleted in one transaction: writers wait for no more than that."""

_INSERT = sa.insert(intervals)
_KNOWN = sa.select(intervals.c.id).where(
    intervals.c.tenant_id == sa.bindparam("tenant"),
    intervals.c.id.in_(sa.bindparam("ids", expanding=True)),
)
_TOUCHING = (
    sa.select(intervals.c.state, intervals.c.started_at, intervals.c.ended_at, intervals.c.reason)
    .where(
        intervals.c.tenant_id == sa.bindparam("tenant"),
        intervals.c.user_id == sa.bindparam("user"),
        # None is longer than a day: an index has an end to search to.
        intervals.c.started_at > sa.bindparam("earliest"),
        intervals.c.started_at < sa.bindparam("end"),
        intervals.c.ended_at > sa.bindparam("start"),
    )
    .order_by(intervals.c.started_at)
    .limit(sa.bindparam("most"))
)
_OF_PEOPLE = sa.select(
    intervals.c.user_id,
    intervals.c.state,
    intervals.c.started_at,
    intervals.c.ended_at,
).where(
    intervals.c.tenant_id == sa.bindparam("tenant"),
    intervals.c.user_id.in_(sa.bindparam("users", expanding=True)),
    intervals.c.started_at > sa.bindparam("earliest"),
    intervals.c.started_at < sa.bindparam("end"),
    intervals.c.ended_at > sa.bindparam("start"),
)
_SPANS = Statement(_OF_PEOPLE)
_NEWEST = (
    _OF_PEOPLE.with_only_columns(
        intervals.c.user_id,
        intervals.c.state,
        intervals.c.started_at,
        intervals.c.ended_at,
        sa.func.row_number()
        .over(partition_by=intervals.c.user_id, order_by=intervals.c.started_at.desc())
        .label("place"),
    )
).subquery("newest")
_NEWEST_OF_PEOPLE = Statement(
    sa.select(_NEWEST.c.user_id, _NEWEST.c.state, _NEWEST.c.started_at, _NEWEST.c.ended_at).where(
        _NEWEST.c.place <= sa.bindparam("most")
    )
)
_STATES = {str(state): state for state in Occupancy}
_KEY = sa.tuple_(intervals.c.tenant_id, intervals.c.id)
_OLD = (
    sa.select(intervals.c.tenant_id, intervals.c.id)
    .where(intervals.c.ended_at < sa.bindparam("before"))
    .order_by(intervals.c.ended_at)
    .limit(PURGED_AT_ONCE)
)
_PURGE = sa.delete(intervals).where(_KEY.in_(_OLD))


def known(conn: Connection, tenant_id: str, ids: Sequence[str]) -> set[str]:
    """Those of the ids that are there."""
    found: set[str] = set()
    for some in chunks(ids):
        found.update(conn.execute(_KNOWN, {"tenant": tenant_id, "ids": some}).scalars())
    return found


def insert(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        conn.execute(_INSERT, rows)


def touching(
    conn: Connection, tenant_id: str, user_id: str, start: int, end: int, most: int
) -> list[Interval]:
    """Up to `most` of the person's intervals that have some of their time between two instants."""
    values = {
        "tenant": tenant_id,
        "user": user_id,
        "earliest": start - LONGEST_INTERVAL,
        "start": start,
        "end": end,
        "most": most,
    }
    return [
        Interval(Occupancy(row.state), row.started_at, row.ended_at, row.reason)
        for row in conn.execute(_TOUCHING, values)
    ]


def of_people(
    conn: Connection, tenant_id: str, user_ids: Sequence[str], start: int, end: int
) -> dict[str, list[tuple[Occupancy, int, int]]]:
    """(state, from, to) of everything of these people that has some of its time between two
    instants."""
    found: dict[str, list[tuple[Occupancy, int, int]]] = {user: [] for user in user_ids}
    values = {"tenant": tenant_id, "earliest": start - LONGEST_INTERVAL, "start": start, "end": end}
    for some in chunks(user_ids):
        for user, state, begun, ended in _SPANS.all(conn, {**values, "users": some}):
            found[user].append((_STATES[state], begun, ended))
    return found


def newest_of_people(
    conn: Connection, tenant_id: str, user_ids: Sequence[str], start: int, end: int, most: int
) -> dict[str, list[Interval]]:
    """As `of_people`, at most so many of each, without their reasons."""
    found: dict[str, list[Interval]] = {}
    values = {"tenant": tenant_id, "earliest": start - LONGEST_INTERVAL, "start": start, "end": end}
    for some in chunks(user_ids):
        rows = _NEWEST_OF_PEOPLE.all(conn, {**values, "users": some, "most": most})
        for user, state, begun, ended in rows:
            found.setdefault(user, []).append(Interval(_STATES[state], begun, ended))
    return found


def purge(conn: Connection, before: int) -> int:
    return conn.execute(_PURGE, {"before": before}).rowcount
