"""The SQL of a task's place among others: what is above and below it, what waits for what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks
from server_stub.core.statements import Statement
from server_stub.tasks.rows import TENANT, within
from server_stub.tasks.tables import dependencies, tasks
from tracker.domain.task import OPEN

_ABOVE = (
    sa.select(tasks.c.id, tasks.c.parent_id)
    .where(within(tasks, tasks.c.id))
    .cte("above", recursive=True)
)
_UPPER = sa.alias(tasks)
_ABOVE = _ABOVE.union(
    sa.select(_UPPER.c.id, _UPPER.c.parent_id).where(
        _UPPER.c.tenant_id == TENANT, _UPPER.c.id == _ABOVE.c.parent_id
    )
)
_ABOVE_IDS = Statement(sa.select(_ABOVE.c.id))
_NEEDED = (
    sa.select(dependencies.c.task_id, dependencies.c.needs_id)
    .where(within(dependencies, dependencies.c.task_id))
    .cte("needed", recursive=True)
)
_FURTHER = sa.alias(dependencies)
_NEEDED = _NEEDED.union(
    sa.select(_FURTHER.c.task_id, _FURTHER.c.needs_id).where(
        _FURTHER.c.tenant_id == TENANT, _FURTHER.c.task_id == _NEEDED.c.needs_id
    )
)
_NEEDED_PAIRS = Statement(sa.select(_NEEDED.c.task_id, _NEEDED.c.needs_id))
_WAITING_FOR = Statement(
    sa.select(dependencies.c.task_id).where(within(dependencies, dependencies.c.needs_id))
)
_OPEN_NEEDS = (
    sa.select(dependencies.c.task_id, sa.func.count())
    .join(
        tasks,
        sa.and_(
            tasks.c.tenant_id == dependencies.c.tenant_id, tasks.c.id == dependencies.c.needs_id
        ),
    )
    .where(within(dependencies, dependencies.c.task_id), tasks.c.status.in_(sorted(OPEN)))
    .group_by(dependencies.c.task_id)
)
_CHILDREN = Statement(
    sa.select(
        tasks.c.parent_id,
        sa.func.count(),
        sa.cast(
            sa.func.sum(sa.func.coalesce(tasks.c.rollup_progress, tasks.c.progress)), sa.BigInteger
        ),
    )
    .where(within(tasks, tasks.c.parent_id), tasks.c.cancelled_at.is_(None))
    .group_by(tasks.c.parent_id)
)


def _set(*names: str) -> Statement:
    return Statement(
        sa.update(tasks)
        .where(tasks.c.tenant_id == TENANT, tasks.c.id == sa.bindparam("task"))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )


_SET_CHILDREN, _SET_NEEDS = _set("child_count", "rollup_progress"), _set("open_needs")


def with_above(conn: Connection, tenant_id: str, ids: Sequence[str]) -> list[str]:
    """These tasks and all above them."""
    found: dict[str, None] = {}
    for some in chunks(ids):
        rows = _ABOVE_IDS.all(conn, {"tenant": tenant_id, "ids": some})
        found |= dict.fromkeys(row[0] for row in rows)
    return list(found)


def needs(conn: Connection, tenant_id: str, ids: Sequence[str]) -> dict[str, set[str]]:
    """What these tasks wait for, and what those wait for, to the end."""
    found: dict[str, set[str]] = {}
    for some in chunks(ids):
        for task_id, needs_id in _NEEDED_PAIRS.all(conn, {"tenant": tenant_id, "ids": some}):
            found.setdefault(task_id, set()).add(needs_id)
    return found


def waiting_for(conn: Connection, tenant_id: str, ids: Sequence[str]) -> set[str]:
    """The tasks that wait for one of these."""
    return {
        task_id
        for some in chunks(ids)
        for (task_id,) in _WAITING_FOR.all(conn, {"tenant": tenant_id, "ids": some})
    }


def open_needs(conn: Connection, tenant_id: str, ids: Sequence[str]) -> dict[str, int]:
    """How many unfinished tasks each of these waits for; none is left out."""
    return {
        task_id: number
        for some in chunks(ids)
        for task_id, number in conn.execute(_OPEN_NEEDS, {"tenant": tenant_id, "ids": some})
    }


def children(conn: Connection, tenant_id: str, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many children that are not cancelled each of these has, and their progress in all."""
    return {
        parent_id: (number, total)
        for some in chunks(ids)
        for parent_id, number, total in _CHILDREN.all(conn, {"tenant": tenant_id, "ids": some})
    }


def set_children(
    conn: Connection, tenant_id: str, rows: Iterable[tuple[str, int, int | None]]
) -> None:
    values = [
        {"tenant": tenant_id, "task": i, "new_child_count": n, "new_rollup_progress": mean}
        for i, n, mean in rows
    ]
    if values:
        _SET_CHILDREN.run_each(conn, values)


def set_open_needs(conn: Connection, tenant_id: str, rows: Iterable[tuple[str, int]]) -> None:
    values = [{"tenant": tenant_id, "task": i, "new_open_needs": n} for i, n in rows]
    if values:
        _SET_NEEDS.run_each(conn, values)
