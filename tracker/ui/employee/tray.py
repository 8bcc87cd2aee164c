"""The icon in the tray: how things are without opening the window, and what is done most.

`TrayState` is all that it says, made without an icon: platforms without a tray, as Qt's offscreen
one, can still be asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from tracker.cache.projection import TaskView
from tracker.domain.change import Kind
from tracker.domain.errors import Refusal
from tracker.services import status as saying
from tracker.services import wording
from tracker.services.board import Place
from tracker.services.links import link_to
from tracker.services.status import SyncStatus
from tracker.services.tasks import Done
from tracker.services.workspace import device_clock
from tracker.sync.engine import State
from tracker.ui.system.desktop_notes import Note
from tracker.ui.theme import icons

if TYPE_CHECKING:
    from tracker.ui.employee.window import EmployeeWindow

MOST = 5
"""Tasks in the menu: more would be a list, which is the window's."""
STEP = 10
TITLE = 44
"""Characters of a title in a menu."""
REST_MS = 200
"""Changes that come together are shown together."""
PAUSE, GO_ON = "Pause my activity…", "Go on after the pause"
TOLD_TRAY = "told_tray"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu, a line across without words. `key` says what is pressed: the same words
    may be of another task; `below` opens beside it."""

    words: str = ""
    key: tuple[str, str] = ("", "")
    below: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class TrayState:
    """`dot` names the token of the colour on the icon, empty for none; what it means is in the
    tooltip."""

    tooltip: str
    dot: str
    entries: tuple[Entry, ...]


LINE = Entry()


def state_of(window: EmployeeWindow) -> TrayState:
    """What the tray says now."""
    mine = [window.board.views[task_id] for task_id in window.board.in_hand(MOST)]
    overdue = window.board.overdue(window.now())
    unread = window.notices.unread
    parts = [
        saying.chip(window.status, device_clock()).removesuffix(": see above"),
        f"{overdue} overdue" if overdue else "",
        f"{unread} unread" if unread else "",
        window.working.said(),
    ]
    timed = window.working.timing.task_id
    names = [action.text() for action in window.commands.listed()]
    entries = [
        Entry("Open Tracker", ("open", "")),
        Entry(f"Overdue ({overdue})", ("overdue", "")),
        LINE,
        *map(_task_entry, mine),
        *([LINE] if mine else []),
        *([Entry(f"Stop timer: {_title(window.board.views.get(timed))}", ("stop", timed))]
          if timed else []),
        *(Entry(name, ("command", name)) for name in (PAUSE, GO_ON) if name in names),
        Entry("Synchronise now", ("command", "Synchronise now")),
        LINE,
        Entry("Quit", ("quit", "")),
    ]  # fmt: skip
    return TrayState(
        "Tracker · " + " · ".join(filter(None, parts)), dot_of(window.status), tuple(entries)
    )


def dot_of(status: SyncStatus) -> str:
    """Something needs the person, or only the network."""
    if status.tray or status.parked or status.is_stuck:
        return "danger"
    return "" if status.state in (None, State.SYNCED) else "warning"


def _task_entry(view: TaskView) -> Entry:
    task = view.task
    ways = (
        Entry(f"+{STEP} %", ("more", task.id)),
        Entry("Complete", ("complete", task.id)),
        Entry("Open", ("task", task.id)),
    )
    return Entry(f"{_title(view)} · {task.shown_progress} %", ("", task.id), ways)


def _title(view: TaskView | None) -> str:
    """One line, for a menu."""
    title = (
        " ".join(wording.straight(view.task.title).split())
        if view
        else "a task that is not here any more"
    )
    return title if len(title) <= TITLE else f"{title[: TITLE - 1].rstrip()}…"


class Tray(QObject):
    """Shows the state where there is a tray, and does what is pressed."""

    def __init__(self, window: EmployeeWindow) -> None:
        super().__init__(window)
        self._window = window
        self.state: TrayState | None = None
        self.icon: QSystemTrayIcon | None = None
        self.menu: QMenu | None = None
        self._working = ("", "")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REST_MS)
        self._soon.timeout.connect(self._show)
        self._ways: dict[str, Callable[[str], object]] = {
            "open": lambda _: window.come_forward(),
            "overdue": self._open_overdue,
            "task": lambda task_id: window.come_forward(link_to(task_id)),
            "more": self._more,
            "complete": self._complete,
            "stop": self._stop_timer,
            "command": self._command,
            "quit": self._quit,
        }

    def begin(self) -> None:
        """The window is painted."""
        self.menu = QMenu(self._window)
        self.icon = QSystemTrayIcon(self)
        self.icon.activated.connect(self._activated)
        self._window.telling.notes.use_icon(self.icon)
        self._window.working.shown.connect(self._look_at_working)
        self._window.closed.connect(self.stop)
        self.icon.setContextMenu(self.menu)
        self._show()

    def stop(self) -> None:
        self._soon.stop()
        if self.icon is not None:
            self.icon.hide()
            self.icon = None

    def keeps(self) -> bool:
        """Whether the window may hide, as the icon brings it back."""
        wanted = self._window.around.settings.close_to_tray
        shown = self.icon is not None and self.icon.isVisible()
        return wanted and shown and QSystemTrayIcon.isSystemTrayAvailable()

    def tell_hidden(self) -> None:
        """Said by whoever hides the window for the first time."""
        window = self._window
        words = "Closing the window leaves it in the tray. Quit is in the icon's menu."
        window.telling.notes.show([Note("Tracker goes on", words, window.come_forward)])

    # -- showing ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Something that it says may be another."""
        if self.icon is not None and not self._soon.isActive():
            self._soon.start()

    def _look_at_working(self) -> None:
        """Said each second while a timer runs, which the menu does not show."""
        working = self._window.working
        now = (working.timing.task_id, working.said())
        if now != self._working:
            self._working = now
            self.refresh()

    def _appear(self) -> None:
        """The icon is not shown before there is a tray, which may come up after the program."""
        if self.icon is not None and QSystemTrayIcon.isSystemTrayAvailable():
            self.icon.setVisible(True)

    def _show(self) -> None:
        if self.icon is None or self.menu is None:
            return
        before, self.state = self.state, state_of(self._window)
        if before is None or before.dot != self.state.dot:
            self.icon.setIcon(icons.app_icon(self.state.dot))
        if before is None or before.tooltip != self.state.tooltip:
            self.icon.setToolTip(self.state.tooltip)
        self._appear()
        if before is None or before.entries != self.state.entries:
            # One that is open goes on meaning what it said; it is filled again when it closes.
            if self.menu.isVisible():
                self.state = before
                self._soon.start()
                return
            self.menu.clear()
            self._fill(self.menu, self.state.entries)

    def _fill(self, menu: QMenu, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            words = entry.words.replace("&", "&&")  # alone it underlines the next letter
            if entry.below:
                self._fill(menu.addMenu(words), entry.below)
            elif not entry.words:
                menu.addSeparator()
            else:
                action = menu.addAction(words)
                action.triggered.connect(lambda _checked=False, key=entry.key: self.press(key))

    # -- doing -----------------------------------------------------------------------------

    def press(self, key: tuple[str, str]) -> None:
        what, about = key
        self._ways[what](about)

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """A click on the icon; for its menu, the other button."""
        if reason in (
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        ):
            self._window.come_forward()

    def _open_overdue(self, _about: str) -> None:
        self._window.come_forward()
        self._window.open_page(Place.OVERDUE.value)

    def _more(self, task_id: str) -> None:
        view = self._window.board.views.get(task_id)
        percent = min(100, view.task.progress + STEP) if view else STEP
        self._do(
            Kind.SET_PROGRESS,
            task_id,
            lambda: self._window.tasks.set_progress(task_id, percent),
            f"{percent} %",
        )

    def _complete(self, task_id: str) -> None:
        self._do(
            Kind.COMPLETE,
            task_id,
            lambda: self._window.tasks.move(Kind.COMPLETE, task_id),
            "Completed",
        )

    def _do(self, kind: Kind, task_id: str, call: Callable[[], Done | Refusal], said: str) -> None:
        """Whoever does not see the window hears that it was done; where it was not, the window
        comes and says why."""
        window, saved = self._window, list[bool]()
        window.act(kind, call, lambda: saved.append(True))
        if not saved:
            window.come_forward()
        elif not window.isVisible():
            note = f"{said}: {_title(window.board.views.get(task_id))}"
            window.telling.notes.show(
                [Note(note, "", lambda: window.come_forward(link_to(task_id)))]
            )

    def _stop_timer(self, task_id: str) -> None:
        """Only the one that the menu named; what became of it is said in the window."""
        if self._window.working.timing.task_id == task_id:
            self._window.working.toggle(task_id)

    def _command(self, name: str) -> None:
        """As in the palette. One that asks needs the window."""
        if name.endswith("…"):
            self._window.come_forward()
        action = next((a for a in self._window.commands.listed() if a.text() == name), None)
        if action is not None:
            action.trigger()

    def _quit(self, _about: str) -> None:
        """The window may stay, as something typed could not be kept."""
        if not self._window.quit():
            self._window.come_forward()
