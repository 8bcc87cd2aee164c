"""A first pull is shown when it is whole and adds up, and never before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from server_stub.sync import pull as serving
from tests.support.client import Device, action, page, task
from tests.support.server import RunningServer
from tracker.cache.confirmed import Confirmed
from tracker.domain.errors import Unreachable
from tracker.domain.page import Sums, checksum
from tracker.domain.task import Assignment, Comment, Part, Person, Project, Role, Team
from tracker.sync.engine import State

Open = Callable[..., Device]
ROWS: dict[str, list[Any]] = {
    "tasks": [task("t1", version=3), task("t2", version=4)],
    "assignments": [Assignment("t1", "ana", Part.ASSIGNEE, 100, "rita", 0, version=2)],
    "comments": [Comment("c1", "t1", "ana", "Look", 0, 0, version=1)],
    "people": [Person("ana", 3, "ana", "Ana Moreno", Role.EMPLOYEE, True, version=5)],
    "projects": [Project("p1", 1, "Hall B", False, version=2)],
    "teams": [Team("n1", 1, "Night shift", False, version=4)],
}
SUMS = {
    "tasks": Sums(2, 7, checksum("t1", 3) + checksum("t2", 4)),
    "assignments": Sums(1, 2, checksum("t1:ana", 2)),
    "comments": Sums(1, 1, checksum("c1", 1)),
    "people": Sums(1, 5, checksum("ana", 5)),
    "projects": Sums(1, 2, checksum("p1", 2)),
    "teams": Sums(1, 4, checksum("n1", 4)),
}


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The server's sums of these kinds are one version too high, until the list is emptied."""
    kinds = ["comments"]
    really = serving._sums

    def sums(*args: Any) -> Mapping[str, Sums]:
        found = really(*args)
        for kind in kinds:
            true = found[kind]
            found[kind] = Sums(true.count, true.versions + 1, true.checksums)
        return found

    monkeypatch.setattr(serving, "_sums", sums)
    return kinds


def test_rows_that_add_up_are_shown(confirmed: Confirmed) -> None:
    changes = confirmed.apply(page(5, snapshot=True, sums=SUMS, **ROWS), 0)
    assert changes.everything
    assert set(confirmed.rows().tasks) == {"t1", "t2"}
    assert confirmed.next_cursor() == "c5"


@pytest.mark.parametrize("kind", list(SUMS))
@pytest.mark.parametrize("part", ["count", "versions", "checksums"])
def test_one_number_that_differs_is_enough(confirmed: Confirmed, kind: str, part: str) -> None:
    true = {name: getattr(SUMS[kind], name) for name in ("count", "versions", "checksums")}
    sums = {**SUMS, kind: Sums(**{**true, part: true[part] + 1})}
    with pytest.raises(Unreachable, match=kind) as fault:
        confirmed.apply(page(5, snapshot=True, sums=sums, **ROWS), 0)
    assert fault.value.code == "E4011"
    assert confirmed.rows().tasks == {}
    assert confirmed.next_cursor() is None


def test_a_kind_that_this_tracker_does_not_keep_is_passed_over(confirmed: Confirmed) -> None:
    sums = {**SUMS, "stickers": Sums(9, 9, 9)}
    assert confirmed.apply(page(5, snapshot=True, sums=sums, **ROWS), 0).everything


def test_what_does_not_add_up_is_not_shown_and_comes_anew(
    server: RunningServer, device: Open, lying: list[str]
) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.add(action(task_id=task_id))
    for _ in range(2):
        report = ana.sync()
        assert (report.state, report.changes.everything) == (State.OFFLINE, False)
        assert report.fault is not None
        assert report.fault.code == "E4011"
        assert ana.projection.views() == {}
        assert ana.confirmed.next_cursor() is None
    lying.clear()
    assert ana.sync().state is State.SYNCED
    assert ana.shown(task_id).task.progress == 45


def test_the_rows_from_before_stay_on_the_screen_meanwhile(
    server: RunningServer, device: Open, lying: list[str]
) -> None:
    lying.clear()
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    server.sql("UPDATE tenants SET epoch = 'after'")
    lying.append("tasks")
    ana.add(action(task_id=task_id))
    shown = ana.shown(task_id)
    assert ana.sync().state is State.OFFLINE
    assert ana.shown(task_id).task.progress == shown.task.progress == 45
    lying.clear()
    assert ana.sync().changes.everything
    assert ana.confirmed.position().epoch == "after"


def test_all_pages_come_anew_and_not_the_last_alone(
    server: RunningServer, device: Open, lying: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PAGE_ROWS", 2)
    tasks = {server.task("ana") for _ in range(5)}
    ana = device("ana")
    assert ana.sync().state is State.OFFLINE
    pages = ana.line.calls.count("pull")
    assert pages >= 3
    lying.clear()
    ana.line.calls.clear()
    assert ana.sync().state is State.SYNCED
    assert ana.line.calls.count("pull") >= pages
    assert set(ana.projection.views()) == tasks


@pytest.mark.parametrize("name", ["ana", "rita"])
def test_it_adds_up_while_others_work(
    server: RunningServer, device: Open, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(serving, "PAGE_ROWS", 2)
    tasks = [server.task("ana", "rita") for _ in range(6)]
    reader, rita = (
        device(name, scope="monitor" if name == "rita" else "desk"),
        server.device("rita"),
    )
    left = [
        lambda: rita.do("unassign", tasks[0], {"user_id": server.users["ana"]}),
        lambda: rita.do("comment", tasks[5], {"comment_id": server.new_id(), "text": "Late"}),
        lambda: server.task("ana"),
        lambda: rita.do("assign", tasks[0], {"user_id": server.users["ana"]}),
    ]

    def happen() -> None:
        if left:
            left.pop(0)()

    reader.line.watch = happen
    assert reader.sync().state is State.SYNCED
    reader.sync()
    assert left == []
    assert len(reader.projection.views()) == 7


def test_own_changes_lie_on_top_as_soon_as_it_is_whole(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.line.fault = lambda _: Unreachable("E4002")
    ana.add(action(task_id=task_id))
    assert ana.sync().waiting == 1
    assert ana.shown(task_id).task.progress == 45
