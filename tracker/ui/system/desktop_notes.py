"""Notes on the desktop, which a click answers: over the session bus, else by the tray icon, else
in the window.

The bus comes before the icon, as there each note says which one was clicked. Qt's own notes of an
icon on such a desktop (QDBusTrayIcon) have no action, and take a click on any program's note for
one on theirs. On Windows and macOS there is no such bus.
"""

from __future__ import annotations

import functools
import itertools
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QSystemTrayIcon

from tracker.ui.system.bus_address import address_of
from tracker.ui.widgets.chrome import Toast

if TYPE_CHECKING:
    from tracker.ui.system.session_bus import Answer, SessionBus

PATIENCE_MS = 5_000
"""A desktop that has not answered by then gets no more notes; they are shown elsewhere."""
TOGETHER_MS = 15_000
"""Of notes that the icon shows within this time a click may mean any."""
BREATH_MS = 1_000
"""In the window a refusal, which comes with the same news, is said first."""
NOTIFICATIONS = (
    "org.freedesktop.Notifications",
    "/org/freedesktop/Notifications",
    "org.freedesktop.Notifications",
)
ACTIVATION = "XDG_ACTIVATION_TOKEN"
Do = Callable[[], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    """`open` is done when it is clicked; `brief` is its one line among others, empty for the
    headline."""

    headline: str
    sentence: str
    open: Do
    brief: str = ""


class DesktopNotes(QObject):
    """`look` is done when it is not known which of several notes was clicked."""

    def __init__(self, environ: Mapping[str, str], toast: Toast, look: Do, parent: QObject) -> None:
        super().__init__(parent)
        self._toast, self._look = toast, look
        self._desktop: _Desktop | None = None
        address = address_of(environ) if sys.platform.startswith("linux") else ""
        if address:
            self._desktop = _Desktop(address, self._show_elsewhere, self)
        self.icon: QSystemTrayIcon | None = None
        self._by_icon: list[Note] = []
        self._waiting: list[Note] = []
        self._together = self._timer(TOGETHER_MS, lambda: None)
        self._again = self._timer(BREATH_MS, self._show_waiting)

    def use_icon(self, icon: QSystemTrayIcon) -> None:
        self.icon = icon
        icon.messageClicked.connect(self._icon_clicked)

    def show(self, notes: Sequence[Note]) -> None:
        for note in notes:
            # Each time anew: the first may already find that there is no bus.
            if self._desktop is not None and self._desktop.is_well:
                self._desktop.show(note)
            else:
                self._show_elsewhere([note])

    def stop(self) -> None:
        self._together.stop()
        self._again.stop()
        self._waiting.clear()
        if self._desktop is not None:
            self._desktop.stop()

    def _timer(self, ms: int, do: Do) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(ms)
        made.timeout.connect(do)
        return made

    def _show_elsewhere(self, notes: Sequence[Note]) -> None:
        icon = self.icon
        if icon is not None and _can_show(icon):
            if not self._together.isActive():
                self._by_icon.clear()
            for note in notes:
                self._by_icon.append(note)
                icon.showMessage(note.headline, note.sentence, icon.icon())
            self._together.start()
            return
        self._waiting += notes
        self._again.start()

    def _icon_clicked(self) -> None:
        """The icon does not say which one."""
        if len(self._by_icon) == 1:
            self._by_icon[0].open()
        else:
            self._look()

    def _show_waiting(self) -> None:
        """In the window, once it is seen and nothing else is said there: an Undo must not go for
        it. (In a hidden window nothing is visible, but what is said there may not be over.)"""
        if not self._waiting:
            return
        window = self._toast.parentWidget()
        if not self._toast.isHidden() or window is None or not window.isVisible():
            self._again.start()
            return
        notes, self._waiting = self._waiting, []
        if len(notes) == 1:
            headline, sentence, do = notes[0].headline, notes[0].sentence, notes[0].open
        else:
            headline = f"{len(notes)} things are new"
            said = (note.brief or note.headline for note in notes)
            sentence, do = "\n".join(said), self._look
        self._toast.say(headline, sentence, action=("Look", do))


def _can_show(icon: QSystemTrayIcon) -> bool:
    """An icon is visible to Qt also while there is no tray to show it."""
    return icon.isVisible() and icon.isSystemTrayAvailable() and icon.supportsMessages()


def _sayable(words: str) -> str:
    """Without what ends a text on the bus (a zero byte) or cannot be in one (half a character): the
    bus would end the connection."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


class _Desktop(QObject):
    """The desktop's own notes. `elsewhere` gets those that it did not take."""

    def __init__(
        self, address: str, elsewhere: Callable[[Sequence[Note]], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._address, self._elsewhere = address, elsewhere
        self._bus: SessionBus | None = None
        self._markup: bool | None = None
        self._numbers = itertools.count()
        self._asked: dict[int, Note] = {}
        self._shown: dict[int, Note] = {}
        self._token = ""
        self.is_well = True
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._give_up)

    def show(self, note: Note) -> None:
        self._asked[next(self._numbers)] = note
        self._patience.start(PATIENCE_MS)
        if self._bus is None:
            self._open()
        elif self._markup is not None:
            self._send(list(self._asked)[-1])

    def stop(self) -> None:
        self._patience.stop()
        self.is_well = False
        if self._bus is not None:
            self._bus.close()

    def _open(self) -> None:
        # Here, so that no start pays for it, and no system that has no such bus needs jeepney.
        from tracker.ui.system.session_bus import SessionBus

        self._bus = SessionBus(self._address, self)
        self._bus.heard.connect(self._heard)
        self._bus.ended.connect(self._give_up)
        self._bus.listen(*NOTIFICATIONS)
        self._bus.call(NOTIFICATIONS, "GetCapabilities", self._learn)
        self._bus.open()

    def _learn(self, answer: Answer) -> None:
        """Whether it reads a note's sentence as markup, which people's words must not be."""
        match answer:
            case (list(capabilities),):
                self._markup = "body-markup" in capabilities
                for number in list(self._asked):
                    self._send(number)
            case _:
                self._give_up()

    def _send(self, number: int) -> None:
        assert self._bus is not None
        note = self._asked[number]
        sentence = escape(note.sentence, quote=False) if self._markup else note.sentence
        values = ("Tracker", 0, "tracker", _sayable(note.headline), _sayable(sentence),
                  ["default", "Open"], {"desktop-entry": ("s", "tracker")}, -1)  # fmt: skip
        then = functools.partial(self._taken, number)
        self._bus.call(NOTIFICATIONS, "Notify", then, "susssasa{sv}i", values)

    def _taken(self, number: int, answer: Answer) -> None:
        note = self._asked.pop(number, None)
        if not self._asked:
            self._patience.stop()
        match answer:
            case (int(shown),) if note:
                self._shown[shown] = note
            case _ if note:
                self._elsewhere([note])

    def _heard(self, member: str, values: tuple[Any, ...]) -> None:
        match member, values:
            case "ActivationToken", (int(shown), str(token)) if shown in self._shown:
                self._token = token
            case "ActionInvoked", (int(shown), "default") if shown in self._shown:
                self._open_with(self._shown[shown])
            case "NotificationClosed", (int(shown), *_):
                self._shown.pop(shown, None)

    def _open_with(self, note: Note) -> None:
        """Under Wayland a window comes forward only with the token of the click, which Qt takes
        from here (QWaylandXdgSurface::requestActivate)."""
        if self._token:
            os.environ[ACTIVATION] = self._token
        try:
            note.open()
        finally:
            self._token = ""
            os.environ.pop(ACTIVATION, None)

    def _give_up(self) -> None:
        """Once is enough: a desktop that hangs would make each note late."""
        if not self.is_well:
            return
        log.info("the desktop shows no notes; they are shown in the window")
        left = list(self._asked.values())
        self._asked.clear()
        self.stop()
        if left:
            self._elsewhere(left)
