"""Giving an action up that cannot be withdrawn any more: the server has the last word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.client.test_engine import own_ops
from tests.support.client import Device, action, comment, new_id
from tests.support.server import HOUR, RunningServer
from tracker.cache.drafts import NOTE_DRAFT
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome
from tracker.sync.engine import State

Open = Callable[..., Device]


@pytest.fixture
def task_id(server: RunningServer) -> str:
    return server.task("ana")


@pytest.fixture
def ana(server: RunningServer, device: Open, task_id: str) -> Device:
    found = device("ana")
    found.sync()
    return found


@pytest.fixture
def stuck(ana: Device, task_id: str) -> Action:
    """An action that was sent, and waits for another that nobody ever sends."""
    (made,) = ana.add(
        action(task_id=task_id, args={"percent": 45, "note": "My words"}, depends_on=(new_id(),))
    )
    ana.sync()
    return made


def test_it_is_never_done_and_the_words_are_a_draft_again(
    server: RunningServer, ana: Device, task_id: str, stuck: Action
) -> None:
    assert ana.outbox.give_up(stuck.op_id, ana.now) == Changes(frozenset({task_id}))
    report = ana.sync()
    assert (report.state, report.waiting, report.tray) == (State.SYNCED, 0, 0)
    assert report.changes.tasks == {task_id}
    assert ana.outbox.draft(task_id, NOTE_DRAFT) == "My words"
    assert ana.shown(task_id).task.progress == 0
    receipt = ana.outbox.receipt_of(stuck.op_id)
    assert receipt is not None
    assert (receipt.outcome, receipt.code) == (Outcome.REJECTED, "E5019")
    assert own_ops(server, task_id) == []


def test_what_is_half_typed_stays_behind_the_words(
    ana: Device, task_id: str, stuck: Action
) -> None:
    ana.outbox.save_draft(task_id, NOTE_DRAFT, "Half typed", ana.now)
    ana.outbox.give_up(stuck.op_id, ana.now)
    ana.sync()
    assert ana.outbox.draft(task_id, NOTE_DRAFT) == "My words\nHalf typed"


def test_what_had_been_done_counts_as_delivered(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    (made,) = ana.add(comment(task_id, "My words"))
    ana.line.fail("lose answer")
    ana.sync()
    ana.outbox.give_up(made.op_id, ana.now)
    report = ana.sync()
    assert (report.sent, report.waiting, report.tray) == (1, 0, 0)
    assert ana.outbox.draft(task_id, NOTE_DRAFT) == ""
    assert [done.op_id for done, _ in ana.outbox.delivered()] == [made.op_id]
    assert own_ops(server, task_id) == [made.op_id]
    assert ana.shown(task_id).task.comment_count == 1


def test_until_the_server_has_answered_it_waits_and_is_not_sent(
    server: RunningServer, ana: Device, task_id: str, stuck: Action
) -> None:
    ana.outbox.give_up(stuck.op_id, ana.now)
    ana.line.fail("lose request", "lose answer")
    ana.line.pushed.clear()
    ana.now += HOUR
    for _ in range(2):
        assert ana.sync().waiting == 1
    assert ana.line.pushed == [[], []]
    assert ana.sync().waiting == 0


def test_what_comes_after_it_on_its_task_goes_on(
    server: RunningServer, ana: Device, task_id: str, stuck: Action
) -> None:
    (after,) = ana.add(comment(task_id, "After it"))
    ana.sync()
    assert own_ops(server, task_id) == []
    ana.outbox.give_up(stuck.op_id, ana.now)
    report = ana.sync()
    assert report.waiting == 0
    assert own_ops(server, task_id) == [after.op_id]


def test_what_depends_on_it_goes_to_the_tray(ana: Device, task_id: str, stuck: Action) -> None:
    (dependent,) = ana.add(action(Kind.COMPLETE, task_id, depends_on=(stuck.op_id,)))
    ana.outbox.give_up(stuck.op_id, ana.now)
    assert ana.sync().tray == 1
    (entry,) = ana.outbox.tray()
    assert (entry.action, entry.receipt.blocked_by) == (dependent, stuck.op_id)


def test_it_is_gone_for_a_copy_of_the_device_too(
    server: RunningServer, ana: Device, task_id: str, stuck: Action
) -> None:
    ana.outbox.give_up(stuck.op_id, ana.now)
    ana.sync()
    late = server.device("ana").do(
        "set_progress", task_id, {"percent": 45}, op_id=stuck.op_id, depends_on=[]
    )
    assert (late["outcome"], late["code"]) == ("rejected", "E5019")


def test_there_is_nothing_to_give_up_in_what_was_answered(
    server: RunningServer, ana: Device, task_id: str
) -> None:
    (made,) = ana.add(action(task_id=task_id))
    ana.sync()
    for op_id in (made.op_id, new_id()):
        assert ana.outbox.give_up(op_id, ana.now) == Refusal("E5016")
