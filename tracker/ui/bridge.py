"""The one crossing from other threads into Qt.

The runner calls the bridge from its thread, an errand ends in Qt's pool; Qt queues the signal, and
the slots run in the window's thread. Nothing else crosses, and the collector sees to it that
garbage does not either. No errand imports what knows of Qt (`reading_ahead.py` says why).
"""

from __future__ import annotations

import gc
import linecache
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, Qt, QThread, QThreadPool, QTimer, Signal
from shiboken6 import isValid

from tracker.domain.errors import TrackerError
from tracker.sync.engine import Report

COLLECT_EVERY_MS = 1_000
LONG_S = 0.01
"""A collection that took longer has looked through too much."""
LEAST_THREADS = 6

log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Bridge(QObject):
    report = Signal(object)
    sending = Signal(int, int)

    def deliver(self, report: Report) -> None:
        """Called by the sync thread after each run."""
        self.report.emit(report)

    def progress(self, done: int, total: int) -> None:
        """Called by the sync thread before each batch."""
        self.sending.emit(done, total)


class Errand(QObject):
    """Runs what takes long (the network, a large file) in Qt's pool, out of a click's way. `then`
    is called in the window's thread with what came of it: a value, a coded fault, or a bug; not if
    the owner, for whom it is done, is gone by then."""

    _done = Signal(object)

    def __init__(
        self, owner: QObject, call: Callable[[], _T], then: Callable[[_T | Exception], None]
    ) -> None:
        super().__init__()
        self._owner = owner
        self._then: Callable[[Any], None] | None = then
        self._done.connect(self._ended, Qt.ConnectionType.QueuedConnection)
        self._work = _Work(call, self._done.emit)
        _under_way.add(self)
        pool = QThreadPool.globalInstance()
        # Most of them wait for the network: with a thread for each core, two requests that hang
        # would hold up everything else.
        pool.setMaxThreadCount(max(pool.maxThreadCount(), LEAST_THREADS))
        pool.start(self._work)

    def forget(self) -> None:
        """Nobody wants to know any more: whoever asked is about to go."""
        self._then = None

    def _ended(self, outcome: object) -> None:
        _under_way.discard(self)
        if self._then is not None and isValid(self._owner):
            self._then(outcome)


class _Work(QRunnable):
    def __init__(self, call: Callable[[], object], tell: Callable[[object], None]) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._call, self._tell = call, tell

    def run(self) -> None:
        # PySide lets no runnable go that was started and is not Qt's to delete: what it was to do
        # it with, rows or images, must not stay with it.
        call = self._call
        del self._call
        try:
            self._tell(call())
        except TrackerError as fault:
            self._tell(fault)
        except Exception as bug:
            # Without an answer somebody would wait for ever.
            log.exception("an errand failed")
            self._tell(bug)


_under_way: set[Errand] = set()
"""Kept until they have ended: nothing else need hold them."""


def assert_ui_thread(owner: QObject) -> None:
    """A call from the wrong thread is an error that says so."""
    if QThread.currentThread() is not owner.thread():
        raise RuntimeError(f"{type(owner).__name__} was called outside the window's thread")


_busy: list[float] = []
"""For each errand that is: how long Python let a thread go on before the first of them began."""
_begun = threading.Lock()
TURN_S = 0.0005


@contextmanager
def busy() -> Iterator[None]:
    """For an errand that computes for a tenth of a second or more.

    Meanwhile the window's thread gets its turn ten times sooner than Python's 5 ms: painting is
    many small calls, each of which waited for so long, and a frame took 60 to 230 ms. And nothing
    is collected: to look through a hundred thousand values that are dropped at the end took 100."""
    with _begun:
        _busy.append(_busy[0] if _busy else sys.getswitchinterval())
        sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        with _begun:
            before = _busy.pop()
            if not _busy:
                sys.setswitchinterval(before)


class Collector(QObject):
    """Runs Python's cyclic garbage collection in the window's thread only.

    By itself it runs in whichever thread happens to allocate, and then destroys widgets there:
    Qt crashes. The generations and thresholds are Python's own.
    """

    freezes = True
    """Its first tick does. (Tests look for what they left behind among what is not frozen.)"""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(COLLECT_EVERY_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        """What the start has made, code above all, is left out for good: to look through it takes
        40 ms. And the source of all modules, which PySide reads when each is imported, is let go:
        6 MB of text."""
        if self.freezes:
            self.freezes = False
            gc.freeze()
            linecache.clearcache()
        else:
            self.collect()

    def collect(self) -> None:
        """Collects the oldest generation that is due, as the interpreter would have."""
        if _busy:
            return
        counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = [generation for generation, (count, most) in enumerate(counts) if 0 < most < count]
        if not due:
            return
        started = time.perf_counter()
        gc.collect(due[-1])
        if time.perf_counter() - started > LONG_S:
            # What is alive now is most of all rows. Left out from now on, they still go with their
            # last reference.
            gc.freeze()
