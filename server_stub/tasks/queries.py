"""All SQL of the task feature."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks, totals, upsert
from server_stub.core.statements import Row, Statement
from server_stub.tasks.tables import assignments, comments, tasks
from tracker.domain.page import Sums, checksum
from tracker.domain.task import Assignment, Comment, Part, Priority, Status, Task, TaskState

_TASK = [tasks.c[f.name] for f in fields(Task)]
_ASSIGNMENT = [assignments.c[f.name] for f in fields(Assignment)]
_COMMENT = [comments.c[f.name] for f in fields(Comment)]
_STATUS = [f.name for f in fields(Task)].index("status")
_STATUSES = {str(status): status for status in Status}
_PRIORITIES = {str(priority): priority for priority in Priority}

FieldChanges = dict[str, tuple[int, str | None]]


def _plain(row: Task | Assignment | Comment) -> dict[str, Any]:
    """The fields by name; `asdict` copies each value and takes ten times as long."""
    return {name: getattr(row, name) for name in row.__slots__}


def _task(row: Sequence[Any]) -> Task:
    values = list(row[: len(_TASK)])
    values[_STATUS] = _STATUSES[values[_STATUS]]
    values[_STATUS + 1] = _PRIORITIES[values[_STATUS + 1]]
    return Task(*values)


def _assignment(row: Row) -> Assignment:
    values = list(row)
    values[2] = Part(values[2])
    return Assignment(*values)


def visible_to(user_id: str | sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    """The condition "is on the task or made it"; callers add the tenant."""
    on_it = (
        sa.select(sa.literal(1))
        .where(
            assignments.c.tenant_id == tasks.c.tenant_id,
            assignments.c.task_id == tasks.c.id,
            assignments.c.user_id == user_id,
        )
        .exists()
    )
    return sa.or_(tasks.c.created_by == user_id, on_it)


def _in(table: sa.Table, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.tenant_id == sa.bindparam("tenant"),
        column.in_(sa.bindparam("ids", expanding=True)),
    )


_STATES = Statement(sa.select(*_TASK, tasks.c.field_changes).where(_in(tasks, tasks.c.id)))
_PEOPLE_OF = Statement(sa.select(*_ASSIGNMENT).where(_in(assignments, assignments.c.task_id)))
_COMMENTS_OF = Statement(sa.select(*_COMMENT).where(_in(comments, comments.c.task_id)))
_COMMENTS = Statement(sa.select(*_COMMENT).where(_in(comments, comments.c.id)))
_SOME_TASKS = sa.select(*_TASK).where(_in(tasks, tasks.c.id))
_TASKS = Statement(_SOME_TASKS)
_OWN_TASKS = Statement(_SOME_TASKS.where(visible_to(sa.bindparam("reader"))))
_INSERT_COMMENTS = Statement(sa.insert(comments))
_ALL_IDS = sa.select(tasks.c.id).where(tasks.c.tenant_id == sa.bindparam("tenant"))
_OWN_IDS = _ALL_IDS.where(visible_to(sa.bindparam("reader")))


def _next_page(ids: sa.Select[str]) -> Statement:
    query = ids.with_only_columns(*_TASK).where(tasks.c.id > sa.bindparam("after"))
    return Statement(query.order_by(tasks.c.id).limit(sa.bindparam("most")))


_PAGE, _OWN_PAGE = _next_page(_ALL_IDS), _next_page(_OWN_IDS)
_SUMS = {
    name: (Statement(query), Statement(query.where(column.in_(_OWN_IDS))))
    for name, column, query in (
        (table.name, column, totals(table).where(table.c.tenant_id == sa.bindparam("tenant")))
        for table, column in (
            (tasks, tasks.c.id),
            (assignments, assignments.c.task_id),
            (comments, comments.c.task_id),
        )
    )
}
"""Kind → what all rows add up to, and those the reader may see."""


def states(
    conn: Connection, tenant_id: str, ids: Sequence[str]
) -> dict[str, tuple[TaskState, FieldChanges]]:
    """Tasks with their people and the last change of each field."""
    people: dict[str, dict[str, Assignment]] = {}
    for assignment in assignments_of(conn, tenant_id, ids):
        people.setdefault(assignment.task_id, {})[assignment.user_id] = assignment
    found = {}
    for some in chunks(ids):
        for row in _STATES.all(conn, {"tenant": tenant_id, "ids": some}):
            task = _task(row)
            changes = {k: (v[0], v[1]) for k, v in json.loads(row[-1]).items()}
            found[task.id] = (TaskState(task, people.get(task.id, {})), changes)
    return found


def assignments_of(conn: Connection, tenant_id: str, ids: Sequence[str]) -> list[Assignment]:
    found = []
    for some in chunks(ids):
        rows = _PEOPLE_OF.all(conn, {"tenant": tenant_id, "ids": some})
        found += [_assignment(row) for row in rows]
    return found


def comments_of(conn: Connection, tenant_id: str, ids: Sequence[str]) -> list[Comment]:
    """The comments of these tasks."""
    found = []
    for some in chunks(ids):
        rows = _COMMENTS_OF.all(conn, {"tenant": tenant_id, "ids": some})
        found += [Comment(*row) for row in rows]
    return found


def comments_by_id(conn: Connection, tenant_id: str, ids: Sequence[str]) -> list[Comment]:
    found = []
    for some in chunks(ids):
        rows = _COMMENTS.all(conn, {"tenant": tenant_id, "ids": some})
        found += [Comment(*row) for row in rows]
    return found


def page_of_tasks(
    conn: Connection, tenant_id: str, own_of: str | None, after_id: str, limit: int
) -> list[Task]:
    """Visible tasks in id order after `after_id`; ids never change, so no page skips a row."""
    query = _PAGE if own_of is None else _OWN_PAGE
    values = {"tenant": tenant_id, "reader": own_of, "after": after_id, "most": limit}
    return [_task(row) for row in query.all(conn, values)]


def visible_tasks(
    conn: Connection, tenant_id: str, own_of: str | None, ids: Sequence[str]
) -> list[Task]:
    """Those of `ids` that the reader may see now."""
    found = []
    for some in chunks(ids):
        query = _TASKS if own_of is None else _OWN_TASKS
        rows = query.all(conn, {"tenant": tenant_id, "ids": some, "reader": own_of})
        found += [_task(row) for row in rows]
    return found


def sums(conn: Connection, tenant_id: str, own_of: str | None) -> dict[str, Sums]:
    """What the tasks that the reader may see, and all that hangs on them, add up to."""
    values = {"tenant": tenant_id, "reader": own_of}
    return {
        name: Sums(*(of_all if own_of is None else of_own).one(conn, values))
        for name, (of_all, of_own) in _SUMS.items()
    }


def tasks_of_user(conn: Connection, tenant_id: str, user_id: str) -> list[Task]:
    query = (
        sa.select(*_TASK)
        .where(
            tasks.c.tenant_id == tenant_id,
            tasks.c.status != Status.ARCHIVED,
            tasks.c.id.in_(
                sa.select(assignments.c.task_id).where(
                    assignments.c.tenant_id == tenant_id, assignments.c.user_id == user_id
                )
            ),
        )
        .order_by(tasks.c.number)
    )
    return [_task(row) for row in conn.execute(query)]


def tasks_of_tenant(conn: Connection, tenant_id: str) -> list[Task]:
    query = (
        sa.select(*_TASK)
        .where(tasks.c.tenant_id == tenant_id, tasks.c.status != Status.ARCHIVED)
        .order_by(tasks.c.number)
    )
    return [_task(row) for row in conn.execute(query)]


def id_of_number(conn: Connection, tenant_id: str, number: int) -> str | None:
    query = sa.select(tasks.c.id).where(tasks.c.tenant_id == tenant_id, tasks.c.number == number)
    return conn.execute(query).scalar()


def save_tasks(conn: Connection, tenant_id: str, rows: Sequence[tuple[Task, FieldChanges]]) -> None:
    upsert(
        conn,
        tasks,
        [
            {
                "tenant_id": tenant_id,
                "field_changes": json.dumps(changes),
                "checksum": checksum(task.id, task.version),
                **_plain(task),
            }
            for task, changes in rows
        ],
        ("tenant_id", "id"),
    )


def save_assignments(conn: Connection, tenant_id: str, rows: Sequence[Assignment]) -> None:
    upsert(
        conn,
        assignments,
        [
            {
                "tenant_id": tenant_id,
                "checksum": checksum(f"{row.task_id}:{row.user_id}", row.version),
                **_plain(row),
            }
            for row in rows
        ],
        ("tenant_id", "task_id", "user_id"),
    )


def delete_assignments(conn: Connection, tenant_id: str, pairs: Sequence[tuple[str, str]]) -> None:
    if pairs:
        statement = sa.delete(assignments).where(
            assignments.c.tenant_id == tenant_id,
            assignments.c.task_id == sa.bindparam("task"),
            assignments.c.user_id == sa.bindparam("user"),
        )
        conn.execute(statement, [{"task": task, "user": user} for task, user in pairs])


def insert_comments(conn: Connection, tenant_id: str, rows: Sequence[Comment]) -> None:
    if rows:
        values = [
            {"tenant_id": tenant_id, "checksum": checksum(row.id, row.version), **_plain(row)}
            for row in rows
        ]
        _INSERT_COMMENTS.run_each(conn, values)
