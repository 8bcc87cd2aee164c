"""When a person was active, as their devices reported it."""

from __future__ import annotations

from tracker.domain.occupancy import Interval
from tracker.domain.task import Occupancy
from tracker.protocol.base import Answer


class OccupancyReport(Answer):
    """Between two instants in ms. `intervals` are in order and do not overlap; where nothing was
    reported there is a gap. `totals` are their ms by state."""

    user_id: str
    started_at: int
    ended_at: int
    intervals: list[Interval]
    totals: dict[Occupancy, int]


class DayOfPerson(Answer):
    """`intervals` are [state, ms after `started_at`, length in ms], in order and without overlaps;
    `totals` are ms by state, those that occur."""

    user_id: str
    totals: dict[Occupancy, int]
    intervals: list[tuple[Occupancy, int, int]]


class OccupancyOfPeople(Answer):
    """Between two instants in ms. Who reported nothing has no intervals."""

    started_at: int
    ended_at: int
    people: list[DayOfPerson]
