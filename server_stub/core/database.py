"""Connections and transactions: every difference between SQLite and PostgreSQL is in this file.

A write is `with database.write() as conn`, a read `with database.read() as conn`; leaving the
block commits or rolls back, and nothing else does.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from server_stub.core.heads import News
from server_stub.core.statements import Statement, send
from tracker.domain.errors import InputError, TrackerError

_T = TypeVar("_T")

metadata = sa.MetaData()
PROGRAM = "tracker-server"
"""How connections name themselves to PostgreSQL: `restore` looks whether any is there."""
_NEWS = "tracker_news"
CHANNEL = "tracker_news"
"""Where processes on one PostgreSQL tell each other of commits."""
_INSUFFICIENT_PRIVILEGE = "42501"


class DatabaseUnavailable(TrackerError):
    """The driver could not reach or use the database; the request may be tried again."""


class _Translated:
    """Turns what a driver complains of into coded faults. (A class: as a generator it would be a
    tenth of a small transaction.)"""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sa.exc.OperationalError | sa.exc.TimeoutError):
            raise DatabaseUnavailable("E3007", _reason(error)) from error
        if isinstance(error, sa.exc.ProgrammingError) and _is_forbidden(error):
            raise TrackerError("E3009", _reason(error)) from error


def _is_forbidden(error: sa.exc.ProgrammingError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE


class Database:
    """One engine. On SQLite there is one writer at a time in this process, by a mutex, and one
    process, by the lock that `tracker-server` holds; BEGIN IMMEDIATE guards against shells."""

    def __init__(self, url: str | sa.URL) -> None:
        try:
            self.url = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise InputError("E2044") from None  # without the URL, which has a password in it
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            raise InputError("E2044", f"{self.url.get_backend_name()} is neither.")
        if self.url.get_backend_name() == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: Engine = sa.create_engine(
            self.url,
            pool_pre_ping=not self.is_sqlite,
            # As many as worker threads, and kept: making one takes longer than most requests.
            pool_size=40,
            max_overflow=0,
            connect_args=(
                {"check_same_thread": False, "timeout": 30}
                if self.is_sqlite
                else {"application_name": PROGRAM}
            ),
        )
        self._writer = threading.Lock()
        self.on_commit: Callable[[News], None] = lambda _news: None
        """Called after a commit, in the thread that committed, with what readers have to know."""
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _configure_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write. READ COMMITTED on PostgreSQL: the tenant's counter row,
        locked first, is what orders writers."""
        alone = self._writer if self.is_sqlite else nullcontext()
        with _Translated(), alone, self.engine.connect() as conn:
            conn.execution_options(tracker_begin="IMMEDIATE")
            told: list[News] = []
            conn.info[_NEWS] = told
            with conn.begin():
                yield conn
            # Still under the writer's lock: heads rise in the order of the commits.
            for news in told:
                self.on_commit(news)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and cannot write."""
        with _Translated():
            if self.is_sqlite:
                with self.engine.connect() as conn, conn.begin():
                    yield conn
            else:
                options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                with self.engine.connect().execution_options(**options) as conn, conn.begin():
                    yield conn

    def libpq_url(self, *, with_password: bool = True) -> str:
        """For PostgreSQL's own library and programs, which know no SQLAlchemy driver."""
        url = self.url.set(drivername="postgresql")
        if not with_password:
            # `set` takes None for "as it is".
            url = url._replace(password=None).difference_update_query(["password"])
        # SQLAlchemy leaves blanks in names and passwords as they are; libpq takes none.
        return url.render_as_string(hide_password=False).replace(" ", "%20")

    def close(self) -> None:
        self.engine.dispose()


def tell(conn: Connection, news: News) -> None:
    """Notes what readers hear of once this transaction is committed; on PostgreSQL, readers of
    other processes too."""
    conn.info[_NEWS].append(news)
    if conn.dialect.name != "sqlite":
        conn.execute(sa.select(sa.func.pg_notify(CHANNEL, news.text())))


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """What fails in here is undone alone, also what it meant to tell."""
    told = len(conn.info[_NEWS])
    send(conn, "SAVEPOINT tracker")
    try:
        yield
    except BaseException:
        del conn.info[_NEWS][told:]
        send(conn, "ROLLBACK TO SAVEPOINT tracker")
        send(conn, "RELEASE SAVEPOINT tracker")
        raise
    send(conn, "RELEASE SAVEPOINT tracker")


def totals(table: sa.Table) -> sa.Select[int, int, int]:
    """Count, versions and checksums of the rows a caller selects."""
    query = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.cast(sa.func.sum(table.c.version), sa.BigInteger), 0),
        sa.func.coalesce(sa.cast(sa.func.sum(table.c.checksum), sa.BigInteger), 0),
    )
    return query.select_from(table)


class folded(FunctionElement[str]):  # noqa: N801 - SQL calls it like a function
    """A text in small letters, of every alphabet. SQLite's own `lower` knows ASCII alone, and
    PostgreSQL's what the database's locale knows."""

    inherit_cache = True
    type = sa.Text()


@compiles(folded, "sqlite")
def _folded_by_python(element: folded, compiler: SQLCompiler, **more: Any) -> str:
    return f"tracker_lower({compiler.process(element.clauses, **more)})"


@compiles(folded, "postgresql")
def _folded_by_icu(element: folded, compiler: SQLCompiler, **more: Any) -> str:
    return f'lower({compiler.process(element.clauses, **more)} COLLATE "und-x-icu")'


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    """The first line of what the driver said; the others are advice for programmers."""
    first, *_ = str(getattr(error, "orig", error)).splitlines()
    return f"{first}."


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own implicit BEGIN is switched off; _begin_sqlite says which one is meant.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("tracker_lower", 1, str.lower, deterministic=True)


def _begin_sqlite(conn: Connection) -> None:
    mode = conn.get_execution_options().get("tracker_begin", "DEFERRED")
    send(conn, f"BEGIN {mode}")


def for_update(conn: Connection, query: sa.Select[Any]) -> sa.Select[Any]:
    """Locks the selected rows. SQLite's BEGIN IMMEDIATE has locked everything already."""
    return query if conn.dialect.name == "sqlite" else query.with_for_update()


def lock_table(conn: Connection, table: sa.Table) -> None:
    """Lets one transaction at a time change the table, until it ends."""
    if conn.dialect.name != "sqlite":
        conn.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


def upsert(
    conn: Connection, table: sa.Table, rows: Sequence[dict[str, Any]], key: Sequence[str]
) -> None:
    """Inserts rows, or replaces all other columns where `key` exists; one executemany."""
    if rows:
        statement = _upsert(conn.dialect.name, table, tuple(key))
        if any(isinstance(column.type, sa.Boolean) for column in table.columns):
            conn.execute(statement, rows)  # which SQLite's driver would take for whole numbers
        else:
            _sent(statement).run_each(conn, rows)


@functools.cache
def _upsert(dialect: str, table: sa.Table, key: tuple[str, ...]) -> sa.Insert:
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=others)


_sent = functools.cache(Statement)


def insert_once(conn: Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Inserts the row; False if its key, or what else is unique of it, is there already."""
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(**row).on_conflict_do_nothing().returning(sa.literal(1))
    return conn.execute(statement).first() is not None


def chunks(things: Sequence[_T], size: int = 500) -> Iterator[Sequence[_T]]:
    """Pieces of as many ids as fit a statement's parameters on both databases."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
