"""What has to wait until a window can be seen and used: importing the network takes 150 ms, in a
thread of its own too, as only one thread of Python runs at a time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

PATIENCE_MS = 1_000
"""A window that starts as an icon or behind others is not painted; then this is long enough."""


def after_first_paint(window: QWidget, do: Callable[[], None]) -> None:
    """Calls `do` once: when the loop is free after the window's first paint."""
    _Waiting(window, do)


class _Waiting(QObject):
    def __init__(self, window: QWidget, do: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._do = window, do
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._begin)
        self._patience.start(PATIENCE_MS)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            # What lies in the window is painted after it, in the same go.
            watched.removeEventFilter(self)
            self._patience.start(0)
        return False

    def _begin(self) -> None:
        self._window.removeEventFilter(self)
        self.deleteLater()
        self._do()
