"""A first pull adds up to what the server has, also while people go on working."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.server import OUTSIDER, RunningServer
from tracker.domain.page import checksum

JOINED = {"assignments": "user_id", "dependencies": "needs_id"}
"""Rows that join the task to another thing, and that thing's id."""
TABLES = {
    "task": "tasks",
    "assignment": "assignments",
    "comment": "comments",
    "time_entry": "time_entries",
    "dependency": "dependencies",
    "person": "people",
    "project": "projects",
    "team": "teams",
}
COUNTED = tuple(TABLES.values())
HANGING = COUNTED[1:5]


class Copy:
    """What a reader holds after the pages it was given."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in COUNTED}

    def take(self, page: dict[str, Any]) -> None:
        for stone in page["gone"]:
            if stone["kind"] == "children":
                self._drop_children(stone["id"])
        for name in COUNTED:
            for row in page[name]:
                joined = JOINED.get(name)
                key = f"{row['task_id']}:{row[joined]}" if joined else row["id"]
                self.rows[name][key] = row
        for stone in page["gone"]:
            if stone["kind"] == "task":
                self.rows["tasks"].pop(stone["id"], None)
                self._drop_children(stone["id"])
            elif stone["kind"] not in ("history", "children"):
                self.rows[TABLES[stone["kind"]]].pop(stone["id"], None)

    def _drop_children(self, task_id: str) -> None:
        for name in HANGING:
            rows = self.rows[name]
            self.rows[name] = {k: row for k, row in rows.items() if row["task_id"] != task_id}

    def sums(self) -> dict[str, dict[str, int]]:
        return {
            name: {
                "count": len(rows),
                "versions": sum(row["version"] for row in rows.values()),
                "checksums": sum(checksum(key, row["version"]) for key, row in rows.items()),
            }
            for name, rows in self.rows.items()
        }


def pull(
    server: RunningServer,
    name: str,
    scope: str = "desk",
    between: Callable[[int], None] = lambda _page: None,
) -> tuple[Copy, list[dict[str, Any]]]:
    """All pages of a first pull; `between` is called with the number of pages so far."""
    copy, pages, cursor = Copy(), [], None
    while True:
        page = server.page(name, cursor, scope)
        copy.take(page)
        pages.append(page)
        if not page["more"]:
            return copy, pages
        cursor = page["cursor"]
        between(len(pages))


@pytest.fixture
def tasks(server: RunningServer) -> list[str]:
    """Eight tasks that were worked on; ana has five of them, and one that she only made."""
    names = [("ana",), ("jonas",), ("ana", "jonas"), ("rita",), ("ana",), ("ana",), ("jonas",)]
    ids = [server.task(*people) for people in names] + [server.task("ana", by="ana")]
    rita = server.device("rita")
    rita.do("unassign", ids[7], {"user_id": server.users["ana"]})
    rita.do("assign", ids[4], {"user_id": server.users["jonas"], "percent": 20})
    rita.do("assign", ids[4], {"user_id": server.users["jonas"], "percent": 60})
    for task_id in ids:
        rita.do("comment", task_id, {"comment_id": server.new_id(), "text": "Look"})
        rita.do("set_progress", task_id, {"percent": 30})
    return ids


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_stub.sync.pull.PAGE_ROWS", 2)


@pytest.mark.parametrize(
    ("name", "scope", "count"),
    [
        ("ana", "desk", 5),
        ("jonas", "desk", 4),
        ("rita", "desk", 7),
        ("rita", "monitor", 8),
        ("sara", "desk", 0),
        ("sara", "monitor", 8),
        (OUTSIDER, "monitor", 0),
    ],
)
def test_the_sums_are_those_of_what_the_reader_may_see(
    server: RunningServer, tasks: list[str], name: str, scope: str, count: int
) -> None:
    copy, pages = pull(server, name, scope)
    assert pages[-1]["sums"] == copy.sums()
    assert pages[-1]["sums"]["tasks"]["count"] == count


def test_only_the_last_page_has_them(
    server: RunningServer, tasks: list[str], small_pages: None
) -> None:
    copy, pages = pull(server, "ana")
    assert [page["sums"] is None for page in pages] == [True] * (len(pages) - 1) + [False]
    assert len(pages) >= 3
    assert pages[-1]["sums"] == copy.sums()


@pytest.mark.parametrize(("name", "scope"), [("ana", "desk"), ("rita", "monitor")])
def test_they_are_right_whatever_happens_between_two_pages(
    server: RunningServer, tasks: list[str], small_pages: None, name: str, scope: str
) -> None:
    rita, ana = server.device("rita"), server.users["ana"]
    happens: list[Callable[[], Any]] = [
        lambda: rita.do("unassign", tasks[0], {"user_id": ana}),
        lambda: rita.do("assign", tasks[1], {"user_id": ana}),
        lambda: rita.do("comment", tasks[2], {"comment_id": server.new_id(), "text": "Late"}),
        lambda: rita.do("unassign", tasks[5], {"user_id": ana}),
        lambda: server.task("ana"),
        lambda: rita.do("assign", tasks[5], {"user_id": ana}),
        lambda: rita.do("set_progress", tasks[0], {"percent": 80}),
    ]
    left = happens.copy()

    def between(_: int) -> None:
        if left:
            assert left.pop(0)()

    copy, pages = pull(server, name, scope, between)
    assert left == []
    assert pages[-1]["sums"] == copy.sums()
    again, _ = pull(server, name, scope)
    assert again.rows == copy.rows


def test_after_a_first_pull_no_page_has_any(server: RunningServer, tasks: list[str]) -> None:
    cursor = server.page("ana")["cursor"]
    server.task("ana")
    page = server.page("ana", cursor)
    assert (page["sums"], page["snapshot"]) == (None, False)
