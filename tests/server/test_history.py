"""History older than devices keep: whole, in order, and for nobody who may not see the task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import OUTSIDER, RunningServer, problem
from tracker.protocol.history import MOST_ENTRIES


def path(task_id: str) -> str:
    return f"/api/v1/tasks/{task_id}/history"


def page(server: RunningServer, name: str, task_id: str, **params: Any) -> dict[str, Any]:
    answer = server.get(name, path(task_id), params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def task_id(server: RunningServer) -> str:
    """A task with one entry that it began with and thirty more, among those of another."""
    task_id, other = server.task("ana"), server.task("ana")
    ana = server.device("ana")
    for percent in range(1, 31):
        ana.push(
            ana.action("set_progress", task_id, {"percent": percent}),
            ana.action("set_progress", other, {"percent": percent}),
        )
    return task_id


def test_page_after_page_it_is_the_whole_trail_once_newest_first(
    server: RunningServer, task_id: str
) -> None:
    found: list[dict[str, Any]] = []
    sizes, more = [], True
    while more:
        before = {"before": found[-1]["id"]} if found else {}
        one = page(server, "ana", task_id, limit=12, **before)
        found, more = found + one["entries"], one["more"]
        sizes.append(len(one["entries"]))
    assert sizes == [12, 12, 7]
    trail = [row for row in server.audit_trail() if row["task"] == task_id]
    assert [int(entry["id"]) for entry in found] == [row["n"] for row in reversed(trail)]
    assert [entry["after"] for entry in found] == [row["after"] for row in reversed(trail)]
    assert found[-1]["event"] == "create_task"


def test_it_goes_on_where_the_twenty_of_a_device_end(server: RunningServer, task_id: str) -> None:
    kept = [e for e in server.page("ana")["history"] if e["task_id"] == task_id]
    assert len(kept) == 20
    older = page(server, "ana", task_id, before=kept[0]["id"])
    assert (len(older["entries"]), older["more"]) == (11, False)
    ids = [int(entry["id"]) for entry in older["entries"][::-1] + kept]
    assert ids == [row["n"] for row in server.audit_trail() if row["task"] == task_id]


def test_a_page_that_ends_with_the_first_entry_is_the_last(
    server: RunningServer, task_id: str
) -> None:
    one = page(server, "ana", task_id, limit=31)
    assert (len(one["entries"]), one["more"]) == (31, False)
    first = one["entries"][-1]["id"]
    assert page(server, "ana", task_id, before=first) == {"entries": [], "more": False}


@pytest.mark.parametrize("name", ["ana", "rita", "sara"])
def test_who_is_on_the_task_and_admins_may_read_it(
    server: RunningServer, task_id: str, name: str
) -> None:
    assert len(page(server, name, task_id)["entries"]) == 31


@pytest.mark.parametrize("name", ["jonas", OUTSIDER])
def test_to_others_the_task_does_not_exist(server: RunningServer, task_id: str, name: str) -> None:
    problem(server.get(name, path(task_id)), 404, "E5001")
    problem(server.get(name, path(server.new_id())), 404, "E5001")


def test_who_was_taken_off_the_task_reads_no_more(server: RunningServer, task_id: str) -> None:
    server.device("rita").do("unassign", task_id, {"user_id": server.users["ana"]})
    problem(server.get("ana", path(task_id)), 404, "E5001")


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": MOST_ENTRIES + 1},
        {"limit": "many"},
        {"before": 0},
        {"before": -1},
        {"before": 2**63},
        {"before": "9" * 400},
        {"before": "now"},
    ],
    ids=str,
)
def test_limits_are_refused_and_named(shared_server: RunningServer, params: dict[str, Any]) -> None:
    found = problem(shared_server.get("ana", path(shared_server.new_id()), params=params),
                    422, "E2013")  # fmt: skip
    assert [error["field"] for error in found["errors"]] == [f"query.{name}" for name in params]


def test_a_number_names_the_task_too(server: RunningServer, task_id: str) -> None:
    assert page(server, "ana", "1") == page(server, "ana", task_id)
    problem(server.get("jonas", path("1")), 404, "E5001")
    problem(server.get("ana", path("99")), 404, "E5001")


@pytest.mark.parametrize("ref", ["-1", "x", "%00"])
def test_what_is_no_id_is_refused_as_such(shared_server: RunningServer, ref: str) -> None:
    problem(shared_server.get("ana", path(ref)), 422, "E2006")


def test_it_wants_a_token(shared_server: RunningServer) -> None:
    problem(shared_server.get(None, path(shared_server.new_id())), 401, "E1003")
