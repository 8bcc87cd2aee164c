"""A tenant's promises as people write them, `4h` and `08:00`, read and printed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

from tracker.domain.errors import Refusal
from tracker.domain.reading import Bad, Reader
from tracker.domain.sla import DAY_MINUTES, Calendar, Hours, Promise, Sla, Target, Unit
from tracker.domain.task import Priority

MOST = {Unit.HOURS: 1_000, Unit.DAYS: 365}
SHORTEST_WEEK = 60
"""Minutes. These bounds keep short what has to be walked through day by day."""
HOLIDAYS_LIMIT = 400


class Weekday(StrEnum):
    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


_LETTER = {Unit.HOURS: "h", Unit.DAYS: "d"}
_UNITS = {letter: unit for unit, letter in _LETTER.items()}
_TARGET = re.compile("([1-9][0-9]{0,3})([hd])")
_CLOCK = re.compile("([0-2][0-9]):([0-5][0-9])")


def read(
    zone: str,
    week: Mapping[Weekday, Sequence[str]],
    holidays: Iterable[str],
    promises: Mapping[Priority, tuple[str, str]],
    zones: Container[str],
) -> Sla | Refusal:
    """Days that are not in `week` are off; each priority needs the texts of its start and finish.
    `zones` are those that are known here."""
    try:
        return Sla(_calendar(zone, week, holidays, zones), _promises(promises))
    except Bad as bad:
        return bad.refusal


def _calendar(
    zone: str, week: Mapping[Weekday, Sequence[str]], holidays: Iterable[str], zones: Container[str]
) -> Calendar:
    if zone not in zones:
        raise Bad("E2005", "zone", "An IANA time zone, like Europe/Berlin.")
    hours = tuple(_hours(day, week[day]) if day in week else None for day in Weekday)
    if sum(day.closes - day.opens for day in hours if day) < SHORTEST_WEEK:
        raise Bad("E2080", "week", "A week has an hour of work or more.")
    days = list(holidays)
    if len(days) > HOLIDAYS_LIMIT:
        raise Bad("E2080", "holidays", f"At most {HOLIDAYS_LIMIT}.")
    return Calendar(zone, hours, frozenset(_day(n, day) for n, day in enumerate(days)))


def _hours(day: Weekday, texts: Sequence[str]) -> Hours:
    if len(texts) == 2:
        opens, closes = _minutes(texts[0]), _minutes(texts[1])
        if opens is not None and closes is not None and opens < closes <= DAY_MINUTES:
            return Hours(opens, closes)
    raise Bad("E2080", f"week.{day}")


def _minutes(text: str) -> int | None:
    found = _CLOCK.fullmatch(text)
    return int(found[1]) * 60 + int(found[2]) if found else None


def _day(number: int, text: str) -> date:
    name = f"holidays.{number}"
    found = Reader({name: text}).date(name)
    assert found is not None
    return date.fromisoformat(found)


def _promises(texts: Mapping[Priority, tuple[str, str]]) -> dict[Priority, Promise]:
    found = {}
    for priority in Priority:
        if priority not in texts:
            raise Bad("E2081", f"promises.{priority}", "Each priority needs its own.")
        start, finish = (
            _target(f"promises.{priority}.{name}", text)
            for name, text in zip(("start", "finish"), texts[priority], strict=True)
        )
        found[priority] = Promise(start, finish)
    return found


def _target(name: str, text: str) -> Target:
    found = _TARGET.fullmatch(text)
    if found is not None:
        amount, unit = int(found[1]), _UNITS[found[2]]
        if amount <= MOST[unit]:
            return Target(amount, unit)
    raise Bad("E2081", name)


def target_text(target: Target) -> str:
    return f"{target.amount}{_LETTER[target.unit]}"


def week_texts(calendar: Calendar) -> dict[Weekday, list[str]]:
    return {
        day: [_clock(hours.opens), _clock(hours.closes)]
        for day, hours in zip(Weekday, calendar.week, strict=True)
        if hours is not None
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
