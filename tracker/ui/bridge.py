"""The one crossing from the sync thread into Qt.

The runner calls the bridge from its thread; Qt queues the signal, and the slots run in the window's
thread. Nothing else crosses.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QThread, Signal

from tracker.sync.engine import Report


class Bridge(QObject):
    report = Signal(object)
    sending = Signal(int, int)

    def deliver(self, report: Report) -> None:
        """Called by the sync thread after each run."""
        self.report.emit(report)

    def progress(self, done: int, total: int) -> None:
        """Called by the sync thread before each batch."""
        self.sending.emit(done, total)


def assert_ui_thread(owner: QObject) -> None:
    """A call from the wrong thread is an error that says so."""
    if QThread.currentThread() is not owner.thread():
        raise RuntimeError(f"{type(owner).__name__} was called outside the window's thread")
