"""The figures that admins ask for: what the queries count, put together (tracker.protocol.figures).

`figures` is all of the tasks' of one moment, and counts nothing twice that two of them show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from server_stub.analytics import queries, service
from server_stub.analytics.queries import Asked
from server_stub.core.problems import ProblemError
from server_stub.occupancy import service as occupancy
from server_stub.people import service as people
from tracker.domain.errors import Refusal
from tracker.domain.figures import Totals, late_if_before, together
from tracker.domain.occupancy import HOUR_MS
from tracker.domain.period import Days, Period
from tracker.domain.task import Occupancy
from tracker.protocol import figures as made
from tracker.protocol.analytics import (
    ByPerson,
    ByProgress,
    ByStatus,
    ByTeam,
    Figures,
    Hour,
    OccupancyOfAll,
    PersonOccupancy,
    PromisesKept,
    Summary,
    Trend,
)

_Done = Mapping[str | None, Totals]


def figures(
    conn: Connection, tenant_id: str, zone: str, asked: Asked, period: Period, now: int
) -> Figures:
    """With the last days of a period that is too long for a trend of its own."""
    statuses = queries.by_status(conn, tenant_id, asked, now)
    done = queries.totals_by_person(conn, tenant_id, asked)
    return Figures(
        as_of=now,
        summary=made.summary(now, statuses, together(done.values())),
        status=made.by_status(now, statuses),
        progress=by_progress(conn, tenant_id, asked, now),
        trend=_trend(conn, tenant_id, asked, period.latest(ZoneInfo(zone), now), now),
        people=_by_person(conn, tenant_id, asked, done, now),
        teams=_by_team(conn, tenant_id, asked, done, now),
        sla=promises_kept(conn, tenant_id, zone, asked, now),
    )


def summary(conn: Connection, tenant_id: str, asked: Asked, now: int) -> Summary:
    statuses = queries.by_status(conn, tenant_id, asked, now)
    return made.summary(now, statuses, queries.totals(conn, tenant_id, asked))


def by_status(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByStatus:
    return made.by_status(now, queries.by_status(conn, tenant_id, asked, now))


def by_progress(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByProgress:
    return made.by_progress(now, queries.by_progress(conn, tenant_id, asked))


def trend(
    conn: Connection, tenant_id: str, zone: str, asked: Asked, period: Period, now: int
) -> Trend:
    """E2004 for more days than it has."""
    days = period.days(ZoneInfo(zone), now)
    if isinstance(days, Refusal):
        raise ProblemError.of(days)
    return _trend(conn, tenant_id, asked, days, now)


def _trend(conn: Connection, tenant_id: str, asked: Asked, days: Days, now: int) -> Trend:
    return made.trend(now, days, *queries.by_day(conn, tenant_id, asked, days, now))


def by_person(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByPerson:
    done = queries.totals_by_person(conn, tenant_id, asked)
    return _by_person(conn, tenant_id, asked, done, now)


def _by_person(conn: Connection, tenant_id: str, asked: Asked, done: _Done, now: int) -> ByPerson:
    ids = None if asked.user_ids is None else list(asked.user_ids)
    to_do = queries.open_by_person(conn, tenant_id, asked, now)
    return made.by_person(now, people.people(conn, tenant_id, ids), to_do, done)


def by_team(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByTeam:
    done = queries.totals_by_person(conn, tenant_id, asked)
    return _by_team(conn, tenant_id, asked, done, now)


def _by_team(conn: Connection, tenant_id: str, asked: Asked, done: _Done, now: int) -> ByTeam:
    teams, everybody = people.teams(conn, tenant_id), people.people(conn, tenant_id)
    to_do = queries.open_by_team(conn, tenant_id, asked, now)
    return made.by_team(now, teams, everybody, to_do, done)


def occupancy_of_all(
    conn: Connection, tenant_id: str, user_ids: Sequence[str] | None, now: int
) -> OccupancyOfAll:
    ids = None if user_ids is None else list(user_ids)
    who = [person for person in people.people(conn, tenant_id, ids) if person.active]
    totals, hours = occupancy.last_day(conn, tenant_id, [person.id for person in who], now)
    since = now - occupancy.DAY_MS
    found = [
        PersonOccupancy(
            user_id=person.id,
            number=person.number,
            name=person.display_name,
            totals=totals[person.id],
        )
        for person in who
    ]
    return OccupancyOfAll(
        as_of=now,
        since=since,
        totals={state: sum(one.totals[state] for one in found) for state in Occupancy},
        hours=[Hour(started_at=since + n * HOUR_MS, totals=one) for n, one in enumerate(hours)],
        people=found,
    )


def promises_kept(
    conn: Connection, tenant_id: str, zone: str, asked: Asked, now: int
) -> PromisesKept:
    promised = service.promises(conn, tenant_id, zone)
    done = queries.promised(conn, tenant_id, asked)
    running = queries.running(conn, tenant_id, asked, late_if_before(promised, now))
    return made.promises_kept(now, promised, done, running)
