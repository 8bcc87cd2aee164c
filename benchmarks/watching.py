"""What a measured process with a window says: a line when its first paint is done, and an answer
to each line on its standard input: what it used so far."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the product imports Qt when it opens its window, and so it is measured
    from PySide6.QtWidgets import QWidget


BEAT_MS = 2


def say_when_painted(window: QWidget, about: Callable[[], dict[str, Any] | None]) -> None:
    """Prints what `about` says as soon as it says something after a paint.

    A window and all that lies in it are painted at once, the window first. What is posted then
    is handled after that, when the loop is free again: it is painted, and it can be used.
    """
    from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt

    class Watcher(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                painted = QEvent(QEvent.Type.User)
                QCoreApplication.postEvent(self, painted, Qt.EventPriority.HighEventPriority.value)
            return super().eventFilter(watched, event)

        def customEvent(self, _event: QEvent) -> None:
            said = about()
            if said is not None:
                print(json.dumps(said), flush=True)
                window.removeEventFilter(self)
                self.deleteLater()

    window.installEventFilter(Watcher(window))


def answer(more: Callable[[str], str] = lambda _line: "") -> None:
    """In a thread of its own: seconds of CPU for "cpu", MB for "memory", else what `more` says."""
    known: dict[str, Callable[[], str]] = {
        "cpu": lambda: str(time.process_time()),
        "memory": lambda: str(own_memory()),
        "modules": lambda: " ".join(sorted(sys.modules)),
    }

    def run() -> None:
        for line in map(str.strip, sys.stdin):
            print(known[line]() if line in known else more(line), flush=True)

    threading.Thread(target=run, daemon=True).start()


class Heart:
    """Beats every two milliseconds in the window's thread. A gap between two beats is how long
    whatever the person did would have waited."""

    def __init__(self, window: QWidget) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.doing = ""
        self.gaps: list[float] = []
        """Milliseconds beyond the beat, of each one since the last `restart`."""
        self.worst: dict[str, float] = {}
        """The longest gap of each thing that was done."""
        self.since_ms = 0
        self._last = time.perf_counter()
        self._timer = QTimer(window)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def restart(self) -> None:
        self.gaps, self.worst = [], {}
        self.since_ms = time.time_ns() // 1_000_000

    def _beat(self) -> None:
        now = time.perf_counter()
        gap = (now - self._last) * 1000 - BEAT_MS
        self._last = now
        self.gaps.append(gap)
        if gap > self.worst.get(self.doing, 0.0):
            self.worst[self.doing] = gap


def own_memory() -> float:
    """MB that this process has written and shares with nobody. Asked of /proc, so on Linux only.
    Unwritten pages of Qt's files are left out: whose they are depends on which other programs of Qt
    run, and they come and go 20 MB at a time."""
    said = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return sum(int(kb) for kb in re.findall(r"(?:Private_Dirty|Swap):\s*(\d+) kB", said)) / 1024
