"""All SQL of the task feature."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks, totals, upsert
from server_stub.core.statements import Statement
from server_stub.tasks.rows import (
    ALL_IDS,
    ARCHIVED,
    ASSIGNMENTS,
    ATTACHED,
    MADE,
    OWN_IDS,
    READER,
    TENANT,
    plain,
    visible_to,
    within,
)
from server_stub.tasks.tables import assignments, tasks, time_entries
from tracker.domain.page import Sums, checksum
from tracker.domain.task import OPEN, Assignment, Priority, Status, Task, TaskState

TASK_COLUMNS = [tasks.c[f.name] for f in fields(Task)]
_STATUS = [f.name for f in fields(Task)].index("status")
_STATUSES = {str(status): status for status in Status}
_PRIORITIES = {str(priority): priority for priority in Priority}

FieldChanges = dict[str, tuple[int, str | None]]


def task_of(row: Sequence[Any]) -> Task:
    values = list(row[: len(TASK_COLUMNS)])
    values[_STATUS] = _STATUSES[values[_STATUS]]
    values[_STATUS + 1] = _PRIORITIES[values[_STATUS + 1]]
    return Task(*values)


_STATES = Statement(
    sa.select(*TASK_COLUMNS, tasks.c.field_changes).where(within(tasks, tasks.c.id))
)
# An archived task is for whoever asks for it by name; no device keeps it.
_KEPT = sa.select(*TASK_COLUMNS).where(within(tasks, tasks.c.id), tasks.c.status != ARCHIVED)
_TASKS = Statement(_KEPT)
_OWN_TASKS = Statement(_KEPT.where(visible_to(sa.bindparam("reader"))))


_AFTER: sa.BindParameter[Any] = sa.bindparam("after")
_MOST: sa.BindParameter[Any] = sa.bindparam("most")
_PAGE = Statement(
    sa.select(*TASK_COLUMNS)
    .where(tasks.c.tenant_id == TENANT, tasks.c.status != ARCHIVED, tasks.c.id > _AFTER)
    .order_by(tasks.c.id)
    .limit(_MOST)
)


def _own_page() -> Statement:
    """The next ones that somebody is on, and the next ones that they made: each stops when a page
    is full, so whose tasks are few does not look through everybody's."""
    kept = MADE.c.status != ARCHIVED
    theirs = assignments.c
    joined = sa.and_(MADE.c.tenant_id == theirs.tenant_id, MADE.c.id == theirs.task_id)
    on = (
        sa.select(theirs.task_id.label("id"))
        .join(MADE, joined)
        .where(theirs.tenant_id == TENANT, theirs.user_id == READER)
        .where(theirs.task_id > _AFTER, kept)
        .order_by(theirs.task_id)
        .limit(_MOST)
        .subquery("on_them")
    )
    made = (
        sa.select(MADE.c.id)
        .where(MADE.c.tenant_id == TENANT, MADE.c.created_by == READER)
        .where(MADE.c.id > _AFTER, kept)
        .order_by(MADE.c.id)
        .limit(_MOST)
        .subquery("made_them")
    )
    ids = sa.union(sa.select(on.c.id), sa.select(made.c.id))
    # Not in order: SQLite would look through all tasks in theirs.
    query = sa.select(*TASK_COLUMNS).where(tasks.c.tenant_id == TENANT, tasks.c.id.in_(ids))
    return Statement(query)


_OWN_PAGE = _own_page()
_DUE = (
    sa.select(*TASK_COLUMNS)
    .where(
        tasks.c.tenant_id == TENANT,
        tasks.c.id > sa.bindparam("after"),
        tasks.c.due_at < sa.bindparam("before"),
        tasks.c.status.in_(sorted(OPEN)),
    )
    .order_by(tasks.c.id)
    .limit(sa.bindparam("most"))
)


def states(
    conn: Connection, tenant_id: str, ids: Sequence[str]
) -> dict[str, tuple[TaskState, FieldChanges]]:
    """Tasks with their people and the last change of each field."""
    people = _people_of(conn, tenant_id, ids)
    found = {}
    for some in chunks(ids):
        for row in _STATES.all(conn, {"tenant": tenant_id, "ids": some}):
            task = task_of(row)
            changes = {k: (v[0], v[1]) for k, v in from_json(row[-1]).items()}
            found[task.id] = (TaskState(task, people.get(task.id, {})), changes)
    return found


def due_before(
    conn: Connection, tenant_id: str, before: int, after_id: str, limit: int
) -> list[TaskState]:
    """Open tasks that are due before that instant, in id order after `after_id`."""
    values = {"tenant": tenant_id, "before": before, "after": after_id, "most": limit}
    found = [task_of(row) for row in conn.execute(_DUE, values)]
    people = _people_of(conn, tenant_id, [task.id for task in found])
    return [TaskState(task, people.get(task.id, {})) for task in found]


def _people_of(
    conn: Connection, tenant_id: str, ids: Sequence[str]
) -> dict[str, dict[str, Assignment]]:
    people: dict[str, dict[str, Assignment]] = {}
    for assignment in ASSIGNMENTS.of(conn, tenant_id, ids):
        people.setdefault(assignment.task_id, {})[assignment.user_id] = assignment
    return people


def page_of_tasks(
    conn: Connection, tenant_id: str, own_of: str | None, after_id: str, limit: int
) -> list[Task]:
    """Visible tasks in id order after `after_id`; ids never change, so no page skips a row."""
    values = {"tenant": tenant_id, "reader": own_of, "after": after_id, "most": limit}
    if own_of is None:
        return [task_of(row) for row in _PAGE.all(conn, values)]
    rows = sorted(_OWN_PAGE.all(conn, values), key=itemgetter(0))
    return [task_of(row) for row in rows[:limit]]


def visible_tasks(
    conn: Connection, tenant_id: str, own_of: str | None, ids: Sequence[str]
) -> list[Task]:
    """Those of `ids` that a device of the reader keeps."""
    found = []
    for some in chunks(ids):
        query = _TASKS if own_of is None else _OWN_TASKS
        rows = query.all(conn, {"tenant": tenant_id, "ids": some, "reader": own_of})
        found += [task_of(row) for row in rows]
    return found


_MINUTES = Statement(
    sa.select(
        time_entries.c.task_id,
        time_entries.c.user_id,
        sa.cast(sa.func.sum(time_entries.c.minutes), sa.BigInteger),
    )
    .where(within(time_entries, time_entries.c.task_id))
    .group_by(time_entries.c.task_id, time_entries.c.user_id)
)


def minutes(conn: Connection, tenant_id: str, ids: Sequence[str]) -> dict[str, Counter[str]]:
    """Of these tasks, who logged how many."""
    found: dict[str, Counter[str]] = {task_id: Counter() for task_id in ids}
    for some in chunks(ids):
        for task_id, user_id, number in _MINUTES.all(conn, {"tenant": tenant_id, "ids": some}):
            found[task_id][user_id] = number
    return found


def _all_sums(ids: sa.Select[str] | sa.CompoundSelect[str]) -> Statement:
    """Of the tasks with these ids, which are looked for once, and of all that hangs on them."""
    kept = ids.cte("kept").prefix_with("MATERIALIZED")
    columns = {tasks: tasks.c.id} | {one.table: one.table.c.task_id for one in ATTACHED}
    return Statement(
        sa.union_all(
            *(
                totals(table)
                .add_columns(sa.literal_column(f"'{table.name}'"))
                .where(table.c.tenant_id == TENANT, column.in_(sa.select(kept.c.id)))
                for table, column in columns.items()
            )
        )
    )


_SUMS = _all_sums(ALL_IDS), _all_sums(OWN_IDS)


def sums(conn: Connection, tenant_id: str, own_of: str | None) -> dict[str, Sums]:
    """What the tasks that the reader may see, and all that hangs on them, add up to."""
    rows = _SUMS[own_of is not None].all(conn, {"tenant": tenant_id, "reader": own_of})
    return {name: Sums(*numbers) for *numbers, name in rows}


_FINISHED = (
    sa.select(tasks.c.id)
    .where(
        tasks.c.tenant_id == TENANT,
        tasks.c.status.in_([Status.COMPLETED, Status.CANCELLED]),
        sa.func.coalesce(tasks.c.completed_at, tasks.c.cancelled_at) < sa.bindparam("before"),
    )
    .order_by(tasks.c.id)
    .limit(sa.bindparam("most"))
)


def finished_before(conn: Connection, tenant_id: str, before: int, most: int) -> list[str]:
    """Tasks that were finished before that moment and are not archived."""
    values = {"tenant": tenant_id, "before": before, "most": most}
    return list(conn.execute(_FINISHED, values).scalars())


_OF_NUMBERS = sa.select(tasks.c.number, tasks.c.id).where(within(tasks, tasks.c.number))


def ids_of_numbers(conn: Connection, tenant_id: str, numbers: Sequence[int]) -> dict[int, str]:
    """Those that are there, archived ones too."""
    return {
        number: task_id
        for start in range(0, len(numbers), 500)
        for number, task_id in conn.execute(
            _OF_NUMBERS, {"tenant": tenant_id, "ids": numbers[start : start + 500]}
        )
    }


def id_of_number(conn: Connection, tenant_id: str, number: int) -> str | None:
    query = sa.select(tasks.c.id).where(tasks.c.tenant_id == tenant_id, tasks.c.number == number)
    return conn.execute(query).scalar()


_NUMBERS = sa.select(tasks.c.id, tasks.c.number).where(within(tasks, tasks.c.id))


def numbers(conn: Connection, tenant_id: str, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of these tasks by id."""
    return {
        row.id: row.number
        for some in chunks(ids)
        for row in conn.execute(_NUMBERS, {"tenant": tenant_id, "ids": some})
    }


def save_tasks(conn: Connection, tenant_id: str, rows: Sequence[tuple[Task, FieldChanges]]) -> None:
    upsert(
        conn,
        tasks,
        [
            {
                "tenant_id": tenant_id,
                "field_changes": json.dumps(changes),
                "checksum": checksum(task.id, task.version),
                **plain(task),
            }
            for task, changes in rows
        ],
        ("tenant_id", "id"),
    )
