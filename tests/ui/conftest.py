"""Real windows on Qt's offscreen platform, against a real server, with real files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tracker import app as composition
from tracker.services import session
from tracker.services.credentials import InEnvironment
from tracker.ui.theme import theme

Open = Callable[..., composition.Opened]
PATIENCE = 10_000
"""Milliseconds until something that should happen counts as not happening."""


@pytest.fixture
def open_window(server: RunningServer, tmp_path: Path, qtbot: QtBot) -> Iterator[Open]:
    """Opens a window of a person and starts its engine; closing leaves no thread and no window."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "light")
    threads = set(threading.enumerate())
    opened: list[composition.Opened] = []

    def make(name: str, scope: str = "desk", start: bool = True) -> composition.Opened:
        token = InEnvironment(server.token(name))
        root = tmp_path / name
        signed = session.sign_in(root, server.url, name, None, scope, token)  # type: ignore[arg-type]
        made = composition.open_window(signed.profile, token, 3.0)
        opened.append(made)
        made.window.show()
        if start:
            made.start()
            qtbot.waitUntil(lambda: made.window.status.synced_at is not None, timeout=PATIENCE)
        return made

    yield make
    for made in opened:
        close(made)
    left = {thread for thread in threading.enumerate() if thread.name == "tracker-sync"}
    assert left <= threads
    QApplication.processEvents()
    # A tool tip is Qt's own window and comes when the pointer rests on a widget for 700 ms.
    left_open = [
        widget
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible() and widget.windowType() is not Qt.WindowType.ToolTip
    ]
    assert left_open == []


def close(made: composition.Opened) -> None:
    """As a person closing the window; a second time does nothing."""
    if made.lock.is_locked:
        made.window.close()
        made.close()
        made.window.deleteLater()
