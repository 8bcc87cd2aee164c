"""Writing a PostgreSQL database to a file, and bringing it back from one.

`pg_dump` writes; any of PostgreSQL's tools can read what it wrote. Bringing it back is one
transaction of our own, because `pg_restore` and a migration after it would be two: the tables are
made by the migrations, up to the revision of the backup, and only their rows come from the file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import Connection

from server_stub.backup import files, programs
from server_stub.backup.contents import Contents, begin_epochs, contents, require_known
from server_stub.core import migrate
from server_stub.core.database import PROGRAM, Database, DatabaseUnavailable
from tracker.domain.errors import EnvironmentFault, TrackerError

_SERVER = sa.text("SELECT current_setting('server_version_num')::int / 10000, current_schema()")
_OTHERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = :program AND pid <> pg_backend_pid()"
)
_FUNCTIONS = sa.text(
    "SELECT oid::regprocedure::text FROM pg_proc"
    " WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, 'tracker_')"
)
_PATIENCE = "SET LOCAL lock_timeout = '10s'"
_COPY = re.compile(rb"COPY \S+ \((.*)\) FROM stdin;\n")
_END = b"\\.\n"


def back_up(owner: Database, file: Path, *, overwrite: bool) -> Contents:
    """Writes the current schema as `pg_dump -Fc` does, while servers run. E3023 and E3025 as
    `programs` says."""
    # One snapshot for both, so that what is said of the backup is what it holds.
    with files.whole(file, overwrite=overwrite) as made, owner.read() as conn:
        found = contents(conn, walk=False)
        version, schema = conn.execute(_SERVER).one()
        snapshot = conn.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one()
        with programs.running(
            programs.find("pg_dump", version),
            "--format=custom",
            f"--schema={_exactly(schema)}",
            f"--snapshot={snapshot}",
            f"--file={made}",
            "--no-password",
            f"--dbname={owner.libpq_url(with_password=False)}",
            database=owner,
        ):
            pass
    return found


def restore(
    owner: Database, role: str | None, file: Path, kept: str, now: int, *, overwrite: bool
) -> tuple[Contents, bool]:
    """Brings the rows of `file` into the current schema, and gives `role` its rights there. Tables
    that are there now are moved to the schema `kept` (the second answer), or E3024 without
    `overwrite`. One transaction: where it fails, nothing has changed.

    E3020 for a file that is no backup, E3021 for one of a newer version, E3005 while a server runs.
    """
    with owner.write() as conn:
        if conn.execute(_OTHERS, {"program": PROGRAM}).scalar_one():
            raise EnvironmentFault("E3005", "A server runs on this database; stop it first.")
        conn.exec_driver_sql(_PATIENCE)
        version, _ = conn.execute(_SERVER).one()
        program = programs.find("pg_restore", version)
        revision = require_known(_revision(program, file))
        existed = bool(sa.inspect(conn).get_table_names())
        if existed and not overwrite:
            raise TrackerError("E3024")
        if existed:
            _set_aside(conn, kept)
        migrate.upgrade_in(conn, revision)
        _fill(conn, program, file)
        migrate.upgrade_in(conn)
        begin_epochs(conn, now)
        if role is not None:
            migrate.grant(conn, role)
        return contents(conn), existed


def _set_aside(conn: Connection, schema: str) -> None:
    """Moves every table of the current schema, of whichever version, and the functions of their
    triggers."""
    quote = conn.dialect.identifier_preparer.quote_identifier
    to = quote(schema)
    conn.exec_driver_sql(f"CREATE SCHEMA {to}")
    for table in sa.inspect(conn).get_table_names():
        conn.exec_driver_sql(f"ALTER TABLE {quote(table)} SET SCHEMA {to}")
    for function in conn.execute(_FUNCTIONS).scalars().all():
        conn.exec_driver_sql(f"ALTER FUNCTION {function} SET SCHEMA {to}")


def _fill(conn: Connection, program: Path, file: Path) -> None:
    """The rows of each table, after those it refers to. The triggers rest meanwhile: rows need not
    come in the order of the audit trail, whose chain is walked afterwards."""
    there = sa.MetaData()
    there.reflect(conn)
    for table in there.sorted_tables:
        if table.name == "alembic_version":
            continue
        name = conn.dialect.identifier_preparer.quote_identifier(table.name)
        conn.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        _copy(conn, program, file, table)
        conn.exec_driver_sql(f"ALTER TABLE {name} ENABLE TRIGGER USER")


def _copy(conn: Connection, program: Path, file: Path, table: sa.Table) -> None:
    driver = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
    found = False
    try:
        with closing(_blocks(program, file, table.name)) as blocks, driver.cursor() as cursor:
            for columns, lines in blocks:
                found = True
                into = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                with cursor.copy(into) as copy:
                    for line in lines:
                        copy.write(line)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable("E3007", str(error).splitlines()[0]) from error
    except psycopg.Error as error:
        raise TrackerError("E3020", f"{table.name}: {str(error).splitlines()[0]}.") from error
    if not found:
        raise TrackerError("E3020", f"It holds no table {table.name}.")


def _blocks(
    program: Path, file: Path, table: str
) -> Generator[tuple[list[str], Iterator[bytes]], None, None]:
    """Columns and rows of the table in the file, as COPY writes them."""
    arguments = ("--data-only", f"--table={table}", "--file=-", str(file))
    with programs.running(program, *arguments) as lines:
        for line in lines:
            if copy := _COPY.fullmatch(line):
                columns = copy[1].decode().replace('"', "").split(", ")
                yield columns, itertools.takewhile(lambda row: row != _END, lines)


def _revision(program: Path, file: Path) -> str | None:
    """E3020 where the file is none that the program can read."""
    try:
        with closing(_blocks(program, file, "alembic_version")) as blocks:
            found = [row.decode().strip() for _, rows in blocks for row in rows]
    except EnvironmentFault as error:
        raise TrackerError("E3020", error.info) from error
    return found[0] if found else None


def _exactly(name: str) -> str:
    """A pattern that only this name fits."""
    return '"' + name.replace('"', '""') + '"'
