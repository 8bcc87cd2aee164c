"""Progress that overtook another's unseen: the card says so, and sets the other value again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from tests.support.client import action, receipt, task
from tests.support.server import START
from tests.support.windows import ANA, RITA, card_of, press, task_id
from tracker.domain.receipt import Outcome
from tracker.domain.task import HistoryEntry, Status
from tracker.ui.employee.window import EmployeeWindow

Desk = Callable[..., EmployeeWindow]
MINE = action(task_id=task_id(1), args={"percent": 45})


def moved(number: int, by: str, before: int, after: int, op_id: str | None) -> HistoryEntry:
    return HistoryEntry(
        str(number), task_id(1), by, "set_progress", {"progress": before}, {"progress": after},
        "", START, START, op_id,
    )  # fmt: skip


@pytest.fixture
def overtook(desk: Desk) -> Callable[..., EmployeeWindow]:
    """Ana's 45 % came after Rita's 80 %, and her device has the receipt that says so."""

    def make(merged: bool = True, **over: object) -> EmployeeWindow:
        known = {"status": Status.IN_PROGRESS, "progress": 45, **over}
        history = [moved(1, RITA, 0, 80, None), moved(2, ANA, 80, 45, MINE.op_id)]
        window = desk(task(task_id(1), title="Seal", **known), history=history)
        outbox = window.work.outbox
        outbox.add([MINE])
        outcome = Outcome.MERGED if merged else Outcome.APPLIED
        outbox.record(
            [receipt(MINE, outcome, merged=("progress",) if merged else (), task_version=1)],
            0, lambda _: 0,
        )  # fmt: skip
        card_of(window, task_id(1))
        return window

    return make


def test_one_press_sets_it_again(overtook: Callable[..., EmployeeWindow], qtbot: QtBot) -> None:
    window = overtook()
    again = window.body.again
    assert again.text() == "Set 80 % again"
    assert again.accessibleName() == "45 % came after 80 % by Rita Okafor. Set 80 % again"
    assert again in window.body.tab_stops()
    again.setFocus()
    press(qtbot, again)
    (item,) = window.work.outbox.waiting()
    assert item.action.args["percent"] == 80
    assert window.board.views[task_id(1)].task.progress == 80
    assert not again.isVisible()
    assert window.focusWidget() is not again


@pytest.mark.parametrize(
    "over", [{"merged": False}, {"status": Status.COMPLETED, "progress": 100}], ids=str
)
def test_nothing_is_offered_where_nothing_was_overtaken_or_can_be_set(
    overtook: Callable[..., EmployeeWindow], over: dict[str, object]
) -> None:
    assert not overtook(**over).body.again.isVisible()
