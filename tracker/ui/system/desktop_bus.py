"""What a desktop says on the session bus about the last touch of keyboard or mouse.

A question waits for its answer: 0.2 ms from a desktop that is well. An asynchronous call would not
wait, but its answer would be as old as the question before, so that somebody who is back would be
away until the next one. It waits WAIT_MS at most, and whoever failed is left alone for REST_S: a
hung desktop costs the window an eighth of a second in ten. Mutter is the compositor, and while it
hangs no window is painted anyway.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tracker.ui.system.bus_address import address_of
from tracker.ui.system.idle import Ask, CannotTell

WAIT_MS = 125
REST_S = 10.0
_NUMBERS = itertools.count(1)


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
    # Without an address libdbus would start a bus of its own.
    if not (address := address_of(environ)):
        raise CannotTell("there is no session bus")

    # Here, so that nothing but this pays for it: QtDBus loads libdbus, and threads with it.
    from PySide6.QtDBus import QDBusConnection

    # A name is kept for the life of the process, with whatever bus was behind it then.
    name = f"tracker-idle-{next(_NUMBERS)}"
    connection = QDBusConnection.connectToBus(address, name)
    try:
        if not connection.isConnected():
            raise CannotTell(connection.lastError().message())
        _call(connection, question)
    except CannotTell:
        QDBusConnection.disconnectFromBus(name)
        raise
    silent_until = now()

    def ask() -> int:
        nonlocal silent_until
        if now() < silent_until:
            raise CannotTell(f"{question.service} did not answer a moment ago")
        try:
            return _call(connection, question)
        except CannotTell:
            silent_until = now() + REST_S
            raise

    return ask


def _call(connection: Any, question: Question) -> int:
    from PySide6.QtDBus import QDBus, QDBusMessage

    message = QDBusMessage.createMethodCall(*question)
    # Nobody is started in order to be asked.
    message.setAutoStartService(False)
    answer = connection.call(message, QDBus.CallMode.Block, WAIT_MS)
    if answer.type() is not QDBusMessage.MessageType.ReplyMessage:
        raise CannotTell(answer.errorName() or "no answer")
    match answer.arguments():
        case [int(idle)] if answer.signature() in ("t", "u") and idle >= 0:
            return idle
        case other:
            raise CannotTell(f"it answered {other}")
