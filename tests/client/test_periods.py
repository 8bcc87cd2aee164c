"""The days that the statistics are of."""

from __future__ import annotations

from datetime import date

import pytest

from tracker.domain.errors import InputError
from tracker.services.periods import Preset, days_of, read_days

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("preset", "first"),
    [
        (Preset.WEEK, "2026-11-15"),
        (Preset.DAYS_30, "2026-10-23"),
        (Preset.DAYS_90, "2026-08-24"),
        (Preset.MONTH, "2026-11-01"),
        (Preset.QUARTER, "2026-10-01"),
        (Preset.YEAR, "2026-01-01"),
    ],
)
def test_a_preset_ends_today(preset: Preset, first: str) -> None:
    assert days_of(preset, TODAY) == (first, "2026-11-21")


def test_all_time_has_no_ends() -> None:
    assert days_of(Preset.ALL, TODAY) == (None, None)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_quarter_begins_with_its_first_month(month: int) -> None:
    first, _ = days_of(Preset.QUARTER, date(2026, month, 28))
    assert first == f"2026-{(1, 4, 7, 10)[(month - 1) // 3]:02}-01"


@pytest.mark.parametrize(
    ("first", "last", "read"),
    [
        ("2026-01-01", "2026-12-31", ("2026-01-01", "2026-12-31")),
        (" 2026-01-01 ", "", ("2026-01-01", None)),
        ("", "today", (None, "2026-11-21")),
        ("Yesterday", "today", ("2026-11-20", "2026-11-21")),
        ("", "", (None, None)),
        ("2026-11-21", "2026-11-21", ("2026-11-21", "2026-11-21")),
    ],
)
def test_what_is_typed_is_read(first: str, last: str, read: tuple[str | None, str | None]) -> None:
    assert read_days(first, last, TODAY) == read


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2026-02-30", "", "from"),
        ("soon", "2026-01-01", "from"),
        ("", "01.02.2026", "to"),
        ("2026-01-02", "2026-01-01", "to"),
        ("1969-12-31", "", "from"),
        ("", "9999-12-31", "to"),
        ("٢٠٢٦-٠١-٠١", "", "from"),
    ],
)
def test_what_is_no_period_is_refused_by_its_field(first: str, last: str, field: str) -> None:
    with pytest.raises(InputError) as refused:
        read_days(first, last, TODAY)
    assert (refused.value.code, refused.value.field) == ("E2004", field)
