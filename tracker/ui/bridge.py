"""The one crossing from the sync thread into Qt.

The runner calls the bridge from its thread; Qt queues the signal, and the slots run in the window's
thread. Nothing else crosses, and the collector sees to it that garbage does not either.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from tracker.sync.engine import Report

COLLECT_EVERY_MS = 1_000


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


class Collector(QObject):
    """Runs Python's cyclic garbage collection in the window's thread only.

    By itself it runs in whichever thread happens to allocate, and then destroys widgets there:
    Qt crashes. The generations and thresholds are Python's own.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(COLLECT_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collects the oldest generation that is due, as the interpreter would have."""
        counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = [generation for generation, (count, most) in enumerate(counts) if 0 < most < count]
        if due:
            gc.collect(due[-1])
