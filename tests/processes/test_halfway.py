"""Every endpoint that writes, killed with SIGKILL in the middle of it: nothing of it stays, and
afterwards it can be done as if nothing had been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server_stub.core import audit
from server_stub.core.database import Database, metadata
from tests.conftest import Template
from tests.support.matrix import ASKING, TABLE, fresh
from tests.support.server import RunningServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")

WRITING = [(method, path) for method, path in TABLE if method != "GET"]
LINES = b"title,priority\nGrease the bearings,high\nReplace the seal,low\n"
ACTING = {"POST /api/v1/sync/push", "POST /api/v1/imports/tasks"}
COUNTED_APART = "sign_in_attempts"
"""An attempt to sign in is counted before it is looked at, by a transaction of its own: or a killed
server would be a free guess."""


class Zygote:
    """The process that forks servers which die."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.dying"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, url: str, nth: int, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The answer of a server that is killed at its n-th writing statement; None if it was."""
        self._say(f"{nth} {url}")
        pid, port = map(int, self._hear().split())
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            client.get("/api/v1/health").raise_for_status()
            os.kill(pid, signal.SIGUSR1)
            assert self._hear() == "armed"
            try:
                return client.request(method, path, **more)
            except httpx.TransportError:
                return None
            finally:
                with suppress(ProcessLookupError):  # it killed itself, as it should
                    os.kill(pid, signal.SIGKILL)
                assert self._hear() == "gone"


def everything(url: str) -> dict[str, list[str]]:
    """Every row of every table."""
    database = Database(url)
    try:
        with database.read() as conn:
            return {
                table.name: sorted(str(tuple(row)) for row in conn.execute(sa.select(table)))
                for table in metadata.sorted_tables
                if table.name != COUNTED_APART
            }
    finally:
        database.close()


def request(server: RunningServer, method: str, path: str) -> tuple[str, dict[str, Any]]:
    """One that is allowed: its address, and what httpx is given with it."""
    case = TABLE[method, path]
    parameters, body = case.call(server)
    who = next(who for who in ("admin", "owner", "employee") if getattr(case, who) < 300
               or f"{method} {path}" in ACTING)  # fmt: skip
    name = ASKING[who]
    headers = {"Authorization": f"Bearer {fresh(server, str(name))}"}
    more: dict[str, Any] = {"headers": headers, "json": body}
    if path == "/api/v1/sync/push":
        device = server.device("rita")
        people = [{"user_id": server.users["ana"]}]
        actions = [
            device.action("create_task", server.new_id(), {"title": "x", "people": people})
            for _ in range(3)
        ]
        more["json"] = {"actions": actions}
    if path == "/api/v1/imports/tasks":
        more = {"headers": {**headers, "Content-Type": "text/csv"}, "content": LINES}
    return path.format(**parameters), more


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.mark.parametrize(("method", "path"), WRITING)
def test_nothing_half_written_stays(
    either_template: Template, zygote: Zygote, tmp_path: Any, method: str, path: str
) -> None:
    url = either_template.copy(tmp_path)
    server = RunningServer(url, either_template.world).start()
    try:
        address, more = request(server, method, path)
    finally:
        server.stop()
    before, kills, answer = everything(url), 0, None
    while answer is None:
        nth = 1 << kills
        assert nth < 10_000, "it is never answered"
        answer = zygote.ask(url, nth, method, address, **more)
        if answer is None:
            kills += 1
            assert everything(url) == before, f"killed at the {nth}. statement"
    assert answer.is_success, answer.text
    assert kills, "it writes nothing"
    database = Database(url)
    with database.read() as conn:
        assert audit.verify(conn, either_template.world.tenant_id).broken_at is None
    database.close()
