"""What is due by the clock is done by a real server, also when it is killed in the middle of it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from server_stub.core import audit
from server_stub.core.database import Database
from tests.conftest import Template
from tests.support.operator import Served
from tests.support.server import RunningServer, until
from tracker.domain.task import SYSTEM

MANY = 3_000
LONG_AGO = 1_000


def finished_long_ago(server: RunningServer) -> None:
    """As many tasks that were completed in 1970, and one that is open."""
    device = server.device("rita")
    for start in range(0, MANY, 500):
        made = [server.new_id() for _ in range(start, start + 500)]
        device.push(*[device.action("create_task", task_id, {"title": "x"}) for task_id in made])
    server.sql(
        "UPDATE tasks SET status = 'COMPLETED', progress = 100, completed_at = :at", at=LONG_AGO
    )
    server.task("ana", title="Open")


def archived(database: Database) -> int:
    with database.read() as conn:
        query = sa.text("SELECT count(*) FROM tasks WHERE status = 'ARCHIVED'")
        return int(conn.execute(query).scalar_one())


def test_people_are_told_what_is_overdue_by_themselves(
    either_template: Template, tmp_path: Path
) -> None:
    url = either_template.copy(tmp_path)
    server = RunningServer(url, either_template.world).start()
    try:
        server.task("ana", title="Late", due_at=LONG_AGO)
    finally:
        server.stop()
    database = Database(url)
    query = sa.text("SELECT count(*) FROM notifications WHERE type = 'task_overdue'")

    def told() -> int:
        with database.read() as conn:
            return int(conn.execute(query).scalar_one())

    try:
        for _ in range(2):  # the second start has nothing more to say
            served = Served(url)
            try:
                until(lambda: told() > 0, 30)
            finally:
                served.end()
        assert told() == 1
    finally:
        database.close()


def test_each_finished_task_is_archived_once_though_the_server_was_killed(
    either_template: Template, tmp_path: Path
) -> None:
    url = either_template.copy(tmp_path)
    world = either_template.world
    server = RunningServer(url, world).start()
    try:
        finished_long_ago(server)
    finally:
        server.stop()
    database = Database(url)
    try:
        first = Served(url)
        try:
            until(lambda: archived(database) > 0, 30)
        finally:
            first.kill()
        before = archived(database)
        assert before < MANY, "it was killed too late to prove anything"
        assert before % 500 == 0
        second = Served(url)
        try:
            until(lambda: archived(database) == MANY, 60)
        finally:
            second.end()
        with database.read() as conn:
            rows = [row for row in audit.rows(conn, world.tenant_id) if row["event"] == "archive"]
            assert audit.verify(conn, world.tenant_id).broken_at is None
        assert len(rows) == len({row["task"] for row in rows}) == MANY
        assert {row["user"] for row in rows} == {SYSTEM}
    finally:
        database.close()
