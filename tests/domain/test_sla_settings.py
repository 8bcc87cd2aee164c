"""Promises as people write them: what is printed is read as the same again."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.test_sla import WEEKS
from tracker.domain import sla_settings
from tracker.domain.errors import Refusal
from tracker.domain.sla import Calendar, Hours, Promise, Sla, Target, Unit, default
from tracker.domain.sla_settings import MOST, SHORTEST_WEEK
from tracker.domain.task import Priority

TARGETS = st.sampled_from(Unit).flatmap(
    lambda unit: st.integers(1, MOST[unit]).map(lambda amount: Target(amount, unit))
)
PROMISES = st.fixed_dictionaries(
    {priority: st.builds(Promise, TARGETS, TARGETS) for priority in Priority}
)
DAYS = st.frozensets(st.dates(date(1971, 1, 1), date(9998, 12, 31)), max_size=5)


def printed_and_read(one: Sla) -> Sla | Refusal:
    return sla_settings.read(
        one.calendar.zone,
        sla_settings.week_texts(one.calendar),
        sorted(day.isoformat() for day in one.calendar.holidays),
        {
            priority: (
                sla_settings.target_text(promise.start),
                sla_settings.target_text(promise.finish),
            )
            for priority, promise in one.promises.items()
        },
        {"UTC", "Europe/Berlin"},
    )


@given(st.sampled_from(["UTC", "Europe/Berlin"]), WEEKS, DAYS, PROMISES)
def test_what_is_printed_is_read_as_the_same(
    zone: str, week: list[Hours | None], days: frozenset[date], promises: dict[Priority, Promise]
) -> None:
    one = Sla(Calendar(zone, tuple(week), days), promises)
    read = printed_and_read(one)
    if sum(day.closes - day.opens for day in week if day) < SHORTEST_WEEK:
        assert isinstance(read, Refusal)
        assert (read.code, read.field) == ("E2080", "week")
    else:
        assert read == one


def test_the_defaults_can_be_written() -> None:
    assert printed_and_read(default("Europe/Berlin")) == default("Europe/Berlin")
