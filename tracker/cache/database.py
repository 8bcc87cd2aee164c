"""Opening SQLite files, their migrations, and the border where its errors become ours."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tracker.domain.errors import EnvironmentFault

Synchronous = Literal["FULL", "NORMAL"]
VERSION = sqlite3.sqlite_version


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
        raise TooNew("E3004", _names(path))
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


class reading:  # noqa: N801 - it is used like `transaction`
    """BEGIN … COMMIT around several reads that must see one moment. (A class, as `Border` is.)"""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def __enter__(self) -> None:
        self._conn.execute("BEGIN")

    def __exit__(self, *_error: object) -> None:
        self._conn.execute("COMMIT")


class Border:
    """Around every use of a connection: one thread at a time, and what SQLite complains of becomes
    a coded fault. A thread that is inside may enter again. `on_damage` answers what is raised for
    damage. (A class: as a generator it would cost more than the small reads it surrounds.)"""

    def __init__(
        self, path: Path, on_damage: Callable[[Damaged], EnvironmentFault] = lambda fault: fault
    ) -> None:
        self._path = path
        self._on_damage = on_damage
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._lock.release()
        if isinstance(error, sqlite3.Error):
            fault = coded(error, self._path)
            if isinstance(fault, Damaged):
                fault = self._on_damage(fault)
            if fault is not None:
                raise fault from error


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns sqlite3's errors into coded faults."""
    try:
        yield
    except sqlite3.Error as error:
        fault = coded(error, path)
        if fault is None:
            raise
        raise fault from error


def _names(path: Path) -> str:
    """For support, as a sentence: it stands between two others."""
    return f"The file is {path.name}."


def coded(error: sqlite3.Error, path: Path) -> EnvironmentFault | None:
    """Full disk, damage, locked, no permission; None for what only a bug can cause."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return EnvironmentFault("E3001", _names(path))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Damaged("E3002", f"{path.name}: {error}.")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return EnvironmentFault("E3005", _names(path))
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")):
        return EnvironmentFault("E3006", f"{path}: {error}.")
    return None
