"""Migrations go up, down and up again with data in the tables, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import server_stub.analytics.tables
import server_stub.notifications.tables
import server_stub.occupancy.tables
import server_stub.sync.tables
import server_stub.tasks.tables  # noqa: F401 - fills the metadata
from server_stub.core import feed, migrate, pruning
from server_stub.core.database import Database, metadata
from server_stub.core.feed import Tenant
from server_stub.core.pruning import Pruned
from server_stub.core.state import system_clock
from tests.conftest import Template
from tests.support.server import DAY, START, Clock, RunningServer, problem
from tests.support.world import make_world
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


class TestPrunedFeed:
    """0003: marks get a time, tenants a position; taken back, nobody may read on in a gap."""

    @pytest.fixture
    def database(self, either_template: Template, tmp_path: Path) -> Iterator[Database]:
        """Its feed is half a pruned one."""
        url = either_template.copy(tmp_path)
        server = RunningServer(url, either_template.world).start()
        server.task("ana")
        server.clock.advance(DAY)
        server.task("ana")
        server.stop()
        found = Database(url)
        yield found
        found.close()

    @pytest.fixture
    def tenant_id(self, either_template: Template) -> str:
        return either_template.world.tenant_id

    def _tenant(self, database: Database, tenant_id: str) -> Tenant:
        with database.read() as conn:
            return feed.look(conn, tenant_id)

    def test_what_is_there_counts_as_made_at_the_upgrade(
        self, database: Database, tenant_id: str
    ) -> None:
        before = self._tenant(database, tenant_id)
        migrate.downgrade(database, "0002")
        started = system_clock()
        migrate.upgrade(database)
        assert pruning.prune(database, tenant_id, started) == Pruned(0, 0, 0)
        # Notifications, and what counts them, came later than what it went down to.
        assert self._tenant(database, tenant_id) == replace(before, notification_number=0)
        done = pruning.prune(database, tenant_id, system_clock() + 1)
        assert done.up_to == before.seq

    def test_taken_back_from_a_pruned_feed_a_new_epoch_begins(
        self, database: Database, tenant_id: str, either_template: Template
    ) -> None:
        before = self._tenant(database, tenant_id)
        assert pruning.prune(database, tenant_id, START + 1).pointers > 0
        migrate.downgrade(database, "0002")
        migrate.upgrade(database)
        after = self._tenant(database, tenant_id)
        assert after.epoch != before.epoch
        assert (after.epoch_at, after.seq, after.pruned) == (before.epoch_at + 1, before.seq, 0)
        with database.read() as conn:
            epochs = dict(conn.execute(sa.text("SELECT name, epoch_at FROM tenants")).all())
        assert epochs["Elsewhere"] == START

    def test_a_device_from_before_that_pulls_everything_anew(
        self, database: Database, tenant_id: str, either_template: Template
    ) -> None:
        url = database.url.render_as_string(hide_password=False)
        server = RunningServer(url, either_template.world, clock=Clock(START + 2 * DAY)).start()
        page = server.page("ana")
        server.stop()
        pruning.prune(database, tenant_id, START + 1)
        migrate.downgrade(database, "0002")
        migrate.upgrade(database)
        server.start()
        try:
            problem(server.pull("ana", page["cursor"], mark=page["mark"]), 410, "E4010")
            assert len(server.page("ana")["tasks"]) == 2
        finally:
            server.stop()


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


def test_of_two_peoples_receipts_for_one_id_the_earlier_goes_down(
    either_template: Template, tmp_path: Path
) -> None:
    """0014: before, there could be only one."""
    url = either_template.copy(tmp_path)
    server = RunningServer(url, either_template.world).start()
    try:
        derived = "0190a000-0000-5000-8000-000000000001"
        for name in ("jonas", "ana"):
            server.device(name).post([], void=[derived])
            server.clock.advance(DAY)
    finally:
        server.stop()
    database = Database(url)

    def owners() -> list[str]:
        with database.read() as conn:
            return sorted(conn.execute(sa.text("SELECT user_id FROM receipts")).scalars())

    users = either_template.world.users
    try:
        assert owners() == sorted([users["jonas"], users["ana"]])
        migrate.downgrade(database, "0013")
        assert owners() == [users["jonas"]]
        migrate.upgrade(database)
        assert owners() == [users["jonas"]]
    finally:
        database.close()
