"""What a desktop says on the session bus about the last touch of keyboard or mouse.

A question waits for its answer: 0.2 ms from a desktop that is well. An asynchronous call would not
wait, but its answer would be as old as the question before, so that somebody who is back would be
away until the next one. It waits WAIT_MS at most, and whoever failed is left alone for REST_S: a
hung desktop costs the window an eighth of a second in ten, and so does a hung bus once a minute
(QtDBus would wait for that one for ever). Mutter is the compositor, and while it hangs no window is
painted anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from tracker.ui.system.bus_address import address_of
from tracker.ui.system.idle import Ask, CannotTell

if TYPE_CHECKING:
    from tracker.ui.system.session_bus import Answer, SessionBus

WAIT_MS = 125
REST_S = 10.0


class Question(NamedTuple):
    """A method without arguments that answers milliseconds."""

    service: str
    path: str
    interface: str
    method: str


MUTTER = Question(
    "org.gnome.Mutter.IdleMonitor",
    "/org/gnome/Mutter/IdleMonitor/Core",
    "org.gnome.Mutter.IdleMonitor",
    "GetIdletime",
)
KDE = Question(
    "org.kde.screensaver",
    "/org/freedesktop/ScreenSaver",
    "org.freedesktop.ScreenSaver",
    "GetSessionIdleTime",
)
"""GetSessionIdleTime is in no specification: KDE's locker answers milliseconds (KIdleTime's), the
session of Unity seconds, others always 0. So it is asked of KDE's locker alone, by the name that
only it has; the object is the one it offers as org.freedesktop.ScreenSaver."""


def opened(
    environ: Mapping[str, str], question: Question, now: Callable[[], float] = time.monotonic
) -> Ask:
    """A way to ask over a connection of its own; CannotTell, and no connection is left, if there is
    no bus or nobody who answers now. `now` counts seconds."""
    # Here, so that nothing but this pays for it, and no system that has no such bus needs jeepney.
    from PySide6.QtCore import QCoreApplication

    from tracker.ui.system.session_bus import SessionBus

    bus = SessionBus(address_of(environ), QCoreApplication.instance())
    bus.open()
    try:
        _call(bus, question)
    except CannotTell:
        bus.close()
        bus.deleteLater()
        raise
    silent_until = now()

    def ask() -> int:
        nonlocal silent_until
        if now() < silent_until:
            raise CannotTell(f"{question.service} did not answer a moment ago")
        try:
            return _call(bus, question)
        except CannotTell:
            silent_until = now() + REST_S
            raise

    return ask


def _call(bus: SessionBus, question: Question) -> int:
    from PySide6.QtCore import QDeadlineTimer

    answers: list[Answer] = []
    # Nobody is started in order to be asked.
    bus.call(question[:3], question.method, answers.append, starts=False)
    last = QDeadlineTimer(WAIT_MS)
    while not answers and not last.hasExpired() and bus.wait(last.remainingTime()):
        pass
    match answers:
        case [(int(idle),)] if idle >= 0 and not isinstance(idle, bool):
            return idle
        case [str(error)]:
            raise CannotTell(error)
        case [other]:
            raise CannotTell(f"it answered {other}")
        case _:
            raise CannotTell("no answer")
