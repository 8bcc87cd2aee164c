"""Pulling: everything once in pages, then what changed, and nothing one may not see."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from server_stub.core.signing import Signer
from server_stub.tasks.service import HISTORY_KEPT
from tests.support.server import OUTSIDER, RunningServer, problem

PULL = "/api/v1/sync/pull"
ROWS = ("tasks", "assignments", "comments", "history", "people", "projects", "teams", "gone")


def only(page: dict[str, Any], *names: str) -> None:
    """The page holds rows of these kinds and of no other."""
    assert {name for name in ROWS if page[name]} == set(names)


def test_the_first_pull_brings_all_one_may_see(server: RunningServer) -> None:
    hers, _his = server.task("ana", title="Hers"), server.task("jonas", title="His")
    page = server.page("ana")
    assert (page["snapshot"], page["more"], page["zone"]) == (True, False, "Europe/Berlin")
    only(page, "tasks", "assignments", "history", "people", "projects")
    assert [task["id"] for task in page["tasks"]] == [hers]
    assert [person["name"] for person in page["people"]] == ["sara", "rita", "ana", "jonas"]
    assert [project["id"] for project in page["projects"]] == [server.world.project_id]
    assert page["tasks"][0] == {
        "id": hers,
        "number": 1,
        "title": "Hers",
        "description": "",
        "status": "PENDING",
        "priority": "MEDIUM",
        "progress": 0,
        "created_by": server.users["rita"],
        "created_at": server.clock.now,
        "updated_at": server.clock.now,
        "version": 1,
        "project_id": None,
        "parent_id": None,
        "due_at": None,
        "due_date": None,
        "estimated_minutes": None,
        "completed_at": None,
        "completion_notes": "",
        "progress_before": None,
        "last_progress_at": None,
        "last_progress_by": None,
        "comment_count": 0,
        "child_count": 0,
        "scheduled_at": None,
        "task_type": "",
        "lead_id": None,
        "actual_minutes": 0,
        "quality_rating": None,
        "revenue_cents": None,
        "assigned_at": server.clock.now,
        "started_at": None,
        "cancelled_at": None,
        "rollup_progress": None,
        "open_needs": 0,
    }


def test_an_empty_workspace_still_gives_a_cursor(server: RunningServer) -> None:
    page = server.page("jonas")
    only(page, "people", "projects")
    assert server.pull("jonas", page["cursor"]).status_code == 304


def test_nothing_new_is_a_304_under_300_bytes(server: RunningServer) -> None:
    server.task("ana")
    cursor = server.page("ana")["cursor"]
    answer = server.pull("ana", cursor, unsent=0)
    assert (answer.status_code, answer.content) == (304, b"")
    lines = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    assert lines + len("HTTP/1.1 304 Not Modified\r\n\r\n") < 300
    for name in ("tracker-server", "tracker-protocol", "tracker-time"):
        assert answer.headers[name]


def test_what_does_not_concern_one_is_nothing_new(server: RunningServer) -> None:
    server.task("ana")
    cursor = server.page("ana")["cursor"]
    his = server.task("jonas")
    server.device("jonas").do("start", his)
    assert server.pull("ana", cursor).status_code == 304


def test_later_pulls_bring_changes_only(server: RunningServer) -> None:
    first, _ = server.task("ana", title="One"), server.task("ana", title="Two")
    cursor = server.page("ana")["cursor"]
    server.device("jonas").do("set_progress", first, {"percent": 5})  # refused: not his
    server.device("rita").do("set_progress", first, {"percent": 45})
    page = server.page("ana", cursor)
    assert (page["snapshot"], page["more"]) == (False, False)
    only(page, "tasks", "history")
    assert [(t["id"], t["progress"]) for t in page["tasks"]] == [(first, 45)]
    assert [e["event"] for e in page["history"]] == ["set_progress"]
    assert server.pull("ana", page["cursor"]).status_code == 304


def test_many_changes_of_one_task_are_one_row(server: RunningServer) -> None:
    task_id, rita = server.task("ana"), server.device("rita")
    cursor = server.page("ana")["cursor"]
    for percent in (10, 20, 30):
        rita.do("set_progress", task_id, {"percent": percent})
    page = server.page("ana", cursor)
    assert [t["progress"] for t in page["tasks"]] == [30]
    assert [e["after"]["progress"] for e in page["history"]] == [10, 20, 30]


def test_the_same_cursor_can_be_used_again(server: RunningServer) -> None:
    cursor = server.page("ana")["cursor"]
    server.task("ana")
    first, second = server.page("ana", cursor), server.page("ana", cursor)
    assert first == second


def test_a_new_person_and_project_reach_everyone(server: RunningServer) -> None:
    from server_stub.core import feed
    from server_stub.people import service as people
    from tracker.domain.task import Role

    cursor = server.page("ana")["cursor"]
    with server.database.write() as conn:
        tenant = feed.lock(conn, server.tenant_id)
        people.create_user(conn, tenant, "mei", "Mei Tanaka", Role.EMPLOYEE, "12345678", 0)
        people.create_project(conn, tenant, "Metering", 0)
        feed.save(conn, tenant, 0)
    page = server.page("ana", cursor)
    only(page, "people", "projects")
    assert (page["people"][0]["name"], page["people"][0]["number"]) == ("mei", 5)


class TestAccess:
    def test_losing_a_task_is_a_tombstone_and_no_more_news(self, server: RunningServer) -> None:
        task_id, rita = server.task("ana"), server.device("rita")
        cursor = server.page("ana")["cursor"]
        rita.do("unassign", task_id, {"user_id": server.users["ana"]})
        rita.do("comment", task_id, {"comment_id": server.new_id(), "text": "secret"})
        page = server.page("ana", cursor)
        only(page, "gone")
        assert {"kind": "task", "id": task_id} in page["gone"]
        assert "secret" not in str(page)
        rita.do("set_progress", task_id, {"percent": 50})
        assert server.pull("ana", page["cursor"]).status_code == 304

    def test_losing_and_getting_it_again_between_two_pulls(self, server: RunningServer) -> None:
        task_id, rita = server.task("ana"), server.device("rita")
        cursor = server.page("ana")["cursor"]
        rita.do("unassign", task_id, {"user_id": server.users["ana"]})
        rita.do("set_progress", task_id, {"percent": 50})
        rita.do("assign", task_id, {"user_id": server.users["ana"]})
        page = server.page("ana", cursor)
        assert [t["progress"] for t in page["tasks"]] == [50]
        assert [g for g in page["gone"] if g["kind"] == "task"] == []
        assert [e["event"] for e in page["history"]][-1] == "assign"
        assert "set_progress" in [e["event"] for e in page["history"]]

    def test_a_grant_brings_what_was_there_before(self, server: RunningServer) -> None:
        task_id, jonas = server.task("jonas"), server.device("jonas")
        said = {"comment_id": server.new_id(), "text": "Before Ana came"}
        jonas.do("comment", task_id, said)
        jonas.do("set_progress", task_id, {"percent": 30, "note": "early"})
        cursor = server.page("ana")["cursor"]
        server.device("rita").do("assign", task_id, {"user_id": server.users["ana"]})
        page = server.page("ana", cursor)
        only(page, "tasks", "assignments", "comments", "history", "gone")
        assert page["gone"] == [{"kind": "children", "id": task_id}]
        assert [c["text"] for c in page["comments"]] == ["Before Ana came"]
        events = ["create_task", "comment", "set_progress", "assign"]
        assert [e["event"] for e in page["history"]] == events
        people = {a["user_id"] for a in page["assignments"]}
        assert people == {server.users["ana"], server.users["jonas"]}
        assert server.page("ana")["tasks"] == page["tasks"]

    def test_a_change_of_part_is_no_grant(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        cursor = server.page("ana")["cursor"]
        watch = {"user_id": server.users["ana"], "part": "WATCHER"}
        server.device("rita").do("assign", task_id, watch)
        page = server.page("ana", cursor)
        assert [(a["part"], a["version"]) for a in page["assignments"]] == [("WATCHER", 2)]
        assert [e["event"] for e in page["history"]] == ["assign"]

    def test_an_employee_never_sees_what_is_others(self, server: RunningServer) -> None:
        start = server.page("ana")["cursor"]
        task_id, jonas = server.task("jonas", title="Not for Ana"), server.device("jonas")
        jonas.do("comment", task_id, {"comment_id": server.new_id(), "text": "Not for Ana"})
        jonas.do("complete", task_id, {"note": "Not for Ana"})
        for answer in (server.pull("ana"), server.pull("ana", start)):
            assert "Not for Ana" not in answer.text
            assert task_id not in answer.text
        stranger = server.page(OUTSIDER, scope="monitor")
        only(stranger, "people")
        assert [p["name"] for p in stranger["people"]] == [OUTSIDER]

    def test_a_task_one_made_stays_visible(self, server: RunningServer) -> None:
        mine = server.task("ana", by="ana")
        server.device("rita").do("unassign", mine, {"user_id": server.users["ana"]})
        assert server.seen("ana", mine)["id"] == mine

    def test_an_admins_desk_shows_their_own_work_and_the_monitor_all(
        self, server: RunningServer
    ) -> None:
        for_ana, for_rita = server.task("ana", by="sara"), server.task("rita", by="sara")
        desk, monitor = server.page("rita"), server.page("rita", scope="monitor")
        assert [t["id"] for t in desk["tasks"]] == [for_rita]
        assert {t["id"] for t in monitor["tasks"]} == {for_ana, for_rita}
        server.device("ana").do("start", for_ana)
        assert server.pull("rita", desk["cursor"]).status_code == 304
        assert server.page("rita", monitor["cursor"], "monitor")["tasks"][0]["id"] == for_ana

    def test_the_monitor_is_refused_to_employees(self, server: RunningServer) -> None:
        problem(server.pull("ana", scope="monitor"), 403, "E1006")

    def test_history_is_the_20_latest_of_each_task(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        ana.push(*[ana.action("set_progress", task_id, {"percent": n}) for n in range(1, 31)])
        said = [e["after"]["progress"] for e in server.page("ana")["history"]]
        assert said == list(range(11, 31))


class TestCursor:
    def test_a_forged_one_means_pull_anew(self, server: RunningServer) -> None:
        cursor = server.page("ana")["cursor"]
        body, _, mac = cursor.partition(".")
        turned = "1" if mac[0] == "0" else "0"
        for forged in ("x", ".", f"{body}.", f".{mac}", f"{body}.{turned}{mac[1:]}", f"A{cursor}"):
            problem(server.pull("ana", forged), 410, "E4005")

    def test_a_forged_one_outside_ascii_too(self, server: RunningServer) -> None:
        headers = {b"If-None-Match": "x.é".encode("latin-1")}
        problem(server.get("ana", PULL, headers=headers), 410, "E4005")

    def test_anothers_is_not_ones_own(self, server: RunningServer) -> None:
        cursor = server.page("ana")["cursor"]
        problem(server.pull("jonas", cursor), 410, "E4005")
        problem(server.pull(OUTSIDER, cursor), 410, "E4005")

    def test_one_of_another_scope_or_role(self, server: RunningServer) -> None:
        cursor = server.page("rita")["cursor"]
        problem(server.pull("rita", cursor, "monitor"), 410, "E4005")
        server.sql("UPDATE users SET role = 'EMPLOYEE' WHERE name = 'rita'")
        problem(server.pull("rita", cursor), 410, "E4005")

    def test_one_of_another_epoch_or_of_the_future(self, server: RunningServer) -> None:
        server.task("ana")
        cursor = server.page("ana")["cursor"]
        server.sql("UPDATE counters SET seq = 0")
        problem(server.pull("ana", cursor), 410, "E4010")
        server.sql("UPDATE counters SET seq = 1000")
        server.sql("UPDATE tenants SET epoch = 'another'")
        problem(server.pull("ana", cursor), 410, "E4010")

    def test_one_of_another_server(self, server: RunningServer) -> None:
        cursor = server.page("ana")["cursor"]
        server.app.state.tracker.signer = Signer(b"another server's key")
        problem(server.pull("ana", cursor), 410, "E4005")

    def test_an_unknown_scope_is_invalid(self, server: RunningServer) -> None:
        problem(server.pull("ana", scope="everything"), 422, "E2013")
        problem(server.pull("ana", unsent=-1), 422, "E2013")


def _clone_tasks(server: RunningServer, task_id: str, count: int) -> None:
    """Copies a task row past the server: 4,500 by push would take longer than all other tests."""
    tables = {"tasks": "id", "assignments": "task_id"}
    for table, key in tables.items():
        columns = [c.name for c in server.database_columns(table)]
        chosen = [
            f"'0190b000-0000-7000-8000-' || substr('000000000000' || n, -12) AS {key}"
            if name == key
            else "number + n"
            if name == "number"
            else name
            for name in columns
        ]
        server.sql(
            "WITH RECURSIVE some(n) AS "
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM some WHERE n < {count}) "
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {', '.join(chosen)} FROM {table}, some WHERE {key} = :id",
            id=task_id,
        )  # fmt: skip
    server.sql("UPDATE counters SET task_number = task_number + :n", n=count)


class TestPages:
    @pytest.fixture(autouse=True)
    def _sqlite_text_functions(self, server: RunningServer) -> None:
        if not server.database.is_sqlite:
            pytest.skip("the rows are multiplied with SQLite's own text functions")
        assert sqlite3.sqlite_version_info >= (3, 35)

    def test_a_first_pull_of_many_comes_in_pages_that_lose_nothing(
        self, server: RunningServer
    ) -> None:
        task_id = server.task("ana")
        _clone_tasks(server, task_id, 4_499)
        pages = [server.page("ana")]
        # While pages are read, a task ahead of the page and one behind it change.
        behind = pages[0]["tasks"][0]["id"]
        server.device("ana").do("set_progress", behind, {"percent": 33})
        new = server.task("ana")
        while pages[-1]["more"]:
            pages.append(server.page("ana", pages[-1]["cursor"]))
        assert [len(page["tasks"]) for page in pages] == [2000, 2000, 501, 2]
        assert all(page["snapshot"] for page in pages)
        assert {page["seq"] for page in pages[:3]} == {pages[0]["seq"]}
        assert [bool(page["people"]) for page in pages] == [True, False, False, False]
        ids = [task["id"] for page in pages for task in page["tasks"]]
        assert len(set(ids)) == 4_501
        assert new in ids
        assert len({(a["task_id"]) for page in pages for a in page["assignments"]}) == 4_501
        changed = {task["id"]: task["progress"] for task in pages[-1]["tasks"]}
        assert changed == {behind: 33, new: 0}
        assert [page["sums"] is None for page in pages] == [True, True, True, False]
        assert pages[-1]["sums"]["tasks"]["count"] == 4_501
        assert server.pull("ana", pages[-1]["cursor"]).status_code == 304

    def test_a_page_ends_where_a_transaction_ended(
        self, server: RunningServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 4)
        ana, task_id = server.device("ana"), server.task("ana")
        cursor, pages = server.page("ana")["cursor"], []
        for _ in range(3):  # three pointers each
            ana.do("comment", task_id, {"comment_id": server.new_id(), "text": "x"})
        ana.push(*[ana.action("set_progress", task_id, {"percent": n}) for n in range(1, 7)])
        while not pages or pages[-1]["more"]:
            pages.append(server.page("ana", cursor))
            cursor = pages[-1]["cursor"]
        # The last transaction has seven for her: more than a page, so it is divided.
        assert [len(page["comments"]) for page in pages] == [1, 1, 1, 0, 0]
        assert server.pull("ana", cursor).status_code == 304

    def test_many_changes_come_in_pages_too(self, server: RunningServer) -> None:
        ana, task_id = server.device("ana"), server.task("ana")
        cursor = server.page("ana")["cursor"]
        for start in range(0, 2_500, 500):
            some = range(start, start + 500)
            ana.push(*[ana.action("set_progress", task_id, {"percent": n % 90}) for n in some])
        first = server.page("ana", cursor)
        assert (first["more"], first["snapshot"]) == (True, False)
        second = server.page("ana", first["cursor"])
        assert second["more"] is False
        numbers = [[int(e["id"]) for e in page["history"]] for page in (first, second)]
        latest = list(range(2_482, 2_502))  # the first page's row has them in it already
        assert numbers[0][-HISTORY_KEPT:] == latest
        assert numbers[0][:-HISTORY_KEPT] + numbers[1] == list(range(2, 2_502))
        assert server.pull("ana", second["cursor"]).status_code == 304
