"""`tracker monitor`, watched while it runs: `python -m benchmarks.overseeing --data-dir …`.

The product runs as it is. A line on standard input asks for one of: `state` (what the last run of
the engine came to), `shows` (how many tasks the window holds), `watch` (measure from now on),
`walk` (go through the window as an admin would), `walked` (whether that is done), `statistics`
(open the page, and say as JSON when its numbers and its charts were there, in ms), `report`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from benchmarks import watching
from tracker.sync.engine import State

if TYPE_CHECKING:
    from tracker.app import Opened
    from tracker.config import Profile
    from tracker.domain.page import Changes
    from tracker.ui.monitor.window import MonitorWindow
    from tracker.ui.surroundings import Surroundings

PAUSE_MS = 350
"""Between two things that a person does."""
PATIENCE_S = 30.0


class Overseer:
    """What is asked of the window from the thread that reads standard input; all but the lists of
    what was measured happens in the window's own thread."""

    def __init__(self, window: MonitorWindow) -> None:
        from PySide6.QtCore import QObject, Qt, Signal

        class Crossing(QObject):
            asked = Signal(object)

        self.window = window
        self.heart = watching.Heart(window)
        self.lags: list[float] = []
        self._walking: Iterator[str] | None = None
        self._opened: dict[str, float] = {}
        self._crossing = Crossing(window)
        self._crossing.asked.connect(lambda call: call(), Qt.ConnectionType.QueuedConnection)
        self._watch_changes()

    def answer(self, line: str) -> str:
        match line:
            case "state":
                return str(self.window.status.state or "")
            case "shows":
                return str(len(self.window.board.views))
            case "watch":
                self.lags.clear()
                self.heart.restart()
            case "walk":
                self._walking = self._walk()
                self._crossing.asked.emit(self._step)
            case "walked":
                return "yes" if self._walking is None else ""
            case "statistics":
                self._opened.clear()
                self._crossing.asked.emit(self._open_statistics)
                until = time.monotonic() + PATIENCE_S
                while not self._all_opened() and time.monotonic() < until:
                    time.sleep(0.005)
                return json.dumps(self._opened)
            case "report":
                return json.dumps(
                    {"gaps": self.heart.gaps, "worst": self.heart.worst, "lags": self.lags}
                )
        return ""

    # -- what became visible ---------------------------------------------------------------

    def _watch_changes(self) -> None:
        """A change is visible once what the window does about it is painted."""
        from PySide6.QtCore import QTimer

        window, show = self.window, self.window.show_changes

        def watched(changes: Changes | None) -> None:
            show(changes)
            views, tasks = window.board.views, changes.tasks if changes else ()
            made = [views[one].task.last_progress_at for one in tasks if one in views]
            if made:
                QTimer.singleShot(0, window, lambda: self._painted(made))

        window.show_changes = watched  # type: ignore[method-assign]

    def _painted(self, made: list[int | None]) -> None:
        now = time.time_ns() // 1_000_000
        self.lags += [now - at for at in made if at is not None and at > self.heart.since_ms]

    # -- an admin --------------------------------------------------------------------------

    def _step(self) -> None:
        from PySide6.QtCore import QTimer

        assert self._walking is not None
        said = next(self._walking, None)
        if said is None:
            self._walking, self.heart.doing = None, ""
            return
        self.heart.doing = said
        QTimer.singleShot(PAUSE_MS, self.window, self._step)

    def _walk(self) -> Iterator[str]:
        """Says what is done before it is done, so that a stall has a name."""
        for what, do in self._deeds():
            yield what
            do()
            yield f"after: {what}"

    def _deeds(self) -> Iterator[tuple[str, Callable[[], object]]]:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        from tracker.services.board import Place

        window, key = self.window, Qt.Key
        grid, bar = window.grid, window.cards.verticalScrollBar()
        for n in range(1, 9):
            yield "scroll", lambda n=n: bar.setValue(bar.maximum() * n // 9)  # type: ignore[misc]
        for place in (*grid.counters, Place.ALL):
            yield f"counter {place}", grid.counters[place].click
        for words in ("pump", "seal 0123", ""):
            yield f"search {words}", lambda w=words: window.search.edit.setText(w)  # type: ignore[misc]
        yield "focus", window.cards.setFocus
        for _ in range(4):
            yield "next card", lambda: QTest.keyClick(window.cards, key.Key_Right)
        yield "close the details", lambda: QTest.keyClick(window.cards, key.Key_Escape)
        for name in (*window.rail.rows, *window.rail.rows):
            yield f"page {name}", window.rail.rows[name].click
        yield "page Monitor", window.rail.rows["Monitor"].click

    def _open_statistics(self) -> None:
        from PySide6.QtCore import QTimer

        from tracker.ui.monitor.window import STATISTICS

        started = time.perf_counter()
        self.window.rail.rows[STATISTICS].click()
        page: Any = self.window.page(STATISTICS)
        looking = QTimer(self.window)

        def look() -> None:
            """Whatever is found was painted in the turn before."""
            now, told = (time.perf_counter() - started) * 1000, page.told
            if told is not None:
                self._opened.setdefault("numbers", now)
            if told is not None and told.online:
                self._opened.setdefault("server", now)
            if told is not None and page.plots is not None and not page.is_drawing:
                self._opened.setdefault("charts", now)
                if told.online and not page.inquiry.is_asking:
                    self._opened.setdefault("all", now)
            if self._all_opened():
                looking.stop()

        looking.timeout.connect(look)
        looking.start(watching.BEAT_MS)

    def _all_opened(self) -> bool:
        """Numbers and charts, and where there is a server its own ones, with activity."""
        offline = self.window.status.state is State.OFFLINE
        return {"numbers", "charts", *([] if offline else ["server", "all"])} <= self._opened.keys()


def main() -> int:
    from tracker import app
    from tracker.cli import main as tracker

    open_window = app.open_window

    def watched(profile: Profile, around: Surroundings) -> Opened:
        opened = open_window(profile, around)
        overseer = Overseer(opened.window)  # type: ignore[arg-type]
        watching.say_when_painted(opened.window, lambda: {"tasks": len(opened.window.board.views)})
        watching.answer(overseer.answer)
        return opened

    app.open_window = watched
    return tracker(["monitor", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
