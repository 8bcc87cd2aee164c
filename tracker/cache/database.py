"""Opening SQLite files, their migrations, and the border where its errors become ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tracker.domain.errors import EnvironmentFault

Synchronous = Literal["FULL", "NORMAL"]


class TooNew(EnvironmentFault):
    """The file was written by a later Tracker."""


class Damaged(EnvironmentFault):
    """The file is no database, or not a whole one."""


def connect(path: Path, migrations: Sequence[str], synchronous: Synchronous) -> sqlite3.Connection:
    """A connection in WAL mode on a file brought to the newest schema.

    Each migration is a script; `user_version` counts those done. One connection serves one
    thread at a time; the caller sees to that.
    """
    with translated(path):
        conn = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute(f"PRAGMA synchronous={synchronous}")
            conn.execute("PRAGMA foreign_keys=ON")
            _migrate(conn, path, migrations)
        except BaseException:
            conn.close()
            raise
    return conn


def _migrate(conn: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise TooNew("E3004", path.name)
    if version == len(migrations):
        return
    with transaction(conn):
        # Asked again under the lock: another process may have migrated meanwhile.
        version = conn.execute("PRAGMA user_version").fetchone()[0]
        for script in migrations[version:]:
            for statement in script.split(";\n"):
                if statement.strip():
                    conn.execute(statement)
        conn.execute(f"PRAGMA user_version={len(migrations)}")


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT; anything raised inside rolls back."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        conn.execute("COMMIT")
    except BaseException:
        # A full disk rolls back by itself; asking again would hide the real error.
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


@contextmanager
def reading(conn: sqlite3.Connection) -> Iterator[None]:
    """BEGIN … COMMIT around several reads that must see one moment."""
    conn.execute("BEGIN")
    try:
        yield
    finally:
        conn.execute("COMMIT")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns sqlite3's errors into coded faults: full disk, damage, no permission, locked."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith("SQLITE_FULL"):
            raise EnvironmentFault("E3001", path.name) from error
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise Damaged("E3002", f"{path.name}: {error}.") from error
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise EnvironmentFault("E3005", path.name) from error
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")):
            raise EnvironmentFault("E3006", f"{path}: {error}.") from error
        raise
