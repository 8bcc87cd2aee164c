"""A month of a made-up company, for pictures of its statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.domain.task import Occupancy, Person, Priority, Role, Status, Task
from tracker.protocol.analytics import Hour, OccupancyOfAll, PersonOccupancy

HOUR, DAY = 3_600_000, 86_400_000


def tasks(
    now: int, titles: Sequence[str], projects: Sequence[str], people: Sequence[str]
) -> list[Task]:
    """Some finished, by the `people` in turn, some open, few of them late."""
    found = []
    for n in range(1, 400):
        made = now - (n * 37 % 700) * HOUR
        done = made + (n * 11 % 90 + 2) * HOUR
        late = n % 13 == 0
        known: dict[str, Any] = {
            "status": Status.PENDING if n % 5 == 0 else Status.IN_PROGRESS,
            "progress": n * 13 % 100 * (n % 5 > 0),
            "due_at": made + 60 * HOUR if late else now + n * HOUR,
        }
        if done < now and n % 4:
            known = {
                "status": Status.COMPLETED,
                "progress": 100,
                "completed_at": done,
                "last_progress_by": people[n % len(people)],
                "actual_minutes": 40 + n % 50,
                "estimated_minutes": 60,
                "quality_rating": n % 3 + 3,
                "revenue_cents": n * 977,
                "due_at": done + (HOUR if n % 7 else -HOUR),
            }
        elif n % 31 == 0:
            known = {"status": Status.CANCELLED, "cancelled_at": now, "progress": 0}
        task_id = f"00000000-0000-7000-8000-{n:012d}"
        found.append(
            Task(
                id=task_id, number=n, title=titles[n % len(titles)], created_by=people[0],
                created_at=made, updated_at=now, version=n + 1, description="",
                priority=[*Priority][n % 4], project_id=projects[n % len(projects)],
                assigned_at=made, started_at=made + n % 9 * HOUR, **known,
            )
        )  # fmt: skip
    return found


def day(now: int, people: Sequence[Person]) -> OccupancyOfAll:
    """What the devices of the employees told of 24 hours; most of them around noon."""
    staff = [one for one in people if one.role is Role.EMPLOYEE]
    nothing = dict.fromkeys(Occupancy, 0)
    hours = []
    for n in range(24):
        at_work = max(0, 9 - abs(12 - n)) * HOUR // 9 * len(staff)
        totals = {Occupancy.ACTIVE: at_work * 7 // 10, Occupancy.IDLE: at_work // 5,
                  Occupancy.OFFLINE: at_work // 10}  # fmt: skip
        hours.append(Hour(started_at=now - (24 - n) * HOUR, totals={**nothing, **totals}))
    whole = {state: sum(hour.totals[state] for hour in hours) for state in Occupancy}
    each = {state: ms // len(staff) for state, ms in whole.items()}
    return OccupancyOfAll(
        as_of=now, since=now - DAY, totals=whole, hours=hours,
        people=[
            PersonOccupancy(user_id=one.id, number=one.number, name=one.display_name, totals=each)
            for one in staff
        ],
    )  # fmt: skip
