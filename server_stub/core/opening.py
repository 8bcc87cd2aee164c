"""Opening the database for a command: alone where it writes, migrated where it reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import make_url

from server_stub.config import Settings
from server_stub.core import migrate
from server_stub.core.database import Database
from tracker.domain.errors import EnvironmentFault, TrackerError


@contextmanager
def alone(settings: Settings) -> Iterator[Database]:
    """The database for a command that writes. SQLite means one process, so a running server makes
    it refuse; PostgreSQL has room for any number."""
    database = Database(settings.database_url)
    path = settings.sqlite_path
    try:
        if path is None:
            yield database
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(f"{path}.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                info = f"{path} is in use by a running server; stop it first."
                raise EnvironmentFault("E3005", info) from None
            with lock:
                yield database
            lock.release()
    finally:
        database.close()


@contextmanager
def reading(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    try:
        yield current(database)
    finally:
        database.close()


@contextmanager
def owned(settings: Settings) -> Iterator[Database]:
    """On PostgreSQL as the owner of the tables, where one is named."""
    database = Database(settings.owner_database_url or settings.database_url)
    try:
        yield database
    finally:
        database.close()


def current(database: Database) -> Database:
    if not migrate.is_current(database):
        raise TrackerError("E3008")
    return database


def role_to_grant(settings: Settings) -> str | None:
    """Who needs to be given rights: the role that serves, where another one owns the tables."""
    if settings.owner_database_url is None:
        return None
    owner, role = (
        make_url(url).username for url in (settings.owner_database_url, settings.database_url)
    )
    return None if owner == role else role or ""


def migrate_as_owner(settings: Settings, database: Database) -> None:
    """On PostgreSQL as the owner of the tables, where one is named; then the role that serves
    gets its rights, in the same transaction."""
    if database.is_sqlite:
        migrate.upgrade(database)
        return
    with owned(settings) as owner, owner.write() as conn:
        migrate.upgrade_in(conn)
        if (role := role_to_grant(settings)) is not None:
            migrate.grant(conn, role)
