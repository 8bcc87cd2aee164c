"""Asking for tasks that a device has only stubs of: with all that hangs on them, or a tombstone."""

from __future__ import annotations

from typing import Any

import pytest

from server_stub.sync import pull as serving
from server_stub.tasks.service import HISTORY_KEPT
from tests.support.server import OUTSIDER, RunningServer, problem
from tracker.domain.page import CHILDREN, WHOLE_LIMIT


def asked(server: RunningServer, name: str, cursor: str, *ids: str) -> dict[str, Any]:
    answer = server.pull(name, cursor, whole=list(ids))
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def stones(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(stone["kind"], stone["id"]) for stone in page["gone"]]


@pytest.fixture
def finished(server: RunningServer) -> str:
    """A task of ana and jonas with a comment and more history than a device keeps."""
    task_id, rita = server.task("ana", "jonas"), server.device("rita")
    rita.do("comment", task_id, {"comment_id": server.new_id(), "text": "Mind the wet floor"})
    rita.push(*[
        rita.action("set_progress", task_id, {"percent": n + 1}) for n in range(HISTORY_KEPT)
    ])  # fmt: skip
    rita.do("complete", task_id)
    return task_id


def test_it_comes_as_a_first_pull_would_bring_it(server: RunningServer, finished: str) -> None:
    other = server.task("ana")
    first = server.page("ana")
    page = asked(server, "ana", first["cursor"], finished)
    assert (page["snapshot"], page["more"], page["sums"]) == (False, False, None)
    assert stones(page) == [(CHILDREN, finished)]
    for kind in ("tasks", "assignments", "comments", "history"):
        key = "id" if kind == "tasks" else "task_id"
        assert page[kind] == [row for row in first[kind] if row[key] == finished], kind
        assert page[kind], kind
    assert len(page["history"]) == HISTORY_KEPT
    assert other not in str(page)


def test_it_is_never_answered_that_nothing_is_new(server: RunningServer, finished: str) -> None:
    cursor = server.page("ana")["cursor"]
    for _ in range(2):
        assert server.pull("ana", cursor, unsent=0).status_code == 304
        assert asked(server, "ana", cursor, finished)["tasks"]


def test_what_is_new_comes_beside_it_and_nothing_twice(
    server: RunningServer, finished: str
) -> None:
    cursor = server.page("ana")["cursor"]
    rita = server.device("rita")
    rita.do("reopen", finished)
    rita.do("comment", finished, {"comment_id": server.new_id(), "text": "It drips again"})
    new = server.task("ana")
    page = asked(server, "ana", cursor, finished, finished)
    assert [task["id"] for task in page["tasks"]] == [finished, new]
    assert [row["text"] for row in page["comments"]] == ["Mind the wet floor", "It drips again"]
    for kind in ("assignments", "history"):
        keys = [(row.get("id"), row["task_id"], row["user_id"]) for row in page[kind]]
        assert len(keys) == len(set(keys)), kind
    assert len([row for row in page["history"] if row["task_id"] == finished]) == HISTORY_KEPT
    assert stones(page) == [(CHILDREN, finished)]
    assert server.pull("ana", page["cursor"]).status_code == 304


def test_it_comes_with_every_page_that_asks_for_it(
    server: RunningServer, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = server.page("ana")["cursor"]
    for _ in range(3):
        server.task("ana")
    monkeypatch.setattr(serving, "PAGE_ROWS", 2)
    page = asked(server, "ana", cursor, finished)
    assert page["more"]
    assert stones(page) == [(CHILDREN, finished)]


def test_what_one_may_not_see_is_gone(server: RunningServer, finished: str) -> None:
    foreign = server.new_id()
    answer = server.device(OUTSIDER).do("create_task", foreign, {"title": "Theirs"})
    assert answer["outcome"] == "applied"
    his, unknown = server.task("jonas"), server.new_id()
    lost = server.task("ana")
    server.device("rita").do("unassign", lost, {"user_id": server.users["ana"]})
    cursor = server.page("ana")["cursor"]
    page = asked(server, "ana", cursor, foreign, his, unknown, lost)
    assert sorted(stones(page)) == sorted(("task", one) for one in (foreign, his, unknown, lost))
    assert not any(page[kind] for kind in ("tasks", "assignments", "comments", "history"))
    assert stones(asked(server, "jonas", server.page("jonas")["cursor"], his)) == [(CHILDREN, his)]


def test_the_monitor_gets_what_its_desk_does_not(server: RunningServer, finished: str) -> None:
    desk = server.page("rita")["cursor"]
    sara = server.page("sara")["cursor"]
    watching = server.page("sara", scope="monitor")["cursor"]
    assert stones(asked(server, "sara", sara, finished)) == [("task", finished)]
    answer = server.pull("sara", watching, "monitor", whole=[finished])
    assert stones(answer.json()) == [(CHILDREN, finished)]
    assert stones(asked(server, "rita", desk, finished)) == [(CHILDREN, finished)], "she made it"


def test_a_first_pull_brings_it_anyway(server: RunningServer, finished: str) -> None:
    page = server.pull("ana", whole=[finished]).json()
    assert (page["snapshot"], page["gone"]) == (True, [])
    assert [task["id"] for task in page["tasks"]] == [finished]


@pytest.mark.parametrize(
    "name",
    ["", "1", "%00", "not an id at all", "0" * 36, "01963D2A-0000-7000-8000-00000000000A"],
)
def test_what_is_no_id_is_a_coded_problem(server: RunningServer, name: str) -> None:
    cursor = server.page("ana")["cursor"]
    problem(server.pull("ana", cursor, whole=[name]), 422, "E2013")


def test_more_than_the_limit_is_a_coded_problem(server: RunningServer) -> None:
    cursor = server.page("ana")["cursor"]
    ids = [server.new_id() for _ in range(WHOLE_LIMIT + 1)]
    assert len(asked(server, "ana", cursor, *ids[:-1])["gone"]) == WHOLE_LIMIT
    problem(server.pull("ana", cursor, whole=ids), 422, "E2013")
