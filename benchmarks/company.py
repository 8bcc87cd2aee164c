"""Years of a tenant's work, written straight into the tables: 100,000 tasks in seconds.

No audit trail, feed or receipts come of it: it is for what only reads the tasks.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.analytics.queries import save_metrics
from server_stub.occupancy.tables import occupancy_intervals
from server_stub.tasks.rows import plain
from server_stub.tasks.tables import assignments, tasks
from tracker.domain import sla
from tracker.domain.metrics import metrics
from tracker.domain.page import checksum
from tracker.domain.task import Assignment, Occupancy, Part, Priority, Status, Task

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
DESCRIPTION = (
    "Take the usual tools, agree on access with the site first, and note what is left to do. "
    "Photograph the plate before and after; the part number is on the inner side of the door."
)
STATUSES = {
    Status.PENDING: 8, Status.IN_PROGRESS: 9, Status.ON_HOLD: 3, Status.COMPLETED: 12,
    Status.CANCELLED: 8, Status.ARCHIVED: 60,
}  # fmt: skip
"""Of a hundred tasks: most are finished and put away."""
CHUNK = 5_000


def fill(
    conn: Connection,
    tenant_id: str,
    users: Sequence[str],
    projects: Sequence[str],
    number: int,
    now: int,
    statuses: dict[Status, int] = STATUSES,
    zone: str = "Europe/Berlin",
) -> None:
    """Makes that many tasks of the two years before `now`, with people on them and, for the
    finished ones, metrics. The same arguments make the same tasks."""
    rng = random.Random(14)
    ids = random.Random(15)  # the same whoever the people are
    promised = sla.default(zone)
    made = list(_made(rng, ids, users, projects, number, now, statuses))
    for start in range(0, number, CHUNK):
        some = made[start : start + CHUNK]
        conn.execute(sa.insert(tasks), [_row(tenant_id, task) for task, _ in some])
        on_them = [one for _, people in some for one in people]
        if on_them:
            conn.execute(sa.insert(assignments), [_row(tenant_id, one) for one in on_them])
        done = [task for task, _ in some if task.completed_at is not None]
        save_metrics(conn, tenant_id, [metrics(task, promised) for task in done])


def fill_day(conn: Connection, tenant_id: str, users: Sequence[str], now: int) -> None:
    """What a device of each person reported in 24 hours: another state every ten minutes."""
    rng = random.Random(16)
    rows = [
        {
            "tenant_id": tenant_id,
            "id": str(uuid.UUID(int=rng.getrandbits(128))),
            "user_id": user,
            "state": rng.choice(list(Occupancy)),
            "started_at": begun,
            "ended_at": begun + 10 * MINUTE,
            "reason": "",
            "made_at": begun + 10 * MINUTE,
            "received_at": begun + 10 * MINUTE,
        }
        for user in users
        for begun in range(now - DAY, now, 10 * MINUTE)
    ]
    conn.execute(sa.insert(occupancy_intervals), rows)


def _row(tenant_id: str, row: Task | Assignment) -> dict[str, object]:
    more = {"field_changes": json.dumps({"status": (3, None)})} if isinstance(row, Task) else {}
    key = row.id if isinstance(row, Task) else f"{row.task_id}:{row.user_id}"
    return {
        "tenant_id": tenant_id, "checksum": checksum(key, row.version), **more, **plain(row),
    }  # fmt: skip


def _made(
    rng: random.Random,
    ids: random.Random,
    users: Sequence[str],
    projects: Sequence[str],
    number: int,
    now: int,
    statuses: dict[Status, int],
) -> Iterator[tuple[Task, list[Assignment]]]:
    fates = rng.choices(list(statuses), list(statuses.values()), k=number)
    for n, status in enumerate(fates, 1):
        task_id = str(uuid.UUID(int=ids.getrandbits(128)))
        yield _one(rng, task_id, n, status, users, projects, now)


def _one(
    rng: random.Random,
    task_id: str,
    number: int,
    status: Status,
    users: Sequence[str],
    projects: Sequence[str],
    now: int,
) -> tuple[Task, list[Assignment]]:
    created_at = now - rng.randrange(30 * MINUTE, 730 * DAY)
    doer, other = rng.sample(users, 2)
    is_assigned = rng.random() < 0.95
    archived_cancelled = status is Status.ARCHIVED and rng.random() < 0.1
    cancelled = status is Status.CANCELLED or archived_cancelled
    done = status in (Status.COMPLETED, Status.ARCHIVED) and not cancelled
    started = done or status in (Status.IN_PROGRESS, Status.ON_HOLD)
    started_at = min(now, created_at + rng.randrange(5 * DAY)) if started else None
    ended_at = min(now, (started_at or created_at) + rng.randrange(9 * DAY))
    progress = 100 if done else rng.randrange(100) if started else 0
    people = [_assignment(task_id, doer, Part.ASSIGNEE, users[0], created_at)]
    if number % 4 == 0:
        part = Part.ASSIGNEE if number % 3 else Part.REVIEWER
        people.append(_assignment(task_id, other, part, users[0], created_at))
    return Task(
        id=task_id,
        number=number,
        title=f"Replace pump seal {number:06}",
        description=DESCRIPTION,
        status=status,
        priority=rng.choice(list(Priority)),
        progress=progress,
        created_by=users[0],
        created_at=created_at,
        updated_at=ended_at,
        version=3,
        project_id=rng.choice((*projects, None)),
        due_at=created_at + rng.randrange(20 * DAY) if rng.random() < 0.8 else None,
        estimated_minutes=rng.choice((None, 30, 60, 240)),
        completed_at=ended_at if done else None,
        progress_before=rng.randrange(100) if done else None,
        last_progress_at=ended_at if started else None,
        last_progress_by=doer if started else None,
        actual_minutes=rng.choice((0, 20, 75, 300)) if started else 0,
        quality_rating=rng.choice((None, 1, 2, 3, 4, 5)) if done else None,
        revenue_cents=rng.choice((None, -5_000, 12_345, 990_000)),
        assigned_at=created_at if is_assigned else None,
        started_at=started_at,
        cancelled_at=ended_at if cancelled else None,
        rollup_progress=rng.randrange(101) if number % 50 == 0 else None,
    ), people if is_assigned else []  # fmt: skip


def _assignment(task_id: str, user_id: str, part: Part, by: str, at: int) -> Assignment:
    return Assignment(task_id, user_id, part, 100, by, at)
