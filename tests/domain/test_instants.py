"""Instants, days and ids."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.ids import is_uuid, uuid7
from tracker.domain.instants import end_of_day, from_rfc3339, milliseconds, rfc3339, utc


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        ("2026-01-01", "UTC", "2026-01-01T23:59:59.999Z"),
        ("2026-01-01", "Europe/Berlin", "2026-01-01T22:59:59.999Z"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59.999Z"),  # 23 hours long
        ("2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59.999Z"),  # 25 hours long
        ("2026-12-31", "Pacific/Kiritimati", "2026-12-31T09:59:59.999Z"),
    ],
)
def test_a_day_ends_at_its_midnight_in_the_zone(day: str, zone: str, end: str) -> None:
    assert rfc3339(end_of_day(day, ZoneInfo(zone))) == end


def test_no_instant_prints_as_none() -> None:
    assert rfc3339(None) is None


def test_a_uuid7_has_version_and_variant_and_sorts_by_time() -> None:
    early, late = uuid7(1_000, b"\xff" * 10), uuid7(1_001, b"\x00" * 10)
    assert early < late
    for made in (early, late):
        assert uuid.UUID(made).version == 7
        assert uuid.UUID(made).variant == uuid.RFC_4122


@pytest.mark.parametrize(
    "bad", ["", "7", 7, None, "0" * 36, "A" * 36, "0831B460-14C8-41C6-B566-28FC6BE6189D"]
)
def test_only_canonical_text_is_a_uuid(bad: object) -> None:
    assert not is_uuid(bad)


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        ("2026-03-08", "America/New_York", "2026-03-09T03:59:59.999Z"),  # 23 hours long
        ("2026-11-01", "America/New_York", "2026-11-02T04:59:59.999Z"),  # 25 hours long
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-05T13:29:59.999Z"),  # half an hour more
        ("2026-06-01", "Asia/Kathmandu", "2026-06-01T18:14:59.999Z"),
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T02:59:59.999Z"),  # midnight left out
        ("2024-04-25", "Africa/Cairo", "2024-04-25T21:59:59.999Z"),  # midnight left out
        ("2024-11-02", "America/Havana", "2024-11-03T03:59:59.999Z"),  # the first of two midnights
        ("2011-12-29", "Pacific/Apia", "2011-12-30T09:59:59.999Z"),  # the next day left out
        ("2028-02-29", "UTC", "2028-02-29T23:59:59.999Z"),
    ],
)
def test_a_day_ends_where_the_zone_changes_its_clocks(day: str, zone: str, end: str) -> None:
    assert rfc3339(end_of_day(day, ZoneInfo(zone))) == end


ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/St_Johns",
    "America/Havana", "Africa/Cairo", "Asia/Beirut", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Kiritimati", "Etc/GMT+12",
]  # fmt: skip


@given(st.dates(date(1971, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES))
def test_the_next_millisecond_is_another_day_there(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    end = end_of_day(day.isoformat(), zone)
    assert utc(end).astimezone(zone).date() <= day < utc(end + 1).astimezone(zone).date()


def exactly(ms: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(st.integers(0, 7_258_118_400_000))
def test_an_instant_is_printed_to_the_millisecond_until_2200(ms: int) -> None:
    assert rfc3339(ms) == exactly(ms)


@given(st.integers(0, 253_370_764_799_999), st.sampled_from(ZONES))
def test_an_instant_comes_back_from_every_zone(ms: int, name: str) -> None:
    assert milliseconds(utc(ms).astimezone(ZoneInfo(name))) == ms


@pytest.mark.parametrize("ms", [9_000_000_000_001, 253_370_764_799_999])
def test_an_instant_is_printed_to_the_millisecond_in_every_accepted_year(ms: int) -> None:
    assert rfc3339(ms) == exactly(ms)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-21T12:04:31.250Z", 1_795_262_671_250),
        ("2026-11-21T13:04:31.2509+01:00", 1_795_262_671_250),
        ("2026-11-21 08:34:31.25-03:30", 1_795_262_671_250),
        ("2026-11-21t12:04:31.250z", 1_795_262_671_250),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200_000),
    ],
)
def test_an_instant_with_a_zone_is_read(text: str, ms: int) -> None:
    assert from_rfc3339(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-11-21", "2026-11-21T12:04Z", "2026-11-21T12:04:31", "20261121T120431Z",
        "2026-11-21T12:04:31.Z", "2026-11-21T24:00:00Z", "2026-13-01T00:00:00Z", "1795262671",
        "2026-02-30T00:00:00Z", "2026-11-21T12:04:61Z", "2026-11-21T12:04:31+25:00",
        "2026-11-21T12:04:31Z ", "٢٠٢٦-11-21T12:04:31Z",
    ],
)  # fmt: skip
def test_what_is_no_instant_or_has_no_zone_is_none(text: str) -> None:
    assert from_rfc3339(text) is None


@given(st.integers(-62_000_000_000_000, 253_370_764_799_999))
def test_what_is_printed_is_read_as_the_same(ms: int) -> None:
    assert from_rfc3339(rfc3339(ms) or "") == ms
