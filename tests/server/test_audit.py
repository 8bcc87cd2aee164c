"""The audit trail keeps what happened, refuses every other writer, and shows what was forced."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from server_stub.core import audit
from server_stub.core.audit import GENESIS, Verdict
from tests.support.server import DAY, MINUTE, START, RunningServer


def verdict(server: RunningServer) -> Verdict:
    with server.database.read() as conn:
        return audit.verify(conn, server.tenant_id)


@pytest.fixture
def written(either_server: RunningServer) -> RunningServer:
    """A server with five audit rows in its tenant, on each of the two databases."""
    server = either_server
    task_id, ana = server.task("ana"), server.device("ana")
    for percent in (10, 20, 30, 40):
        ana.do("set_progress", task_id, {"percent": percent})
    return server


def test_a_row_says_who_did_what_from_where_and_when(server: RunningServer) -> None:
    task_id, ana = server.task("ana"), server.device("ana")
    action = ana.action(
        "set_progress",
        task_id,
        {"percent": 45, "note": "Half done", "occupancy": "ACTIVE"},
        made_at=START - 5 * MINUTE,
        clock_offset=MINUTE,
    )
    ana.push(action)
    with server.database.read() as conn:
        row = list(audit.rows(conn, server.tenant_id, task_id))[-1]
    assert row == {
        "n": 2,
        "tenant": server.tenant_id,
        "task": task_id,
        "event": "set_progress",
        "user": server.users["ana"],
        "op_id": action["op_id"],
        "device_id": ana.device_id,
        "device_seq": 1,
        "before": {"progress": 0, "status": "PENDING"},
        "after": {"progress": 45, "status": "IN_PROGRESS"},
        "note": "Half done",
        "occupancy": "ACTIVE",
        "merged": [],
        "made_at": START - 5 * MINUTE,
        "clock_offset": MINUTE,
        "worked_at": START - 4 * MINUTE,
        "received_at": START,
    }


@pytest.mark.parametrize(
    ("over", "off"),
    [
        ({"clock_offset": 5 * MINUTE}, None),
        ({"clock_offset": 5 * MINUTE + 1}, True),
        ({"clock_offset": -5 * MINUTE - 1}, True),
        ({"clock_offset": None, "made_at": START + 5 * MINUTE}, None),
        ({"clock_offset": None, "made_at": START + 5 * MINUTE + 1}, True),
        ({"clock_offset": None, "made_at": START - DAY}, None),
    ],
    ids=["right", "slow", "fast", "unknown and possible", "unknown and ahead", "unknown and old"],
)
def test_a_clock_that_is_off_by_more_than_five_minutes_is_flagged(
    shared_server: RunningServer, over: dict[str, Any], off: bool | None
) -> None:
    shared_server.device("ana").do("start", shared_server.task("ana"), **over)
    assert shared_server.audit_trail()[-1].get("clock_off") is off


def test_rows_hold_ids_and_no_names(server: RunningServer) -> None:
    server.task("ana")
    bodies = str(server.sql("SELECT body FROM audit"))
    assert server.users["ana"] in bodies
    assert not {"Ana", "ana", "Rita"} & set(bodies.replace('"', " ").split())


def test_a_rest_write_has_no_device(server: RunningServer) -> None:
    task_id = server.task("ana")
    server.post("ana", "/api/task/1/progress/", {"progress_percentage": 5})
    with server.database.read() as conn:
        row = list(audit.rows(conn, server.tenant_id, task_id))[-1]
    assert (row["device_id"], row["device_seq"], row["event"]) == (None, None, "set_progress")


def test_refused_and_repeated_actions_leave_no_row(server: RunningServer) -> None:
    task_id, ana = server.task("ana"), server.device("ana")
    action = ana.action("start", task_id)
    ana.push(action)
    ana.push(action, ana.action("start", task_id), ana.action("cancel", task_id))
    assert server.audit_count(task_id) == 2


def test_each_tenant_has_a_chain_of_its_own(server: RunningServer) -> None:
    server.task("ana")
    receipt = server.device("olga").do("create_task", server.new_id(), {"title": "x"})
    assert receipt["outcome"] == "applied"
    firsts = server.sql("SELECT prev_hash FROM audit WHERE n = 1")
    assert firsts == [(GENESIS,), (GENESIS,)]
    assert verdict(server) == Verdict(1, None)


COPY = "SELECT tenant_id, {n}, task_id, body, {prev}, hash FROM audit WHERE n = 5"
INSERT = "INSERT INTO audit (tenant_id, n, task_id, body, prev_hash, hash) "
ATTEMPTS = {
    "update": "UPDATE audit SET body = body",
    "update one": "UPDATE audit SET task_id = NULL WHERE n = 3",
    "renumber": "UPDATE audit SET n = n + 100",
    "delete": "DELETE FROM audit WHERE n = 5",
    "delete all": "DELETE FROM audit",
    "insert again": INSERT + COPY.format(n="n", prev="prev_hash"),
    "insert a gap": INSERT + COPY.format(n="n + 2", prev="hash"),
    "insert before": INSERT + COPY.format(n="0", prev="hash"),
    "insert unlinked": INSERT + COPY.format(n="n + 1", prev="prev_hash"),
    "insert genesis": INSERT + COPY.format(n="n + 1", prev=f"'{GENESIS}'"),
    "insert nothing": INSERT + COPY.format(n="n + 1", prev="NULL"),
    "upsert": INSERT
    + COPY.format(n="n", prev="prev_hash").replace("FROM audit", "FROM audit AS old")
    + " ON CONFLICT (tenant_id, n) DO UPDATE SET body = 'x'",
}
SQLITE_ATTEMPTS = {
    "insert or replace": "INSERT OR REPLACE" + ATTEMPTS["insert again"].removeprefix("INSERT"),
    "replace": "REPLACE" + ATTEMPTS["insert again"].removeprefix("INSERT"),
    "insert or ignore": "INSERT OR IGNORE" + ATTEMPTS["insert a gap"].removeprefix("INSERT"),
    "update or replace": "UPDATE OR REPLACE audit SET n = 1",
    "update or ignore": "UPDATE OR IGNORE audit SET body = 'x'",
}
POSTGRESQL_ATTEMPTS = {
    "truncate": "TRUNCATE audit",
    "truncate cascade": "TRUNCATE tenants, audit CASCADE",
}


def test_no_statement_can_change_what_is_written(written: RunningServer) -> None:
    before = written.sql("SELECT * FROM audit ORDER BY n")
    assert len(before) == 5
    extra = SQLITE_ATTEMPTS if written.database.is_sqlite else POSTGRESQL_ATTEMPTS
    for name, statement in (ATTEMPTS | extra).items():
        with pytest.raises(sa.exc.DBAPIError) as refused:
            written.sql(statement)
        text = str(refused.value.orig)
        kept = "audit rows are kept", "must be the next of its chain", "null value", "NOT NULL"
        assert any(part in text for part in kept), (name, text)
        assert written.sql("SELECT * FROM audit ORDER BY n") == before, name
    assert verdict(written) == Verdict(5, None)


def test_replacing_is_refused_even_where_recursive_triggers_are_off(
    server: RunningServer,
) -> None:
    """That pragma is each connection's own, and a shell does not set it."""
    if not server.database.is_sqlite:
        pytest.skip("SQLite's own trap")
    server.task("ana")
    import sqlite3

    path = server.database.url.database
    assert path is not None
    shell = sqlite3.connect(path)
    try:
        again = SQLITE_ATTEMPTS["insert or replace"].replace("n = 5", "n = 1")
        with pytest.raises(sqlite3.IntegrityError, match="next of its chain"):
            shell.execute(again)
    finally:
        shell.close()


def unguarded(server: RunningServer, statement: str, **values: Any) -> None:
    """Runs a statement with the triggers gone: what a person with the file could do."""
    if server.database.is_sqlite:
        for name in ("audit_update", "audit_delete", "audit_append"):
            server.sql(f"DROP TRIGGER IF EXISTS {name}")
    else:
        server.sql("ALTER TABLE audit DISABLE TRIGGER ALL")
    server.sql(statement, **values)


def test_a_whole_chain_is_whole(written: RunningServer) -> None:
    assert verdict(written) == Verdict(5, None)


@pytest.mark.parametrize(
    ("statement", "at", "reason"),
    [
        ("UPDATE audit SET body = replace(body, '30', '31') WHERE n = 4", 4, "changed"),
        ("UPDATE audit SET hash = prev_hash WHERE n = 2", 2, "changed"),
        ("UPDATE audit SET task_id = NULL WHERE n = 3", 3, "differ"),
        ("DELETE FROM audit WHERE n = 3", 3, "missing"),
        ("DELETE FROM audit WHERE n = 1", 1, "missing"),
        ("DELETE FROM audit WHERE n = 5", 5, "missing at the end"),
        ("DELETE FROM audit", 1, "missing at the end"),
        ("UPDATE audit SET n = 7 - n WHERE n IN (3, 4)", 3, "changed"),
    ],
)
def test_what_was_forced_is_found_where_it_happened(
    server: RunningServer, statement: str, at: int, reason: str
) -> None:
    task_id, ana = server.task("ana"), server.device("ana")
    for percent in (10, 20, 30, 40):
        ana.do("set_progress", task_id, {"percent": percent})
    if "7 - n" in statement:
        unguarded(server, "UPDATE audit SET n = 100 + n WHERE n IN (3, 4)")
        statement = "UPDATE audit SET n = 107 - n WHERE n > 100"
    unguarded(server, statement)
    found = verdict(server)
    assert found.broken_at == at, found
    assert reason in found.reason


def test_a_row_that_was_added_past_the_server_is_found(written: RunningServer) -> None:
    """Its link fits, so the trigger lets it in; the counter row does not know it."""
    written.sql(INSERT + COPY.format(n="n + 1", prev="hash").replace("hash FROM", ":h FROM"),
                h="f" * 64)  # fmt: skip
    assert verdict(written).broken_at == 6


def test_a_changed_body_is_found_with_its_hash_made_anew(server: RunningServer) -> None:
    import hashlib

    task_id, ana = server.task("ana"), server.device("ana")
    ana.do("set_progress", task_id, {"percent": 10})
    ana.do("set_progress", task_id, {"percent": 20})
    ((previous, body),) = server.sql("SELECT prev_hash, body FROM audit WHERE n = 2")
    forged = json.dumps({**json.loads(body), "note": "I never said that"})
    digest = hashlib.sha256(previous.encode() + forged.encode()).hexdigest()
    unguarded(server, "UPDATE audit SET body = :b, hash = :h WHERE n = 2", b=forged, h=digest)
    assert verdict(server).broken_at == 3
