"""No statement that a request sends looks through a table that grows: every route is asked, every
statement is heard at the driver, and the database says how it would find what is asked.

Analytics count everything and have their own limit (tests/server/test_analytics.py).
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from server_stub.core.database import metadata
from tests.conftest import Template
from tests.support.matrix import ASKING, TABLE, ask
from tests.support.server import RunningServer

FEW = {
    "server_state", "tenants", "counters", "users", "projects", "teams", "sla_targets",
    "sla_calendars", "notification_preferences", "sign_in_attempts",
}  # fmt: skip
"""Tables that a tenant has some hundred rows of at most, or that forget."""
MANY = {table.name for table in metadata.sorted_tables} - FEW
ASKED = sorted((key for key in TABLE if "analytics" not in key[1]), key=lambda k: "session" in k[1])
"""Those that end sessions come last."""
COUNT_ALL = {
    "GET /api/v1/sync/pull?scope=monitor",  # a first pull of all ends with what all adds up to
    "GET /api/v1/tasks/stats?user_id=all",  # what analytics are
}
STOPS = re.compile(r"\bLIMIT\b", re.IGNORECASE)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Every statement with its values, from the connections that are opened from now on."""
    found: list[tuple[str, Any]] = []

    def hear(statement: str, values: Any) -> None:
        if threading.current_thread() is not threading.main_thread():  # where the test itself asks
            found.append((statement, values))

    connect = sqlite3.connect

    def traced(*args: Any, **named: Any) -> sqlite3.Connection:
        conn: sqlite3.Connection = connect(*args, **named)
        conn.set_trace_callback(lambda statement: hear(statement, None))
        return conn

    monkeypatch.setattr(sqlite3.dbapi2, "connect", traced)
    execute = psycopg.Cursor.execute

    def listened(self: Any, query: Any, params: Any = None, **named: Any) -> Any:
        hear(str(query), params)
        return execute(self, query, params, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", listened)
    return found


@pytest.fixture
def watched(
    heard: list[tuple[str, Any]], either_template: Template, tmp_path: Any
) -> Iterator[RunningServer]:
    server = RunningServer(either_template.copy(tmp_path), either_template.world).start()
    yield server
    server.stop()


def test_every_statement_finds_what_it_asks_by_an_index(
    watched: RunningServer, heard: list[tuple[str, Any]]
) -> None:
    statements: dict[str, tuple[str, Any, str]] = {}
    for method, path in ASKED:
        del heard[:]
        for who in ("employee", "admin", "owner"):
            ask(watched, method, path, ASKING[who])
        for statement, values in list(heard):
            if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                plain = re.sub(r"'[^']*'|\b\d+\b", "?", statement)
                statements[plain] = statement, values, f"{method} {path}"
    assert len(statements) > 80
    wrong = []
    with watched.database.read() as conn:
        is_sqlite = watched.database.is_sqlite
        if not is_sqlite:  # small tables are read whole, where nothing forbids it
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        driver: Any = conn.connection.driver_connection
        for plain, (statement, values, where) in statements.items():
            if where in COUNT_ALL and "sum(" in statement:
                continue
            look = _sqlite if is_sqlite else _postgresql
            lines = look(driver, statement, values)
            wrong += [f"{where}: {line}\n    {plain[:400]}" for line in lines]
    assert not wrong, "\n".join(wrong)


def _sqlite(driver: sqlite3.Connection, statement: str, _values: Any) -> list[str]:
    plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")]
    found = []
    for line in plan:
        name = re.match(r"(SCAN|SEARCH) (\w+)", line)
        if name is None or name[2] not in MANY:
            continue
        whole = name[1] == "SCAN" or line.endswith("(tenant_id=?)")
        if whole and not (name[1] == "SEARCH" and _goes_along(plan, statement)):
            found.append(line)
    return found


def _goes_along(plan: list[str], statement: str) -> bool:
    """Along an index in the order that is asked for, until a page is full."""
    return bool(STOPS.search(statement)) and not any("ORDER BY" in line for line in plan)


def _postgresql(driver: Any, statement: str, values: Any) -> list[str]:
    with driver.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", values)
        lines = [row[0] for row in cursor]
    scanned = (re.search(r"Seq Scan on (\w+)", line) for line in lines)
    return [found[0] for found in scanned if found and found[1] in MANY]
