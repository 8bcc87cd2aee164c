"""The floor's server: Starlette, orjson and sqlite3. No rules, no rights, no audit.

`python -m benchmarks.floor.server FILE` prints its two ports: HTTP, and a bare socket that gets
one byte after each commit. Handlers run in the event loop: there is nothing to wait for but the
disk, and one writer is all SQLite has.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.floor import rows

PAGE = 2_000


class Floor:
    """The handlers, over one connection."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.sleepers: list[asyncio.StreamWriter] = []

    async def push(self, request: Request) -> Response:
        """Keeps each action once, in one transaction; answers their ids and the head."""
        actions: list[dict[str, Any]] = orjson.loads(await request.body())
        self._conn.execute("BEGIN IMMEDIATE")
        self._conn.executemany(
            "INSERT OR IGNORE INTO feed (op_id, body) VALUES (?, ?)",
            [(action["op_id"], orjson.dumps(action).decode()) for action in actions],
        )
        self._conn.execute("COMMIT")
        for sleeper in self.sleepers:
            sleeper.write(b"!")
        return _json({"done": [action["op_id"] for action in actions]})

    async def pull(self, request: Request) -> Response:
        """What is in the feed after the number in If-None-Match; 304 when there is nothing."""
        seq = int(request.headers["if-none-match"])
        head = self._conn.execute("SELECT max(seq) FROM feed").fetchone()[0] or 0
        if head <= seq:
            return Response(status_code=304)
        found = self._conn.execute("SELECT seq, op_id, body FROM feed WHERE seq > ?", (seq,))
        return _json(found.fetchall())

    async def first(self, request: Request) -> Response:
        """A page of tasks by id, with the rows that hang on them."""
        after = request.query_params["after"]
        query = "SELECT * FROM tasks WHERE id > ? ORDER BY id LIMIT ?"
        tasks = self._conn.execute(query, (after, PAGE)).fetchall()
        page = {"tasks": tasks}
        if tasks:
            for name in ("assignments", "history"):
                page[name] = self._conn.execute(
                    f"SELECT * FROM {name} WHERE task_id BETWEEN ? AND ?",
                    (tasks[0][0], tasks[-1][0]),
                ).fetchall()
        return _json(page)


def _json(content: object) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def main(path: Path) -> None:
    floor = Floor(rows.connect(path))

    async def sleeps(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        floor.sleepers.append(writer)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        doors = await asyncio.start_server(sleeps, "127.0.0.1", 0)
        print(listener.getsockname()[1], doors.sockets[0].getsockname()[1], flush=True)
        yield
        for sleeper in floor.sleepers:
            sleeper.close()
        doors.close()

    app = Starlette(
        routes=[
            Route("/push", floor.push, methods=["POST"]),
            Route("/pull", floor.pull),
            Route("/first", floor.first),
        ],
        lifespan=lifespan,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", access_log=False, ws="none")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
