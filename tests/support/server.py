"""A real server for tests: uvicorn in a thread, a real database, and a clock the test owns."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
import uvicorn
from starlette.types import ASGIApp

from server_stub.app import create_app
from server_stub.config import Settings
from server_stub.core import audit, auth
from server_stub.core.database import Database, metadata
from server_stub.core.heads import Heads
from server_stub.core.limits import BoundedHead
from tests.support import declared
from tests.support.world import OUTSIDER as OUTSIDER
from tests.support.world import START as START
from tests.support.world import World
from tracker.protocol.base import MARK_HEADER

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass
class Clock:
    """The server's clock; it stands still until the test moves it."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> None:
        self.now += ms


class _Uvicorn(uvicorn.Server):
    """Uvicorn that says when it accepts, and stops at once: its own loop and shutdown sleep 0.1 s
    each, which was half of these tests' time."""

    def __init__(self, config: uvicorn.Config, heads: Heads) -> None:
        super().__init__(config)
        self.heads = heads
        self.accepting = threading.Event()

    async def main_loop(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        await self.on_tick(0)
        self.accepting.set()
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.heads.close()
        for server in self.servers:
            server.close()
        async with asyncio.timeout(5):
            while self.server_state.tasks:
                await asyncio.sleep(0)
            for connection in list(self.server_state.connections):
                connection.shutdown()
            while self.server_state.connections:
                await asyncio.sleep(0)
            for server in self.servers:
                await server.wait_closed()
        await self.lifespan.shutdown()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)


@dataclass
class Device:
    """One device of one person: numbers its actions and pushes them. Nothing is checked here, so
    a test can send what no client would."""

    server: RunningServer
    name: str
    device_id: str
    seq: int = 0

    def action(
        self, kind: str, task_id: str, args: Mapping[str, Any] | None = None, **over: Any
    ) -> dict[str, Any]:
        """An action as it travels, by a person who sees the task as it is now; `over` replaces or
        adds any key."""
        self.seq += 1
        known = self.server.sql("SELECT version FROM tasks WHERE id = :id", id=task_id)
        return {
            "op_id": self.server.new_id(),
            "device_id": self.device_id,
            "device_seq": self.seq,
            "schema": 1,
            "kind": kind,
            "task_id": task_id,
            "args": dict(args or {}),
            "made_at": self.server.clock.now,
            "clock_offset": 0,
            "base_version": known[0][0] if known else None,
            **over,
        }

    def post(self, actions: Sequence[Any], mark: str | None = None, **more: Any) -> httpx.Response:
        headers = {MARK_HEADER: mark} if mark else {}
        body = {"actions": [*actions], **more}
        return self.server.post(self.name, "/api/v1/sync/push", body, headers=headers)

    def push(self, *actions: Any) -> list[dict[str, Any]]:
        """Receipts of a batch that the server accepts as a batch."""
        answer = self.post(actions)
        assert answer.status_code == 200, answer.text
        receipts: list[dict[str, Any]] = answer.json()["receipts"]
        return receipts

    def do(
        self, kind: str, task_id: str, args: Mapping[str, Any] | None = None, **over: Any
    ) -> dict[str, Any]:
        """The receipt of one action pushed alone."""
        (receipt,) = self.push(self.action(kind, task_id, args, **over))
        return receipt


@dataclass
class RunningServer:
    """A server that runs from `start` to `stop`, and what a test wants to ask of it."""

    database_url: str
    world: World
    clock: Clock = field(default_factory=Clock)
    settings: Mapping[str, Any] = field(default_factory=dict)
    wrap: Callable[[ASGIApp], ASGIApp] | None = None
    port: int = 0
    """Where to listen, for one that comes back at its address; any free port if 0."""
    url: str = ""

    def start(self) -> RunningServer:
        self._stack = ExitStack()
        self._clients: dict[str | None, httpx.Client] = {}
        self._making = threading.Lock()
        self.database = Database(self.database_url)
        self._stack.callback(self.database.close)
        listener = socket.create_server(("127.0.0.1", self.port))
        self._stack.callback(listener.close)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.app = create_app(
            Settings(**{"database_url": self.database_url, "request_rate": 0, **self.settings}),
            now=self.clock,
        )
        self.database.on_commit = self.app.state.tracker.hear
        config = uvicorn.Config(
            self.wrap(self.app) if self.wrap else self.app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            http=BoundedHead,
            lifespan="on",
            ws="none",
        )
        server = _Uvicorn(config, self.app.state.tracker.heads)
        thread = threading.Thread(target=server.run, args=([listener],), name="test server")
        thread.start()
        self._thread, self._server = thread, server
        assert server.accepting.wait(10), "the server did not start"
        return self

    def stop(self) -> None:
        with self._stack:
            for client in self._clients.values():
                client.close()
            if self._thread.is_alive():  # else a test stopped it already
                self._server.stop()
            self._thread.join(10)
            assert not self._thread.is_alive(), "the server did not stop"

    def back_up(self) -> Path:
        """A copy of the database as it is now, beside it. SQLite only."""
        path = Path(str(self.database.url.database))
        copy = path.with_name("backup.db")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy

    def restore(self, backup: Path) -> None:
        """As an operator does it: the server stopped, the file put back, the server started."""
        port = int(self.url.rpartition(":")[2])
        self.stop()
        path = Path(str(self.database.url.database))
        for suffix in ("-wal", "-shm"):
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        shutil.copy(backup, path)
        self.port = port
        self.start()

    # Who and where

    @property
    def tenant_id(self) -> str:
        return self.world.tenant_id

    @property
    def users(self) -> Mapping[str, str]:
        return self.world.users

    @property
    def password(self) -> str:
        return self.world.password

    def token(self, name: str) -> str:
        return self.world.tokens[name]

    def new_id(self) -> str:
        return auth.new_id(self.clock.now)

    def client(self, name: str | None = None) -> httpx.Client:
        """An HTTP client signed in as `name`; of nobody without one."""
        with self._making:
            if name not in self._clients:
                headers = {"Authorization": f"Bearer {self.token(name)}"} if name else {}
                self._clients[name] = httpx.Client(
                    base_url=self.url, headers=headers, timeout=60,
                    event_hooks={"response": [declared.check]},
                )  # fmt: skip
            return self._clients[name]

    def get(self, name: str | None, path: str, **more: Any) -> httpx.Response:
        return self.client(name).get(path, **more)

    def post(self, name: str | None, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Sends `body` as ASCII JSON, so that a lone surrogate travels as other clients send it."""
        if body is not None:
            more["content"] = json.dumps(body)
            more["headers"] = {"Content-Type": "application/json", **more.get("headers", {})}
        return self.client(name).post(path, **more)

    def device(self, name: str) -> Device:
        return Device(self, name, self.new_id())

    # Shortcuts through the real doors

    def task(self, *names: str, by: str = "rita", **args: Any) -> str:
        """A new task assigned to `names`; returns its id."""
        task_id = self.new_id()
        people_of = [{"user_id": self.users[name]} for name in names]
        args = {"title": "Replace pump seal", "people": people_of, **args}
        receipt = self.device(by).do("create_task", task_id, args)
        assert receipt["outcome"] == "applied", receipt
        return task_id

    def pull(
        self,
        name: str,
        cursor: str | None = None,
        scope: str = "desk",
        mark: str | None = None,
        **params: Any,
    ) -> httpx.Response:
        headers = {"If-None-Match": f'"{cursor}"'} if cursor else {}
        if mark:
            headers[MARK_HEADER] = mark
        return self.get(
            name, "/api/v1/sync/pull", params={"scope": scope, **params}, headers=headers
        )

    def page(self, name: str, cursor: str | None = None, scope: str = "desk") -> dict[str, Any]:
        answer = self.pull(name, cursor, scope)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def seen(self, name: str, task_id: str, scope: str = "desk") -> dict[str, Any]:
        """The task as a first pull of `name` shows it."""
        (found,) = [t for t in self.page(name, scope=scope)["tasks"] if t["id"] == task_id]
        return dict(found)

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Runs one statement past the server, in a transaction of its own."""
        with self.database.write() as conn:
            result = conn.execute(sa.text(statement), values)
            if result.returns_rows:
                return [tuple(row) for row in result]
        self.app.state.tracker.missed()
        return []

    @property
    def epoch(self) -> str:
        ((epoch,),) = self.sql("SELECT epoch FROM tenants WHERE id = :id", id=self.tenant_id)
        return str(epoch)

    def audit_trail(self) -> list[dict[str, Any]]:
        """The bodies of the audit rows, in order."""
        with self.database.read() as conn:
            return list(audit.rows(conn, self.tenant_id))

    def database_columns(self, table: str) -> list[sa.Column[Any]]:
        return list(metadata.tables[table].columns)

    def audit_count(self, task_id: str) -> int:
        ((count,),) = self.sql("SELECT count(*) FROM audit WHERE task_id = :task", task=task_id)
        return int(count)


def until(condition: Callable[[], bool], patience: float = 5.0) -> None:
    """Waits for what another thread does."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Checks that an answer is the coded problem of the catalogue, and returns it."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["code"], body["status"]) == (code, status), body
    assert body["type"] == f"urn:tracker:error:{code}"
    assert body["trace_id"]
    assert body["trace_id"] == answer.headers["tracker-trace"]
    assert body["title"]
    assert body["detail"]
    return body
