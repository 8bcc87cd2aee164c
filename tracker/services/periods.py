"""Which days the statistics are of: the usual ones, and those that a person types."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from tracker.domain import period
from tracker.domain.errors import InputError, Refusal

Days = tuple[str | None, str | None]
"""The first and the last day, YYYY-MM-DD of the tenant's zone; None is open."""


class Preset(StrEnum):
    WEEK = "Last 7 days"
    DAYS_30 = "Last 30 days"
    DAYS_90 = "Last 90 days"
    MONTH = "This month"
    QUARTER = "This quarter"
    YEAR = "This year"
    ALL = "All time"
    CUSTOM = "From – to"


_LENGTHS = {Preset.WEEK: 7, Preset.DAYS_30: 30, Preset.DAYS_90: 90}


def days_of(preset: Preset, today: date) -> Days:
    """Of all but CUSTOM, which has what was typed. Today is the last of the days."""
    if preset in (Preset.ALL, Preset.CUSTOM):
        return None, None
    return _first(preset, today).isoformat(), today.isoformat()


def _first(preset: Preset, today: date) -> date:
    match preset:
        case Preset.MONTH:
            return today.replace(day=1)
        case Preset.QUARTER:
            return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
        case Preset.YEAR:
            return today.replace(month=1, day=1)
        case _:
            return today - timedelta(days=_LENGTHS[preset] - 1)


def read_days(first: str, last: str, today: date) -> Days:
    """What was typed as from and to, either of which may be left out; `today` and `yesterday` are
    days, too. E2004 names the field: for what is no day, and for an end before its beginning."""
    found = period.read(_day(first, today), _day(last, today))
    if isinstance(found, Refusal):
        raise InputError(found.code, found.info, found.field)
    return _text(found.first), _text(found.last)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str, today: date) -> str | None:
    text = text.strip().lower()
    if text in ("today", "yesterday"):
        return (today - timedelta(days=text == "yesterday")).isoformat()
    return text or None
