"""The figures that admins ask for, put together from what the queries count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.engine import Connection

from server_stub.analytics import queries, service
from server_stub.analytics.queries import Asked, Standing, Totals
from server_stub.occupancy import service as occupancy
from server_stub.people import service as people
from tracker.domain import occupancy as day
from tracker.domain import sla
from tracker.domain.occupancy import Interval
from tracker.domain.sla_settings import target_text
from tracker.domain.task import OPEN, Occupancy, Priority, Status
from tracker.protocol.analytics import (
    ByPerson,
    ByProgress,
    ByStatus,
    ByTeam,
    Finished,
    Hour,
    Made,
    OccupancyOfAll,
    PersonOccupancy,
    PersonPerformance,
    PromiseKept,
    PromisesKept,
    Quarter,
    Summary,
    TeamPerformance,
)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def summary(conn: Connection, tenant_id: str, asked: Asked, now: int) -> Summary:
    found = queries.by_status(conn, tenant_id, asked, now)
    every = sum(one.tasks for one in found.values())
    still = [found.get(status, Standing(0, 0, 0)) for status in OPEN]
    waiting, overdue = sum(one.tasks for one in still), sum(one.due for one in still)
    completed = sum(one.completed for one in found.values())
    made = Made(
        tasks=every,
        open=waiting,
        completed=completed,
        cancelled=every - waiting - completed,
        overdue=overdue,
        completion_rate=_share(completed, waiting + completed),
    )
    finished = _finished(queries.totals(conn, tenant_id, asked))
    return Summary(as_of=now, made=made, finished=finished)


def _finished(found: Totals) -> Finished:
    return Finished(
        tasks=found.tasks,
        mean_days=found.mean_days,
        timed=found.timed,
        mean_efficiency=found.mean_efficiency,
        rated=found.rated,
        mean_rating=found.mean_rating,
        was_overdue=found.was_overdue,
        revenue_cents=found.revenue_cents,
        promised=found.promised,
        started_in_time=_share(found.started_in_time, found.promised),
        finished_in_time=_share(found.finished_in_time, found.promised),
    )


def by_status(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByStatus:
    found = queries.by_status(conn, tenant_id, asked, now)
    counted = {status: found[status].tasks if status in found else 0 for status in Status}
    return ByStatus(as_of=now, tasks=sum(counted.values()), statuses=counted)


def by_progress(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByProgress:
    below = (0, *queries.by_progress(conn, tenant_id, asked))
    quarters = [
        Quarter(low=25 * n, high=25 * (n + 1), tasks=below[n + 1] - below[n]) for n in range(4)
    ]
    return ByProgress(as_of=now, tasks=below[-1], quarters=quarters)


def by_person(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByPerson:
    to_do = queries.open_by_person(conn, tenant_id, asked, now)
    done = queries.totals_by_person(conn, tenant_id, asked)
    found = []
    ids = None if asked.user_ids is None else list(asked.user_ids)
    for person in people.people(conn, tenant_id, ids):
        waiting, overdue = to_do.get(person.id, (0, 0))
        found.append(
            PersonPerformance(
                user_id=person.id,
                number=person.number,
                name=person.display_name,
                active=person.active,
                open=waiting,
                overdue=overdue,
                finished=_finished(done.get(person.id, Totals())),
            )
        )
    return ByPerson(as_of=now, people=found)


def by_team(conn: Connection, tenant_id: str, asked: Asked, now: int) -> ByTeam:
    """With people asked for, their teams have what these did, and the others nothing."""
    to_do = queries.open_by_team(conn, tenant_id, asked, now)
    done = queries.totals_by_person(conn, tenant_id, asked)
    everybody = people.people(conn, tenant_id)
    found = []
    for team in people.teams(conn, tenant_id):
        members = [person for person in everybody if person.team_id == team.id]
        waiting, overdue = to_do.get(team.id, (0, 0))
        found.append(
            TeamPerformance(
                team_id=team.id,
                number=team.number,
                name=team.name,
                archived=team.archived,
                people=sum(person.active for person in members),
                open=waiting,
                overdue=overdue,
                finished=_finished(_together(done[m.id] for m in members if m.id in done)),
            )
        )
    return ByTeam(as_of=now, teams=found)


def _together(parts: Iterable[Totals]) -> Totals:
    """What several people's add up to."""
    found = Totals()
    for part in parts:
        found = Totals(
            tasks=found.tasks + part.tasks,
            mean_days=_mean(found.mean_days, found.tasks, part.mean_days, part.tasks),
            timed=found.timed + part.timed,
            mean_efficiency=_mean(
                found.mean_efficiency, found.timed, part.mean_efficiency, part.timed
            ),
            rated=found.rated + part.rated,
            mean_rating=_mean(found.mean_rating, found.rated, part.mean_rating, part.rated),
            was_overdue=found.was_overdue + part.was_overdue,
            revenue_cents=found.revenue_cents + part.revenue_cents,
            promised=found.promised + part.promised,
            started_in_time=found.started_in_time + part.started_in_time,
            finished_in_time=found.finished_in_time + part.finished_in_time,
        )
    return found


def _mean(one: float | None, of_one: int, other: float | None, of_other: int) -> float | None:
    """The mean of all, from the means of two parts and how many each is of."""
    if one is None or other is None:
        return other if one is None else one
    return (one * of_one + other * of_other) / (of_one + of_other)


def occupancy_of_all(
    conn: Connection, tenant_id: str, user_ids: Sequence[str] | None, now: int
) -> OccupancyOfAll:
    ids = None if user_ids is None else list(user_ids)
    who = [person for person in people.people(conn, tenant_id, ids) if person.active]
    reported = occupancy.last_day(conn, tenant_id, [person.id for person in who], now)
    found = [
        PersonOccupancy(
            user_id=person.id,
            number=person.number,
            name=person.display_name,
            totals=day.totals(reported[person.id]),
        )
        for person in who
    ]
    return OccupancyOfAll(
        as_of=now,
        since=now - occupancy.DAY_MS,
        totals={state: sum(one.totals[state] for one in found) for state in Occupancy},
        hours=_hours(reported.values(), now - occupancy.DAY_MS),
        people=found,
    )


def _hours(reported: Iterable[Sequence[Interval]], since: int) -> list[Hour]:
    every = [interval for one in reported for interval in one]
    found = day.by_hour(every, since, 24)
    return [
        Hour(started_at=since + n * day.HOUR_MS, totals=totals) for n, totals in enumerate(found)
    ]


def promises_kept(
    conn: Connection, tenant_id: str, zone: str, asked: Asked, now: int
) -> PromisesKept:
    promised = service.promises(conn, tenant_id, zone)
    calendar = promised.calendar
    late = {
        priority: [
            sla.overdue_before(calendar, now, target.ms(calendar))
            for target in (promise.start, promise.finish)
        ]
        for priority, promise in promised.promises.items()
    }
    done = queries.promised(conn, tenant_id, asked)
    running = queries.running(conn, tenant_id, asked, late)
    found = []
    for priority in Priority:
        promise, kept = promised.promises[priority], done.get(priority, queries.Promised())
        waiting, start_late, finish_late = running.get(priority, (0, 0, 0))
        found.append(
            PromiseKept(
                priority=priority,
                start=target_text(promise.start),
                finish=target_text(promise.finish),
                finished=kept.tasks,
                started_in_time=_share(kept.started_in_time, kept.tasks),
                finished_in_time=_share(kept.finished_in_time, kept.tasks),
                mean_start_ms=kept.mean_start_ms,
                mean_finish_ms=kept.mean_finish_ms,
                running=waiting,
                start_late=start_late,
                finish_late=finish_late,
            )
        )
    return PromisesKept(as_of=now, priorities=found)
