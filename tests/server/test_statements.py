"""Statements that go past Core say and find what Core would, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server_stub.core.database import Database, savepoint
from server_stub.core.statements import Statement, send
from server_stub.core.tables import server_state, users
from server_stub.people import service as people
from tests.conftest import Template
from tests.support.server import RunningServer

KEYS = [f"key {n:03}" for n in range(300)]
BY_KEY = sa.select(server_state.c.key, server_state.c.value).where(
    server_state.c.key.in_(sa.bindparam("keys", expanding=True)),
    server_state.c.value != sa.bindparam("but"),
)
ADD = Statement(sa.insert(server_state))


def row(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": value}


@pytest.fixture
def server(either_server: RunningServer) -> RunningServer:
    with either_server.database.write() as conn:
        ADD.run_each(conn, [row(key, f"value of {key}") for key in KEYS])
        ADD.run(conn, row("odd one", "it's 100 % ½ :keys %(keys)s ?"))
    return either_server


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 300])
def test_a_list_of_any_length_finds_what_core_finds(server: RunningServer, number: int) -> None:
    values = {"keys": KEYS[:number], "but": "value of key 001"}
    with server.database.read() as conn:
        found = Statement(BY_KEY).all(conn, values)
        assert sorted(found) == sorted(tuple(one) for one in conn.execute(BY_KEY, values))
    assert len(found) == number - (number > 1)


def test_texts_are_as_few_as_powers_of_two(server: RunningServer) -> None:
    statement = Statement(BY_KEY)
    with server.database.read() as conn:
        for number in range(1, 300):
            statement.all(conn, {"keys": KEYS[:number], "but": ""})
    assert len(statement._texts) == 10


def test_values_are_never_part_of_the_text(server: RunningServer) -> None:
    with server.database.read() as conn:
        found = Statement(BY_KEY).one(conn, {"keys": ["odd one"], "but": ""})
    assert found == ("odd one", "it's 100 % ½ :keys %(keys)s ?")


def test_what_core_put_into_the_clause_itself_goes_along(server: RunningServer) -> None:
    clause = sa.select(server_state.c.key, sa.literal(7)).where(server_state.c.key == KEYS[2])
    with server.database.read() as conn:
        assert Statement(clause).first(conn, {}) == (KEYS[2], 7)


def test_a_row_that_is_not_there_is_none_and_no_one(server: RunningServer) -> None:
    values = {"keys": ["nothing"], "but": ""}
    with server.database.read() as conn:
        assert Statement(BY_KEY).first(conn, values) is None
        with pytest.raises(ValueError, match="not enough values"):
            Statement(BY_KEY).one(conn, values)


def test_errors_are_those_of_core(server: RunningServer) -> None:
    for rows in ([row(KEYS[0], "again")], [row("new", "x"), row("new", "y")]):
        with pytest.raises(sa.exc.IntegrityError), server.database.write() as conn:
            ADD.run_each(conn, rows)
    with pytest.raises(sa.exc.IntegrityError), server.database.write() as conn:
        ADD.run(conn, row(KEYS[0], "again"))
    with server.database.engine.connect() as conn, pytest.raises(sa.exc.DBAPIError):
        send(conn, "NO SUCH STATEMENT")


def test_what_fails_behind_a_savepoint_is_undone_alone(server: RunningServer) -> None:
    with server.database.write() as conn:
        ADD.run(conn, row("before", "stays"))
        with pytest.raises(sa.exc.IntegrityError), savepoint(conn):
            ADD.run_each(conn, [row("within", "goes"), row(KEYS[0], "again")])
        with savepoint(conn):
            ADD.run(conn, row("after", "stays too"))
    with server.database.read() as conn:
        values = {"keys": ["before", "within", "after"], "but": ""}
        assert sorted(key for key, _ in Statement(BY_KEY).all(conn, values)) == ["after", "before"]


def test_a_value_that_core_would_convert_is_refused(server: RunningServer) -> None:
    clause = sa.select(users.c.id).where(users.c.active == sa.bindparam("active"))
    with server.database.read() as conn, pytest.raises(TypeError, match="active"):
        Statement(clause).all(conn, {"active": True})


@pytest.mark.postgresql
def test_a_lost_connection_leaves_the_pool(postgresql_template: Template, tmp_path: Path) -> None:
    database = Database(postgresql_template.copy(tmp_path))
    statement = Statement(sa.select(sa.func.pg_backend_pid()))
    with database.read() as other, database.engine.connect() as conn:
        (lost,) = statement.one(conn, {})
        other.execute(sa.select(sa.func.pg_terminate_backend(lost)))
        with pytest.raises(sa.exc.OperationalError) as found:
            statement.one(conn, {})
        assert (found.value.connection_invalidated, conn.invalidated) == (True, True)
    with database.read() as conn:
        assert statement.one(conn, {}) != (lost,)
    database.close()


def test_who_listens_to_the_engine_hears_of_it(server: RunningServer) -> None:
    heard: list[tuple[str, Any, bool]] = []

    def note(_conn: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        heard.append((text.split()[0], len(values), many))

    engine = server.database.engine
    for when in ("before_cursor_execute", "after_cursor_execute"):
        sa.event.listen(engine, when, note)
        with server.database.write() as conn:
            heard.clear()
            ADD.run_each(conn, [row(f"{when} {n}", "x") for n in range(3)])
            ADD.run(conn, row(when, "x"))
        assert heard == [("INSERT", 3, True), ("INSERT", 2, False)]
        sa.event.remove(engine, when, note)


def test_an_empty_list_finds_nothing(server: RunningServer) -> None:
    with server.database.read() as conn:
        assert people.people(conn, server.tenant_id, []) == []
