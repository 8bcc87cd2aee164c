"""Back online with changes that wait: what they will meet is shown before they are sent.

Without a conflict they go out at once. With one they are held for some seconds, or, once the person
looks, until they say so; then everything goes out, and what is refused waits under Needs attention.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from tracker.services.preview import Preview

GRACE_MS = 10_000
LOOK_MS = 300_000
"""Who looks has five minutes; a queue must not stand for ever because somebody went home."""


class Reconnect(QObject):
    """`changed` says that there is another preview, or none any more; `go` that sending goes on."""

    changed = Signal()
    go = Signal()

    def __init__(self, look: Callable[[], Preview], parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self.preview: Preview | None = None
        self.is_looking = False
        self._until = QTimer(self)
        self._until.setSingleShot(True)
        self._until.timeout.connect(self.send)

    def holds(self) -> bool:
        """Asked by the thread that synchronises before each run."""
        return self.preview is not None

    def take(self) -> None:
        """A run has fetched and sent nothing."""
        found = self._look()
        if not found.conflicts:
            self.send()
            return
        begun = self.preview is None
        self.preview = found
        if begun:
            self._until.start(GRACE_MS)
        self.changed.emit()

    def look(self) -> None:
        """The person wants to see it first."""
        self.is_looking = True
        self._until.start(LOOK_MS)
        self.changed.emit()

    def send(self) -> None:
        self.stop()
        self.changed.emit()
        self.go.emit()

    def stop(self) -> None:
        self._until.stop()
        self.preview, self.is_looking = None, False
