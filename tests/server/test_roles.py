"""On PostgreSQL the role that serves owns nothing, so a server that was taken over can add to the
audit trail and do no more to it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from server_stub.core import audit, pruning
from server_stub.core.database import Database, metadata
from tests.server.test_audit import COPY, INSERT
from tests.support.operator import Operator, Served
from tests.support.postgresql import Cluster
from tests.support.server import RunningServer, until
from tests.support.world import make_world
from tracker.domain.errors import TrackerError, describe

pytestmark = pytest.mark.postgresql
WARNING = describe("E3010")


@dataclass(frozen=True)
class Roles:
    """One empty database that `owner` owns, and URLs for it as each of three roles."""

    owner: str
    clerk: str
    nobody: str


@pytest.fixture
def roles(cluster: Cluster) -> Roles:
    """`clerk` has a name that must be quoted; of `nobody` PostgreSQL has never heard."""
    mark = secrets.token_hex(4)
    name = f"roles_{mark}"
    url = sa.make_url(cluster.create(name))
    owner, clerk = f"owner_{mark}", f"Clerk 50% {mark}"
    database = Database(url.render_as_string(False))
    with database.write() as conn:
        for role in (owner, clerk):
            quoted = conn.dialect.identifier_preparer.quote(role)
            conn.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN PASSWORD '{mark}'")
        conn.exec_driver_sql(f"ALTER DATABASE {name} OWNER TO {owner}")
        # As a new database has it since PostgreSQL 15.
        conn.exec_driver_sql(f"ALTER SCHEMA public OWNER TO {owner}")
        conn.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    database.close()

    def as_role(role: str) -> str:
        return url.set(username=role, password=mark).render_as_string(False)

    return Roles(as_role(owner), as_role(clerk), as_role(f"nobody_{mark}"))


@pytest.fixture
def migrated(roles: Roles) -> Roles:
    assert Operator(roles.clerk, roles.owner).ok("migrate") == "The database is up to date.\n"
    return roles


@pytest.fixture
def server(migrated: Roles) -> Iterator[RunningServer]:
    """A server that serves as the clerk, on people whom the clerk made."""
    database = Database(migrated.clerk)
    world = make_world(database)
    database.close()
    running = RunningServer(migrated.clerk, world).start()
    yield running
    running.stop()


def work(server: RunningServer) -> str:
    """Uses every table in every way the server does; returns the task that was worked on."""
    task_id, ana, rita = server.task("ana", "jonas"), server.device("ana"), server.device("rita")
    ana.do("comment", task_id, {"comment_id": server.new_id(), "text": "On my way"})
    assert ana.do("set_progress", task_id, {"percent": 40})["outcome"] == "applied"
    taken = rita.do("unassign", task_id, {"user_id": server.users["jonas"]})
    assert taken["outcome"] == "applied"
    assert pruning.prune(server.database, server.tenant_id, server.clock.now + 1).marks > 0
    return task_id


def test_the_clerk_can_serve(server: RunningServer) -> None:
    task_id = work(server)
    assert server.seen("ana", task_id)["progress"] == 40
    session = {"name": "ana", "password": server.password}
    assert server.post(None, "/api/v1/session", session).status_code == 200
    assert server.audit_count(task_id) == 4


ATTEMPTS = {
    "update": "UPDATE audit SET body = body",
    "delete": "DELETE FROM audit",
    "truncate": "TRUNCATE audit",
    "truncate cascade": "TRUNCATE tenants, audit CASCADE",
    "drop the trigger": "DROP TRIGGER audit_keep ON audit",
    "switch the triggers off": "ALTER TABLE audit DISABLE TRIGGER ALL",
    "switch off for the session": "SET session_replication_role = replica",
    "add a column": "ALTER TABLE audit ADD COLUMN x text",
    "rename": "ALTER TABLE audit RENAME TO old_audit",
    "drop": "DROP TABLE audit",
    "drop the schema": "DROP SCHEMA public CASCADE",
    "add a trigger": "CREATE TRIGGER a BEFORE INSERT ON audit FOR EACH ROW "
    "EXECUTE FUNCTION tracker_audit_keep()",
    "replace the function": "CREATE OR REPLACE FUNCTION tracker_audit_keep() RETURNS trigger "
    "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "drop the function": "DROP FUNCTION tracker_audit_append() CASCADE",
    "add a rule": "CREATE RULE r AS ON INSERT TO audit DO INSTEAD NOTHING",
    "take ownership": "ALTER TABLE audit OWNER TO CURRENT_USER",
    "pretend another version": "UPDATE alembic_version SET version_num = '0000'",
    "alter another table": "ALTER TABLE tasks DROP COLUMN title",
    "truncate another table": "TRUNCATE receipts",
}


def test_the_clerk_can_add_to_the_trail_and_nothing_else(server: RunningServer) -> None:
    work(server)
    before = server.sql("SELECT * FROM audit ORDER BY tenant_id, n")
    assert len(before) == 4
    ((owner,),) = server.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'audit'")
    # PostgreSQL answers this with a warning and grants nothing, which the first attempt shows.
    server.sql("GRANT ALL ON audit TO CURRENT_USER")
    for name, statement in (ATTEMPTS | {"become the owner": f"SET ROLE {owner}"}).items():
        with pytest.raises(TrackerError) as refused:
            server.sql(statement)
        assert refused.value.code == "E3009", (name, refused.value)
    assert server.sql("SELECT * FROM audit ORDER BY tenant_id, n") == before
    with server.database.read() as conn:
        assert audit.verify(conn, server.tenant_id) == audit.Verdict(4, None)


@pytest.fixture
def alone(roles: Roles) -> Iterator[RunningServer]:
    """One role owns the tables and serves."""
    database = Database(roles.owner)
    world = make_world(database)
    database.close()
    running = RunningServer(roles.owner, world).start()
    yield running
    running.stop()


@pytest.mark.parametrize("serving", ["server", "alone"])
def test_a_temporary_table_of_the_same_name_does_not_deceive_the_trigger(
    serving: str, request: pytest.FixtureRequest
) -> None:
    """Temporary tables come first in the search path, and the trigger looks the last row up."""
    server: RunningServer = request.getfixturevalue(serving)
    server.task("ana")
    shadow = "CREATE TEMPORARY TABLE audit AS SELECT * FROM public.audit"
    shift = "UPDATE pg_temp.audit SET n = 999"
    forged = INSERT.replace("audit", "public.audit") + COPY.format(n="1000", prev="hash").replace(
        "audit WHERE n = 5", "public.audit WHERE n = 1"
    )
    with server.database.write() as conn:
        conn.exec_driver_sql(shadow)
        conn.exec_driver_sql(shift)
        with pytest.raises(sa.exc.DBAPIError, match="next of its chain"):
            conn.exec_driver_sql(forged)


def test_every_table_has_its_rights_and_migrating_again_takes_back_what_was_added(
    migrated: Roles,
) -> None:
    def rights() -> dict[str, set[str]]:
        query = (
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = current_user AND table_schema = 'public'"
        )
        found: dict[str, set[str]] = {}
        database = Database(migrated.clerk)
        with database.read() as conn:
            for table, right in conn.exec_driver_sql(query):
                found.setdefault(table, set()).add(right)
        database.close()
        return found

    usual = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    few = {"audit": {"SELECT", "INSERT"}, "alembic_version": {"SELECT"}}
    wanted = {**dict.fromkeys(metadata.tables, usual), **few}
    assert rights() == wanted
    owner = Database(migrated.owner)
    with owner.write() as conn:
        clerk = conn.dialect.identifier_preparer.quote(sa.make_url(migrated.clerk).username or "")
        conn.exec_driver_sql(f"GRANT ALL ON audit TO {clerk}")
    owner.close()
    assert rights() != wanted
    Operator(migrated.clerk, migrated.owner).ok("migrate")
    assert rights() == wanted


def test_serving_as_the_clerk_is_silent_and_as_the_owner_warns(
    migrated: Roles, run_server: Callable[..., Served]
) -> None:
    assert WARNING not in run_server(migrated.clerk).end()
    assert WARNING in run_server(migrated.owner).end()
    # A server that knows the owner's password is as strong as the owner.
    assert WARNING in run_server(migrated.clerk, owner=migrated.owner).end()


def test_what_is_due_by_the_clock_is_done_by_the_clerk_too(
    migrated: Roles, run_server: Callable[..., Served]
) -> None:
    served, database = run_server(migrated.clerk), Database(migrated.owner)
    query = sa.text("SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'")

    def is_done() -> bool:
        with database.read() as conn:
            return bool(conn.execute(query).scalar_one())

    try:
        until(is_done, 20)
    finally:
        database.close()
    assert served.end() == ""


def test_an_owner_alone_still_migrates_and_serves(
    roles: Roles, run_server: Callable[..., Served]
) -> None:
    Operator(roles.owner, roles.owner).ok("migrate")
    Operator(roles.owner).ok("migrate")
    assert WARNING in run_server(roles.owner).end()


def test_what_migrate_refuses(roles: Roles) -> None:
    Operator(roles.clerk).refused("E3009", "migrate")
    Operator(roles.nobody, roles.owner).refused("E2020", "migrate")
    nameless = f"postgresql://{roles.clerk.rpartition('@')[2]}"
    Operator(nameless, roles.owner).refused("E2020", "migrate")
    # Nothing is left behind of what lacks its last step.
    Operator(roles.clerk).refused("E3008", "serve", "--port", "0")
    Operator(roles.owner).ok("migrate")
    Operator(roles.clerk).refused("E3009", "serve", "--port", "0")


class TestBackups:
    @pytest.fixture
    def operator(self, server: RunningServer, roles: Roles) -> Operator:
        """On a database in which the clerk worked, and with both URLs."""
        work(server)
        server.stop()
        return Operator(roles.clerk, roles.owner)

    def test_the_owner_restores_and_the_clerk_serves_on(
        self, operator: Operator, server: RunningServer, tmp_path: Path
    ) -> None:
        file = str(tmp_path / "x.backup")
        operator.ok("backup", file)
        operator.ok("restore", file, "--yes", "--overwrite")
        server.start()
        work(server)
        with server.database.read() as conn:
            assert audit.verify(conn, server.tenant_id) == audit.Verdict(8, None)
        with pytest.raises(TrackerError) as refused:
            server.sql("UPDATE audit SET body = body")
        assert refused.value.code == "E3009"

    def test_the_owner_sees_that_the_clerk_serves(
        self, operator: Operator, roles: Roles, tmp_path: Path, run_server: Callable[..., Served]
    ) -> None:
        file = str(tmp_path / "x.backup")
        operator.ok("backup", file)
        run_server(roles.clerk)
        operator.refused("E3005", "restore", file, "--yes", "--overwrite")

    def test_the_clerk_can_back_up_and_not_restore(
        self, operator: Operator, roles: Roles, tmp_path: Path
    ) -> None:
        file = str(tmp_path / "x.backup")
        Operator(roles.clerk).ok("backup", file)
        Operator(roles.clerk).refused("E3009", "restore", file, "--yes", "--overwrite")
