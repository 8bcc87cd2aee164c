"""The answer most polls get: found in memory, and never when there is something to say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from tests.server.test_marks import Backup
from tests.support.server import MINUTE, RunningServer, problem
from tracker.protocol.base import MARK_HEADER, PROTOCOL_HEADER, USER_HEADER


@contextmanager
def statements(server: RunningServer) -> Iterator[list[str]]:
    """The SQL that the server runs meanwhile."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = server.app.state.tracker.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@dataclass
class Poller:
    """A reader who has everything, and asks as the client does."""

    server: RunningServer
    name: str
    scope: str = "desk"
    token: str = ""

    def __post_init__(self) -> None:
        self.token = self.token or self.server.token(self.name)
        page = self.server.page(self.name, scope=self.scope)
        self.cursor, self.mark = page["cursor"], page["mark"]

    def headers(self, **over: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "If-None-Match": f'"{self.cursor}"',
            MARK_HEADER: self.mark,
            USER_HEADER: self.server.users[self.name],
            **over,
        }

    def poll(self, **over: str) -> httpx.Response:
        path = f"/api/v1/sync/pull?scope={self.scope}&unsent=0"
        return self.server.get(None, path, headers=self.headers(**over))

    def cost(self) -> int:
        """SQL statements of a poll that finds nothing."""
        with statements(self.server) as seen:
            assert self.poll().status_code == 304
        return len(seen)


@pytest.fixture
def server(server: RunningServer) -> RunningServer:
    if not server.database.is_sqlite:
        pytest.skip("a server that has just started does not trust its memory on PostgreSQL yet")
    server.task("ana")
    return server


@pytest.fixture
def ana(server: RunningServer) -> Poller:
    """Her poll is answered from memory."""
    found = Poller(server, "ana")
    found.poll()
    assert found.cost() == 0
    return found


def test_it_costs_no_sql_on_the_desk_and_the_monitor(server: RunningServer, ana: Poller) -> None:
    rita = Poller(server, "rita", "monitor")
    rita.poll()
    assert [rita.cost(), rita.cost(), ana.cost()] == [0, 0, 0]


def test_it_is_under_300_bytes_on_the_wire(ana: Poller) -> None:
    lines = [
        "GET /api/v1/sync/pull?scope=desk&unsent=0 HTTP/1.1",
        "Host: tracker",
        "Connection: close",
        f"{PROTOCOL_HEADER}: 1",
        *(f"{name}: {value}" for name, value in ana.headers().items()),
    ]
    address = urlsplit(ana.server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 304")
    assert answer.endswith(b"\r\n\r\n")
    for name in (b"tracker-server:", b"tracker-protocol:", b"tracker-time:"):
        assert name in answer.lower()
    assert len(answer) <= 300


def test_after_a_start_the_mark_is_verified_before_memory_counts(
    server: RunningServer, ana: Poller
) -> None:
    server.stop()
    server.start()
    for _ in range(2):
        server.pull("ana", ana.cursor)
    assert ana.cost() > 0
    assert ana.cost() == 0


def test_a_restore_is_found_also_when_nothing_is_new(server: RunningServer, ana: Poller) -> None:
    backup = Backup.of(server)
    server.task("jonas")
    ana.mark = server.page("ana")["mark"]
    backup.restore()
    assert server.pull("ana", ana.cursor).status_code == 304
    problem(ana.poll(), 410, "E4010")


def test_after_a_gap_what_was_verified_before_it_does_not_count(
    server: RunningServer, ana: Poller
) -> None:
    """The database may have been restored in it. Another reader who begins anew fills the memory
    with positions that are behind this one's, and its mark alone tells."""
    backup = Backup.of(server)
    server.task("ana")
    ana = Poller(server, "ana")
    ana.poll()
    assert ana.cost() == 0
    backup.restore()
    server.app.state.tracker.missed()
    server.page("ana")
    server.pull("ana", Poller(server, "ana").cursor)
    with statements(server) as seen:
        problem(ana.poll(), 410, "E4010")
    assert seen


def test_an_epoch_that_is_over_is_not_answered_from_memory(
    server: RunningServer, ana: Poller
) -> None:
    backup = Backup.of(server)
    server.task("jonas")
    proof = server.page("jonas")["mark"]
    backup.restore()
    ana.poll()
    assert ana.cost() == 0
    problem(server.pull("jonas", mark=proof), 410, "E4010")
    problem(ana.poll(), 410, "E4010")


def test_a_new_pointer_ends_it(server: RunningServer, ana: Poller) -> None:
    task_id = server.task("ana")
    answer = ana.poll()
    assert answer.status_code == 200
    assert [task["id"] for task in answer.json()["tasks"]] == [task_id]


def test_what_one_does_not_hear_of_leaves_it(server: RunningServer, ana: Poller) -> None:
    rita = Poller(server, "rita", "monitor")
    rita.poll()
    his = server.task("jonas")
    server.device("jonas").do("start", his)
    assert ana.cost() == 0
    assert rita.poll().status_code == 200


def test_a_refused_push_leaves_it(server: RunningServer, ana: Poller) -> None:
    assert server.device("jonas").do("start", server.new_id())["outcome"] == "rejected"
    assert ana.cost() == 0


class TestAccess:
    @pytest.fixture
    def session(self, server: RunningServer) -> Poller:
        """Jonas, signed in for an hour, answered from memory."""
        body = {"name": "jonas", "password": server.password}
        grant = server.post(None, "/api/v1/session", body).json()
        found = Poller(server, "jonas", token=grant["access_token"])
        found.poll()
        assert found.cost() == 0
        return found

    def test_a_revoked_token_ends_it_at_once(self, server: RunningServer, session: Poller) -> None:
        out = {"Authorization": f"Bearer {session.token}"}
        assert server.client().delete("/api/v1/session", headers=out).status_code == 204
        problem(session.poll(), 401, "E1002")

    def test_so_does_the_use_of_a_refresh_token(
        self, server: RunningServer, session: Poller
    ) -> None:
        body = {"name": "jonas", "password": server.password}
        other = server.post(None, "/api/v1/session", body).json()
        session.token = other["access_token"]
        session.poll()
        assert session.cost() == 0
        server.post(None, "/api/v1/session/refresh", {"refresh_token": other["refresh_token"]})
        problem(session.poll(), 401, "E1003")

    def test_a_token_ends_with_its_hour(self, server: RunningServer, session: Poller) -> None:
        server.clock.advance(60 * MINUTE - 10_000)
        session.poll()
        assert session.cost() == 0
        server.clock.advance(10_001)
        problem(session.poll(), 401, "E1002")

    def test_a_token_is_looked_up_again_after_15_to_30_seconds(
        self, server: RunningServer, ana: Poller
    ) -> None:
        server.clock.advance(15_000)
        assert ana.cost() == 0
        server.clock.advance(15_001)
        assert ana.cost() > 0

    def test_those_who_came_together_are_not_looked_up_together(
        self, server: RunningServer
    ) -> None:
        known = server.app.state.tracker.callers
        pollers = [Poller(server, name) for name in ("sara", "rita", "ana", "jonas")]
        assert len({known.until(poller.token) for poller in pollers}) == 4

    def test_another_role_means_pulling_anew(self, server: RunningServer, ana: Poller) -> None:
        server.sql("UPDATE users SET role = 'ADMIN' WHERE name = 'ana'")
        problem(ana.poll(), 410, "E4005")

    def test_a_disabled_account_ends_it(self, server: RunningServer, ana: Poller) -> None:
        server.sql("UPDATE users SET active = :no WHERE name = 'ana'", no=False)
        problem(ana.poll(), 403, "E1004")

    def test_another_persons_token_is_refused(self, server: RunningServer, ana: Poller) -> None:
        problem(ana.poll(**{USER_HEADER: server.users["jonas"]}), 403, "E1008")

    def test_another_persons_cursor_is_refused(self, server: RunningServer, ana: Poller) -> None:
        theirs = Poller(server, "jonas").cursor
        problem(ana.poll(**{"If-None-Match": f'"{theirs}"'}), 410, "E4005")

    def test_the_monitor_is_refused_to_employees(self, ana: Poller) -> None:
        ana.scope = "monitor"
        problem(ana.poll(), 403, "E1006")


def test_an_unfinished_first_pull_is_never_nothing_new(
    server: RunningServer, ana: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 1)
    for _ in range(2):
        server.task("ana")
    page = server.page("ana")
    assert page["more"]
    ana.cursor = page["cursor"]
    answer = ana.poll()
    assert answer.status_code == 200
    assert answer.json()["snapshot"]
