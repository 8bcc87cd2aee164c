"""The days that figures are asked for, by the clocks of a tenant's zone."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from tracker.domain.errors import Refusal
from tracker.domain.instants import end_of_day, utc
from tracker.domain.reading import Bad, Reader

MOST_DAYS = 92
"""Three months, as a chart has room for and each day is counted apart."""
USUAL_DAYS = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """Some days in a row, YYYY-MM-DD. `edges` are the instants (ms) when each begins, and when the
    last one ends: one more than there are days.

    A database cannot tell days of 23 hours from those of 25, so it counts in `slot`s: equal parts
    from the first day's begin on that no edge divides. Those are days, and hours where the clocks
    are changed meanwhile."""

    names: tuple[str, ...]
    edges: tuple[int, ...]

    @property
    def start(self) -> int:
        return self.edges[0]

    @property
    def until(self) -> int:
        """The last millisecond."""
        return self.edges[-1] - 1

    @cached_property
    def slot(self) -> int:
        """In ms."""
        return math.gcd(*(edge - self.start for edge in self.edges)) or 1

    def place(self, at: int) -> int:
        """Which of the days an instant in them is on."""
        return bisect_right(self.edges, at, hi=len(self.names)) - 1

    def summed(self, by_slot: Mapping[int | None, int]) -> list[int]:
        """What was counted in each slot, as one number a day; what is in none of them is left
        out."""
        found = [0] * len(self.names)
        for slot, number in by_slot.items():
            if slot is not None:
                found[self.place(self.start + slot * self.slot)] += number
        return found


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another one, both in it; None where it has no such end."""

    first: date | None = None
    last: date | None = None

    def since(self, zone: ZoneInfo) -> int | None:
        """Its first millisecond."""
        return None if self.first is None else _begin(self.first, zone)

    def until(self, zone: ZoneInfo) -> int | None:
        """Its last millisecond."""
        return None if self.last is None else end_of_day(self.last.isoformat(), zone)

    def days(self, zone: ZoneInfo, now: int) -> Days | Refusal:
        """Each of them: up to today where it has no end, and the last 30 where it has no begin.
        None at all where it begins after it ended. E2004 for more than `MOST_DAYS`."""
        first, last = self._ends(zone, now)
        if (last - first).days >= MOST_DAYS:
            return Refusal("E2004", "from", f"At most {MOST_DAYS} days are counted one by one.")
        return _each(first, last, zone)

    def latest(self, zone: ZoneInfo, now: int) -> Days:
        """The same, but of more than `MOST_DAYS` the last ones."""
        first, last = self._ends(zone, now)
        return _each(max(first, last - (MOST_DAYS - 1) * _DAY), last, zone)

    def _ends(self, zone: ZoneInfo, now: int) -> tuple[date, date]:
        last = self.last or utc(now).astimezone(zone).date()
        return self.first or last - (USUAL_DAYS - 1) * _DAY, last


def _each(first: date, last: date, zone: ZoneInfo) -> Days:
    every = [first + n * _DAY for n in range(max(0, (last - first).days + 1) + 1)]
    edges = tuple(_begin(day, zone) for day in every)
    return Days(tuple(day.isoformat() for day in every[:-1]), edges)


def read(first: str | None, last: str | None) -> Period | Refusal:
    """E2004 for what is no day, naming `from` or `to`, and for a last day before the first."""
    reader = Reader({"from": first, "to": last})
    try:
        found = Period(*(_date(reader.date(name)) for name in ("from", "to")))
    except Bad as bad:
        return bad.refusal
    if found.first and found.last and found.last < found.first:
        return Refusal("E2004", "to", "It is before the first day.")
    return found


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _begin(day: date, zone: ZoneInfo) -> int:
    return end_of_day((day - _DAY).isoformat(), zone) + 1
