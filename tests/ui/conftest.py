"""Real windows on Qt's offscreen platform, against a real server, with real files."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import shiboken6
from PySide6.QtCore import Qt, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, around, offline_workspace, settle
from tracker import app as composition
from tracker.domain.task import Task
from tracker.services import session
from tracker.services.board import Board
from tracker.services.credentials import InEnvironment
from tracker.services.workspace import Workspace
from tracker.ui.bridge import Collector
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.surroundings import Surroundings
from tracker.ui.theme import theme
from tracker.ui.widgets.shell import Shell

_W = TypeVar("_W", bound=Shell)

_GRACE = 2.0
"""Seconds that a thread which was told to end may take for it."""


@pytest.fixture(scope="session", autouse=True)
def as_in_the_product(qapp: QApplication) -> None:
    """The palette of the product, which every widget paints from, and its garbage collection."""
    theme.apply(qapp, "light")
    Collector.freezes = False  # or a timer that is left behind would not be found
    Collector(qapp)


@pytest.fixture(autouse=True)
def nothing_is_left(qapp: QApplication) -> Iterator[None]:
    """A window, a thread or a running timer that outlives its test fails it."""
    settle()
    known_windows = {id(w) for w in QApplication.topLevelWidgets()}
    known_threads = set(threading.enumerate())
    known_timers = weakref.WeakSet(_running_timers())
    yield
    settle()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    # A tool tip is Qt's own window and comes when the pointer rests on a widget for 700 ms.
    left = [
        widget
        for widget in QApplication.topLevelWidgets()
        if id(widget) not in known_windows and widget.windowType() is not Qt.WindowType.ToolTip
    ]
    assert left == [], "windows outlived the test"
    for thread in set(threading.enumerate()) - known_threads:
        if not thread.name.startswith("Dummy-"):  # Qt's pool threads are kept for reuse
            thread.join(_GRACE)
            assert not thread.is_alive(), f"{thread.name} outlived the test"
    left_timers = [t for t in _running_timers() if t not in known_timers]
    assert left_timers == [], "timers outlived the test"


def _running_timers() -> list[QTimer]:
    """Timers that Python code made and that still run."""
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), QTimer)]
    return [timer for timer in found if shiboken6.isValid(timer) and timer.isActive()]


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Moves the viewer to a zone."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., EmployeeWindow]]:
    """Ana's window over tasks that were pulled once, with nothing that synchronises."""
    yield from _offline(EmployeeWindow, tmp_path, "ana")


@pytest.fixture
def monitor(tmp_path: Path, qtbot: QtBot) -> Iterator[Callable[..., MonitorWindow]]:
    """Rita's monitor in the same way."""
    yield from _offline(MonitorWindow, tmp_path, "rita")


def _offline(
    kind: Callable[[Workspace, Board, Surroundings | None], _W], folder: Path, name: str
) -> Iterator[Callable[..., _W]]:
    opened: list[_W] = []
    workspaces: list[Workspace] = []

    def make(*tasks: Task, around: Surroundings | None = None, **more: object) -> _W:
        workspace = offline_workspace(folder, tasks, name, **more)
        workspaces.append(workspace)
        window = kind(workspace, Board(workspace), around)
        opened.append(window)
        window.show()
        return window

    yield make
    for window in opened:
        window.close()
        shiboken6.delete(window)
    for workspace in workspaces:
        workspace.close()


@pytest.fixture
def open_window(server: RunningServer, tmp_path: Path, qtbot: QtBot) -> Iterator[Open]:
    """Opens a window of a person and starts its engine; closing leaves no thread and no window."""
    opened: list[composition.Opened] = []

    def make(
        name: str,
        scope: str = "desk",
        start: bool = True,
        idle_ms: Callable[[], int | None] = lambda: None,
        **settings: object,
    ) -> composition.Opened:
        token = InEnvironment(server.token(name))
        root = tmp_path / name
        signed = session.sign_in(root, server.url, name, None, scope, token)  # type: ignore[arg-type]
        made = composition.open_window(signed.profile, around(root, token, idle_ms, **settings))
        opened.append(made)
        made.window.show()
        if start:
            made.start()
            qtbot.waitUntil(lambda: made.window.status.synced_at is not None, timeout=PATIENCE)
        return made

    yield make
    for made in opened:
        close(made)


def close(made: composition.Opened) -> None:
    """As a person closing the window; a second time does nothing."""
    if made.lock.is_locked:
        made.window.close()
        made.close()
    if shiboken6.isValid(made.window):
        # At once: a report the sync thread left behind must not reach a closed workspace.
        shiboken6.delete(made.window)
