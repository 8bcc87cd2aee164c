"""The days that figures are asked for, and the parts that a database counts them in."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain import period
from tracker.domain.errors import Refusal
from tracker.domain.period import MOST_DAYS, USUAL_DAYS, Days, Period

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3_600_000, 86_400_000
ZONES = st.sampled_from(
    [
        "UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Africa/Cairo", "America/St_Johns", "Pacific/Apia", "Africa/Monrovia", "Asia/Beirut",
    ]
).map(ZoneInfo)  # fmt: skip


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def days(first: str, last: str, now: str = "2026-06-01T12:00", zone: ZoneInfo = BERLIN) -> Days:
    found = Period(date.fromisoformat(first), date.fromisoformat(last)).days(zone, at(now))
    assert isinstance(found, Days), found
    return found


class TestReading:
    def test_days_are_read(self) -> None:
        found = period.read("2026-03-01", "2026-03-31")
        assert found == Period(date(2026, 3, 1), date(2026, 3, 31))
        assert period.read(None, None) == Period()
        assert period.read("2026-03-01", "2026-03-01") != period.read("2026-03-01", None)

    @pytest.mark.parametrize(
        ("first", "last", "field"),
        [
            ("yesterday", None, "from"),
            ("", None, "from"),
            (None, "2026-02-30", "to"),
            ("2026-03-02", "2026-03-01", "to"),
            ("1969-01-01", None, "from"),
            ("9999-01-01", None, "from"),
        ],
    )
    def test_what_is_no_period_is_named(
        self, first: str | None, last: str | None, field: str
    ) -> None:
        found = period.read(first, last)
        assert isinstance(found, Refusal)
        assert (found.code, found.field) == ("E2004", field)

    def test_both_ends_are_in_it(self) -> None:
        found = Period(date(2026, 3, 2), date(2026, 3, 3))
        assert found.since(BERLIN) == at("2026-03-02")
        assert found.until(BERLIN) == at("2026-03-04") - 1
        assert (Period().since(BERLIN), Period().until(BERLIN)) == (None, None)


class TestDays:
    def test_the_last_thirty_where_there_is_no_begin(self) -> None:
        late = at("2026-03-01T00:30")  # in UTC it is February still
        for found, last in (
            (Period().days(BERLIN, late), "2026-03-01"),
            (Period(None, date(2026, 1, 5)).days(BERLIN, late), "2026-01-05"),
        ):
            assert isinstance(found, Days)
            assert (len(found.names), found.names[-1]) == (USUAL_DAYS, last)

    def test_up_to_today_where_there_is_no_end(self) -> None:
        found = Period(date(2026, 2, 27)).days(BERLIN, at("2026-03-01T00:30"))
        assert isinstance(found, Days)
        assert found.names == ("2026-02-27", "2026-02-28", "2026-03-01")
        tomorrow = Period(date(2026, 3, 2)).days(BERLIN, at("2026-03-01T12:00"))
        assert isinstance(tomorrow, Days)
        assert tomorrow.names == ()

    def test_more_than_three_months_are_refused_or_cut(self) -> None:
        first, now = date(2026, 1, 1), at("2026-06-01")
        most = Period(first, first + timedelta(days=MOST_DAYS - 1))
        assert isinstance(most.days(BERLIN, now), Days)
        more = Period(first, first + timedelta(days=MOST_DAYS))
        found = more.days(BERLIN, now)
        assert isinstance(found, Refusal)
        assert (found.code, found.field) == ("E2004", "from")
        assert len(more.latest(BERLIN, now).names) == MOST_DAYS
        assert more.latest(BERLIN, now).names[0] == "2026-01-02"
        assert most.latest(BERLIN, now) == most.days(BERLIN, now)

    @pytest.mark.parametrize(
        ("first", "last", "hours", "slot"),
        [
            ("2026-03-02", "2026-03-04", [24, 24, 24], 24 * HOUR),
            ("2026-03-28", "2026-03-30", [24, 23, 24], HOUR),
            ("2026-10-24", "2026-10-26", [24, 25, 24], HOUR),
            ("2026-03-29", "2026-03-29", [23], 23 * HOUR),
        ],
    )
    def test_slots_are_days_but_where_the_clocks_are_changed(
        self, first: str, last: str, hours: list[int], slot: int
    ) -> None:
        found = days(first, last)
        assert [
            (end - start) / HOUR for start, end in zip(found.edges, found.edges[1:], strict=False)
        ] == hours
        assert found.slot == slot
        assert (found.start, found.until) == (at(first), found.edges[-1] - 1)

    @given(
        ZONES,
        st.dates(date(1971, 1, 2), date(2030, 1, 1)),
        st.integers(1, MOST_DAYS),
        st.lists(st.floats(0, 1, exclude_max=True), max_size=20),
    )
    def test_what_is_counted_in_slots_is_counted_on_its_day(
        self, zone: ZoneInfo, first: date, number: int, places: list[float]
    ) -> None:
        found = Period(first, first + timedelta(days=number - 1)).days(zone, 0)
        assert isinstance(found, Days)
        assert len(found.names) == number
        instants = [found.start + int(one * (found.edges[-1] - found.start)) for one in places]
        slots = Counter((at - found.start) // found.slot for at in instants)
        expected = [
            sum(start <= at < end for at in instants)
            for start, end in zip(found.edges, found.edges[1:], strict=False)
        ]
        assert found.summed(slots) == expected

    @given(ZONES, st.dates(date(1971, 1, 2), date(2030, 1, 1)))
    def test_a_day_begins_with_its_date(self, zone: ZoneInfo, first: date) -> None:
        found = Period(first, first).days(zone, 0)
        assert isinstance(found, Days)
        shown = datetime.fromtimestamp(found.start / 1000, UTC).astimezone(zone)
        if found.edges[0] < found.edges[1]:
            assert shown.date() == first
        else:  # Samoa left out 30 December 2011
            assert (zone.key, first) == ("Pacific/Apia", date(2011, 12, 30))
