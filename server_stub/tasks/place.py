"""A task's place among others: what its subtasks add up to, and whether it still has to wait.

These are sums that the server makes after a batch. They change no version and no audit trail, and
whoever sees the task hears of it once.
"""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy.engine import Connection

from server_stub.tasks import queries, relations
from tracker.domain.task import TaskState


def settle(
    conn: Connection, tenant_id: str, parents: Set[str], waiting: Set[str], turned: Set[str]
) -> list[TaskState]:
    """Makes the sums of these `parents` and of all above them, and of the tasks that are `waiting`
    or wait for one that `turned`; returns those that differ now. The rows are written already."""
    told: dict[str, TaskState] = {}
    level = sorted(parents)
    while level:
        # A parent's own parent takes the mean that is written here, so it comes after it.
        states = {i: found[0] for i, found in queries.states(conn, tenant_id, level).items()}
        sums = relations.children(conn, tenant_id, level)
        changed = []
        for task_id, state in states.items():
            number, total = sums.get(task_id, (0, 0))
            mean = (2 * total + number) // (2 * number) if number else None
            if (state.task.child_count, state.task.rollup_progress) != (number, mean):
                changed.append((task_id, number, mean))
        relations.set_children(conn, tenant_id, changed)
        told |= {task_id: states[task_id] for task_id, _, _ in changed}
        above = {states[task_id].task.parent_id for task_id, _, _ in changed}
        level = sorted(task_id for task_id in above if task_id is not None)
    return [*told.values(), *_settle_needs(conn, tenant_id, waiting, turned)]


def _settle_needs(
    conn: Connection, tenant_id: str, waiting: Set[str], turned: Set[str]
) -> list[TaskState]:
    concerned = sorted(waiting | relations.waiting_for(conn, tenant_id, sorted(turned)))
    numbers = relations.open_needs(conn, tenant_id, concerned)
    states = [found[0] for found in queries.states(conn, tenant_id, concerned).values()]
    changed = [s for s in states if s.task.open_needs != numbers.get(s.task.id, 0)]
    rows = [(s.task.id, numbers.get(s.task.id, 0)) for s in changed]
    relations.set_open_needs(conn, tenant_id, rows)
    return changed
