"""The employee's window, pressed like a person would."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import (
    PATIENCE,
    Open,
    card_of,
    delivered,
    open_desk,
    press,
    too_late,
    waits,
)
from tests.ui.conftest import close
from tracker.domain.task import Status
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.shell import ATTENTION, WAITING


def row(server: RunningServer, task_id: str) -> dict[str, Any]:
    seen: dict[str, Any] = server.seen("rita", task_id)
    return seen


def test_an_assigned_task_appears_and_the_bar_moves_it(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    window = open_desk(open_window)
    task_id = server.task("ana", title="Replace pump seal")
    window.chip.click()
    qtbot.waitUntil(lambda: task_id in window.board.views, timeout=PATIENCE)
    card = card_of(window, task_id)
    assert "Replace pump seal" in card.accessibleName()
    qtbot.keyClicks(window.body.note, "housing cleaned")
    x = round((card.track.width() - 56) * 0.45)
    qtbot.mouseClick(card.track, Qt.MouseButton.LeftButton, pos=QPoint(x, 12))
    assert window.board.views[task_id].task.progress == 45
    assert window.body.note.toPlainText() == ""
    delivered(window, qtbot)
    assert row(server, task_id)["progress"] == 45


def test_keys_move_the_bar_by_five_and_with_shift_by_one(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    track = card_of(window, task_id).track
    qtbot.keyClick(track, Qt.Key.Key_Right)
    qtbot.keyClick(track, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(track, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert window.board.views[task_id].task.progress == 5
    delivered(window, qtbot)
    assert row(server, task_id)["progress"] == 5


def test_quick_buttons_hold_resume_comment_and_complete(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    card_of(window, task_id)
    body = window.body
    press(qtbot, body.quick[0])
    press(qtbot, body.quick[2])
    assert window.board.views[task_id].task.progress == 50
    press(qtbot, body.hold)
    assert window.board.views[task_id].task.status is Status.ON_HOLD
    press(qtbot, body.resume)
    qtbot.keyClicks(body.note, "needs a wrench")
    press(qtbot, body.comment)
    press(qtbot, body.complete)
    assert window.board.views[task_id].task.status is Status.COMPLETED
    delivered(window, qtbot)
    found = row(server, task_id)
    assert (found["status"], found["comment_count"]) == ("COMPLETED", 1)


def test_undo_takes_back_what_was_not_sent(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    made = open_window("ana")
    made.runner.stop()
    window = made.window
    assert isinstance(window, EmployeeWindow)
    card_of(window, task_id)
    press(qtbot, window.body.complete)
    assert waits(window) == 1
    press(qtbot, window.toast.button)
    assert waits(window) == 0
    assert window.board.views[task_id].task.status is Status.PENDING


def test_undo_reopens_what_was_sent(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    card_of(window, task_id)
    press(qtbot, window.body.quick[1])
    press(qtbot, window.body.complete)
    delivered(window, qtbot)
    assert window.toast.headline.text().startswith("Completed")
    press(qtbot, window.toast.button)
    delivered(window, qtbot)
    found = row(server, task_id)
    assert (found["status"], found["progress"]) == ("IN_PROGRESS", 25)


def test_a_half_typed_note_outlives_refresh_and_restart(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id, other = server.task("ana"), server.task("ana", title="Other")
    made = open_window("ana")
    window = made.window
    assert isinstance(window, EmployeeWindow)
    card_of(window, task_id)
    qtbot.keyClicks(window.body.note, "half ty")
    server.device("rita").do("comment", task_id, {"comment_id": server.new_id(), "text": "hello"})
    window.chip.click()
    qtbot.waitUntil(lambda: window.board.views[task_id].task.comment_count == 1, timeout=PATIENCE)
    assert window.body.note.toPlainText() == "half ty"
    card_of(window, other)
    assert window.body.note.toPlainText() == ""
    close(made)
    again = open_desk(open_window)
    card_of(again, task_id)
    assert again.body.note.toPlainText() == "half ty"


def test_offline_is_said_and_work_goes_on(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    server.stop()
    card_of(window, task_id)
    press(qtbot, window.body.quick[3])
    qtbot.waitUntil(window.banner.isVisible, timeout=PATIENCE)
    assert window.banner.headline.text() == "Working offline."
    assert "1 waiting" in window.chip.text()
    assert window.board.views[task_id].mark.value == "waiting"
    window.open_page(WAITING)
    assert len(window.waiting_page.rows) == 1
    press(qtbot, window.banner.away)
    assert not window.banner.isVisible()


def test_a_refusal_shows_both_sides_and_can_be_sent_as_a_comment(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana", title="Calibrate")
    window = open_desk(open_window)
    too_late(server, window, task_id, percent=30, note="sensor is warm")
    window.chip.click()
    qtbot.waitUntil(lambda: len(window.tray_page.rows) == 1, timeout=PATIENCE)
    assert window.toast.headline.text() == "Unable to save progress (E5005)"
    window.open_page(ATTENTION)
    (entry,) = window.tray_page.rows
    said = entry.accessibleName()
    for words in ("Progress to 30 %", "sensor is warm", "Cancelled, 0 %", "E5005"):
        assert words in said
    press(qtbot, entry.buttons["Send as comment"])
    delivered(window, qtbot)
    assert row(server, task_id)["comment_count"] == 1
    assert window.tray_page.rows == []


def test_a_refusal_can_be_discarded(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    too_late(server, window, task_id, percent=30)
    window.chip.click()
    qtbot.waitUntil(lambda: len(window.tray_page.rows) == 1, timeout=PATIENCE)
    window.open_page(ATTENTION)
    press(qtbot, window.tray_page.rows[0].buttons["Discard"])
    assert window.tray_page.rows == []
    assert window.board.views[task_id].mark.value == "saved"


def test_search_waits_for_the_last_key_and_clears_at_once(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    pump, _ = server.task("ana", title="Pump"), server.task("ana", title="Cable")
    window = open_desk(open_window)
    qtbot.keyClicks(window.search.edit, "pum")
    assert len(window.cards.ids) == 2
    qtbot.waitUntil(lambda: list(window.cards.ids) == [pump], timeout=PATIENCE)
    window.search.edit.clear()
    assert len(window.cards.ids) == 2


def test_every_control_has_a_name(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    task_id = server.task("ana")
    window = open_desk(open_window)
    card_of(window, task_id)
    for button in window.findChildren(QAbstractButton):
        if button.isVisible():
            assert button.accessibleName() or button.text(), button
