"""`tracker-server backup`, `restore` and `migrate --backup`, as processes on both databases."""

from __future__ import annotations

import os
import pty
import re
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from server_stub.backup import programs
from server_stub.core import migrate
from server_stub.core.database import Database
from tests.conftest import Template
from tests.support.operator import PROGRAM as COMMAND
from tests.support.operator import Clerk, Operator, Served, environment
from tests.support.postgresql import Cluster, binaries
from tests.support.server import HOUR, START, RunningServer

TENANTS = "SELECT name, epoch, epoch_at FROM tenants ORDER BY name"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with opened(url) as database, database.read() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(query)]


def execute(url: str, *statements: str) -> None:
    with opened(url) as database, database.write() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables but the epochs, which a restore has to change."""
    with opened(url) as database, database.read() as conn:
        there = sa.MetaData()
        there.reflect(conn)
        found = {}
        for table in there.sorted_tables:
            kept = [column for column in table.c if column.name not in ("epoch", "epoch_at")]
            found[table.name] = sorted(map(tuple, conn.execute(sa.select(*kept))), key=repr)
    return found


def worked_on(template: Template, folder: Path) -> Operator:
    """On a database in which no table is empty."""
    url = template.copy(folder)
    server = RunningServer(url, template.world).start()
    try:
        task_id, ana = server.task("ana", "jonas"), server.device("ana")
        odd = "tab\t newline\n backslash \\. \\N é 漢"
        ana.do("comment", task_id, {"comment_id": server.new_id(), "text": odd})
        ana.do("set_progress", task_id, {"percent": 40})
        ana.do("log_time", task_id, {"entry_id": server.new_id(), "minutes": 5})
        server.device("rita").do("depend", task_id, {"needs_id": server.task("ana")})
        ana.do("complete", server.task("ana"))
        promised = server.get("sara", "/api/v1/analytics/sla-settings").json()
        server.client("sara").put("/api/v1/analytics/sla-settings", json=promised)
        server.sql("INSERT INTO sign_in_attempts VALUES ('a1', 's', 1)")
        chosen = {"quiet_hours_enabled": False}
        assert server.client("ana").put("/api/v1/notifications/preferences", json=chosen).is_success
        interval = {"state": "ACTIVE", "started_at": START - HOUR, "ended_at": START}
        assert ana.do("occupancy", server.new_id(), interval)["outcome"] == "applied"
        assert server.post("rita", "/api/v1/teams", {"name": "Night shift"}).status_code == 201
    finally:
        server.stop()
    assert all(everything(url).values())
    return Clerk(url)


@pytest.fixture
def operator(either_template: Template, tmp_path: Path) -> Operator:
    return worked_on(either_template, tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "monday.backup"


@pytest.fixture(autouse=True)
def folder(file: Path) -> Path:
    file.parent.mkdir()
    return file.parent


def is_sqlite(operator: Operator) -> bool:
    return operator.url.startswith("sqlite")


def path_of(operator: Operator) -> Path:
    return Path(operator.url.removeprefix("sqlite:///"))


def restore(operator: Operator, file: Path) -> str:
    more = () if is_sqlite(operator) else ("--overwrite",)
    return operator.ok("restore", str(file), "--yes", *more)


class TestBackup:
    def test_it_says_what_it_wrote_while_a_server_runs(
        self, operator: Operator, file: Path, run_server: Callable[..., Served]
    ) -> None:
        served = run_server(operator.url)
        said = operator.ok("backup", str(file))
        chains = ", every chain whole" if is_sqlite(operator) else ""
        head = migrate.revisions()[-1]
        assert said == (
            f"{file}: {file.stat().st_size:,} bytes, revision {head}, 2 tenants, "
            f"10 rows in the audit trail{chains}.\n"
        )
        assert httpx.get(f"{served.url}/api/v1/health").status_code == 200
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(file.parent.iterdir()) == [file]

    def test_it_overwrites_only_what_it_is_told_to(self, operator: Operator, file: Path) -> None:
        file.write_text("mine")
        operator.refused("E2021", "backup", str(file))
        assert file.read_text() == "mine"
        operator.ok("backup", str(file), "--overwrite")
        assert file.stat().st_size > 1000

    def test_a_folder_that_is_not_there_is_one_sentence(
        self, operator: Operator, file: Path
    ) -> None:
        operator.refused("E3012", "backup", str(file.parent / "none" / "x"))

    def test_there_has_to_be_a_database(
        self, either_template: Template, tmp_path: Path, file: Path
    ) -> None:
        empty = Clerk(either_template.empty(tmp_path))
        empty.refused("E3008", "backup", str(file))
        assert list(file.parent.iterdir()) == []
        assert not (tmp_path / "empty.db").exists()

    def test_one_that_is_not_migrated_yet_is_backed_up_too(
        self, operator: Operator, file: Path
    ) -> None:
        with opened(operator.url) as database:
            migrate.downgrade(database, "0001")
        assert "revision 0001, 2 tenants" in operator.ok("backup", str(file))


class TestSQLiteFile:
    @pytest.fixture
    def operator(self, sqlite_template: Template, tmp_path: Path) -> Operator:
        return worked_on(sqlite_template, tmp_path)

    def test_what_is_in_the_wal_is_in_the_copy_which_is_one_file(
        self, operator: Operator, file: Path, run_server: Callable[..., Served]
    ) -> None:
        path = path_of(operator)
        run_server(operator.url)
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("UPDATE tenants SET zone = 'Asia/Tokyo'")
            conn.commit()
            operator.ok("backup", str(file))
            assert path.with_name(f"{path.name}-wal").stat().st_size > 0
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
            assert set(conn.execute("SELECT zone FROM tenants")) == {("Asia/Tokyo",)}
            assert conn.execute("PRAGMA journal_mode").fetchone() == ("delete",)

    def test_a_broken_chain_is_copied_and_said(self, operator: Operator, file: Path) -> None:
        execute(operator.url, "DROP TRIGGER audit_update", "UPDATE audit SET body = 'x'")
        done = operator("backup", str(file))
        assert done.returncode == 1
        assert "is BROKEN at row 1" in done.stdout
        assert file.exists()

    def test_a_damaged_database_replaces_no_backup(self, operator: Operator, file: Path) -> None:
        path = path_of(operator)
        file.write_text("the last good one")
        damage(path)
        operator.refused("E3022", "backup", str(file), "--overwrite")
        assert file.read_text() == "the last good one"
        assert list(file.parent.iterdir()) == [file]


def damage(path: Path) -> None:
    """Overwrites the audit trail's index, which nobody reads on the way."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'audit_by_task'"
        (page,), (size,) = (
            conn.execute(query).fetchone(),
            conn.execute("PRAGMA page_size").fetchone(),
        )
    with path.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)


class TestRestore:
    def test_everything_is_there_again_in_a_new_epoch(self, operator: Operator, file: Path) -> None:
        before, epochs = everything(operator.url), rows(operator.url, TENANTS)
        operator.ok("backup", str(file))
        kept = file.read_bytes()
        new = ("--name", "mei", "--display-name", "Mei", "--tenant", "Later", "--password-stdin")
        operator.ok("create-user", *new, stdin="long enough\n")
        said = restore(operator, file)
        assert everything(operator.url) == before
        assert "2 tenants, 10 rows in the audit trail, every chain whole.\n" in said
        assert file.read_bytes() == kept
        after = rows(operator.url, TENANTS)
        assert [row[0] for row in after] == [row[0] for row in epochs]
        for (_, old, begun), (_, new, begun_anew) in zip(epochs, after, strict=True):
            assert new != old
            assert begun_anew > begun  # type: ignore[operator]

    def test_the_trail_is_guarded_as_before(self, operator: Operator, file: Path) -> None:
        operator.ok("backup", str(file))
        restore(operator, file)
        for statement in ("DELETE FROM audit", "INSERT INTO audit SELECT * FROM audit"):
            with pytest.raises(Exception, match=r"kept as they are|next of its chain"):
                execute(operator.url, statement)

    def test_what_was_there_is_kept_beside_it(self, operator: Operator, file: Path) -> None:
        operator.ok("backup", str(file))
        execute(operator.url, "UPDATE tenants SET zone = 'Asia/Tokyo'")
        said = restore(operator, file)
        (kept,) = re.findall(r"What was there before is kept: (?:schema )?(.*)\.\n", said)
        if is_sqlite(operator):
            zones = rows(f"sqlite:///{kept}", "SELECT DISTINCT zone FROM tenants")
        else:
            zones = rows(operator.url, f"SELECT DISTINCT zone FROM {kept}.tenants")
        assert zones == [("Asia/Tokyo",)]
        assert rows(operator.url, "SELECT DISTINCT zone FROM tenants") != zones

    def test_an_older_backup_is_brought_to_this_version(
        self, operator: Operator, file: Path
    ) -> None:
        with opened(operator.url) as database:
            migrate.downgrade(database, "0001")
        operator.ok("backup", str(file))
        operator.ok("migrate")
        before = everything(operator.url)
        said = restore(operator, file)
        assert f"revision {migrate.revisions()[-1]}" in said
        assert everything(operator.url) == before

    def test_it_fills_an_empty_database(
        self, operator: Operator, file: Path, either_template: Template, tmp_path: Path
    ) -> None:
        operator.ok("backup", str(file))
        other = Clerk(either_template.empty(tmp_path))
        said = other.ok("restore", str(file), "--yes")
        assert "kept" not in said
        assert everything(other.url) == everything(operator.url)

    def test_a_running_server_is_left_alone(
        self, operator: Operator, file: Path, run_server: Callable[..., Served]
    ) -> None:
        operator.ok("backup", str(file))
        before = rows(operator.url, TENANTS)
        served = run_server(operator.url)
        more = () if is_sqlite(operator) else ("--overwrite",)
        assert "server" in operator.refused("E3005", "restore", str(file), "--yes", *more)
        assert rows(operator.url, TENANTS) == before
        served.end()
        restore(operator, file)

    def test_what_is_no_backup_changes_nothing(self, operator: Operator, file: Path) -> None:
        before, epochs = everything(operator.url), rows(operator.url, TENANTS)
        more = ("--yes", "--overwrite")
        operator.refused("E3020", "restore", str(file), *more)
        file.write_bytes(b"")
        operator.refused("E3020", "restore", str(file), *more)
        file.write_bytes(b"no database" * 1000)
        operator.refused("E3020", "restore", str(file), *more)
        assert (everything(operator.url), rows(operator.url, TENANTS)) == (before, epochs)

    def test_one_of_a_newer_version_is_refused(self, operator: Operator, file: Path) -> None:
        execute(operator.url, "UPDATE alembic_version SET version_num = '9999'")
        operator.ok("backup", str(file))
        before = rows(operator.url, TENANTS)
        said = operator.refused("E3021", "restore", str(file), "--yes", "--overwrite")
        assert "9999" in said
        assert rows(operator.url, TENANTS) == before

    def test_back_from_a_newer_version_that_has_other_tables(
        self, operator: Operator, file: Path
    ) -> None:
        operator.ok("backup", str(file))
        before = everything(operator.url)
        execute(
            operator.url,
            "CREATE TABLE later (tenant_id VARCHAR(36) REFERENCES tenants (id))",
            "UPDATE alembic_version SET version_num = '9999'",
        )
        restore(operator, file)
        assert everything(operator.url) == before

    def test_one_that_cannot_be_migrated_changes_nothing(
        self, operator: Operator, file: Path
    ) -> None:
        """0002 makes the table `marks`; here the backup says that it has not been run."""
        execute(operator.url, "UPDATE alembic_version SET version_num = '0001'")
        operator.ok("backup", str(file))
        migrated = "UPDATE alembic_version SET version_num = '{}'"
        execute(operator.url, migrated.format(migrate.revisions()[-1]))
        before, epochs = everything(operator.url), rows(operator.url, TENANTS)
        assert operator("restore", str(file), "--yes", "--overwrite").returncode == 1
        assert (everything(operator.url), rows(operator.url, TENANTS)) == (before, epochs)
        assert [path.name for path in file.parent.parent.glob("*restore*")] == []

    def test_without_a_terminal_it_wants_yes(self, operator: Operator, file: Path) -> None:
        operator.ok("backup", str(file))
        before = rows(operator.url, TENANTS)
        operator.refused("E2030", "restore", str(file), "--overwrite")
        assert rows(operator.url, TENANTS) == before

    @pytest.mark.parametrize("answer", ["n", "y"])
    def test_on_a_terminal_it_asks(self, operator: Operator, file: Path, answer: str) -> None:
        operator.ok("backup", str(file))
        before = rows(operator.url, TENANTS)
        code, said = on_terminal(operator, answer, "restore", str(file), "--overwrite")
        assert f"Put {file} in the place of" in said
        assert (code == 0) == (answer == "y") == (rows(operator.url, TENANTS) != before)


def on_terminal(operator: Operator, answer: str, *args: str) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *args],
        env=environment(operator.url),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, said


class TestSQLiteInPlace:
    @pytest.fixture
    def operator(self, sqlite_template: Template, tmp_path: Path) -> Operator:
        return worked_on(sqlite_template, tmp_path)

    def test_a_file_that_another_program_has_open_is_left_alone(
        self, operator: Operator, file: Path
    ) -> None:
        """Closing it, that program would take away the -wal of the one that took its place."""
        path = path_of(operator)
        operator.ok("backup", str(file))
        before = rows(operator.url, TENANTS)
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            other.execute("SELECT count(*) FROM tasks").fetchone()
            assert "another program" in operator.refused("E3005", "restore", str(file), "--yes")
        assert rows(operator.url, TENANTS) == before
        restore(operator, file)

    @pytest.mark.parametrize("damaged", [b"", b"of no use" * 1000])
    def test_a_damaged_database_is_replaced_and_kept_with_its_wal(
        self, operator: Operator, file: Path, damaged: bytes
    ) -> None:
        path = path_of(operator)
        before = everything(operator.url)
        operator.ok("backup", str(file))
        path.write_bytes(damaged)
        path.with_name(f"{path.name}-wal").write_bytes(b"nor this")
        said = restore(operator, file)
        (kept,) = re.findall(r"is kept: (.*)\.\n", said)
        assert Path(kept).read_bytes() == damaged
        assert Path(f"{kept}-wal").read_bytes() == b"nor this"
        assert everything(operator.url) == before

    def test_who_may_read_it_stays(self, operator: Operator, file: Path) -> None:
        path = path_of(operator)
        path.chmod(0o640)
        operator.ok("backup", str(file))
        restore(operator, file)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_the_lock_of_a_killed_server_does_not_count(
        self, operator: Operator, file: Path, run_server: Callable[..., Served]
    ) -> None:
        """What it had committed, and nothing had folded in yet, is in what is kept."""
        path = path_of(operator)
        operator.ok("backup", str(file))
        served = run_server(operator.url)
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("UPDATE tenants SET zone = 'Asia/Tokyo'")
            conn.commit()
            served.kill()
            wal = path.with_name(f"{path.name}-wal").read_bytes()
        path.with_name(f"{path.name}-wal").write_bytes(wal)
        said = restore(operator, file)
        (kept,) = re.findall(r"is kept: (.*)\.\n", said)
        assert rows(f"sqlite:///{kept}", "SELECT DISTINCT zone FROM tenants") == [("Asia/Tokyo",)]


@pytest.mark.postgresql
class TestPostgreSQL:
    @pytest.fixture
    def operator(self, postgresql_template: Template, tmp_path: Path) -> Operator:
        return worked_on(postgresql_template, tmp_path)

    def test_tables_that_are_there_stay_without_overwrite(
        self, operator: Operator, file: Path
    ) -> None:
        operator.ok("backup", str(file))
        before = rows(operator.url, TENANTS)
        operator.refused("E3024", "restore", str(file), "--yes")
        assert rows(operator.url, TENANTS) == before

    def test_rows_of_the_trail_may_come_in_any_order(self, operator: Operator, file: Path) -> None:
        """As they do where PostgreSQL put later ones into space that became free."""
        execute(
            operator.url,
            "ALTER TABLE audit DISABLE TRIGGER USER",
            "CREATE TABLE shuffled AS SELECT * FROM audit ORDER BY n DESC",
            "TRUNCATE audit",
            "INSERT INTO audit SELECT * FROM shuffled",
            "DROP TABLE shuffled",
            "ALTER TABLE audit ENABLE TRIGGER USER",
        )
        operator.ok("backup", str(file))
        assert "every chain whole" in restore(operator, file)

    def test_pg_restore_can_read_it_too(
        self, operator: Operator, file: Path, cluster: Cluster
    ) -> None:
        operator.ok("backup", str(file))
        empty = Database(cluster.create("by_hand"))
        program = str(programs.find("pg_restore", 0))
        url = empty.libpq_url()
        # The schema is there already, which pg_restore says and goes on.
        subprocess.run([program, f"--dbname={url}", str(file)], capture_output=True, check=False)
        empty.close()
        assert everything(url) == everything(operator.url)

    def test_a_program_that_is_missing_or_too_old_is_one_sentence(
        self, operator: Operator, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(programs, "_INSTALLED", tmp_path / "none")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "none is there" in operator.refused("E3023", "backup", str(file))
        old = tmp_path / "pg_dump"
        old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        old.chmod(0o755)
        assert f"{old} is 9" in operator.refused("E3023", "backup", str(file))
        assert list(file.parent.iterdir()) == []

    def test_one_on_path_that_is_too_old_gives_way_to_the_one_that_is_installed(
        self, operator: Operator, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        installed = tmp_path / "installed" / "99"
        installed.mkdir(parents=True)
        found = binaries()
        assert found is not None
        (installed / "bin").symlink_to(found)
        old = tmp_path / "pg_dump"
        old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        old.chmod(0o755)
        monkeypatch.setattr(programs, "_INSTALLED", tmp_path / "installed")
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
        operator.ok("backup", str(file))

    def test_the_password_is_on_no_command_line(
        self, operator: Operator, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str] = []
        start = subprocess.Popen

        def listening(command: Sequence[object], **more: Any) -> Any:
            seen.extend(map(str, command))
            return start(command, **more)  # type: ignore[call-overload]

        monkeypatch.setattr(programs.subprocess, "Popen", listening)
        operator.ok("backup", str(file))
        password = sa.make_url(operator.url).password
        assert password
        assert any("--dbname=postgresql://tracker@" in word for word in seen)
        assert not any(password in word for word in seen)

    def test_what_the_program_says_is_said(self, operator: Operator, file: Path) -> None:
        execute(operator.url, "CREATE TABLE foreign_one (id int)")
        execute(operator.url, "CREATE ROLE reader LOGIN PASSWORD 'reader'")
        tables = ", ".join(["alembic_version", "counters", "tenants"])
        execute(operator.url, f"GRANT SELECT ON {tables} TO reader")
        url = sa.make_url(operator.url).set(username="reader", password="reader")
        said = Clerk(url.render_as_string(False)).refused("E3025", "backup", str(file))
        assert "permission denied" in said
        assert list(file.parent.iterdir()) == []


class TestMigratingWithABackup:
    @pytest.fixture
    def old(self, operator: Operator) -> Operator:
        with opened(operator.url) as database:
            migrate.downgrade(database, "0001")
        return operator

    def revision(self, operator: Operator) -> str | None:
        with opened(operator.url) as database, database.read() as conn:
            return migrate.revision_of(conn)

    def test_it_backs_up_and_migrates(self, old: Operator, file: Path) -> None:
        first, second = old.ok("migrate", "--backup", str(file)).splitlines()
        assert first.startswith(f"{file}: ")
        assert "revision 0001" in first
        assert second == "The database is up to date."
        after = everything(old.url)
        restore(old, file)
        assert everything(old.url) == after

    def test_a_new_database_has_nothing_to_back_up(
        self, either_template: Template, tmp_path: Path, file: Path
    ) -> None:
        new = Clerk(either_template.empty(tmp_path))
        assert "nothing to back up" in new.ok("migrate", "--backup", str(file))
        assert self.revision(new) == migrate.revisions()[-1]
        assert not file.exists()

    def test_without_the_backup_nothing_is_migrated(self, old: Operator, file: Path) -> None:
        file.write_text("mine")
        old.refused("E2021", "migrate", "--backup", str(file))
        assert self.revision(old) == "0001"

    def test_a_migration_that_fails_has_changed_nothing(self, old: Operator, file: Path) -> None:
        execute(old.url, "CREATE TABLE marks (id INTEGER)")
        before = everything(old.url)
        said = old.refused("E3026", "migrate", "--backup", str(file))
        assert "marks" in said
        assert "Nothing was changed." in said
        assert file.exists()
        assert everything(old.url) == before

    def test_one_that_harms_the_trail_is_found_and_the_way_back_works(
        self, old: Operator, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sound = migrate.upgrade_in

        def harmful(conn: sa.Connection, revision: str = "head") -> None:
            sound(conn, revision)
            off = ("DROP TRIGGER audit_update", "ALTER TABLE audit DISABLE TRIGGER USER")
            conn.exec_driver_sql(off[conn.dialect.name != "sqlite"])
            conn.exec_driver_sql("UPDATE audit SET body = 'x' WHERE n = 2")

        before = everything(old.url)
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "upgrade_in", harmful)
            said = old.refused("E3026", "migrate", "--backup", str(file))
        assert "is BROKEN at row 2" in said
        (command,) = re.findall(r"tracker-server (restore .*\.backup)\. ", said)
        old.ok(*command.split(), "--yes")
        with opened(old.url) as database:
            migrate.downgrade(database, "0001")
        assert everything(old.url) == before


def test_sqlite_is_not_migrated_on_a_chain_that_is_broken_already(
    sqlite_template: Template, tmp_path: Path, file: Path
) -> None:
    operator = worked_on(sqlite_template, tmp_path)
    with opened(operator.url) as database:
        migrate.downgrade(database, "0001")
    execute(operator.url, "DROP TRIGGER audit_update", "UPDATE audit SET body = 'x'")
    assert "not begun" in operator.refused("E3026", "migrate", "--backup", str(file))
    assert rows(operator.url, "SELECT version_num FROM alembic_version") == [("0001",)]
