"""The four endpoints of the first REST API, with its JSON to the letter."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.server import HOUR, OUTSIDER, RunningServer, problem

TASKS = "/api/employee-tasks/"
STATUS = "/api/admin/task-status/"


def progress(ref: object) -> str:
    return f"/api/task/{ref}/progress/"


def complete(ref: object) -> str:
    return f"/api/task/{ref}/complete/"


def raw(server: RunningServer, ref: object, body: str) -> httpx.Response:
    """Sends JSON as text, for what a JSON library would not write."""
    headers = {"Content-Type": "application/json"}
    return server.client("ana").post(progress(ref), content=body, headers=headers)


def test_the_task_list_is_the_documented_json(server: RunningServer) -> None:
    task_id = server.task("ana", title="Create Dashboard", priority="HIGH", due_date="2024-01-20")
    server.post("ana", progress(1), {"progress_percentage": 45})
    answer = server.get("ana", TASKS)
    assert answer.status_code == 200
    assert answer.json() == {
        "tasks": [
            {
                "id": 1,
                "title": "Create Dashboard",
                "progress_percentage": 45,
                "status": "IN_PROGRESS",
                "priority": "HIGH",
                "due_date": "2024-01-20",
            }
        ]
    }
    assert server.seen("ana", task_id)["number"] == 1


def test_updating_progress_is_the_documented_json(server: RunningServer) -> None:
    server.task("ana")
    body = {
        "progress_percentage": 75,
        "notes": "Design completed",
        "occupancy_status": "ACTIVE",
    }
    answer = server.post("ana", progress(1), body)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "success",
        "task_id": 1,
        "new_progress": 75,
        "task_status": "IN_PROGRESS",
    }


def test_completing_answers_like_progress_and_prints_done(server: RunningServer) -> None:
    server.task("ana")
    done = {"status": "success", "task_id": 1, "new_progress": 100, "task_status": "DONE"}
    answer = server.post("ana", complete(1), {"notes": "All in", "occupancy_status": "IDLE"})
    assert (answer.status_code, answer.json()) == (200, done)
    assert server.get("ana", TASKS).json()["tasks"][0]["status"] == "DONE"


def test_completing_needs_no_body(server: RunningServer) -> None:
    task_id = server.task("ana")
    answer = server.client("ana").post(complete(task_id))
    assert (answer.status_code, answer.json()["task_status"]) == (200, "DONE")


def test_progress_above_zero_starts_zero_keeps_and_a_hundred_completes(
    server: RunningServer,
) -> None:
    server.task("ana")
    said = [
        server.post("ana", progress(1), {"progress_percentage": percent}).json()["task_status"]
        for percent in (0, 1, 0, 100)
    ]
    assert said == ["PENDING", "IN_PROGRESS", "IN_PROGRESS", "DONE"]


def test_a_number_and_a_uuid_name_the_same_task(server: RunningServer) -> None:
    server.task("jonas")
    task_id = server.task("ana")
    by_number = server.post("ana", progress(2), {"progress_percentage": 10})
    by_uuid = server.post("ana", progress(task_id), {"progress_percentage": 20})
    assert (by_number.status_code, by_uuid.status_code) == (200, 200)
    assert by_uuid.json()["task_id"] == 2
    assert server.seen("ana", task_id)["progress"] == 20


@pytest.mark.parametrize(
    "value", ["101", "-1", "true", '"45"', "1.5", "45.0", "NaN", "Infinity", "null", "[45]", "1e2"]
)
def test_progress_that_is_no_whole_percent_is_refused_and_named(
    shared_server: RunningServer, value: str
) -> None:
    task_id = shared_server.task("ana")
    body = problem(raw(shared_server, task_id, f'{{"progress_percentage": {value}}}'), 422, "E2003")
    assert [e["field"] for e in body["errors"]] == ["body.progress_percentage"]
    assert shared_server.seen("ana", task_id)["progress"] == 0
    assert shared_server.audit_count(task_id) == 1


def test_progress_that_is_left_out_is_named(server: RunningServer) -> None:
    server.task("ana")
    body = problem(raw(server, 1, '{"notes": "x"}'), 422, "E2003")
    assert body["errors"][0]["field"] == "body.progress_percentage"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"progress_percentage": 5, "occupancy_status": "ASLEEP"}, "body.occupancy_status"),
        ({"progress_percentage": 5, "notes": 7}, "body.notes"),
        ({"progress_percentage": 5, "note": "misspelt"}, "body.note"),
    ],
)
def test_other_fields_are_checked_too(
    shared_server: RunningServer, body: dict[str, Any], field: str
) -> None:
    task_id = shared_server.task("ana")
    found = problem(shared_server.post("ana", progress(task_id), body), 422, "E2013")
    assert [e["field"] for e in found["errors"]] == [field]
    assert shared_server.audit_count(task_id) == 1


def test_notes_have_a_limit_and_must_be_storable(server: RunningServer) -> None:
    server.task("ana")
    long = {"progress_percentage": 5, "notes": "x" * 10_001}
    problem(server.post("ana", progress(1), long), 422, "E2002")
    nul = {"progress_percentage": 5, "notes": "a\x00b"}
    problem(server.post("ana", progress(1), nul), 422, "E2008")


@pytest.mark.parametrize("path", [progress, complete])
def test_what_one_may_not_see_does_not_exist(server: RunningServer, path: Any) -> None:
    jonas_task = server.task("jonas")
    body = {"progress_percentage": 5} if path is progress else {}
    unknown = "0190a000-0000-7000-8000-000000000000"
    for ref in (1, jonas_task, 99, unknown, 0, 10**14):
        problem(server.post("ana", path(ref), body), 404, "E5001")
    for ref in (1, jonas_task):
        problem(server.post(OUTSIDER, path(ref), body), 404, "E5001")
    assert server.audit_count(jonas_task) == 1


@pytest.mark.parametrize(
    "ref", ["x", "1.5", "-1", "²", "1" * 40, "0190A000-0000-7000-8000-00000000000A"]
)
def test_what_is_no_id_is_refused_as_such(shared_server: RunningServer, ref: str) -> None:
    problem(shared_server.post("ana", progress(ref), {"progress_percentage": 5}), 422, "E2006")


def test_refusals_of_the_state_machine_are_conflicts(server: RunningServer) -> None:
    task_id = server.task("ana")
    assert server.post("ana", complete(1)).status_code == 200
    problem(server.post("ana", progress(1), {"progress_percentage": 50}), 409, "E5003")
    problem(server.post("ana", complete(1)), 409, "E5002")
    rita = server.device("rita")
    rita.do("reopen", task_id)
    rita.do("cancel", task_id)
    problem(server.post("ana", progress(1), {"progress_percentage": 50}), 409, "E5005")


def test_a_watcher_may_not_move_progress(server: RunningServer) -> None:
    people = [{"user_id": server.users["ana"], "part": "WATCHER", "percent": 0}]
    server.task(people=people)
    problem(server.post("ana", progress(1), {"progress_percentage": 50}), 403, "E5004")


def test_everyone_lists_only_what_they_are_on(server: RunningServer) -> None:
    server.task("ana", title="Hers")
    server.task("jonas", title="His")
    server.task("ana", "jonas", title="Theirs")
    titles = {
        name: [task["title"] for task in server.get(name, TASKS).json()["tasks"]]
        for name in ("ana", "jonas", "rita", OUTSIDER)
    }
    assert titles == {
        "ana": ["Hers", "Theirs"],
        "jonas": ["His", "Theirs"],
        "rita": [],
        OUTSIDER: [],
    }


def test_a_due_instant_prints_the_day_in_the_tenants_zone(server: RunningServer) -> None:
    server.task("ana", due_at=1_772_494_200_000)  # 2026-03-02 23:30 UTC, 00:30 in Berlin
    server.task("ana")
    tasks = server.get("ana", TASKS).json()["tasks"]
    assert [task["due_date"] for task in tasks] == ["2026-03-03", None]


def test_the_admin_list_adds_employee_occupancy_and_the_last_five_updates(
    server: RunningServer,
) -> None:
    server.task("ana", title="Create Dashboard", priority="URGENT")
    server.task(title="For nobody yet")
    for percent in range(10, 70, 10):
        server.clock.advance(1_000)
        body = {"progress_percentage": percent, "notes": f"at {percent}"}
        server.post("ana", progress(1), {**body, "occupancy_status": "ACTIVE"})
    answer = server.get("rita", STATUS)
    assert answer.status_code == 200
    first, second = answer.json()["tasks"]
    updates = first.pop("updates")
    assert first == {
        "id": 1,
        "title": "Create Dashboard",
        "progress_percentage": 60,
        "status": "IN_PROGRESS",
        "priority": "URGENT",
        "due_date": None,
        "employee": "Ana Moreno",
        "occupancy_status": "ACTIVE",
    }
    assert [u["new_progress"] for u in updates] == [20, 30, 40, 50, 60]
    assert updates[-1] == {
        "user": "Ana Moreno",
        "event": "set_progress",
        "previous_progress": 50,
        "new_progress": 60,
        "notes": "at 60",
        "timestamp": "2026-03-02T08:00:06.000Z",
    }
    assert (second["employee"], second["occupancy_status"]) == (None, "OFFLINE")
    assert [u["event"] for u in second["updates"]] == ["create_task"]


def test_an_occupancy_of_an_hour_ago_is_not_shown_as_now(server: RunningServer) -> None:
    server.task("ana")
    body = {"progress_percentage": 5, "occupancy_status": "ACTIVE"}
    server.post("ana", progress(1), body)
    server.clock.advance(HOUR)
    (task,) = server.get("rita", STATUS).json()["tasks"]
    assert task["occupancy_status"] == "OFFLINE"


def test_the_admin_list_is_for_admins_of_this_tenant(server: RunningServer) -> None:
    server.task("ana")
    problem(server.get("ana", STATUS), 403, "E1005")
    assert len(server.get("sara", STATUS).json()["tasks"]) == 1
    assert server.get(OUTSIDER, STATUS).json() == {"tasks": []}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 500])
def test_the_admin_list_comes_in_pages_where_that_is_asked(
    server: RunningServer, limit: int
) -> None:
    for _ in range(4):
        server.task("ana")
    server.device("rita").do("cancel", server.task())
    put_away = server.task()
    for kind in ("cancel", "archive"):
        assert server.device("rita").do(kind, put_away)["outcome"] == "applied"
    found: list[int] = []
    address: str | None = f"{STATUS}?limit={limit}"
    while address:
        answer = server.get("rita", address)
        page = [task["id"] for task in answer.json()["tasks"]]
        assert len(page) <= limit
        assert answer.json().keys() == {"tasks"}
        found += page
        address = answer.links.get("next", {}).get("url")
    assert found == [task["id"] for task in server.get("rita", STATUS).json()["tasks"]]
    assert len(found) == 5
    assert "link" not in server.get("rita", STATUS).headers


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "after=-1", "limit=x"])
def test_no_page_is_of_another_size(server: RunningServer, query: str) -> None:
    problem(server.get("rita", f"{STATUS}?{query}"), 422, "E2013")


def test_without_a_limit_all_are_there_however_many(server: RunningServer) -> None:
    rita = server.device("rita")
    people = [{"user_id": server.users["ana"]}]
    for _ in range(2):
        receipts = rita.push(
            *(
                rita.action("create_task", server.new_id(), {"title": "x", "people": people})
                for _ in range(300)
            )
        )
        assert {receipt["outcome"] for receipt in receipts} == {"applied"}
    everything = list(range(1, 601))
    for name, path in (("rita", STATUS), ("ana", TASKS)):
        answer = server.get(name, path)
        assert [task["id"] for task in answer.json()["tasks"]] == everything
        assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", TASKS), ("POST", progress(1)), ("POST", complete(1)), ("GET", STATUS)],
)
def test_all_four_want_a_token(server: RunningServer, method: str, path: str) -> None:
    problem(server.client().request(method, path), 401, "E1003")


class TestIdempotencyKey:
    """The same key from the same person is the same action, however often it arrives."""

    def send(
        self, server: RunningServer, key: str, percent: int = 45, name: str = "ana", ref: object = 1
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        body = {"progress_percentage": percent, "notes": "once"}
        return server.post(name, progress(ref), body, headers=headers)

    def test_a_repeat_gets_the_same_answer_and_leaves_one_row(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        first = self.send(server, "k1")
        server.clock.advance(HOUR)
        second = self.send(server, "k1", ref=task_id)
        assert first.status_code == second.status_code == 200
        assert first.content == second.content
        assert server.audit_count(task_id) == 2

    def test_a_late_repeat_still_gets_the_first_answer(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        first = self.send(server, "k1", 45)
        server.post("ana", progress(1), {"progress_percentage": 80})
        assert self.send(server, "k1", 45).content == first.content
        assert server.seen("ana", task_id)["progress"] == 80

    def test_a_repeat_after_access_was_lost_shows_nothing_of_what_came_later(
        self, server: RunningServer
    ) -> None:
        task_id = server.task("ana")
        self.send(server, "k1", 45)
        rita = server.device("rita")
        rita.do("unassign", task_id, {"user_id": server.users["ana"]})
        rita.do("set_progress", task_id, {"percent": 90})
        assert self.send(server, "k1", 45).json().get("new_progress") != 90

    def test_a_refusal_is_repeated_too(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        rita = server.device("rita")
        rita.do("cancel", task_id)
        problem(self.send(server, "k1"), 409, "E5005")
        rita.do("reopen", task_id)
        problem(self.send(server, "k1"), 409, "E5005")

    def test_another_content_under_the_same_key_is_told(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        self.send(server, "k1", 45)
        problem(self.send(server, "k1", 46), 409, "E5010")
        headers = {"Idempotency-Key": "k1"}
        problem(server.post("ana", complete(1), headers=headers), 409, "E5010")
        assert server.seen("ana", task_id)["progress"] == 45

    def test_people_do_not_share_keys(self, server: RunningServer) -> None:
        task_id = server.task("ana", "jonas")
        assert self.send(server, "k1", 45).status_code == 200
        assert self.send(server, "k1", 50, "jonas").status_code == 200
        assert server.seen("ana", task_id)["progress"] == 50

    def test_without_a_key_each_call_is_an_action_of_its_own(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        for _ in range(2):
            server.post("ana", progress(1), {"progress_percentage": 45})
        assert server.audit_count(task_id) == 3

    def test_a_key_that_is_too_long_is_refused(self, server: RunningServer) -> None:
        server.task("ana")
        problem(self.send(server, "k" * 201), 422, "E2013")


def test_what_was_refused_or_repeated_says_nothing_of_where_somebody_is(
    server: RunningServer,
) -> None:
    server.task("ana")

    def shown() -> str:
        people = server.get("rita", "/api/v1/people/presence").json()["people"]
        (ana,) = [one for one in people if one["user_id"] == server.users["ana"]]
        return str(ana["occupancy"])

    def work(percent: int, occupancy: str, path: str = progress(1)) -> httpx.Response:
        body = {"progress_percentage": percent, "occupancy_status": occupancy}
        return server.post("ana", path, body, headers={"Idempotency-Key": str(percent)})

    assert work(5, "ACTIVE").status_code == 200
    assert shown() == "ACTIVE"
    problem(work(6, "IDLE", progress(99)), 404, "E5001")
    assert shown() == "ACTIVE"
    assert work(7, "IDLE").status_code == 200
    assert work(5, "ACTIVE").status_code == 200
    assert shown() == "IDLE"
