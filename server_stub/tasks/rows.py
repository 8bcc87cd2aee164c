"""What the SQL of tasks and of all that hangs on them has in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks, upsert
from server_stub.core.statements import Statement
from server_stub.tasks.tables import assignments, comments, dependencies, tasks, time_entries
from tracker.domain.page import checksum
from tracker.domain.task import Assignment, Comment, Dependency, Part, Status, Task, TimeEntry

TENANT: sa.BindParameter[Any] = sa.bindparam("tenant")
Row = TypeVar("Row", Assignment, Comment, TimeEntry, Dependency)


def plain(row: Task | Assignment | Comment | TimeEntry | Dependency) -> dict[str, Any]:
    """The fields by name; `asdict` copies each value and takes ten times as long."""
    return {name: getattr(row, name) for name in row.__slots__}


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


def within(table: sa.Table, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant_id == TENANT, column.in_(sa.bindparam("ids", expanding=True)))


ARCHIVED = Status.ARCHIVED.value
READER: sa.BindParameter[Any] = sa.bindparam("reader")
MADE = sa.alias(tasks, "made")
OWN = sa.union(
    sa.select(assignments.c.task_id).where(
        assignments.c.tenant_id == TENANT, assignments.c.user_id == READER
    ),
    sa.select(MADE.c.id).where(MADE.c.tenant_id == TENANT, MADE.c.created_by == READER),
)
"""What somebody is on or made, each found by its index. `visible_to` asks the same of a task that
is there."""
ALL_IDS = sa.select(tasks.c.id).where(tasks.c.tenant_id == TENANT, tasks.c.status != ARCHIVED)
_KEPT = MADE.c.status != ARCHIVED
OWN_IDS = sa.union(
    sa.select(MADE.c.id)
    .join(
        assignments,
        sa.and_(assignments.c.tenant_id == MADE.c.tenant_id, assignments.c.task_id == MADE.c.id),
    )
    .where(assignments.c.tenant_id == TENANT, assignments.c.user_id == READER, _KEPT),
    sa.select(MADE.c.id).where(MADE.c.tenant_id == TENANT, MADE.c.created_by == READER, _KEPT),
)
"""Of the tasks that devices keep: an archived one is for whoever asks for it by its name."""


def _assignment(task_id: str, user_id: str, part: str, *rest: Any) -> Assignment:
    return Assignment(task_id, user_id, Part(part), *rest)


def _comment(*values: Any) -> Comment:
    plain_values, attachments = values[:-1], values[-1]
    return Comment(*plain_values, attachments=tuple(json.loads(attachments)))  # type: ignore[misc]


class Attached(Generic[Row]):
    """One kind of rows that hang on a task. A row is named by its id, or by the ids of the two
    things it joins with a colon between."""

    def __init__(
        self, kind: str, table: sa.Table, row: type[Row], build: Callable[..., Row]
    ) -> None:
        self.kind = kind
        self.table = table
        self._build: Callable[..., Row] = build
        self._key = [c.name for c in table.primary_key.columns if c.name != "tenant_id"]
        columns = [table.c[f.name] for f in fields(row)]
        self._of = Statement(sa.select(*columns).where(within(table, table.c.task_id)))
        # By the first column: it has the index, and few rows share it.
        self._named = Statement(sa.select(*columns).where(within(table, table.c[self._key[0]])))
        self._delete = sa.delete(table).where(
            table.c.tenant_id == TENANT, *(table.c[n] == sa.bindparam(f"a_{n}") for n in self._key)
        )
        if "received_at" in table.c:
            here = (table.c.received_at, table.c.id)
            after: list[sa.BindParameter[Any]] = [
                sa.bindparam("after_at", type_=sa.BigInteger()),
                sa.bindparam("after_id", type_=sa.Text()),
            ]
            in_task = sa.and_(table.c.tenant_id == TENANT, table.c.task_id == sa.bindparam("task"))
            self.page_query = (
                sa.select(*columns)
                .where(in_task, sa.tuple_(*here) > sa.tuple_(*after))
                .order_by(*here)
                .limit(sa.bindparam("most"))
            )

    def key(self, row: Row) -> str:
        return ":".join(getattr(row, name) for name in self._key)

    def of(self, conn: Connection, tenant_id: str, task_ids: Sequence[str]) -> list[Row]:
        """All that hang on these tasks."""
        return self._found(conn, tenant_id, self._of, task_ids)

    def named(self, conn: Connection, tenant_id: str, keys: Sequence[str]) -> list[Row]:
        """Those with these keys."""
        firsts = list(dict.fromkeys(key.partition(":")[0] for key in keys))
        wanted = set(keys)
        found = self._found(conn, tenant_id, self._named, firsts)
        return [row for row in found if self.key(row) in wanted]

    def page(
        self, conn: Connection, tenant_id: str, task_id: str, after: tuple[int, str], most: int
    ) -> list[Row]:
        """Up to `most` of what came to one task after that moment and id: of rows that people read
        in the order in which they came."""
        values = {"tenant": tenant_id, "task": task_id, "most": most}
        values |= {"after_at": after[0], "after_id": after[1]}
        return [self._build(*row) for row in conn.execute(self.page_query, values)]

    def _found(
        self, conn: Connection, tenant_id: str, query: Statement, ids: Sequence[str]
    ) -> list[Row]:
        return [
            self._build(*row)
            for some in chunks(ids)
            for row in query.all(conn, {"tenant": tenant_id, "ids": some})
        ]

    def save(self, conn: Connection, tenant_id: str, rows: Iterable[Row]) -> None:
        values = [
            {
                "tenant_id": tenant_id,
                "checksum": checksum(self.key(row), row.version),
                **plain(row),
                **self._as_text(row),
            }
            for row in rows
        ]
        upsert(conn, self.table, values, ("tenant_id", *self._key))

    @staticmethod
    def _as_text(row: Row) -> dict[str, str]:
        if isinstance(row, Comment):
            return {"attachments": json.dumps(row.attachments)}
        return {}

    def delete(self, conn: Connection, tenant_id: str, keys: Sequence[Sequence[str]]) -> None:
        if keys:
            rows = [
                {"tenant": tenant_id}
                | {f"a_{n}": value for n, value in zip(self._key, key, strict=True)}
                for key in keys
            ]
            conn.execute(self._delete, rows)


ASSIGNMENTS = Attached("assignment", assignments, Assignment, _assignment)
COMMENTS = Attached("comment", comments, Comment, _comment)
TIME_ENTRIES = Attached("time_entry", time_entries, TimeEntry, TimeEntry)
DEPENDENCIES = Attached("dependency", dependencies, Dependency, Dependency)
ATTACHED: tuple[Attached[Any], ...] = (ASSIGNMENTS, COMMENTS, TIME_ENTRIES, DEPENDENCIES)
