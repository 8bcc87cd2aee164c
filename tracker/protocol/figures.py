"""The answers of the analytics, put together from what was counted: by the server's database, or by
a device in what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tracker.domain.figures import OfStatus, Promised, Running, Totals, share, together
from tracker.domain.period import Days
from tracker.domain.sla import Sla
from tracker.domain.sla_settings import target_text, week_texts
from tracker.domain.task import OPEN, Person, Priority, Status, Team
from tracker.protocol.analytics import (
    ByPerson,
    ByProgress,
    ByStatus,
    ByTeam,
    Day,
    Finished,
    Made,
    PersonPerformance,
    PromiseKept,
    PromisesKept,
    Quarter,
    SlaSettings,
    Summary,
    TeamPerformance,
    Trend,
    Within,
)

ToDo = tuple[int, int]
"""Open tasks, and those of them that are overdue."""


def summary(now: int, statuses: Mapping[Status, OfStatus], done: Totals) -> Summary:
    every = sum(one.tasks for one in statuses.values())
    still = [statuses.get(status, OfStatus()) for status in OPEN]
    waiting = sum(one.tasks for one in still)
    completed = sum(one.completed for one in statuses.values())
    made = Made(
        tasks=every,
        open=waiting,
        completed=completed,
        cancelled=every - waiting - completed,
        overdue=sum(one.due for one in still),
        completion_rate=share(completed, waiting + completed),
    )
    return Summary(as_of=now, made=made, finished=finished(done))


def finished(found: Totals) -> Finished:
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
        started_in_time=share(found.started_in_time, found.promised),
        finished_in_time=share(found.finished_in_time, found.promised),
    )


def by_status(now: int, statuses: Mapping[Status, OfStatus]) -> ByStatus:
    counted = {one: statuses[one].tasks if one in statuses else 0 for one in Status}
    return ByStatus(as_of=now, tasks=sum(counted.values()), statuses=counted)


def by_progress(now: int, quarters: Sequence[int]) -> ByProgress:
    """Of how many tasks each of the four is."""
    found = [
        Quarter(low=25 * n, high=25 * (n + 1), tasks=tasks) for n, tasks in enumerate(quarters)
    ]
    return ByProgress(as_of=now, tasks=sum(quarters), quarters=found)


def by_person(
    now: int,
    people: Iterable[Person],
    to_do: Mapping[str | None, ToDo],
    done: Mapping[str | None, Totals],
) -> ByPerson:
    found = []
    for person in people:
        waiting, overdue = to_do.get(person.id, (0, 0))
        found.append(
            PersonPerformance(
                user_id=person.id,
                number=person.number,
                name=person.display_name,
                active=person.active,
                open=waiting,
                overdue=overdue,
                finished=finished(done.get(person.id, Totals())),
            )
        )
    return ByPerson(as_of=now, people=found)


def by_team(
    now: int,
    teams: Iterable[Team],
    everybody: Iterable[Person],
    to_do: Mapping[str | None, ToDo],
    done: Mapping[str | None, Totals],
) -> ByTeam:
    """`to_do` is of teams, `done` of people. With people asked for, their teams have what these
    did, and the others nothing."""
    members: dict[str | None, list[Person]] = {}
    for person in everybody:
        members.setdefault(person.team_id, []).append(person)
    found = []
    for team in teams:
        of_team = members.get(team.id, [])
        waiting, overdue = to_do.get(team.id, (0, 0))
        found.append(
            TeamPerformance(
                team_id=team.id,
                number=team.number,
                name=team.name,
                archived=team.archived,
                people=sum(person.active for person in of_team),
                open=waiting,
                overdue=overdue,
                finished=finished(together(done[m.id] for m in of_team if m.id in done)),
            )
        )
    return ByTeam(as_of=now, teams=found)


def trend(
    now: int, days: Days, made: Sequence[int], done: Sequence[int], overdue: Sequence[int]
) -> Trend:
    """Each of them by day. `overdue` says how many more were overdue when a day ended than when the
    one before it did; for the first day, than none."""
    found, standing = [], 0
    for n, name in enumerate(days.names):
        standing += overdue[n]
        found.append(Day(day=name, made=made[n], finished=done[n], overdue=standing))
    return Trend(as_of=now, days=found)


def promises_kept(
    now: int,
    promised: Sla,
    done: Mapping[Priority, Promised],
    running: Mapping[Priority, Running],
) -> PromisesKept:
    found = []
    for priority in Priority:
        promise, kept = promised.promises[priority], done.get(priority, Promised())
        waiting = running.get(priority, Running())
        found.append(
            PromiseKept(
                priority=priority,
                start=target_text(promise.start),
                finish=target_text(promise.finish),
                finished=kept.tasks,
                started_in_time=share(kept.started_in_time, kept.tasks),
                finished_in_time=share(kept.finished_in_time, kept.tasks),
                mean_start_ms=kept.mean_start_ms,
                mean_finish_ms=kept.mean_finish_ms,
                running=waiting.tasks,
                start_late=waiting.start_late,
                finish_late=waiting.finish_late,
            )
        )
    return PromisesKept(as_of=now, priorities=found)


def settings(found: Sla) -> SlaSettings:
    return SlaSettings(
        zone=found.calendar.zone,
        week=week_texts(found.calendar),
        holidays=sorted(day.isoformat() for day in found.calendar.holidays),
        promises={
            priority: Within(start=target_text(promise.start), finish=target_text(promise.finish))
            for priority, promise in found.promises.items()
        },
    )
