"""Chip, banner and toast say what the outbox knows, at once and once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from tests.support.client import action, page, receipt, task
from tests.support.windows import card_of, press, task_id
from tracker.domain.errors import Unreachable
from tracker.domain.page import Changes
from tracker.domain.receipt import Outcome
from tracker.domain.task import Status
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report, State
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.widgets.shell import Shell

Desk = Callable[..., EmployeeWindow]


def report(state: State = State.SYNCED, changes: Changes | None = None) -> Report:
    """With counts that are older than what was done since."""
    fault = None if state is State.SYNCED else Unreachable("E4001")
    return Report(state, device_clock(), changes or Changes(), 0, 0, 0, fault)


def refuse(window: Shell, task: str) -> str:
    """An own action is refused; returns its id."""
    outbox, change = window.work.outbox, action(task_id=task)
    outbox.add([change])
    outbox.take_batch(device_clock(), 10, 100_000)
    answer = receipt(change, Outcome.REJECTED, code="E5005")
    window.show_report(report(changes=outbox.record([answer], device_clock(), lambda _: 0)))
    return change.op_id


def test_what_is_done_offline_is_counted_at_once(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1)))
    window.show_report(report(State.OFFLINE))
    card_of(window, task_id(1))
    press(qtbot, window.body.quick[1])
    assert window.chip.text().endswith(", 1 waiting")
    assert "1 change goes out" in window.banner.sentence.text()


def test_what_was_settled_is_not_counted_any_more(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1)))
    refuse(window, task_id(1))
    assert window.chip.text() == "1 needs attention"
    window.open_page("Needs attention")
    press(qtbot, window.tray_page.rows[0].buttons["Discard"])
    assert window.chip.text().startswith("Synced ")


def test_a_refusal_is_told_also_when_as_many_were_settled(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1)), task(task_id(2), number=2))
    first = refuse(window, task_id(1))
    window.toast.hide()
    window.work.outbox.resolve(first, "discarded", device_clock())
    refuse(window, task_id(2))
    assert window.toast.headline.text() == "Unable to save progress (E5005)"
    assert window.toast.isVisible()
    window.toast.hide()
    window.show_report(report())
    assert not window.toast.isVisible()


@pytest.mark.parametrize("state", [State.SIGN_IN, State.REFUSED, State.FAULT])
def test_offline_since_begins_with_being_offline(desk: Desk, state: State) -> None:
    window = desk(task(task_id(1)))
    early = replace(report(state), at=device_clock() - 3_600_000)
    window.show_report(early)
    assert window.status.offline_since is None
    window.show_report(report(State.OFFLINE))
    since = window.status.offline_since
    assert since is not None
    assert since > early.at


def test_with_auto_refresh_off_what_became_of_an_own_action_is_shown(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    one, two = task(task_id(1)), task(task_id(2), number=2)
    window = monitor(one, two)
    press(qtbot, window.grid.auto)
    outbox, change = window.work.outbox, action(task_id=one.id)
    window.show_changes(outbox.add([change]))
    assert window.board.views[one.id].mark.value == "waiting"
    outbox.take_batch(device_clock(), 10, 100_000)
    changes = outbox.record([receipt(change, task_version=2, seq=11)], device_clock(), lambda _: 0)
    theirs = replace(two, status=Status.COMPLETED, progress=100, version=2)
    mine = replace(one, status=Status.IN_PROGRESS, progress=45, version=2)
    changes |= window.work.confirmed.apply(page(11, tasks=[mine, theirs]), device_clock())
    window.show_report(report(changes=changes))
    assert window.board.views[one.id].mark.value == "saved"
    assert window.board.views[two.id].task.status is Status.PENDING
    press(qtbot, window.grid.auto)
    assert window.board.views[two.id].task.status is Status.COMPLETED
