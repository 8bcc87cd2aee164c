"""The figures of the work, counted in tasks that a device holds. No Qt, no files.

Made for 50,000 of them: each function goes through its tasks once, and makes nothing for each that
stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker.cache.projection import TaskView
from tracker.domain.figures import (
    COUNTED_BY_PROGRESS,
    OfStatus,
    Promised,
    Running,
    Totals,
    late_if_before,
    share,
)
from tracker.domain.metrics import days_to_complete, efficiency, was_overdue
from tracker.domain.period import Days
from tracker.domain.sla import Clock, Sla, working_times
from tracker.domain.task import OPEN, Part, Person, Priority, Status, Task

_FAR = 1 << 62


def doers(view: TaskView) -> list[str]:
    """Who is to do it."""
    return [row.user_id for row in view.people if row.part is Part.ASSIGNEE]


def within(since: int | None, until: int | None) -> tuple[int, int]:
    """Both ends in it."""
    return (-_FAR if since is None else since), (_FAR if until is None else until)


# -- Tasks that were made ----------------------------------------------------------------------


def by_status(tasks: Iterable[Task], now: int) -> dict[Status, OfStatus]:
    counted: dict[Status, list[int]] = {}
    for task in tasks:
        numbers = counted.setdefault(task.status, [0, 0, 0])
        numbers[0] += 1
        numbers[1] += task.completed_at is not None
        numbers[2] += task.due_at is not None and task.due_at < now
    return {status: OfStatus(*numbers) for status, numbers in counted.items()}


def by_progress(tasks: Iterable[Task]) -> list[int]:
    """How many are in each quarter."""
    found = Counter(
        min(task.shown_progress // 25, 3) for task in tasks if task.status in COUNTED_BY_PROGRESS
    )
    return [found[quarter] for quarter in range(4)]


def open_by(
    views: Iterable[TaskView],
    people: Mapping[str, Person],
    who: frozenset[str] | None,
    now: int,
) -> tuple[dict[str | None, tuple[int, int]], dict[str | None, tuple[int, int]]]:
    """Open tasks and overdue ones of each person, and of each team, which has one task once
    whoever of it is to do it. Only those of the people `who` are told."""
    of_people: dict[str | None, list[int]] = {}
    of_teams: dict[str | None, list[int]] = {}
    for view in views:
        if view.task.status not in OPEN:
            continue
        late = view.task.due_at is not None and view.task.due_at < now
        users = [user for user in doers(view) if who is None or user in who]
        teams = {people[user].team_id for user in users if user in people}
        for found, groups in ((of_people, users), (of_teams, teams)):
            for group in groups:
                numbers = found.setdefault(group, [0, 0])
                numbers[0] += 1
                numbers[1] += late
    return (
        {user: (number, overdue) for user, (number, overdue) in of_people.items()},
        {team: (number, overdue) for team, (number, overdue) in of_teams.items()},
    )


def running(tasks: Iterable[Task], promised: Sla, now: int) -> dict[Priority, Running]:
    late = late_if_before(promised, now)
    found = {priority: [0, 0, 0] for priority in Priority}
    for task in tasks:
        if task.status not in OPEN or task.assigned_at is None:
            continue
        numbers, (start, finish) = found[task.priority], late[task.priority]
        numbers[0] += 1
        numbers[1] += task.started_at is None and task.assigned_at < start
        numbers[2] += task.assigned_at < finish
    return {priority: Running(*numbers) for priority, numbers in found.items()}


# -- Tasks that were finished ------------------------------------------------------------------


@dataclass(slots=True)
class _Sums:
    """Of one person's tasks; in place, as 50,000 tuples would have the garbage collector look
    through everything there is."""

    tasks: int = 0
    days: float = 0.0
    timed: int = 0
    efficiency: float = 0.0
    rated: int = 0
    rating: int = 0
    was_overdue: int = 0
    revenue_cents: int = 0
    promised: int = 0
    started_in_time: int = 0
    finished_in_time: int = 0

    def add(self, task: Task) -> None:
        self.tasks += 1
        self.days += days_to_complete(task)
        if (ratio := efficiency(task)) is not None:
            self.timed += 1
            self.efficiency += ratio
        if task.quality_rating is not None:
            self.rated += 1
            self.rating += task.quality_rating
        self.was_overdue += was_overdue(task)
        self.revenue_cents += task.revenue_cents or 0

    def totals(self) -> Totals:
        return Totals(
            tasks=self.tasks,
            mean_days=share(self.days, self.tasks),
            timed=self.timed,
            mean_efficiency=share(self.efficiency, self.timed),
            rated=self.rated,
            mean_rating=share(self.rating, self.rated),
            was_overdue=self.was_overdue,
            revenue_cents=self.revenue_cents,
            promised=self.promised,
            started_in_time=self.started_in_time,
            finished_in_time=self.finished_in_time,
        )


@dataclass(slots=True)
class _Kept:
    """Of one priority's tasks that were assigned to somebody."""

    allowed_start: int
    allowed_finish: int
    tasks: int = 0
    started: int = 0
    finished: int = 0
    start_ms: int = 0
    finish_ms: int = 0

    def promised(self) -> Promised:
        return Promised(
            tasks=self.tasks,
            started_in_time=self.started,
            finished_in_time=self.finished,
            mean_start_ms=share(self.start_ms, self.tasks),
            mean_finish_ms=share(self.finish_ms, self.tasks),
        )


def finished(
    tasks: Iterable[Task], promised: Sla, now: int
) -> tuple[dict[str | None, Totals], dict[Priority, Promised]]:
    """What each person completed, and how each priority went: judged by what is promised now."""
    calendar = promised.calendar
    worked = Clock(calendar, now).worked_ms
    of_people: defaultdict[str | None, _Sums] = defaultdict(_Sums)
    kept = {
        priority: _Kept(promise.start.ms(calendar), promise.finish.ms(calendar))
        for priority, promise in promised.promises.items()
    }
    for task in tasks:
        sums = of_people[task.last_progress_by]
        sums.add(task)
        taken = working_times(task, now, worked)
        if taken is None:
            continue
        start_ms, finish_ms = taken
        one = kept[task.priority]
        started, in_time = start_ms <= one.allowed_start, finish_ms <= one.allowed_finish
        sums.promised += 1
        sums.started_in_time += started
        sums.finished_in_time += in_time
        one.tasks += 1
        one.started += started
        one.finished += in_time
        one.start_ms += start_ms
        one.finish_ms += finish_ms
    return (
        {user: sums.totals() for user, sums in of_people.items()},
        {priority: one.promised() for priority, one in kept.items()},
    )


# -- By day ------------------------------------------------------------------------------------


def by_day(days: Days, instants: Iterable[int]) -> list[int]:
    """How many of the instants are on each day."""
    start, until, slot = days.start, days.until, days.slot
    return days.summed(Counter((at - start) // slot for at in instants if start <= at <= until))


def more_overdue(days: Days, tasks: Iterable[Task], now: int) -> list[int]:
    """How many more are overdue at each day's end than at the end of the one before; at the first
    one's than none. The end of a day that goes on is now."""
    start, before = days.start, min(now, days.until + 1)
    begun, ended = [], []
    for task in tasks:
        due = task.due_at
        if due is None or due >= before:
            continue
        since = max(due, task.created_at)
        if task.status not in OPEN:
            end = task.cancelled_at if task.completed_at is None else task.completed_at
            if end is None or end <= since or end < start:
                continue
            ended.append(end)
        begun.append(max(since, start))
    late, no_more = by_day(days, begun), by_day(days, ended)
    return [more - fewer for more, fewer in zip(late, no_more, strict=True)]
