"""Within what time work is to be started and finished, measured in the tenant's working hours.

The clock stands still outside of the calendar's hours: what is done in the evening is done at the
close. Time is counted from the assignment (docs/adr/012-working-time.md).
"""

from __future__ import annotations

import calendar as gregorian
import functools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import accumulate
from zoneinfo import ZoneInfo

from tracker.domain.instants import utc
from tracker.domain.task import Priority, Task

MINUTE, DAY = 60_000, 86_400_000
DAY_MINUTES = 1_440
_UTC_DAY_ZERO = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Hours:
    """When a working day begins and ends, in minutes after its midnight; 1,440 is the next one."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """`week` holds the hours of Monday to Sunday, None for a day off; at least one is none. The
    hours are those of the clocks in `zone` (IANA); nobody works on `holidays`."""

    zone: str
    week: tuple[Hours | None, ...]
    holidays: frozenset[date] = frozenset()

    @property
    def day_ms(self) -> int:
        """What "one day" means: the mean working day of the week, so that a week's days are a
        week however long each is."""
        lengths = [hours.closes - hours.opens for hours in self.week if hours]
        return sum(lengths) * MINUTE // len(lengths)


class Unit(StrEnum):
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Target:
    """So many working hours, or working days of the calendar."""

    amount: int
    unit: Unit

    def ms(self, calendar: Calendar) -> int:
        return self.amount * (60 * MINUTE if self.unit is Unit.HOURS else calendar.day_ms)


@dataclass(frozen=True, slots=True)
class Promise:
    """Within what a task is to be started, and finished, after it was assigned."""

    start: Target
    finish: Target


@dataclass(frozen=True, slots=True)
class Sla:
    """A tenant's calendar and what it promises for each priority."""

    calendar: Calendar
    promises: Mapping[Priority, Promise]


_OFFICE = Hours(8 * 60, 17 * 60)
_WEEK = (_OFFICE,) * 5 + (None, None)
_PROMISES = {
    Priority.URGENT: Promise(Target(1, Unit.HOURS), Target(8, Unit.HOURS)),
    Priority.HIGH: Promise(Target(4, Unit.HOURS), Target(2, Unit.DAYS)),
    Priority.MEDIUM: Promise(Target(1, Unit.DAYS), Target(5, Unit.DAYS)),
    Priority.LOW: Promise(Target(3, Unit.DAYS), Target(14, Unit.DAYS)),
}


def default(zone: str) -> Sla:
    """What holds until the owner says otherwise."""
    return Sla(Calendar(zone, _WEEK), _PROMISES)


class Standing(StrEnum):
    """How a task stands with one target. LATE also where it has not happened yet and is too late
    already."""

    IN_TIME = "IN_TIME"
    LATE = "LATE"
    RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Working ms from the assignment until it was started and finished, or until now."""

    start_ms: int
    finish_ms: int
    start: Standing
    finish: Standing


def verdict(task: Task, sla: Sla, now: int) -> Verdict | None:
    """How the task stands at that moment; None for what nobody was given to do, or was cancelled.

    The instants are those of the work, corrected by the device's offset, so what was done without
    network counts when it was done."""
    taken = working_times(task, now, functools.partial(worked_ms, sla.calendar))
    if taken is None:
        return None
    (start_ms, finish_ms), promise = taken, sla.promises[task.priority]
    started_at = task.completed_at if task.started_at is None else task.started_at
    return Verdict(
        start_ms,
        finish_ms,
        _standing(start_ms, started_at, promise.start.ms(sla.calendar)),
        _standing(finish_ms, task.completed_at, promise.finish.ms(sla.calendar)),
    )


def working_times(
    task: Task, now: int, worked: Callable[[int, int], int]
) -> tuple[int, int] | None:
    """Working ms from the assignment until the task was started and finished, or until now; None
    where there is no verdict. `worked` says how much lies between two instants."""
    if task.assigned_at is None or task.cancelled_at is not None:
        return None
    finished_at = now if task.completed_at is None else task.completed_at
    started_at = finished_at if task.started_at is None else task.started_at
    return worked(task.assigned_at, started_at), worked(task.assigned_at, finished_at)


def _standing(taken: int, happened_at: int | None, allowed: int) -> Standing:
    if taken > allowed:
        return Standing.LATE
    return Standing.RUNNING if happened_at is None else Standing.IN_TIME


def worked_ms(calendar: Calendar, start: int, end: int) -> int:
    """The working time between two instants, in ms; 0 where the end comes first."""
    if end <= start:
        return 0
    # A clock that is set back at midnight shows yesterday's date again, so both ends are looked for
    # a day further out; the days between are in it as a whole.
    first, last = _local_day(calendar, start) - 1, _local_day(calendar, end) + 1
    total, day = 0, first
    while day <= last:
        begun = date.fromordinal(day)
        length = gregorian.monthrange(begun.year, begun.month)[1]
        if begun.day == 1 and day > first + 2 and day + length < last - 1:
            total += _of_month(calendar, begun.year, begun.month)
            day += length
        else:
            for opened, closed in _open(calendar, day):
                total += max(0, min(closed, end) - max(opened, start))
            day += 1
    return total


class Clock:
    """`worked_ms` for many pairs of instants: 0.5 µs each where that takes 10. It knows when work
    was open in the last years before `now`, and leaves what lies further back to `worked_ms`."""

    DAYS = 1_500

    def __init__(self, calendar: Calendar, now: int) -> None:
        self._calendar = calendar
        last = _local_day(calendar, now) + 3
        days = range(last - self.DAYS, last + 1)
        # Where clocks are set back over midnight, the spans of two days lie between each other.
        # The first span is none: every instant has one that opened before it.
        spans = [(-DAY, -DAY), *sorted(span for day in days for span in _open(calendar, day))]
        self._opens = [opened for opened, _ in spans]
        self._closes = [closed for _, closed in spans]
        self._before = [0, *accumulate(closed - opened for opened, closed in spans)]
        # A day's spans lie within 48 hours around its midnight in UTC.
        self._first = max(0, days[0] - _UTC_DAY_ZERO + 2) * DAY
        self._end = (last - _UTC_DAY_ZERO - 1) * DAY

    def worked_ms(self, start: int, end: int) -> int:
        """The working time between two instants, in ms; 0 where the end comes first."""
        if end <= start:
            return 0
        if start < self._first or end > self._end:
            return worked_ms(self._calendar, start, end)
        opens, closes, before = self._opens, self._closes, self._before
        first = bisect_right(opens, start)
        last = bisect_right(opens, end, first)
        ahead, left = closes[first - 1] - start, closes[last - 1] - end
        found = before[last] - before[first]
        return found + (ahead if ahead > 0 else 0) - (left if left > 0 else 0)


def overdue_before(calendar: Calendar, now: int, allowed: int) -> int:
    """The first instant since which no more than `allowed` ms of working time have passed: what was
    assigned before it and has not happened yet is late."""
    for opened, closed in _backwards(calendar, now):
        closed = min(closed, now)
        if closed <= opened:
            continue
        if allowed < closed - opened:
            return closed - allowed
        allowed -= closed - opened
    return 0


def _backwards(calendar: Calendar, now: int) -> Iterator[tuple[int, int]]:
    """When work was open, the latest first, back to 1970."""
    for day in range(_local_day(calendar, now) + 1, _UTC_DAY_ZERO - 2, -1):
        yield from reversed(_open(calendar, day))


def _local_day(calendar: Calendar, at: int) -> int:
    """The ordinal of the date that the zone's calendars show."""
    return utc(at).astimezone(ZoneInfo(calendar.zone)).toordinal()


@functools.lru_cache(maxsize=4_096)
def _of_month(calendar: Calendar, year: int, month: int) -> int:
    """All of its working time: a task that lay for years is measured in months."""
    first = date(year, month, 1).toordinal()
    days = range(first, first + gregorian.monthrange(year, month)[1])
    return sum(closed - opened for day in days for opened, closed in _open(calendar, day))


@functools.lru_cache(maxsize=16_384)
def _open(calendar: Calendar, day: int) -> tuple[tuple[int, int], ...]:
    """The instants (from, to) of that local day when its clocks show working hours, in order. Two
    spans, a shorter or a longer one where the clocks are changed meanwhile."""
    the_date = date.fromordinal(day)
    hours = calendar.week[the_date.weekday()]
    if hours is None or the_date in calendar.holidays:
        return ()
    zone = ZoneInfo(calendar.zone)
    midnight = (day - _UTC_DAY_ZERO) * DAY  # as if the zone were UTC
    opens, closes = midnight + hours.opens * MINUTE, midnight + hours.closes * MINUTE
    # Whatever the offset, the local day lies between these.
    before, after = midnight - DAY, midnight + 2 * DAY
    old, new = _offset(zone, before), _offset(zone, after)
    if old == new:
        return ((opens - old, closes - old),)
    low, high = before, after
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == old else (low, middle)
    parts = ((opens - old, min(closes - old, high)), (max(opens - new, high), closes - new))
    return tuple((opened, closed) for opened, closed in parts if opened < closed)


def _offset(zone: ZoneInfo, at: int) -> int:
    """What the zone's clocks are ahead of UTC, in ms."""
    offset = datetime.fromtimestamp(at // 1000, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return offset.days * DAY + offset.seconds * 1000
