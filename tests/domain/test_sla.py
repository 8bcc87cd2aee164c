"""Working time against a model that counts minutes, and the verdicts that follow from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.domain import sla
from tracker.domain.sla import Calendar, Hours, Sla, Standing, Target, Unit, Verdict
from tracker.domain.task import Priority, Status, Task

MINUTE, HOUR = 60_000, 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = sla.default("Europe/Berlin").calendar
ALWAYS = Calendar("Europe/Berlin", (Hours(0, 1_440),) * 7)
NINE_HOURS = 9 * HOUR

ZONES = st.sampled_from(
    [
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
        "Africa/Cairo",  # summer time begins at midnight
        "America/St_Johns",  # and ended one minute past it, until 2011
        "Pacific/Apia",  # left out 30 December 2011
    ]
)  # fmt: skip
HOURS = st.tuples(st.integers(0, 1_440), st.integers(0, 1_440)).filter(
    lambda pair: pair[0] < pair[1]
)
WEEKS = st.lists(st.none() | HOURS.map(lambda p: Hours(*p)), min_size=7, max_size=7).filter(any)
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC),  # Berlin
    datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC),  # New York
    datetime(2026, 4, 5, tzinfo=UTC), datetime(2026, 4, 24, tzinfo=UTC),  # Lord Howe, Cairo
    datetime(2010, 11, 7, tzinfo=UTC), datetime(2011, 12, 30, tzinfo=UTC),  # St John's, Apia
)  # fmt: skip


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    """The instant when clocks show that."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def slow(calendar: Calendar, start: int, end: int) -> int:
    """Looks at the clock on the wall in every minute."""
    zone, total = ZoneInfo(calendar.zone), 0
    for minute in range(start, end, MINUTE):
        shown = datetime.fromtimestamp(minute // 1000, UTC).astimezone(zone)
        hours = calendar.week[shown.weekday()]
        if hours is None or shown.date() in calendar.holidays:
            continue
        if hours.opens <= shown.hour * 60 + shown.minute < hours.closes:
            total += MINUTE
    return total


@given(
    ZONES, WEEKS, st.sampled_from(CHANGES), st.integers(-4_000, 4_000), st.integers(0, 4_000),
    st.sets(st.integers(-2, 2)),
)  # fmt: skip
def test_working_time_is_what_counting_minutes_finds(
    zone: str, week: list[Hours | None], around: datetime, begin: int, minutes: int, off: set[int]
) -> None:
    holidays = frozenset(around.date() + timedelta(days=n) for n in off)
    calendar = Calendar(zone, tuple(week), holidays)
    start = int(around.timestamp() * 1000) + begin * MINUTE
    end = start + minutes * MINUTE
    assert sla.worked_ms(calendar, start, end) == slow(calendar, start, end)


@given(
    ZONES, WEEKS, st.sampled_from(CHANGES), st.integers(-4_000, 4_000), st.integers(0, 4_000),
    st.integers(-3_000, 3_000),
)  # fmt: skip
def test_the_clock_for_many_tasks_says_what_working_time_says(
    zone: str, week: list[Hours | None], around: datetime, begin: int, minutes: int, later: int
) -> None:
    calendar = Calendar(zone, tuple(week), frozenset({around.date()}))
    start = int(around.timestamp() * 1000) + begin * MINUTE + 17
    end = start + minutes * MINUTE
    with_now = sla.Clock(calendar, end + later * MINUTE)
    assert with_now.worked_ms(start, end) == sla.worked_ms(calendar, start, end)
    assert with_now.worked_ms(end, start) == 0


@given(WEEKS, st.integers(0, 6_000), st.integers(0, 6_000), st.integers(0, sla.DAY))
def test_and_also_of_what_lies_further_back_or_ahead(
    week: list[Hours | None], start: int, end: int, ms: int
) -> None:
    """The days since 1998, of which it knows those from 2007 to 2011."""
    calendar = Calendar("America/St_Johns", tuple(week))
    known, zero = sla.Clock(calendar, at("2011-03-01")), at("1998-01-01")
    first, last = zero + start * sla.DAY + ms, zero + end * sla.DAY + ms // 2
    assert known.worked_ms(first, last) == sla.worked_ms(calendar, first, last)


def test_a_date_that_comes_twice() -> None:
    """One minute past midnight the clocks of St. John's went back to yesterday's last hour."""
    calendar = Calendar("America/St_Johns", (Hours(23 * 60, 1_440),) * 7)
    change = int(datetime(2010, 11, 7, 2, 31, tzinfo=UTC).timestamp() * 1000)
    moments = [change + minutes * MINUTE for minutes in (-70, -61, -1, 0, 1, 58, 59, 60, 200)]
    for start in moments:
        for end in moments:
            assert sla.worked_ms(calendar, start, end) == slow(calendar, start, end)
            assert sla.Clock(calendar, end).worked_ms(start, end) == slow(calendar, start, end)


@given(WEEKS, st.integers(0, 40_000_000), st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_the_parts_of_a_long_time_are_the_whole(
    week: list[Hours | None], begin: int, first: int, second: int
) -> None:
    calendar = Calendar("Europe/Berlin", tuple(week), frozenset({date(1999, 12, 31)}))
    start, middle = begin * MINUTE, (begin + first) * MINUTE
    end = middle + second * MINUTE
    whole = sla.worked_ms(calendar, start, end)
    parts = sla.worked_ms(calendar, start, middle), sla.worked_ms(calendar, middle, end)
    assert whole == sum(parts)
    day_by_day = sum(
        sla.worked_ms(calendar, moment, min(moment + 20 * sla.DAY, end))
        for moment in range(start, end, 20 * sla.DAY)
    )
    assert whole == day_by_day


@given(WEEKS, st.integers(0, 20_000), st.integers(0, 20_000))
def test_what_is_overdue_is_exactly_what_was_assigned_before(
    week: list[Hours | None], minutes: int, allowed: int
) -> None:
    calendar = Calendar("Europe/Berlin", tuple(week), frozenset({date(2026, 3, 20)}))
    now = at("2026-03-29T00:00") + minutes * MINUTE
    first = sla.overdue_before(calendar, now, allowed * MINUTE)
    assume(first > 0)
    assert sla.worked_ms(calendar, first, now) <= allowed * MINUTE
    assert sla.worked_ms(calendar, first - 1, now) > allowed * MINUTE


def test_nothing_is_overdue_where_less_was_worked_since_1970() -> None:
    now = at("1970-01-05T09:00")
    assert sla.overdue_before(OFFICE, now, 2 * HOUR) < at("1970-01-02T17:00")
    assert sla.overdue_before(OFFICE, now, 100 * HOUR) == 0


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-02T10:00", "2026-03-02T11:30", 1.5),
        ("2026-03-02T06:00", "2026-03-02T08:00", 0),
        ("2026-03-02T16:00", "2026-03-03T09:00", 2),
        ("2026-03-06T16:00", "2026-03-09T09:00", 2),  # over a weekend
        ("2026-03-07T12:00", "2026-03-08T12:00", 0),
        ("2026-03-27T16:00", "2026-03-30T09:00", 2),  # over the weekend of summer time
        ("2026-03-02T08:00", "2026-03-09T08:00", 45),
        ("2026-01-01T00:00", "2027-01-01T00:00", 261 * 9),
        ("2026-03-02T11:00", "2026-03-02T10:00", 0),
    ],
)
def test_the_default_calendar(start: str, end: str, hours: float) -> None:
    assert sla.worked_ms(OFFICE, at(start), at(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_a_day_of_changed_clocks_is_as_long_as_it_is(day: str, hours: int) -> None:
    midnight = at(f"{day}T00:00")
    next_day = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    assert sla.worked_ms(ALWAYS, midnight, at(f"{next_day}T00:00")) == hours * HOUR


@pytest.mark.parametrize(
    ("day", "opens", "closes", "hours"),
    [
        ("2026-03-29", 1, 4, 2),  # 2 to 3 is not there
        ("2026-03-29", 2, 3, 0),
        ("2026-10-25", 1, 4, 4),  # 2 to 3 comes twice
        ("2026-10-25", 2, 3, 2),
    ],
)
def test_hours_in_which_clocks_are_changed(day: str, opens: int, closes: int, hours: int) -> None:
    night = Calendar("Europe/Berlin", (Hours(opens * 60, closes * 60),) * 7)
    assert sla.worked_ms(night, at(f"{day}T00:00"), at(f"{day}T12:00")) == hours * HOUR


def test_nobody_works_on_a_holiday() -> None:
    calendar = replace(OFFICE, holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
    start, end = at("2026-04-02T16:00"), at("2026-04-07T09:00")
    assert sla.worked_ms(calendar, start, end) == 2 * HOUR
    assert sla.worked_ms(OFFICE, start, end) == 2 * HOUR + 2 * NINE_HOURS


def test_a_day_is_the_mean_working_day_so_that_a_week_of_days_is_a_week() -> None:
    assert OFFICE.day_ms == NINE_HOURS
    short_friday = Calendar("UTC", (Hours(480, 1_020),) * 4 + (Hours(480, 720), None, None))
    assert Target(5, Unit.DAYS).ms(short_friday) == (4 * 9 + 4) * HOUR
    assert Target(2, Unit.HOURS).ms(short_friday) == 2 * HOUR


def task(**values: Any) -> Task:
    made = at("2026-03-02T09:00")
    given: dict[str, Any] = {"assigned_at": made, "created_at": made, **values}
    return Task(
        **{
            "id": "k", "number": 1, "title": "t", "description": "", "status": Status.PENDING,
            "priority": Priority.HIGH, "progress": 0, "created_by": "u", "updated_at": made,
            "version": 1, **given,
        }
    )  # fmt: skip


def judged(now: str = "2026-03-02T09:00", **values: Any) -> Verdict | None:
    return sla.verdict(task(**values), sla.default("Europe/Berlin"), at(now))


IN_TIME, LATE, RUNNING = Standing.IN_TIME, Standing.LATE, Standing.RUNNING


@pytest.mark.parametrize(
    ("priority", "start", "finish"),
    [
        ("URGENT", "2026-03-02T10:00", "2026-03-02T17:00"),
        ("HIGH", "2026-03-02T13:00", "2026-03-04T09:00"),
        ("MEDIUM", "2026-03-03T09:00", "2026-03-09T09:00"),
        ("LOW", "2026-03-05T09:00", "2026-03-20T09:00"),
    ],
)
def test_the_promises_of_each_priority_to_the_minute(
    priority: str, start: str, finish: str
) -> None:
    urgency, began, done = Priority(priority), at(start), at(finish)
    # Where the target ends at the close, the next working minute is the next morning's first.
    later = done + MINUTE if finish[-5:] != "17:00" else at("2026-03-03T08:01")
    for started, finished, standings in (
        (began, done, (IN_TIME, IN_TIME)),
        (began + MINUTE, later, (LATE, LATE)),
    ):
        found = judged(priority=urgency, started_at=started, completed_at=finished)
        assert found is not None
        assert (found.start, found.finish) == standings


def test_the_evening_does_not_count() -> None:
    found = judged(
        priority=Priority.URGENT, started_at=at("2026-03-02T09:30"),
        completed_at=at("2026-03-02T23:00"),
    )  # fmt: skip
    assert found == Verdict(30 * MINUTE, 8 * HOUR, IN_TIME, IN_TIME)


def test_what_has_not_happened_is_running_and_then_late() -> None:
    assert judged(now="2026-03-02T13:00") == Verdict(4 * HOUR, 4 * HOUR, RUNNING, RUNNING)
    assert judged(now="2026-03-02T13:01") == Verdict(
        4 * HOUR + MINUTE, 4 * HOUR + MINUTE, LATE, RUNNING
    )
    begun = at("2026-03-02T09:30")
    found = judged(now="2026-03-05T12:00", started_at=begun)
    assert found == Verdict(30 * MINUTE, 30 * HOUR, IN_TIME, LATE)


def test_what_nobody_had_to_do_or_was_cancelled_has_no_verdict() -> None:
    assert judged(assigned_at=None, completed_at=at("2026-03-02T10:00")) is None
    assert judged(cancelled_at=at("2026-03-02T10:00"), now="2026-06-01T12:00") is None


def test_work_that_began_before_the_assignment_was_started_at_once() -> None:
    done = at("2026-03-02T08:30")
    assert judged(started_at=done, completed_at=done) == Verdict(0, 0, IN_TIME, IN_TIME)


def test_a_finished_task_of_before_starts_were_known_was_started_then() -> None:
    found = judged(completed_at=at("2026-03-02T14:00"))
    assert found == Verdict(5 * HOUR, 5 * HOUR, LATE, IN_TIME)


def test_other_promises_and_another_calendar_hold() -> None:
    quick = sla.Promise(Target(1, Unit.HOURS), Target(1, Unit.DAYS))
    mine = Sla(ALWAYS, {Priority.HIGH: quick})
    found = sla.verdict(task(), mine, at("2026-03-03T09:00"))
    assert found == Verdict(24 * HOUR, 24 * HOUR, LATE, RUNNING)
