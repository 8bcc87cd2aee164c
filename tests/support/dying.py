"""A server that SIGKILL ends in the middle of writing: `python -m tests.support.dying`.

Each line on standard input is a number and a database's URL. A server is forked for it on a free
port and prints `PID PORT`; from SIGUSR1 on, which it answers with `armed`, it kills itself when it
is about to send the database its n-th statement that writes or commits. Forked, it is there in a
tenth of a second: this process has imported everything already.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
from typing import Any

import psycopg
import uvicorn

from server_stub.app import create_app
from server_stub.config import Settings
from tests.support.world import START

_WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT")
_left: int | None = None


def _about_to(statement: object) -> None:
    global _left
    if _left is None or not str(statement).lstrip().upper().startswith(_WRITES):
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def _watch_sqlite() -> None:
    connect = sqlite3.connect

    def watched(*args: Any, **named: Any) -> sqlite3.Connection:
        conn: sqlite3.Connection = connect(*args, **named)
        conn.set_trace_callback(_about_to)
        return conn

    sqlite3.dbapi2.connect = watched  # type: ignore[assignment]  # SQLAlchemy looks it up there


def _watch_postgresql() -> None:
    for name in ("execute", "executemany"):
        _watch(psycopg.Cursor, name)
    _watch(psycopg.Connection, "commit")


def _watch(cls: type[Any], name: str) -> None:
    plain = getattr(cls, name)

    def watched(self: Any, query: object = "COMMIT", *args: Any, **named: Any) -> Any:
        _about_to(query)
        return plain(self, *(() if name == "commit" else (query,)), *args, **named)

    setattr(cls, name, watched)


def _serve(url: str, left: int) -> None:
    _watch_sqlite()
    _watch_postgresql()

    def arm(*_: object) -> None:
        global _left
        _left = left
        os.write(1, b"armed\n")

    signal.signal(signal.SIGUSR1, arm)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app(Settings(database_url=url), now=lambda: START)
        os.write(1, f"{os.getpid()} {listener.getsockname()[1]}\n".encode())
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none")
        uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            nth, url = line.split()
            _serve(url, int(nth))
            os._exit(0)
        os.waitpid(pid, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()
