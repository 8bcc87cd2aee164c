"""Migrations go up, down and up again with data in the tables, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import server_stub.sync.tables
import server_stub.tasks.tables  # noqa: F401 - fills the metadata
from server_stub.core import migrate
from server_stub.core.database import Database, metadata
from tests.conftest import Template
from tests.support.server import RunningServer, make_world
from tracker.domain.errors import TrackerError


def tables(database: Database) -> set[str]:
    with database.read() as conn:
        return {*sa.inspect(conn).get_table_names()} - {"alembic_version"}


def test_up_down_and_up_again_with_data(either_template: Template, tmp_path: Path) -> None:
    url = either_template.copy(tmp_path)
    server = RunningServer(url, either_template.world).start()
    try:
        task_id = server.task("ana")
        server.device("ana").do("comment", task_id, {"comment_id": server.new_id(), "text": "x"})
        assert server.audit_count(task_id) == 2
    finally:
        server.stop()
    database = Database(url)
    try:
        assert migrate.is_current(database)
        migrate.downgrade(database, "base")
        assert tables(database) == set()
        assert not migrate.is_current(database)
        world = make_world(database)
        assert migrate.is_current(database)
    finally:
        database.close()
    again = RunningServer(url, world).start()
    try:
        task_id = again.task("ana")
        with pytest.raises((TrackerError, sa.exc.DBAPIError), match="kept as they are"):
            again.sql("DELETE FROM audit")
        assert again.seen("ana", task_id)["number"] == 1
    finally:
        again.stop()


def test_migrating_twice_changes_nothing(either_template: Template, tmp_path: Path) -> None:
    database = Database(either_template.empty(tmp_path))
    try:
        assert not migrate.is_current(database)
        migrate.upgrade(database)
        first = tables(database)
        migrate.upgrade(database)
        assert tables(database) == first == set(metadata.tables)
    finally:
        database.close()


def test_the_migrated_tables_are_those_of_the_code(
    either_template: Template, tmp_path: Path
) -> None:
    database = Database(either_template.copy(tmp_path))
    try:
        with database.read() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
    finally:
        database.close()


def test_a_failing_migration_leaves_nothing_behind(
    either_template: Template, tmp_path: Path
) -> None:
    database = Database(either_template.empty(tmp_path))
    try:
        with database.write() as conn:
            conn.execute(sa.text("CREATE TABLE tokens (id INTEGER)"))
        with pytest.raises((TrackerError, sa.exc.DBAPIError), match="tokens"):
            migrate.upgrade(database)
        assert tables(database) == {"tokens"}
        assert not migrate.is_current(database)
    finally:
        database.close()
