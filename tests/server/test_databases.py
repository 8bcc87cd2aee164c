"""What both databases must do alike: a round trip, the demo data, and a month of its history."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from server_stub.core import audit, migrate
from server_stub.core.database import Database
from server_stub.demo.seed import seed
from server_stub.people import service as people
from server_stub.tasks import selecting
from tests.conftest import Template
from tests.support.server import DAY, START, RunningServer
from tracker.domain.task import Priority, Role, Status, is_overdue


def test_what_is_pushed_is_pulled(either_server: RunningServer) -> None:
    server = either_server
    task_id, comment_id = server.new_id(), server.new_id()
    rita, ana = server.device("rita"), server.device("ana")
    cursor = server.page("ana")["cursor"]
    args = {
        "title": "Füllstand prüfen – 测试 🔧",
        "due_at": START + DAY,
        "project_id": server.world.project_id,
        "people": [{"user_id": server.users["ana"]}],
    }
    batch = [rita.action("create_task", task_id, args)]
    batch.append(rita.action("comment", task_id, {"comment_id": comment_id, "text": "x" * 10_000}))
    assert [r["outcome"] for r in rita.push(*batch)] == ["applied", "applied"]
    first = ana.action("set_progress", task_id, {"percent": 45, "note": "½"})
    (receipt,) = ana.push(first)
    assert ana.push(first) == [receipt]
    page = server.page("ana", cursor)
    (task,) = page["tasks"]
    assert (task["title"], task["progress"], task["due_at"]) == (args["title"], 45, START + DAY)
    assert (task["version"], task["comment_count"]) == (receipt["task_version"], 1)
    assert [e["event"] for e in page["history"]] == ["create_task", "comment", "set_progress"]
    assert page["comments"][0]["text"] == "x" * 10_000
    assert receipt["seq"] <= page["seq"]
    assert server.pull("ana", page["cursor"]).status_code == 304
    by_rest = server.post("ana", "/api/task/1/complete/", {"notes": "Fertig"})
    assert by_rest.json()["task_status"] == "DONE"
    (listed,) = server.get("sara", "/api/admin/task-status/").json()["tasks"]
    assert (listed["status"], listed["employee"]) == ("DONE", "Ana Moreno")


def test_a_refused_batch_member_leaves_the_others(either_server: RunningServer) -> None:
    server = either_server
    task_id, ana = server.task("ana"), server.device("ana")
    batch = [
        ana.action("set_progress", task_id, {"percent": 10}),
        ana.action("set_progress", task_id, {"percent": 11, "note": "a\x00b"}),
        ana.action("set_progress", task_id, {"percent": 12}),
    ]
    assert [r["outcome"] for r in ana.push(*batch)] == ["applied", "rejected", "applied"]


class TestSeed:
    @pytest.fixture
    def seeded(self, either_template: Template, tmp_path: Path) -> Database:
        database = Database(either_template.empty(tmp_path))
        migrate.upgrade(database)
        with database.write() as conn:
            seed(conn, "Demo", "a password", START)
        return database

    def test_it_is_a_company_with_a_month_of_work(self, seeded: Database) -> None:
        with seeded.read() as conn:
            tenant_id = people.tenant_named(conn, "Demo")
            assert tenant_id is not None
            staff = people.people(conn, tenant_id)
            projects = people.projects(conn, tenant_id)
            listed = selecting.listed(conn, tenant_id, "number", {"live": None}, None, 1_000)
            tasks = [task for task, _ in listed]
            rows = list(audit.rows(conn, tenant_id))
            verdict = audit.verify(conn, tenant_id)
        seeded.close()
        roles = Counter(person.role for person in staff)
        assert roles == {Role.OWNER: 1, Role.ADMIN: 1, Role.EMPLOYEE: 4}
        assert (len(projects), len(tasks)) == (3, 80)
        # Archiving is not an action of this version, so nothing is archived.
        assert {task.status for task in tasks} == set(Status) - {Status.ARCHIVED}
        assert {task.priority for task in tasks} == set(Priority)
        assert sum(is_overdue(task, START) for task in tasks) >= 5
        assert {task.project_id for task in tasks} == {project.id for project in projects}
        times = [row["received_at"] for row in rows]
        assert times == sorted(times)
        assert min(times) >= START - 30 * DAY
        assert max(times) <= START
        assert max(times) - min(times) > 20 * DAY
        assert (verdict.checked, verdict.broken_at) == (len(rows), None)
        assert len(rows) > 200
        worked = [task for task in tasks if task.progress not in (0, 100)]
        assert len({task.progress for task in worked}) > 5
