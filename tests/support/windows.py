"""What several tests of the windows do: open one, choose a card, press a button, wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from tests.support.client import action, page
from tests.support.server import START, RunningServer
from tracker import app as composition
from tracker.config import Profile, Settings
from tracker.domain.change import Kind
from tracker.domain.task import Assignment, Part, Person, Project, Role, Task
from tracker.services.credentials import InMemory
from tracker.services.workspace import Workspace, device_clock, open_workspace
from tracker.sync.engine import Report
from tracker.sync.ports import Credentials
from tracker.ui.bridge import Bridge
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.surroundings import Surroundings
from tracker.ui.widgets.controls import Choice
from tracker.ui.widgets.task_card import TaskCard

Open = Callable[..., composition.Opened]
PATIENCE = 10_000
"""Milliseconds until something that should happen counts as not happening."""

ANA = "00000000-0000-7000-8000-0000000000aa"
RITA = "00000000-0000-7000-8000-0000000000bb"
PROJECT = "00000000-0000-7000-8000-0000000000cc"
PEOPLE = (
    Person(ANA, 3, "ana", "Ana Moreno", Role.EMPLOYEE, True),
    Person(RITA, 2, "rita", "Rita Okafor", Role.ADMIN, True),
)
NUMBER_WIDTH = 56
"""What the progress bar keeps at its right for "100 %"."""


def around(
    root: Path,
    credentials: Credentials | None = None,
    idle_ms: Callable[[], int | None] = lambda: None,
    **settings: Any,
) -> Surroundings:
    """Polls quickly, and nothing of the person is reported unless `settings` say so."""
    known = {"poll_seconds": 3.0, "report_activity": False, **settings}
    return Surroundings(root, Settings(**known), credentials or InMemory(), idle_ms)


def task_id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def offline_workspace(
    folder: Path, tasks: Sequence[Task], name: str = "ana", **more: object
) -> Workspace:
    """A profile that has pulled `tasks`, all assigned to Ana, and has no server any more."""
    role, user_id = (Role.EMPLOYEE, ANA) if name == "ana" else (Role.ADMIN, RITA)
    profile = Profile(
        folder=folder / f"profile-{name}",
        scope="desk" if name == "ana" else "monitor",
        server_url="http://127.0.0.1:9",
        server_id="s1",
        user_id=user_id,
        name=name,
        display_name=next(p.display_name for p in PEOPLE if p.id == user_id),
        role=role,
        tenant="Northwind",
    )
    workspace = open_workspace(profile)
    known: dict[str, object] = {
        "assignments": [Assignment(t.id, ANA, Part.ASSIGNEE, 100, RITA, START) for t in tasks],
        "people": [*PEOPLE],
        "projects": [Project(PROJECT, 1, "Hall B retrofit", False)],
        "snapshot": True,
        **more,
    }
    workspace.confirmed.apply(page(10, tasks=[*tasks], **known), device_clock())
    return workspace


def open_desk(open_window: Open, **more: object) -> EmployeeWindow:
    window = open_window("ana", **more).window
    assert isinstance(window, EmployeeWindow)
    return window


def open_monitor(open_window: Open, **more: object) -> MonitorWindow:
    window = open_window("rita", "monitor", **more).window
    assert isinstance(window, MonitorWindow)
    return window


def card_of(window: EmployeeWindow, task_id: str) -> TaskCard:
    """The opened card of a task."""
    window.cards.select(task_id)
    card = window.cards.card(task_id)
    assert isinstance(card, TaskCard)
    return card


def choose(window: MonitorWindow, task_id: str, qtbot: QtBot) -> None:
    """Selects the card and waits until its details are beside it."""
    window.cards.select(task_id)
    title = window.board.views[task_id].task.title
    qtbot.waitUntil(lambda: window.pane.isVisible() and window.pane.title.text() == title)


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    """As a person with a mouse: only what is seen and enabled can be pressed."""
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(qtbot: QtBot, choice: Choice, words: str) -> None:
    """Opens the menu of a choice and takes the entry with these words."""
    press(qtbot, choice)
    (menu,) = [m for m in choice.findChildren(QMenu) if m.isVisible()]
    action = next(a for a in menu.actions() if a.text() == words)
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    assert not menu.isVisible()


def where(track: QWidget, percent: int) -> QPoint:
    """The place on a progress bar that means `percent`."""
    return QPoint(round((track.width() - NUMBER_WIDTH) * percent / 100), track.height() // 2)


def waits(window: EmployeeWindow | MonitorWindow) -> int:
    return len(window.work.outbox.waiting())


def delivered(window: EmployeeWindow | MonitorWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: waits(window) == 0, timeout=PATIENCE)


def too_late(
    server: RunningServer,
    window: EmployeeWindow | MonitorWindow,
    task_id: str,
    by: str = "rita",
    change: Kind = Kind.SET_PROGRESS,
    **args: object,
) -> None:
    """A change of a task that `by` cancelled meanwhile, made on what the window showed before; the
    news of that may be here sooner than a test can press a button."""
    server.device(by).do("cancel", task_id)
    task = window.board.views[task_id].task
    seen = {"title": task.title, "status": "PENDING", "progress": 0}
    window.work.outbox.add([action(change, task_id, args, seen=seen, made_at=device_clock())])


def notes(server: RunningServer, task_id: str) -> list[str]:
    """What was noted with the changes of a task, as the server keeps it."""
    history = server.page("rita", scope="monitor")["history"]
    return [one["note"] for one in history if one["task_id"] == task_id and one["note"]]


def next_report(made: composition.Opened, qtbot: QtBot) -> Report:
    """Asks for synchronising as a press on the chip does; returns what the run after it said."""
    bridge = made.window.findChild(Bridge)
    assert bridge is not None
    said: list[Report] = []
    # Called in the sync thread, where appending is safe and pytest-qt's own waiting is not.
    bridge.report.connect(said.append, Qt.ConnectionType.DirectConnection)
    press(qtbot, made.window.chip)
    qtbot.waitUntil(lambda: bool(said), timeout=PATIENCE)
    bridge.report.disconnect(said.append)
    settle()  # the window was told before us
    return said[0]


def settle() -> None:
    """Runs what was put off, deletions too."""
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()
