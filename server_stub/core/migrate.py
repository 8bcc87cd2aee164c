"""Bringing the database to the code's revision, asking whether it is there, and what the server's
own role may do in it (PostgreSQL)."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from server_stub.core.database import Database, metadata
from tracker.domain.errors import InputError

_FOLDER = Path(__file__).parent.parent / "migrations"
_RIGHTS = {"audit": "SELECT, INSERT", "alembic_version": "SELECT"}
"""Where the server's role has less than SELECT, INSERT, UPDATE and DELETE."""


def _config(conn: Connection | None = None) -> Config:
    config = Config()
    config.attributes["connection"] = conn
    config.set_main_option("script_location", str(_FOLDER))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the missing migrations in one transaction: a failing one leaves nothing behind."""
    with database.write() as conn:
        upgrade_in(conn, revision)


def upgrade_in(conn: Connection, revision: str = "head") -> None:
    command.upgrade(_config(conn), revision)


def downgrade(database: Database, revision: str) -> None:
    with database.write() as conn:
        command.downgrade(_config(conn), revision)


def revision_of(conn: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    return MigrationContext.configure(conn).get_current_revision()


def revisions() -> list[str]:
    """All that this code knows, the first one first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def is_current(database: Database) -> bool:
    with database.read() as conn:
        return revision_of(conn) == revisions()[-1]


def grant(conn: Connection, role: str) -> None:
    """Gives the role that serves its rights on each table and takes every other away; run by the
    tables' owner, again after each upgrade. The triggers keep the trail from statements; this keeps
    the triggers from a server process that was taken over. E2020 for a role that is not there.
    """
    known = sa.text("SELECT current_schema() FROM pg_roles WHERE rolname = :role")
    here = conn.execute(known, {"role": role}).scalar()
    if here is None:
        raise InputError("E2020", f"TRACKER_DATABASE_URL names {role or 'none'}.")
    quote = conn.dialect.identifier_preparer.quote_identifier
    schema, to = quote(here), quote(role)
    statements = [f"GRANT USAGE ON SCHEMA {schema} TO {to}"]
    for table in (*metadata.tables, "alembic_version"):
        rights = _RIGHTS.get(table, "SELECT, INSERT, UPDATE, DELETE")
        statements += [f"REVOKE ALL ON {table} FROM {to}", f"GRANT {rights} ON {table} TO {to}"]
    for statement in statements:
        conn.exec_driver_sql(statement)


def owns_trail(database: Database) -> bool:
    """Whether the connected role can take the triggers off the audit table: as its owner, as the
    owner of what it lies in, or as a member of one of them, which a superuser always is."""
    query = sa.text(
        "SELECT pg_has_role(t.relowner, 'MEMBER') OR pg_has_role(s.nspowner, 'MEMBER')"
        " OR pg_has_role(d.datdba, 'MEMBER') FROM pg_class t"
        " JOIN pg_namespace s ON s.oid = t.relnamespace"
        " JOIN pg_database d ON d.datname = current_database() WHERE t.oid = 'audit'::regclass"
    )
    with database.read() as conn:
        return bool(conn.execute(query).scalar_one())
