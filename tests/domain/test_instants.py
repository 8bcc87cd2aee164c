"""Instants, days and ids."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

import pytest

from tracker.domain.ids import is_uuid, uuid7
from tracker.domain.instants import end_of_day, rfc3339


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


@pytest.mark.parametrize("bad", ["", "7", 7, None, "0" * 36, "A" * 36, str(uuid.uuid4()).upper()])
def test_only_canonical_text_is_a_uuid(bad: object) -> None:
    assert not is_uuid(bad)
