"""What figures are put together from: numbers of tasks, as a server's database counts them and as
a device does in what it holds. `tracker.protocol.figures` makes the answers of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tracker.domain.sla import Sla, overdue_before
from tracker.domain.task import OPEN, Priority, Status

COUNTED_BY_PROGRESS = frozenset({*OPEN, Status.COMPLETED})


@dataclass(frozen=True, slots=True)
class OfStatus:
    """Tasks of one status; `due` of them are past their due, finished or not."""

    tasks: int = 0
    completed: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What finished tasks add up to; means are None where nothing has the value."""

    tasks: int = 0
    mean_days: float | None = None
    timed: int = 0
    mean_efficiency: float | None = None
    rated: int = 0
    mean_rating: float | None = None
    was_overdue: int = 0
    revenue_cents: int = 0
    promised: int = 0
    started_in_time: int = 0
    finished_in_time: int = 0


@dataclass(frozen=True, slots=True)
class Promised:
    """Finished tasks of one priority that were assigned to somebody."""

    tasks: int = 0
    started_in_time: int = 0
    finished_in_time: int = 0
    mean_start_ms: float | None = None
    mean_finish_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """Open tasks of one priority that were assigned to somebody; some are too late already."""

    tasks: int = 0
    start_late: int = 0
    finish_late: int = 0


def together(parts: Iterable[Totals]) -> Totals:
    """What several people's add up to."""
    found = Totals()
    for part in parts:
        found = Totals(
            tasks=found.tasks + part.tasks,
            mean_days=_mean(found.mean_days, found.tasks, part.mean_days, part.tasks),
            timed=found.timed + part.timed,
            mean_efficiency=_mean(
                found.mean_efficiency, found.timed, part.mean_efficiency, part.timed
            ),
            rated=found.rated + part.rated,
            mean_rating=_mean(found.mean_rating, found.rated, part.mean_rating, part.rated),
            was_overdue=found.was_overdue + part.was_overdue,
            revenue_cents=found.revenue_cents + part.revenue_cents,
            promised=found.promised + part.promised,
            started_in_time=found.started_in_time + part.started_in_time,
            finished_in_time=found.finished_in_time + part.finished_in_time,
        )
    return found


def _mean(one: float | None, of_one: int, other: float | None, of_other: int) -> float | None:
    """The mean of all, from the means of two parts and how many each is of."""
    if one is None or other is None:
        return other if one is None else one
    return (one * of_one + other * of_other) / (of_one + of_other)


def share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def late_if_before(promised: Sla, now: int) -> dict[Priority, tuple[int, int]]:
    """Of each priority the instants that were too late if a task was assigned before them and has
    not happened yet: to start, to finish."""
    calendar = promised.calendar
    return {
        priority: (
            overdue_before(calendar, now, promise.start.ms(calendar)),
            overdue_before(calendar, now, promise.finish.ms(calendar)),
        )
        for priority, promise in promised.promises.items()
    }
