"""Ctrl-C in the terminal and the system's wish to end: the window closes as by hand, and keeps what
was typed.

Python runs a signal's handler only between two of its own instructions, and Qt's loop has none
while it waits; so the signal's number goes through a socket that Qt listens to.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

_WANTED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Signals(QObject):
    """Calls `end` in the window's thread, until `close`."""

    def __init__(self, end: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._end = end
        self._read, self._write = socket.socketpair()
        for one in (self._read, self._write):
            one.setblocking(False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._heard)
        self._old_fd = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old = {one: signal.signal(one, _noted) for one in _WANTED}

    def close(self) -> None:
        """As it was before."""
        for one, handler in self._old.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._notifier.setEnabled(False)
        self._read.close()
        self._write.close()

    def _heard(self) -> None:
        self._read.recv(64)
        self._end()


def _noted(_number: int, _frame: object) -> None:
    """The socket has it; without a handler of Python's nothing would be written there."""
