"""Intervals of activity are queued like any action, and no task shows anything of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.client import Device, action, new_id
from tests.support.server import HOUR, START, RunningServer
from tracker.cache.projection import Mark
from tracker.domain.change import Action, Kind
from tracker.domain.receipt import Outcome
from tracker.services.attention import sides
from tracker.services.tasks import editable
from tracker.services.wording import attempt, did
from tracker.sync.engine import State

Open = Callable[..., Device]


def interval(state: str = "ACTIVE", ago: int = HOUR, length: int = HOUR, **over: Any) -> Action:
    args = {"state": state, "started_at": START - ago, "ended_at": START - ago + length}
    return action(Kind.OCCUPANCY, args=args, **over)


def told(server: RunningServer, name: str = "ana") -> list[str]:
    path = f"/api/v1/people/{server.users[name]}/occupancy"
    return [found["state"] for found in server.get(name, path).json()["intervals"]]


def test_what_was_made_offline_is_told_later_and_once(server: RunningServer, device: Open) -> None:
    ana = device("ana")
    ana.add(interval(), interval("IDLE", 2 * HOUR))
    assert told(server) == []
    ana.line.fail("lose answer")
    assert ana.sync().state is State.OFFLINE
    assert ana.outbox.tally().waiting == 2
    report = ana.sync()
    assert (report.state, report.sent, report.waiting, report.tray) == (State.SYNCED, 2, 0, 0)
    assert told(server) == ["IDLE", "ACTIVE"]
    assert server.sql("SELECT count(*) FROM occupancy_intervals") == [(2,)]


def test_no_screen_shows_any_of_it(server: RunningServer, device: Open) -> None:
    task_id, ana = server.task("ana"), device("ana")
    ana.sync()
    shown, listed = ana.projection.views(), ana.projection.listing()

    def is_the_same() -> bool:
        return (ana.projection.views(), ana.projection.listing()) == (shown, listed)

    # Two have the id of a task: they are about no task all the same.
    ana.add(interval(), interval(task_id=task_id), interval(length=2 * HOUR, task_id=task_id))
    assert is_the_same()
    assert ana.projection.trail(task_id).comments == ()
    assert ana.sync().tray == 1  # the last one ends in the future
    assert is_the_same()
    assert ana.shown(task_id).mark is Mark.SAVED
    ana.add(action(task_id=task_id), interval())
    assert ana.shown(task_id).task.progress == 45
    assert ana.shown(task_id).mark is Mark.WAITING
    ((brief, mark),) = ana.projection.listing()
    assert (brief.progress, mark) == (45, Mark.WAITING)


def test_a_refused_one_says_what_it_is(server: RunningServer, device: Open) -> None:
    ana = device("ana")
    ana.add(interval("IDLE", ago=0))
    assert ana.sync().tray == 1
    (entry,) = ana.outbox.tray()
    assert (entry.receipt.outcome, entry.receipt.code) == (Outcome.REJECTED, "E2062")
    assert did(entry.action) == "Activity: idle"
    assert attempt(entry.action.kind, "E2062") == "Unable to report your activity (E2062)"
    assert [what for what, _ in sides(entry, START)] == ["You did", "Why"]
    assert editable(entry.action) == {}


def test_what_depends_on_its_own_id_alone_holds_nothing_up(
    server: RunningServer, device: Open
) -> None:
    """An interval the server cannot decide yet steps aside, and work goes on."""
    task_id, ana = server.task("ana"), device("ana")
    waits = interval(depends_on=(new_id(),))
    ana.add(waits, action(task_id=task_id))
    ana.sync()
    assert ana.waiting_ids() == [waits.op_id]
    assert server.seen("ana", task_id)["progress"] == 45


def test_what_a_restore_takes_back_is_offered_again(server: RunningServer, device: Open) -> None:
    """Nobody else has seen anything new since the backup: the device's own mark tells."""
    if not server.database.is_sqlite:
        pytest.skip("a backup is a copy of SQLite's file")
    ana = device("ana")
    ana.sync()
    backup = server.back_up()
    ana.add(interval())
    ana.sync()
    assert told(server) == ["ACTIVE"]
    server.restore(backup)
    assert told(server) == []
    assert ana.sync().state is State.SYNCED
    assert told(server) == ["ACTIVE"]
    assert ana.sync().waiting == 0
