"""Instants are integers, milliseconds since 1970 UTC; here they meet calendars and people."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = _EPOCH.replace(tzinfo=None)
"""The same without its zone, which is written by hand: 10 ms for 10,000 instants, not 15."""
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def end_of_day(day: str, zone: tzinfo) -> int:
    """The last millisecond of a YYYY-MM-DD in `zone`."""
    following = date.fromisoformat(day) + timedelta(days=1)
    start = datetime.combine(following, time(), zone)
    return int(start.timestamp() * 1000) - 1


def utc(ms: int) -> datetime:
    """An instant as an aware UTC datetime."""
    # Adding is exact; dividing by 1000 loses a millisecond now and then after the year 2242.
    return _EPOCH + timedelta(milliseconds=ms)


def milliseconds(moment: datetime) -> int:
    """An aware datetime as an instant."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def rfc3339(ms: int | None) -> str | None:
    """An instant as `2026-11-21T12:04:31.250Z`, the form of every document and command."""
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1000)
    return f"{(_CLOCK + timedelta(0, seconds)).isoformat()}.{rest:03}Z"


def from_rfc3339(text: str) -> int | None:
    """The instant in ms, cut to whole ones; None for what is no date and time with a zone."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(milliseconds=1) + int(f"{fraction or '.'}000"[1:4])
