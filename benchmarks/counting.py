"""`tracker-server`, counting its SQL statements: `python -m benchmarks.counting serve …`.

Each line on standard input is answered with how many statements SQLite has run by then. It counts
below SQLAlchemy, at sqlite3's own trace, so it does not matter how the server asks. Only for
counting: a traced connection is slower.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from typing import Any

_count = 0
_connect = sqlite3.connect


def _statement(_text: str) -> None:
    global _count
    _count += 1


def _traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
    conn: sqlite3.Connection = _connect(*arguments, **named)
    conn.set_trace_callback(_statement)
    return conn


def _answer() -> None:
    for _line in sys.stdin:
        print(_count, flush=True)


if __name__ == "__main__":
    # SQLAlchemy looks the function up in dbapi2.
    sqlite3.dbapi2.connect = _traced  # type: ignore[assignment]  # one overload is enough here
    threading.Thread(target=_answer, daemon=True).start()
    from server_stub.cli import main

    main()
