"""The SQL of lists of tasks, each read from one place in its order on.

For the whole tenant a list goes along an index of its order. What a person is on, or what belongs
to one lead or parent, is few: it is found by an index of its own and sorted. SQLite would not do
that by itself, but look through all tasks in their order until a page is full.

An order is made of segments where it is no column's own (undated tasks last, priorities by their
urgency), which are read one after the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.database import folded
from server_stub.tasks.queries import TASK_COLUMNS, task_of
from server_stub.tasks.rows import OWN, TENANT
from server_stub.tasks.tables import assignments, tasks
from tracker.domain.task import OPEN, Part, Priority, Status, Task

Columns = sa.ColumnCollection[str, sa.Column[Any]]
Condition = sa.ColumnElement[bool]

_NOW: sa.BindParameter[Any] = sa.bindparam("now")
DONE_BY = sa.select(assignments.c.task_id).where(
    assignments.c.tenant_id == TENANT,
    assignments.c.user_id == sa.bindparam("assignee"),
    assignments.c.part == Part.ASSIGNEE,
)
_ON = sa.select(assignments.c.task_id).where(
    assignments.c.tenant_id == TENANT, assignments.c.user_id == sa.bindparam("member")
)


def is_open(c: Columns) -> Condition:
    return c.status.in_(sorted(OPEN))


def is_late(c: Columns) -> Condition:
    return sa.and_(c.due_at < _NOW, is_open(c))


def _is_blocked(c: Columns) -> Condition:
    return sa.and_(c.open_needs > 0, is_open(c))


def _holds(column: sa.ColumnElement[str]) -> Condition:
    return folded(column).like(folded(sa.bindparam("pattern", type_=sa.Text())), escape="\\")


def _one_of(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, expanding=True)


FILTERS: dict[str, Callable[[Columns], Condition]] = {
    # Written out: only then can a database tell that the index of live tasks holds what is meant.
    "live": lambda c: c.status != sa.literal_column(f"'{Status.ARCHIVED}'"),
    "statuses": lambda c: c.status.in_(_one_of("statuses")),
    "priorities": lambda c: c.priority.in_(_one_of("priorities")),
    "reader": lambda c: c.id.in_(OWN),
    "assignee": lambda c: c.id.in_(DONE_BY),
    "member": lambda c: c.id.in_(_ON),
    "lead": lambda c: c.lead_id == sa.bindparam("lead"),
    "parent": lambda c: c.parent_id == sa.bindparam("parent"),
    "project": lambda c: c.project_id == sa.bindparam("project"),
    "late": is_late,
    "not_late": lambda c: sa.or_(c.due_at.is_(None), c.due_at >= _NOW, sa.not_(is_open(c))),
    "blocked": _is_blocked,
    "not_blocked": lambda c: sa.not_(_is_blocked(c)),
    "since": lambda c: c.updated_at >= sa.bindparam("since"),
    "pattern": lambda c: sa.or_(_holds(c.title), _holds(c.description)),
}
"""By the name of the value that each needs, where it needs one."""
_NARROW = ("member", "reader", "lead", "parent", "assignee")
"""Those that leave few tasks, each found by an index; one of them is enough."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a list: which tasks, by which columns they come, and the filter that leaves none
    of them, for which nobody has to look."""

    by: tuple[str, ...]
    which: Callable[[Columns], Condition] | None = None
    without: str = ""


def _of(priority: Priority) -> Segment:
    literal: sa.ColumnElement[Any] = sa.literal_column(f"'{priority}'")
    return Segment(("number",), lambda c: c.priority == literal)


_DUE = (
    Segment(("due_at", "number"), lambda c: c.due_at.is_not(None)),
    Segment(("number",), lambda c: c.due_at.is_(None), without="late"),
)
_URGENCY = tuple(_of(priority) for priority in Priority)
ORDERS: dict[str, tuple[Segment, ...]] = {
    "number": (Segment(("number",)),),
    "-number": (Segment(("number",)),),
    "updated": (Segment(("updated_at", "number")),),
    "-updated": (Segment(("updated_at", "number")),),
    "title": (Segment(("title", "number")),),
    "-title": (Segment(("title", "number")),),
    "due": _DUE,
    "-due": _DUE,
    "priority": _URGENCY,
    "-priority": _URGENCY[::-1],
}


def _source(filters: frozenset[str]) -> tuple[Columns, list[Condition]]:
    """What a list is read from, and the conditions that are left."""
    narrow = next((name for name in _NARROW if name in filters), None)
    if narrow is None:
        c: Any = tasks.c
        return c, [c.tenant_id == TENANT, *(FILTERS[name](c) for name in sorted(filters))]
    inner = {narrow} | (filters & {"live"})
    few = sa.select(*TASK_COLUMNS).where(
        tasks.c.tenant_id == TENANT, *(FILTERS[name](tasks.c) for name in sorted(inner))
    )
    few_columns: Any = few.cte("few").prefix_with("MATERIALIZED").c
    return few_columns, [FILTERS[name](few_columns) for name in sorted(filters - inner)]


@functools.lru_cache(1000)
def statement(order: str, segment: int, begun: bool, filters: frozenset[str]) -> sa.Select[Any]:
    """One segment of a list; `begun` reads on after the values `after0` and `after1`."""
    part, down = ORDERS[order][segment], order.startswith("-")
    c, where = _source(filters)
    by = [c[name] for name in part.by]
    if part.which is not None:
        where.append(part.which(c))
    if begun:
        here = sa.tuple_(*by)
        there = sa.tuple_(*(sa.bindparam(f"after{n}", type_=b.type) for n, b in enumerate(by)))
        where.append(here < there if down else here > there)
    query = sa.select(*(c[column.name] for column in TASK_COLUMNS)).where(*where)
    return query.order_by(*(b.desc() if down else b for b in by)).limit(sa.bindparam("most"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task stands in an order: in which segment, and with which values there."""

    segment: int
    key: Sequence[Any]


def listed(
    conn: Connection,
    tenant_id: str,
    order: str,
    filters: Mapping[str, Any],
    after: Place | None,
    most: int,
) -> list[tuple[Task, Place]]:
    """Up to `most` tasks. `filters` has the names of FILTERS, each with its value or None, and
    `now`."""
    names = frozenset(name for name in filters if name in FILTERS)
    found: list[tuple[Task, Place]] = []
    for segment in range(after.segment if after else 0, len(ORDERS[order])):
        if ORDERS[order][segment].without in names:
            continue
        begun = after is not None and after.segment == segment
        values = {"tenant": tenant_id, **filters, "most": most - len(found)}
        if begun and after is not None:
            values |= {f"after{n}": value for n, value in enumerate(after.key)}
        for row in conn.execute(statement(order, segment, begun, names), values):
            task = task_of(row)
            key = [getattr(task, name) for name in ORDERS[order][segment].by]
            found.append((task, Place(segment, key)))
        if len(found) == most:
            break
    return found
