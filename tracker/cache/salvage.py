"""Saving what can be read of a damaged outbox.

Whoever opens the outbox holds a shared lock on a file beside it. Setting the file aside takes that
lock alone, so nobody goes on writing into a file that is not the outbox any more. The lock is a
transaction on an empty SQLite file: it works where SQLite does and ends with its process.
(`filelock.ReadWriteLock` is the same idea; importing it takes 23 ms of the 100 a command has.)
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tracker.cache import database
from tracker.domain.errors import EnvironmentFault

_WAIT_SECONDS = 5.0
_SUFFIXES = ("", "-wal", "-shm")
_WHOLE, _DONE = "copied", "saved"
"""Files that say how far the saving of a folder's database has come."""

Rows = dict[str, list[dict[str, Any]]]


def hold(path: Path) -> sqlite3.Connection:
    """The shared lock on `path`'s file of locks, until the connection is closed."""
    conn = _lock_file(path)
    with database.translated(path):
        try:
            conn.execute("BEGIN")
            conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            conn.close()
            raise
    return conn


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """The lock for nobody else. E3005 while another process has the outbox open."""
    conn = _lock_file(path)
    try:
        with database.translated(path):
            conn.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        conn.close()


def _lock_file(path: Path) -> sqlite3.Connection:
    lock = path.with_name(f"{path.name}.lock")
    with database.translated(lock):
        return sqlite3.connect(
            lock, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )


@contextmanager
def set_aside(path: Path) -> Iterator[Path]:
    """Copies the file, together with what belongs to it, into a folder of its own beside it, and
    takes it away; the block makes the new one. Whatever interrupts this, nothing is taken away
    before its copy is whole, and a folder that was not finished is gone on with."""
    folder = _unfinished(path) or _copied(path)
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    yield folder / path.name
    (folder / _DONE).touch()


def _unfinished(path: Path) -> Path | None:
    found = path.parent.glob(f"damaged-{path.stem}-*")
    return next((f for f in found if (f / _WHOLE).exists() and not (f / _DONE).exists()), None)


def _copied(path: Path) -> Path:
    for n in range(1, 1000):
        folder = path.with_name(f"damaged-{path.stem}-{n}")
        with suppress(FileExistsError):
            folder.mkdir()
            for suffix in _SUFFIXES[:2]:
                part = path.with_name(path.name + suffix)
                if part.exists():
                    with (folder / part.name).open("wb") as copy:
                        copy.write(part.read_bytes())
                        copy.flush()
                        os.fsync(copy.fileno())
            (folder / _WHOLE).touch()
            return folder
    raise EnvironmentFault("E3006", f"{path.parent} holds too many damaged files.")


def readable(path: Path, keys: dict[str, str]) -> Rows:
    """Every row of these tables (name → key) that can be read. A copy is read: SQLite would write
    its journal into the original, which is evidence."""
    found: Rows = {name: [] for name in keys}
    copy = path.with_name("copy-" + path.name)
    for suffix in _SUFFIXES[:2]:
        part = path.with_name(path.name + suffix)
        if part.exists():
            copy.with_name(copy.name + suffix).write_bytes(part.read_bytes())
    conn = sqlite3.connect(copy, isolation_level=None)
    conn.row_factory = sqlite3.Row
    try:
        for name, key in keys.items():
            found[name] = _rows(conn, name, key)
    finally:
        conn.close()
        for suffix in _SUFFIXES:
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    return found


def _rows(conn: sqlite3.Connection, table: str, key: str) -> list[dict[str, Any]]:
    """From the front and from the back, each up to what cannot be read."""
    rows: dict[Any, dict[str, Any]] = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            for row in conn.execute(f"SELECT * FROM {table} ORDER BY {key} {order}"):
                rows[tuple(row[part] for part in key.split(", "))] = dict(row)
    return list(rows.values())
