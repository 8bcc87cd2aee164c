"""A whole day's work without the mouse: every key goes to whatever has the focus."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, delivered, open_desk, settle
from tracker.domain.task import Status
from tracker.services.activity import WORDS
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.widgets.shell import WAITING

K, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Keyboard:
    def __init__(self, window: EmployeeWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot
        window.resize(1280, 800)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
        settle()

    @property
    def focus(self) -> QWidget:
        if QApplication.activeWindow() is None:  # a dialog is gone
            self.window.activateWindow()
            self.qtbot.waitUntil(self.window.isActiveWindow, timeout=PATIENCE)
        found = QApplication.focusWidget()
        assert found is not None, "nothing has the keyboard"
        return found

    def __call__(self, key: Qt.Key, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.focus, key, held)
        settle()

    def type(self, words: str) -> None:
        self.qtbot.keyClicks(self.focus, words)
        settle()

    def tab_to(self, name: str) -> None:
        """Tab, until what has the keyboard is called so."""
        for _ in range(60):
            if self.focus.accessibleName() == name:
                return
            self(K.Key_Tab)
        raise AssertionError(f"Tab does not come to {name}")

    def search_and_open(self, words: str) -> None:
        self(K.Key_F, CTRL)
        self(K.Key_A, CTRL)
        self.type(words)
        self.qtbot.waitUntil(lambda: len(self.window.cards.ids) == 1, timeout=PATIENCE)
        self(K.Key_L, CTRL)
        self(K.Key_Home)

    def dialog(self) -> QDialog:
        found = QApplication.activeModalWidget() or QApplication.activeWindow()
        assert isinstance(found, QDialog)
        return found


def test_a_days_work(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    pump = server.task("ana", title="Replace pump seal")
    lamp = server.task("ana", title="Replace lamp")
    window = open_desk(open_window)
    key, views = Keyboard(window, qtbot), window.board.views

    # The card: choose it, write a note, move the bar, put it on hold and go on.
    key.search_and_open("pump")
    key(K.Key_Return)
    assert key.focus is window.body.note
    key.type("housing cleaned")
    key(K.Key_Return, CTRL)
    key(K.Key_L, CTRL)
    key(K.Key_Tab)
    key(K.Key_Right)
    key(K.Key_Right, SHIFT)
    assert views[pump].task.progress == 6
    key.tab_to("Hold")
    key(K.Key_Space)
    assert views[pump].task.status is Status.ON_HOLD
    key.tab_to("Resume")
    key(K.Key_Return)
    assert views[pump].task.status is Status.IN_PROGRESS

    # The details: a comment, time worked, the timer.
    key(K.Key_M, CTRL)
    key.type("wrench in van 3")
    key(K.Key_Return, CTRL)
    assert views[pump].task.comment_count == 1
    key.tab_to("Minutes worked") if window.pane.isVisible() else None
    key.type("45")
    key(K.Key_Return)
    assert views[pump].task.actual_minutes == 45
    key(K.Key_T, CTRL)
    assert window.working.timing.task_id == pump
    key(K.Key_T, CTRL)
    assert window.working.timing.task_id == ""

    # Done, undone, done.
    key(K.Key_Return, CTRL | SHIFT)
    assert views[pump].task.status is Status.COMPLETED
    delivered(window, qtbot)
    key(K.Key_Z, CTRL)
    assert views[pump].task.status is Status.IN_PROGRESS
    key(K.Key_Return, CTRL | SHIFT)

    # A task of one's own, and a change of it.
    key(K.Key_N, CTRL)
    key.type("Order torque wrenches")
    key.tab_to("Due")
    key.type("tomorrow")
    key(K.Key_Return)
    (own,) = [v for v in views.values() if v.task.title == "Order torque wrenches"]
    assert window.cards.selected_id == own.task.id
    key(K.Key_E, CTRL)
    key(K.Key_A, CTRL)
    key.type("Order two torque wrenches")
    key(K.Key_Return)
    assert views[own.task.id].task.title == "Order two torque wrenches"

    # The palette does what has no key.
    key.search_and_open("lamp")
    key(K.Key_K, CTRL)
    key.type("hold")
    key(K.Key_Return)
    assert views[lamp].task.status is Status.ON_HOLD

    # Pages, settings, shortcuts: there and back.
    key(K.Key_Comma, CTRL)
    assert key.dialog().windowTitle() == "Settings"
    key(K.Key_Escape)
    key(K.Key_F1)
    assert key.dialog().windowTitle() == "Keyboard shortcuts"
    key(K.Key_Escape)
    delivered(window, qtbot)
    for task_id, status in ((pump, "COMPLETED"), (lamp, "ON_HOLD")):
        assert server.seen("rita", task_id)["status"] == status
    assert server.seen("ana", own.task.id)["title"] == "Order two torque wrenches"


def test_what_waits_is_withdrawn_by_keys(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    task_id = server.task("ana", title="Seal")
    made = open_window("ana")
    made.runner.stop()
    window = made.window
    assert isinstance(window, EmployeeWindow)
    key = Keyboard(window, qtbot)
    window.cards.select(task_id)
    key(K.Key_L, CTRL)
    key(K.Key_Return, CTRL | SHIFT)
    key(K.Key_K, CTRL)
    key.type(WAITING)
    key(K.Key_Return)
    key.tab_to("Withdraw: Seal")
    key(K.Key_Space)
    assert window.work.outbox.waiting() == []
    assert window.board.views[task_id].task.status is Status.PENDING


def test_a_pause_by_keys(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    window = open_desk(open_window)
    window.working.activity.reports = True
    key = Keyboard(window, qtbot)
    key(K.Key_K, CTRL)
    key.type("pause my")
    key(K.Key_Return)
    key.type("Lunch")
    key(K.Key_Return)
    assert window.who.line.startswith(f"{WORDS[window.working.activity.seen.state]}: Lunch")  # type: ignore[union-attr]
    key(K.Key_K, CTRL)
    key.type("go on after")
    key(K.Key_Return)
    assert window.working.activity.paused is None
