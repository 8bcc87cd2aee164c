"""When people were active: taken in, told to them and to admins, and forgotten after a while.

Intervals are no part of the audit trail, which can never be shortened: they are about people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.occupancy import queries
from tracker.domain.access import Actor
from tracker.domain.change import Action
from tracker.domain.decision import work_time
from tracker.domain.errors import InputError, Refusal
from tracker.domain.occupancy import HOUR_MS, Interval, in_steps, interval_of, merged, tally, totals
from tracker.domain.task import Occupancy

DAY_MS = 86_400_000
LONGEST_SPAN = 31 * DAY_MS
MOST_INTERVALS = 20_000
"""As many as one answer is made of: a device that says something every two minutes for a month."""

MOST_OF_A_DAY = 48
"""As many of a person's intervals as are told beside everybody else's, or one for each half hour: a
picture of a day is no larger, and 500 people's are read in a few milliseconds."""
MOST_READ = 2_000
"""As many of a person's as are read for that, the newest: somebody's device may say any number."""

known = queries.known
insert = queries.insert


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported of a person between two instants: without overlaps, and in sum, in ms."""

    started_at: int
    ended_at: int
    intervals: list[Interval]
    totals: dict[Occupancy, int]


def row_of(
    tenant_id: str, actor: Actor, action: Action, received_at: int
) -> dict[str, Any] | Refusal:
    """What is stored of an action: about the actor, whoever else it may mean."""
    found = interval_of(action, received_at)
    if isinstance(found, Refusal):
        return found
    return {
        "tenant_id": tenant_id,
        "id": action.task_id,
        "user_id": actor.user_id,
        "state": found.state,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "reason": found.reason,
        "made_at": work_time(action, received_at),
        "received_at": received_at,
    }


def report(
    conn: Connection, tenant_id: str, user_id: str, start: int | None, end: int | None, now: int
) -> Report:
    """Of the last 24 hours unless told. E2063 for a span that is empty, longer than 31 days, or
    holds too many intervals."""
    end = now if end is None else end
    start = max(0, end - DAY_MS) if start is None else start
    if not 0 < end - start <= LONGEST_SPAN:
        raise InputError("E2063", field="from")
    found = queries.touching(conn, tenant_id, user_id, start, end, MOST_INTERVALS + 1)
    if len(found) > MOST_INTERVALS:
        raise InputError("E2063", f"It holds more than {MOST_INTERVALS:,} intervals.", "from")
    whole = merged(found, start, end)
    return Report(start, end, whole, totals(whole))


def last_day(
    conn: Connection, tenant_id: str, user_ids: Sequence[str], now: int
) -> tuple[dict[str, dict[Occupancy, int]], list[dict[Occupancy, int]]]:
    """Milliseconds of each state in the last 24 hours: of each of these people, and of all of them
    in each hour."""
    start = now - DAY_MS
    hours = [dict.fromkeys(Occupancy, 0) for _ in range(DAY_MS // HOUR_MS)]
    found = queries.of_people(conn, tenant_id, user_ids, start, now)
    return {user: tally(spans, start, now, hours) for user, spans in found.items()}, hours


@dataclass(frozen=True, slots=True)
class Day:
    """What was reported of a person in 24 hours, without reasons: `intervals` without overlaps and
    not many, totals in ms; both of the newest MOST_READ that were reported."""

    intervals: list[Interval]
    totals: dict[Occupancy, int]


def days(conn: Connection, tenant_id: str, user_ids: Sequence[str], now: int) -> dict[str, Day]:
    """The last 24 hours of each of these people."""
    start = now - DAY_MS
    found = queries.newest_of_people(conn, tenant_id, user_ids, start, now, MOST_READ)
    made = {}
    for user_id in user_ids:
        whole = merged(found.get(user_id, []), start, now)
        made[user_id] = Day(in_steps(whole, start, now, MOST_OF_A_DAY), totals(whole))
    return made


def purge(conn: Connection, before: int) -> int:
    """Forgets intervals of every tenant that ended before that instant; how many. Some thousands at
    a time, so it is called until it says 0. No device is told: none keeps any."""
    return queries.purge(conn, before)
