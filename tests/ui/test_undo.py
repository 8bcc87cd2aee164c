"""Undo is offered where there is one, and says what it came to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.client import task
from tests.support.windows import card_of, press, task_id, waits, where
from tracker.domain.task import Status
from tracker.services.workspace import device_clock
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.task_card import TaskCard

Desk = Callable[..., EmployeeWindow]


def sent(window: EmployeeWindow) -> None:
    """What waits is on its way, so that it cannot be withdrawn any more."""
    window.work.outbox.take_batch(device_clock(), 10, 100_000)


def status(window: EmployeeWindow) -> Status:
    return window.board.views[task_id(1)].task.status


def test_reaching_100_offers_undo_as_completing_does(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1), title="Seal", status=Status.IN_PROGRESS, progress=40))
    card_of(window, task_id(1))
    press(qtbot, window.body.quick[-1])
    assert window.toast.headline.text() == "Completed: Seal"
    press(qtbot, window.toast.button)
    assert (status(window), waits(window)) == (Status.IN_PROGRESS, 0)


def test_100_on_the_bar_is_undone_also_after_it_was_sent(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1), title="Seal", status=Status.IN_PROGRESS, progress=40))
    card = window.cards.card(task_id(1))
    assert isinstance(card, TaskCard)
    qtbot.mouseClick(card.track, Qt.MouseButton.LeftButton, pos=where(card.track, 100))
    sent(window)
    press(qtbot, window.toast.button)
    view = window.board.views[task_id(1)]
    assert (view.task.status, view.task.progress) == (Status.IN_PROGRESS, 40)
    assert not window.toast.isVisible()


@pytest.mark.parametrize("button", ["hold", "complete"])
def test_undo_says_that_a_pending_task_is_in_progress_now(
    desk: Desk, qtbot: QtBot, button: str
) -> None:
    window = desk(task(task_id(1), title="Seal"))
    card_of(window, task_id(1))
    press(qtbot, getattr(window.body, button))
    sent(window)
    press(qtbot, window.toast.button)
    assert status(window) is Status.IN_PROGRESS
    assert window.toast.isVisible()
    assert window.toast.headline.text() == "In progress: Seal"
    assert window.toast.sentence.text() == "It was sent already; Pending cannot come back."


def test_undo_before_it_was_sent_leaves_a_pending_task_pending(desk: Desk, qtbot: QtBot) -> None:
    window = desk(task(task_id(1)))
    card_of(window, task_id(1))
    press(qtbot, window.body.hold)
    press(qtbot, window.toast.button)
    assert (status(window), window.toast.isVisible()) == (Status.PENDING, False)
