"""Copying SQLite's file while a server writes to it, and putting one in its place."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from server_stub.backup import files
from server_stub.backup.contents import Contents, begin_epochs, contents, require_known
from server_stub.core import migrate
from server_stub.core.database import Database
from tracker.domain.errors import EnvironmentFault, TrackerError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def back_up(database: Path, file: Path, *, overwrite: bool) -> Contents:
    """Copies the database as it is at one moment. E3008 where there is none, E3022 where it or the
    copy is damaged."""
    if not database.exists():
        raise TrackerError("E3008")
    with files.whole(file, overwrite=overwrite) as made:
        _copy(database, made, "E3022")
        copied = _opened(made)
        try:
            with copied.read() as conn:
                found = contents(conn)
        finally:
            copied.close()
        _seal(made)
    return found


def restore(file: Path, database: Path, kept: Path, now: int) -> tuple[Contents, bool]:
    """Puts the database of `file` in the place of the other one, whose lock the caller holds, and
    keeps that, if there is one, as `kept`: the second answer. Everything that can fail comes before
    the one renaming.

    E3020 for a file that is no backup, E3021 for one of a newer version, E3022 for a damaged one,
    E3005 where another program has the database open."""
    with files.whole(database, overwrite=True) as made:
        _copy(file, made, "E3020")
        restored = _opened(made)
        try:
            with restored.write() as conn:
                require_known(migrate.revision_of(conn))
                migrate.upgrade_in(conn)
                begin_epochs(conn, now)
                found = contents(conn)
        finally:
            restored.close()
        _seal(made)
        existed = database.exists()
        if existed:
            with files.writing():
                _hand_over(database, made)
                _keep(database, kept)
    return found, existed


def _opened(path: Path) -> Database:
    return Database(sa.URL.create("sqlite", database=str(path)))


def _connected(path: Path, mode: str) -> closing[sqlite3.Connection]:
    """Never makes a file."""
    return closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True))


def _copy(source: Path, target: Path, fault: str) -> None:
    """The whole of it, checked: E3022 where it is damaged, `fault` where it is not to be read."""
    try:
        with _connected(source, "ro") as old, _connected(target, "rw") as new:
            # All pages at once: between two steps a write of another process begins it anew.
            old.backup(new)
            (found,) = new.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise TrackerError(fault, f"{source}: {error}.") from error
    if found != "ok":
        raise TrackerError("E3022", f"{' '.join(found.split())}.")


def _seal(path: Path) -> None:
    """One file, without anything beside it."""
    with _connected(path, "rw") as conn:
        conn.execute("PRAGMA journal_mode=DELETE")


def _keep(database: Path, kept: Path) -> None:
    """Gives the file a second name. Whatever is in its -wal is written into it before; that fails
    where another program has it open, which would otherwise, when it closes, take away the -wal of
    its successor."""
    beside, kept_beside = Path(f"{database}-wal"), Path(f"{kept}-wal")
    if beside.exists():
        # Of a file that is damaged, SQLite may throw it away.
        shutil.copy2(beside, kept_beside)
    try:
        _seal(database)
        if database.stat().st_size:
            kept_beside.unlink(missing_ok=True)
    except sqlite3.Error as error:
        if error.sqlite_errorcode in _BUSY:
            kept_beside.unlink(missing_ok=True)
            info = f"{database} is open in another program; close it first."
            raise EnvironmentFault("E3005", info) from error
        # Damaged, which may be why it is replaced: kept as it is.
    os.link(database, kept)
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _hand_over(old: Path, new: Path) -> None:
    """Whoever could serve the old file can serve the new one, also where root restores."""
    shutil.copymode(old, new)
    if os.name != "nt":
        was = old.stat()
        os.chown(new, was.st_uid, was.st_gid)
