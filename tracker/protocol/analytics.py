"""What admins are told of the work as a whole, and what their tenant promises.

Shares are from 0 to 1, and null where there is nothing to share. `as_of` is the server's clock,
in ms.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tracker.domain.sla_settings import Weekday
from tracker.domain.task import Occupancy, Priority, Status
from tracker.protocol.base import Answer, Request


class Made(Answer):
    """Tasks that were made in the period, as they are now. `completed` holds those that were
    archived since; `completion_rate` leaves the cancelled ones out."""

    tasks: int
    open: int
    completed: int
    cancelled: int
    overdue: int
    completion_rate: float | None


class Finished(Answer):
    """Tasks that were finished in the period. Means are over those that have the value: `timed` had
    an estimate and logged time, `rated` a rating, `promised` somebody they were assigned to."""

    tasks: int
    mean_days: float | None
    timed: int
    mean_efficiency: float | None
    rated: int
    mean_rating: float | None
    was_overdue: int
    revenue_cents: int
    promised: int
    started_in_time: float | None
    finished_in_time: float | None


class Summary(Answer):
    as_of: int
    made: Made
    finished: Finished


class ByStatus(Answer):
    """How many of the tasks made in the period have each status now; every status is named."""

    as_of: int
    tasks: int
    statuses: dict[Status, int]


class Quarter(Answer):
    """Progress from `low` to below `high`; the last one has its `high` in it."""

    low: int
    high: int
    tasks: int


class ByProgress(Answer):
    """Tasks made in the period that are neither cancelled nor archived. A task with subtasks has
    the mean of theirs."""

    as_of: int
    tasks: int
    quarters: list[Quarter]


class PersonPerformance(Answer):
    """`open` and `overdue` are tasks that the person is to do now; `finished` those that they
    completed themself."""

    user_id: str
    number: int
    name: str
    active: bool
    open: int
    overdue: int
    finished: Finished


class ByPerson(Answer):
    """Everybody of the tenant, by number."""

    as_of: int
    people: list[PersonPerformance]


class TeamPerformance(Answer):
    """What the people who are in the team now have to do, each task once, and what they completed,
    whatever team they were in then. `people` are those who can sign in."""

    team_id: str
    number: int
    name: str
    archived: bool
    people: int
    open: int
    overdue: int
    finished: Finished


class ByTeam(Answer):
    """Every team of the tenant, by number."""

    as_of: int
    teams: list[TeamPerformance]


class PersonOccupancy(Answer):
    """Milliseconds of each state; where nothing was reported there is none."""

    user_id: str
    number: int
    name: str
    totals: dict[Occupancy, int]


class Hour(Answer):
    """The hour that begins at that instant: milliseconds of each state, of everybody together."""

    started_at: int
    totals: dict[Occupancy, int]


class OccupancyOfAll(Answer):
    """Of the 24 hours that end at `as_of`: everybody who can sign in, by number, their sum, and
    that sum by the hour, the earliest first."""

    as_of: int
    since: int
    totals: dict[Occupancy, int]
    hours: list[Hour]
    people: list[PersonOccupancy]


class PromiseKept(Answer):
    """One priority: what is promised now, and how it went. `finished` tasks are those of the period
    that were assigned to somebody, judged by what was promised when they were finished.

    `running` ones are open now; `start_late` of them are not started and should be, `finish_late`
    should be finished. `mean_…_ms` are working time since the assignment."""

    priority: Priority
    start: str
    finish: str
    finished: int
    started_in_time: float | None
    finished_in_time: float | None
    mean_start_ms: float | None
    mean_finish_ms: float | None
    running: int
    start_late: int
    finish_late: int


class PromisesKept(Answer):
    as_of: int
    priorities: list[PromiseKept]


class Day(Answer):
    """`day` is YYYY-MM-DD of the tenant's zone. How many of the tasks were made and finished on it,
    and how many were overdue when it ended, or are now if it has not."""

    day: str
    made: int
    finished: int
    overdue: int


class Trend(Answer):
    """Each day of the period, 92 at most: the last 30 where its begin is not asked for. What
    happened to a task since is not undone in it: a due that was moved counts as it is, and a task
    that was reopened was never finished."""

    as_of: int
    days: list[Day]


class Figures(Answer):
    """All that is said of tasks, of one moment. The trend is of the last 92 days of a longer
    period. What people's devices reported is OccupancyOfAll: it has no period."""

    as_of: int
    summary: Summary
    status: ByStatus
    progress: ByProgress
    trend: Trend
    people: ByPerson
    teams: ByTeam
    sla: PromisesKept


class Within(Answer):
    """So many working hours or days after the assignment, like `4h` or `2d`."""

    start: str
    finish: str


class SlaSettings(Answer):
    """`week` holds [opens, closes] of each working day, from `00:00` to `24:00`, by the clocks of
    `zone`; `holidays` are dates."""

    zone: str
    week: dict[Weekday, list[str]]
    holidays: list[str]
    promises: dict[Priority, Within]


class NewWithin(Request):
    start: str
    finish: str


class NewSlaSettings(Request):
    """All of them: what is not named is off, or refused."""

    zone: str
    week: dict[Annotated[Weekday, Field(strict=False)], list[str]]
    holidays: list[str]
    promises: dict[Annotated[Priority, Field(strict=False)], NewWithin]
