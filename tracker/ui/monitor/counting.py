"""How much each person has to do and how far each project is, for the pages that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from tracker.domain.page import Changes
from tracker.services.workload import SLICE, Workload

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow


class Counting(QObject):
    """One for a window. Says `counted` when what was left to count is; between two slices the
    window does whatever else there is to do."""

    counted = Signal()

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self._window = window
        self.workload = Workload()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)

    @classmethod
    def of(cls, window: MonitorWindow) -> Counting:
        return window.findChild(cls) or cls(window)

    def look(self, changes: Changes | None) -> None:
        """Counts what changed at once if that is little, else in slices. None: whatever differs."""
        views = self._window.board.views
        some = None if changes is None or changes.everything else changes.tasks
        self.workload.look(views, some)
        is_little = len(views if some is None else some) <= SLICE
        if not is_little or self.workload.step(views):
            self._timer.start()

    def _step(self) -> None:
        if not self.workload.step(self._window.board.views):
            self._timer.stop()
            self.counted.emit()
