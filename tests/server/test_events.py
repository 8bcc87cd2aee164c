"""Streams of wake-ups: they say that something is new, end when they have to, and hold nothing."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from server_stub.core.database import DatabaseUnavailable
from server_stub.core.heads import News
from server_stub.sync import events
from tests.conftest import Template
from tests.support.operator import Served
from tests.support.server import HOUR, MINUTE, RunningServer, problem

EVENTS = "/api/v1/sync/events"
Lines = Iterator[str]


@contextmanager
def listening(
    server: RunningServer, name: str, scope: str = "desk", token: str | None = None
) -> Iterator[Lines]:
    """The lines of an open stream that are not empty."""
    headers = {"Authorization": f"Bearer {token or server.token(name)}"}
    with server.client().stream("GET", EVENTS, params={"scope": scope}, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = (line for line in answer.iter_lines() if line)
        assert next(lines) == ": connected"
        yield lines


def position(line: str) -> int:
    """What the line says, which is nothing else."""
    event = json.loads(line.removeprefix("data: "))
    assert set(event) == {"seq"}
    return int(event["seq"])


def rest(lines: Lines, most: int = 20) -> set[str]:
    """What still comes until the stream ends, which it has to."""
    found = list(itertools.islice(lines, most))
    assert len(found) < most, "the stream goes on"
    return set(found)


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams look a hundred times as often."""
    monkeypatch.setattr(events, "TICK_SECONDS", 0.05)


@pytest.fixture
def session(server: RunningServer) -> str:
    """A token of jonas that can end."""
    body = {"name": "jonas", "password": server.password}
    return str(server.post(None, "/api/v1/session", body).json()["access_token"])


def sign_out(server: RunningServer, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert server.client().delete("/api/v1/session", headers=headers).status_code == 204


def test_a_stream_says_that_something_is_new_and_how_far_it_goes(server: RunningServer) -> None:
    cursor = server.page("ana")["cursor"]
    with listening(server, "ana") as lines:
        task_id = server.task("ana")
        ((newest,),) = server.sql(
            "SELECT max(seq) FROM feed WHERE audience = :a", a=server.users["ana"]
        )
        assert position(next(lines)) == newest
    page = server.page("ana", cursor)
    assert [task["id"] for task in page["tasks"]] == [task_id]
    assert page["seq"] >= newest


def test_what_does_not_concern_one_wakes_nobody(server: RunningServer) -> None:
    with listening(server, "ana") as lines, listening(server, "rita", "monitor") as all_lines:
        server.task("jonas")
        assert next(all_lines).startswith("data: ")
        task_id = server.task("ana")
        ((hers,),) = server.sql(
            "SELECT min(seq) FROM feed WHERE entity_id = :id AND audience = :a",
            id=task_id, a=server.users["ana"],
        )  # fmt: skip
        assert position(next(lines)) >= hers


def test_a_quiet_stream_says_that_it_lives(server: RunningServer, brisk: None) -> None:
    with listening(server, "ana") as lines:
        assert [next(lines), next(lines)] == [":", ":"]


def test_it_looks_often_enough() -> None:
    """Twice: the answer to who the token belongs to may be as old as one look."""
    assert events.TICK_SECONDS * 2 <= 10
    assert events.TICK_SECONDS * events.HEARTBEAT_TICKS == 15


def test_it_holds_no_database_connection(server: RunningServer) -> None:
    pool = server.app.state.tracker.database.engine.pool
    with listening(server, "ana"), listening(server, "rita", "monitor"):
        assert pool.checkedout() == 0


class TestTheEnd:
    def test_it_ends_when_the_token_is_revoked(
        self, server: RunningServer, brisk: None, session: str
    ) -> None:
        with listening(server, "jonas", token=session) as lines:
            sign_out(server, session)
            assert rest(lines) <= {":"}

    def test_it_ends_then_also_when_it_is_never_quiet(
        self, server: RunningServer, brisk: None, session: str
    ) -> None:
        heads, over = server.app.state.tracker.heads, threading.Event()
        news = News(server.tenant_id, server.epoch, 0, {server.users["jonas"]: 1})

        def busy() -> None:
            while not over.wait(0.005):
                heads.rise(news)

        thread = threading.Thread(target=busy)
        with listening(server, "jonas", token=session) as lines:
            thread.start()
            try:
                sign_out(server, session)
                rest(lines, most=500)
            finally:
                over.set()
                thread.join()

    def test_it_ends_with_the_session(
        self, server: RunningServer, brisk: None, session: str
    ) -> None:
        with listening(server, "jonas", token=session) as lines:
            server.clock.advance(HOUR + MINUTE)
            assert rest(lines) <= {":"}

    def test_it_ends_when_the_role_changes(self, server: RunningServer, brisk: None) -> None:
        with listening(server, "rita", "monitor") as lines:
            server.sql("UPDATE users SET role = 'EMPLOYEE' WHERE name = 'rita'")
            assert rest(lines) <= {":", 'data: {"seq":0}'}

    def test_it_ends_quietly_when_the_database_is_away(
        self, server: RunningServer, brisk: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with listening(server, "ana") as lines:

            def caller(*_: object) -> None:
                raise DatabaseUnavailable("E3007")

            monkeypatch.setattr(type(server.app.state.tracker), "caller", caller)
            assert rest(lines) <= {":"}

    def test_it_ends_when_the_server_stops(self, server: RunningServer) -> None:
        with listening(server, "ana") as lines:
            thread = threading.Thread(target=server._server.stop)
            thread.start()
            assert rest(lines) == set()
            thread.join()

    def test_an_open_stream_does_not_keep_the_program_from_stopping(
        self, either_template: Template, run_server: Callable[..., Served], tmp_path: Path
    ) -> None:
        served = run_server(either_template.copy(tmp_path))
        headers = {"Authorization": f"Bearer {either_template.world.tokens['ana']}"}
        with httpx.stream("GET", f"{served.url}{EVENTS}", headers=headers, timeout=20) as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": connected"
            assert "Traceback" not in served.end()
            assert rest(lines) == {""}

    def test_who_is_gone_is_forgotten(self, server: RunningServer, brisk: None) -> None:
        heads = server.app.state.tracker.heads
        with listening(server, "ana"):
            assert heads._listeners
        with listening(server, "jonas") as lines:
            next(lines)
            next(lines)
            audiences = {audience for _, audience in heads._listeners}
        assert server.users["ana"] not in audiences


class TestRefused:
    def test_the_monitor_is_for_admins(self, server: RunningServer) -> None:
        problem(server.get("ana", EVENTS, params={"scope": "monitor"}), 403, "E1006")

    def test_nobody_listens_without_a_token(self, server: RunningServer) -> None:
        problem(server.get(None, EVENTS), 401, "E1003")
