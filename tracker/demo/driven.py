"""A real window that presses its own buttons when told to, for the tour.

Commands come as JSON lines on stdin, one answer each goes to stdout. Everything happens through
mouse and keyboard events on the widgets a person would use.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from tracker import app as composition
from tracker.config import Settings, current_profile
from tracker.domain.errors import SignInNeeded
from tracker.services import credentials, session
from tracker.services.wording import STATUS_WORDS
from tracker.ui.dialogs.sign_in import SignInDialog
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.assign import AssignPage
from tracker.ui.monitor.window import ASSIGN, MONITOR, MonitorWindow
from tracker.ui.theme import theme
from tracker.ui.widgets.task_card import TaskCard

POLL_SECONDS = 3.0
SIZES = {"desk": (1080, 760), "monitor": (1440, 900)}
"""Of the pictures, however small the screen is."""


class Ear(QObject):
    """Brings lines from the reading thread into the window's thread."""

    heard = Signal(str)

    def listen(self) -> None:
        for line in sys.stdin:
            self.heard.emit(line)
        self.heard.emit('{"do": "quit"}')


def press(button: QAbstractButton) -> None:
    if not button.isVisible() or not button.isEnabled():
        raise LookupError(f"the button {button.text()} cannot be pressed")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.text()]


class Driver:
    """What the tour can ask of a window."""

    def __init__(self, window: EmployeeWindow | MonitorWindow) -> None:
        self.window = window

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        do: Callable[..., dict[str, Any] | None] = getattr(self, f"do_{command.pop('do')}")
        return do(**command) or {}

    def _select(self, title: str) -> str:
        ids = [v.task.id for v in self.window.board.views.values() if v.task.title == title]
        if not ids:
            raise LookupError(f"no card is called {title}")
        self.window.cards.select(ids[0])
        return ids[0]

    def do_state(self) -> dict[str, Any]:
        views = self.window.board.views.values()
        state: dict[str, Any] = {
            "chip": self.window.chip.text(),
            "banner": self.window.banner.headline.text() if self.window.banner.isVisible() else "",
            "waiting": self.window.status.waiting,
            "tray": self.window.status.tray,
            "cards": {
                v.task.title: [v.task.progress, STATUS_WORDS[v.task.status], v.mark.value]
                for v in views
            },
        }
        if isinstance(self.window, MonitorWindow):
            state["counters"] = {
                counter.text(): int(counter.value.replace(" ", ""))
                for counter in self.window.grid.counters.values()
            }
        else:
            state["tray_rows"] = [texts(row) for row in self.window.tray_page.rows]
        return state

    def do_sync(self) -> None:
        press(self.window.chip)

    def do_open(self, page: str) -> None:
        self.window.open_page(page)

    def do_select(self, title: str) -> None:
        self._select(title)

    def do_grab(self, path: str) -> None:
        self.window.grab().save(path)

    def do_progress(self, title: str, percent: int, note: str = "") -> None:
        """Types the note, then clicks the bar at that percentage."""
        window = self._employee()
        card = window.cards.card(self._select(title))
        assert isinstance(card, TaskCard)
        if note:
            QTest.keyClicks(window.body.note, note)
        x = round((card.track.width() - 56) * percent / 100)
        point = QPoint(x, card.track.height() // 2)
        QTest.mouseClick(
            card.track, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point
        )

    def do_press(self, title: str, button: str, note: str = "") -> None:
        self._select(title)
        if isinstance(self.window, MonitorWindow):
            pane = self.window.pane
            QTest.qWait(0)  # the pane is filled once the card that was chosen is painted
            buttons: Iterable[QAbstractButton] = (pane.cancel, *pane.moves.values())
        else:
            if note:
                QTest.keyClicks(self.window.body.note, note)
            buttons = self.window.body.findChildren(QAbstractButton)
        found = [b for b in buttons if b.text() == button]
        if not found:
            raise LookupError(f"there is no button {button}")
        press(found[0])

    def do_assign(self, title: str, person: str, due: str) -> None:
        """Fills the assign form as a person would and presses the button."""
        assert isinstance(self.window, MonitorWindow)
        self.window.open_page(ASSIGN)
        form = self.window.page(ASSIGN)
        assert isinstance(form, AssignPage)
        QTest.keyClicks(form.title.edit, title)
        QTest.keyClicks(form.due.edit, due)
        staff = self.window.board.people.values()
        (user_id,) = [one.id for one in staff if one.display_name == person]
        form.people.add(user_id)
        press(form.button)
        problems = [form.problem(key) for key in ("title", "people", "due", "estimate")]
        if any(problems):
            raise LookupError(" ".join(problems))
        press(form.clear_button)
        self.window.toast.hide()
        self.window.open_page(MONITOR)

    def do_timeline(self, title: str) -> dict[str, Any]:
        assert isinstance(self.window, MonitorWindow)
        self._select(title)
        QTest.qWait(0)
        return {"moments": [texts(row) for row in self._lines()]}

    def _lines(self) -> list[QWidget]:
        history = self.window.pane.history
        return [*history.lines[: history.shown]]

    def do_theme(self, name: str) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, name)

    def do_sign_in(self, path: str) -> None:
        """Draws the first-start dialog; nobody signs in."""

        def nobody(*_typed: str) -> session.SignedIn:
            raise SignInNeeded("E1003")

        dialog = SignInDialog("Welcome to Tracker", nobody, "", "", about=composition.REPORTS)
        dialog.show()
        dialog.grab().save(path)
        dialog.close()

    def do_quit(self) -> None:
        QTimer.singleShot(0, self.window.close)

    def _employee(self) -> EmployeeWindow:
        assert isinstance(self.window, EmployeeWindow)
        return self.window


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("--scope", "--name", "--server", "--data-dir"):
        parser.add_argument(name, required=True)
    parser.add_argument("--theme", default="light")
    args = parser.parse_args()
    app = QApplication(["tracker"])
    theme.apply(app, args.theme)
    root = Path(args.data_dir)
    profile = current_profile(root, args.scope)
    if profile is None:
        profile = session.sign_in(root, args.server, args.name, None, args.scope).profile
    settings = Settings(poll_seconds=POLL_SECONDS, report_activity=False)
    around = composition.surroundings(root, settings, credentials.for_profile(profile))
    opened = composition.open_window(profile, around)
    driver = Driver(opened.window)
    ear = Ear()

    def heard(line: str) -> None:
        try:
            answer = driver.obey(json.loads(line))
        except (LookupError, AssertionError) as error:
            answer = {"failed": str(error) or type(error).__name__}
        app.processEvents()
        print(json.dumps(answer), flush=True)

    ear.heard.connect(heard, Qt.ConnectionType.QueuedConnection)
    opened.window.resize(*SIZES[profile.scope])
    opened.window.closed.connect(app.quit)
    opened.window.show()
    threading.Thread(target=ear.listen, daemon=True).start()
    QTimer.singleShot(0, opened.start)
    try:
        return app.exec()
    finally:
        opened.close()


if __name__ == "__main__":
    sys.exit(main())
