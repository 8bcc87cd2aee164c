"""How the databases find what REST reads: never by looking through all tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from server_stub.tasks import counting, selecting
from server_stub.tasks.rows import COMMENTS, TIME_ENTRIES
from server_stub.tasks.selecting import ORDERS
from server_stub.tasks.tables import assignments, tasks
from tests.support.server import RunningServer

FILTERS: tuple[dict[str, Any], ...] = (
    {"live": None},
    {"live": None, "reader": "u"},
    {"live": None, "assignee": "u"},
    {"live": None, "reader": "u", "late": None},
    {"live": None, "late": None},
    {"live": None, "lead": "l"},
    {"live": None, "parent": "p"},
    {"live": None, "project": "p"},
    {"live": None, "reader": "u", "project": "p", "pattern": "%x%"},
    {"statuses": ["PENDING"]},
    {"statuses": ["ARCHIVED"], "reader": "u"},
)


class explained(sa.Executable, sa.ClauseElement):  # noqa: N801 - SQL calls it like a statement
    inherit_cache = False

    def __init__(self, query: sa.Select[Any]) -> None:
        self.query = query


@compiles(explained, "sqlite")
def _by_sqlite(element: explained, compiler: SQLCompiler, **more: Any) -> str:
    return f"EXPLAIN QUERY PLAN {compiler.process(element.query, **more)}"


@compiles(explained, "postgresql")
def _by_postgresql(element: explained, compiler: SQLCompiler, **more: Any) -> str:
    return f"EXPLAIN {compiler.process(element.query, **more)}"


def forbid(conn: Connection, *ways: str) -> None:
    """PostgreSQL finds these cheapest where tables are small; it takes them all the same where
    there is no other way."""
    if conn.dialect.name == "postgresql":
        for way in ways:
            conn.execute(sa.text(f"SET LOCAL enable_{way} = off"))


@pytest.fixture
def conn(either_server: RunningServer) -> Iterator[Connection]:
    with either_server.database.read() as found:
        forbid(found, "seqscan", "bitmapscan", "sort")
        yield found


VALUES = {
    "tenant": "t", "now": 1, "soon": 2, "most": 50, "after0": 1, "after1": 1, "task": "t",
    "after_at": 1, "after_id": "i", "assignee": "u",
}  # fmt: skip


def plan(conn: Connection, query: sa.Select[Any], **values: Any) -> list[str]:
    rows = conn.execute(explained(query), {**VALUES, **values}).all()
    return [str(row[-1]) for row in rows]


def looks_through_all(lines: list[str]) -> bool:
    return any("SCAN tasks" in line or "Seq Scan on tasks" in line for line in lines)


def sorts(lines: list[str]) -> bool:
    return any("ORDER BY" in line or line.strip(" ->").startswith("Sort") for line in lines)


def of_order(order: str, segment: int, begun: bool) -> dict[str, Any]:
    """A place in that order."""
    first = ORDERS[order][segment].by[0]
    return {"after0": "x" if first == "title" else 1} if begun else {}


@pytest.mark.parametrize("order", ORDERS)
def test_a_list_of_the_tenant_goes_along_an_index_of_its_order(
    conn: Connection, order: str
) -> None:
    for segment in range(len(ORDERS[order])):
        for begun in (False, True):
            query = selecting.statement(order, segment, begun, frozenset({"live"}))
            lines = plan(conn, query, **of_order(order, segment, begun))
            assert any("live_tasks_by" in line for line in lines), lines
            assert not sorts(lines), lines
            assert not looks_through_all(lines), lines


@pytest.mark.parametrize("filters", FILTERS, ids=lambda found: "+".join(sorted(found)))
def test_no_list_looks_through_all_tasks(conn: Connection, filters: dict[str, Any]) -> None:
    for order, segments in ORDERS.items():
        for segment in range(len(segments)):
            for begun in (False, True):
                query = selecting.statement(order, segment, begun, frozenset(filters))
                lines = plan(conn, query, **filters, **of_order(order, segment, begun))
                assert not looks_through_all(lines), (order, segment, begun, lines)


@pytest.mark.parametrize("order", ["due", "-due"])
def test_what_is_late_is_found_by_its_due(conn: Connection, order: str) -> None:
    """Among the undated nobody looks for it: none of them is."""
    filters = {"live": None, "late": None}
    dated, undated = range(len(ORDERS[order]))
    assert ORDERS[order][undated].without == "late"
    lines = plan(conn, selecting.statement(order, dated, False, frozenset(filters)), **filters)
    assert any("live_tasks_by_due" in line for line in lines), lines
    if conn.dialect.name == "sqlite":
        assert any("due_at<?" in line for line in lines), lines


def fill(server: RunningServer, number: int = 2_000) -> None:
    """Many tasks, of which each person, lead and parent has few: only where there is a difference
    does PostgreSQL see one."""
    tenant = {"tenant_id": server.tenant_id}
    named = [f"{n:036}" for n in range(number)]
    rows = [
        {
            **tenant, "id": task_id, "number": n + 1, "title": f"{n * 7919 % number}",
            "description": "", "status": "PENDING", "priority": "LOW", "progress": 0,
            "created_by": named[n % 200], "created_at": 1, "updated_at": n * 31 % number,
            "version": 1, "lead_id": named[n % 150], "parent_id": named[n % 170], "due_at": n,
            "completion_notes": "", "comment_count": 0, "child_count": 0, "task_type": "",
            "actual_minutes": 0, "open_needs": 0, "checksum": 0, "field_changes": "{}",
        }
        for n, task_id in enumerate(named)
    ]  # fmt: skip
    people = [
        {
            **tenant, "task_id": task_id, "user_id": named[n % 190], "part": "ASSIGNEE",
            "percent": 100, "assigned_by": named[0], "assigned_at": 1, "version": 1, "checksum": 0,
        }
        for n, task_id in enumerate(named)
    ]  # fmt: skip
    with server.database.write() as conn:
        conn.execute(sa.insert(tasks), rows)
        conn.execute(sa.insert(assignments), people)
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("ANALYZE tasks, assignments"))


@pytest.mark.parametrize(
    ("name", "index"),
    [("reader", "assignments_by_user"), ("assignee", "assignments_by_user"),
     ("lead", "tasks_by_lead"), ("parent", "tasks_by_parent")],
)  # fmt: skip
def test_what_is_few_is_found_by_its_own_index_and_not_along_the_order(
    either_server: RunningServer, name: str, index: str
) -> None:
    fill(either_server)
    values = {"tenant": either_server.tenant_id, name: f"{7:036}"}
    with either_server.database.read() as conn:
        forbid(conn, "seqscan")
        for order, segments in ORDERS.items():
            for segment in range(len(segments)):
                query = selecting.statement(order, segment, False, frozenset({"live", name}))
                lines = plan(conn, query, **values)
                assert any(index in line for line in lines), lines
                assert not any("live_tasks_by" in line for line in lines), lines
                assert not looks_through_all(lines), lines


@pytest.mark.parametrize(
    "query",
    [counting.ALL, counting.OF_PERSON, counting.MINUTES, counting.MINUTES_OF_PERSON,
     COMMENTS.page_query, TIME_ENTRIES.page_query],
    ids=["tenant", "person", "minutes", "minutes of a person", "comments", "time"],
)  # fmt: skip
def test_neither_do_sums_and_what_hangs_on_a_task(conn: Connection, query: sa.Select[Any]) -> None:
    lines = plan(conn, query)
    scanned = [one for one in lines if one.strip(" ->").startswith(("SCAN", "Seq Scan"))]
    assert scanned in ([], ["SCAN theirs"]), lines  # those were found before


def test_a_missing_index_would_be_noticed(either_server: RunningServer) -> None:
    either_server.sql("DROP INDEX live_tasks_by_title")
    with either_server.database.read() as conn:
        forbid(conn, "seqscan", "bitmapscan", "sort")
        assert sorts(plan(conn, selecting.statement("title", 0, False, frozenset({"live"}))))
