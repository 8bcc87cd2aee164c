"""What is kept of finished tasks, written with the action that finishes them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.server import DAY, HOUR, MINUTE, START, RunningServer, problem

SETTINGS = "/api/v1/analytics/sla-settings"


@pytest.fixture
def server(either_server: RunningServer) -> RunningServer:
    return either_server


def rows(server: RunningServer) -> dict[str, dict[str, Any]]:
    """All of them by their task."""
    with server.database.read() as conn:
        found = conn.execute(sa.text("SELECT * FROM task_metrics")).mappings()
        return {row["task_id"]: dict(row) for row in found}


def row(server: RunningServer, task_id: str) -> dict[str, Any]:
    (found,) = rows(server).values()
    assert found["task_id"] == task_id
    return found


def promise(server: RunningServer, **texts: tuple[str, str]) -> None:
    """Sets what is promised of these priorities; the others stay."""
    body = server.get("sara", SETTINGS).json()
    for priority, (start, finish) in texts.items():
        body["promises"][priority] = {"start": start, "finish": finish}
    assert server.client("sara").put(SETTINGS, json=body).status_code == 200


def test_all_that_is_known_of_a_task_when_it_is_completed(server: RunningServer) -> None:
    due = START + 2 * HOUR
    task_id = server.task(
        "ana", priority="URGENT", project_id=server.world.project_id, due_at=due,
        estimated_minutes=60, revenue_cents=12_000,
    )  # fmt: skip
    ana = server.device("ana")
    server.clock.advance(30 * MINUTE)
    ana.do("start", task_id)
    ana.do("log_time", task_id, {"entry_id": server.new_id(), "minutes": 90})
    server.clock.advance(3 * HOUR)
    assert rows(server) == {}
    ana.do("complete", task_id)
    assert row(server, task_id) == {
        "tenant_id": server.tenant_id,
        "task_id": task_id,
        "completed_at": START + 3 * HOUR + 30 * MINUTE,
        "completed_by": server.users["ana"],
        "priority": "URGENT",
        "project_id": server.world.project_id,
        "days_to_complete": pytest.approx(3.5 / 24),
        "efficiency_ratio": 1.5,
        "was_overdue": True,
        "quality_rating": None,
        "revenue_cents": 12_000,
        "start_ms": 30 * MINUTE,
        "finish_ms": 3 * HOUR + 30 * MINUTE,
        "started_in_time": True,
        "finished_in_time": True,
    }


def test_a_hundred_percent_and_the_rest_api_complete_too(server: RunningServer) -> None:
    first, second = server.task("ana"), server.task("ana")
    server.device("ana").do("set_progress", first, {"percent": 100})
    assert {*rows(server)} == {first}
    assert server.post("ana", f"/api/task/{second}/complete/", {}).status_code == 200
    assert {*rows(server)} == {first, second}


def test_work_done_offline_counts_when_it_was_done(server: RunningServer) -> None:
    """By a device whose clock is an hour slow, heard again three days later."""
    task_id = server.task("ana", priority="URGENT")
    ana, slow = server.device("ana"), HOUR
    moments = {"start": START + 20 * MINUTE, "complete": START + 4 * HOUR}
    server.clock.advance(3 * DAY)
    ana.push(
        *(
            ana.action(kind, task_id, made_at=at - slow, clock_offset=slow)
            for kind, at in moments.items()
        )
    )
    found = row(server, task_id)
    assert found["completed_at"] == START + 4 * HOUR
    assert (found["start_ms"], found["finish_ms"]) == (20 * MINUTE, 4 * HOUR)
    assert (found["started_in_time"], found["finished_in_time"]) == (True, True)


def test_work_done_in_time_by_a_clock_that_runs_ahead_is_not(server: RunningServer) -> None:
    task_id = server.task("ana", priority="URGENT")
    server.clock.advance(2 * DAY)
    late = server.clock.now
    made = {"made_at": late + 5 * DAY, "clock_offset": -5 * DAY}
    server.device("ana").do("complete", task_id, **made)
    found = row(server, task_id)
    assert found["completed_at"] == late
    assert (found["started_in_time"], found["finished_in_time"]) == (False, False)


def test_nights_and_the_tenants_holidays_do_not_count(server: RunningServer) -> None:
    body = server.get("sara", SETTINGS).json()
    server.client("sara").put(SETTINGS, json={**body, "holidays": ["2026-03-03"]})
    task_id = server.task("ana", priority="HIGH")
    server.clock.advance(3 * DAY)  # from Monday to Thursday, without Tuesday
    server.device("ana").do("complete", task_id)
    found = row(server, task_id)
    assert (found["start_ms"], found["finish_ms"]) == (18 * HOUR, 18 * HOUR)
    assert (found["started_in_time"], found["finished_in_time"]) == (False, True)


def test_reopening_removes_them_and_completing_again_measures_anew(server: RunningServer) -> None:
    task_id = server.task("ana")
    ana = server.device("ana")
    ana.do("complete", task_id)
    ana.do("reopen", task_id)
    assert rows(server) == {}
    server.clock.advance(2 * HOUR)
    ana.do("complete", task_id)
    found = row(server, task_id)
    assert (found["completed_at"], found["finish_ms"]) == (START + 2 * HOUR, 2 * HOUR)
    assert found["start_ms"] == 0, "it was started the first time"


def test_ratings_time_and_edits_follow_and_the_verdict_stays(server: RunningServer) -> None:
    task_id = server.task("ana", priority="LOW", estimated_minutes=60, due_at=START + HOUR)
    ana, rita = server.device("ana"), server.device("rita")
    server.clock.advance(4 * HOUR)
    ana.do("complete", task_id)
    before = row(server, task_id)
    assert before["finished_in_time"]
    promise(server, LOW=("1h", "1h"), URGENT=("1h", "1h"))
    rita.do("rate", task_id, {"rating": 4})
    ana.do("log_time", task_id, {"entry_id": server.new_id(), "minutes": 30})
    rita.do("edit_fields", task_id, {"fields": {"revenue_cents": -700, "due_at": None,
                                                "project_id": server.world.project_id,
                                                "priority": "URGENT"}})  # fmt: skip
    assert row(server, task_id) == {
        **before,
        "quality_rating": 4,
        "efficiency_ratio": 0.5,
        "revenue_cents": -700,
        "was_overdue": False,
        "project_id": server.world.project_id,
    }


def test_what_is_finished_after_new_promises_is_judged_by_them(server: RunningServer) -> None:
    task_id = server.task("ana", priority="LOW")
    promise(server, LOW=("1h", "2h"))
    server.clock.advance(90 * MINUTE)
    server.device("ana").do("complete", task_id)
    found = row(server, task_id)
    assert (found["started_in_time"], found["finished_in_time"]) == (False, True)


def test_archived_tasks_keep_theirs(server: RunningServer) -> None:
    task_id = server.task("ana")
    rita = server.device("rita")
    rita.do("complete", task_id)
    before = row(server, task_id)
    rita.do("archive", task_id)
    assert row(server, task_id) == before


def test_all_of_a_life_in_one_batch(server: RunningServer) -> None:
    one, two, three, four = (server.task("ana") for _ in range(4))
    rita = server.device("rita")
    receipts = rita.push(
        rita.action("complete", one),
        rita.action("rate", one, {"rating": 5}),
        rita.action("archive", one),
        rita.action("complete", two),
        rita.action("reopen", two),
        rita.action("complete", three),
        rita.action("reopen", three),
        rita.action("complete", three),
        rita.action("cancel", four),
        rita.action("archive", four),
    )
    assert [receipt["code"] for receipt in receipts] == [None] * 10
    found = rows(server)
    assert {*found} == {one, three}
    assert found[one]["quality_rating"] == 5


def test_a_task_that_nobody_was_given_has_no_working_time(server: RunningServer) -> None:
    task_id = server.task()
    server.device("rita").do("complete", task_id)
    found = row(server, task_id)
    assert found["completed_by"] == server.users["rita"]
    assert found["finished_in_time"] is found["finish_ms"] is None


def test_nothing_is_written_when_the_action_is_refused(server: RunningServer) -> None:
    theirs, gone, open_one = server.task("ana"), server.task("ana"), server.task("ana")
    rita, jonas = server.device("rita"), server.device("jonas")
    rita.do("cancel", gone)
    refused = [
        jonas.do("complete", theirs),
        rita.do("complete", gone),
        rita.do("rate", open_one, {"rating": 3}),
        rita.do("reopen", open_one),
        rita.do("set_progress", open_one, {"percent": 101}),
    ]
    assert {receipt["outcome"] for receipt in refused} == {"rejected"}
    problem(server.post("jonas", f"/api/task/{theirs}/complete/", {}), 404, "E5001")
    assert rows(server) == {}
    rita.do("complete", theirs)
    before = row(server, theirs)
    for kind, args in (
        ("rate", {"rating": 6}),
        ("set_progress", {"percent": 50}),
        ("log_time", {"entry_id": server.new_id(), "minutes": -5}),
        ("cancel", {}),
    ):
        assert rita.do(kind, theirs, args)["outcome"] == "rejected", kind
    assert row(server, theirs) == before


def test_a_batch_that_fails_leaves_none_of_it(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are written before what fails here."""
    from server_stub.tasks import place

    def broken(*_args: object) -> None:
        raise RuntimeError("planted")

    task_id = server.task("ana")
    monkeypatch.setattr(place, "settle", broken)
    assert server.device("ana").do("complete", task_id)["outcome"] == "retry"
    assert rows(server) == {}
    monkeypatch.undo()
    server.device("ana").do("complete", task_id)
    assert {*rows(server)} == {task_id}


@contextmanager
def statements(server: RunningServer) -> Iterator[list[str]]:
    """What the server asks its database meanwhile."""
    found: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    engine = server.app.state.tracker.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_promises_are_read_once_a_batch_and_only_when_something_is_finished(
    server: RunningServer,
) -> None:
    tasks = [server.task("ana") for _ in range(4)]
    ana = server.device("ana")
    with statements(server) as asked:
        ana.push(*(ana.action("set_progress", task_id, {"percent": 50}) for task_id in tasks))
    assert not [text for text in asked if "sla_" in text or "task_metrics" in text]
    with statements(server) as asked:
        ana.push(*(ana.action("complete", task_id) for task_id in tasks))
    assert len([text for text in asked if "sla_calendars" in text]) == 1
    assert len([text for text in asked if "INSERT INTO task_metrics" in text]) == 1
    with statements(server) as asked:
        server.device("rita").do("rate", tasks[0], {"rating": 2})
    assert not [text for text in asked if "sla_" in text]
    assert len(rows(server)) == 4
