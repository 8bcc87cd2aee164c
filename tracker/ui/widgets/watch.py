"""Looks every few seconds at what the operating system says of the person, and at the clock of a
running timer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from tracker.domain.errors import EnvironmentFault
from tracker.services.activity import Activity
from tracker.services.timing import Timing
from tracker.services.workspace import device_clock

LOOK_MS = 5_000
TICK_MS = 1_000


@dataclass(frozen=True, slots=True)
class Away:
    """Nobody touched anything between two instants of the device, while a timer ran; `counted_ms`
    of what it counted is of that time."""

    began: int
    ended: int
    counted_ms: int


class Watch(QObject):
    """`looked` says that what is reported may be another now, `queued` that something of it waits
    to be sent, `ticked` that a running timer shows another second. `away` carries an Away when the
    person is back, `unseen` how many ms a running timer did not count because the machine slept.
    `failed` carries a fault of this machine."""

    looked = Signal()
    queued = Signal()
    ticked = Signal()
    away = Signal(object)
    unseen = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        activity: Activity,
        timing: Timing,
        idle_ms: Callable[[], int | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._activity, self._timing, self._idle_ms = activity, timing, idle_ms
        self._idle_since: int | None = None
        self._until_then: tuple[tuple[str, int], int] | None = None
        """Which timer ran when the person left, and what it had counted."""
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self.look)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.ticked)

    def start(self) -> None:
        self._look.start()
        self.follow_timer()
        self.look()

    def stop(self) -> None:
        self._look.stop()
        self._tick.stop()

    def follow_timer(self) -> None:
        """Seconds are counted on the screen only while a timer runs."""
        if self._timing.task_id:
            self._tick.start()
        else:
            self._tick.stop()

    def look(self) -> None:
        now, idle = device_clock(), self._idle_ms()
        try:
            changes = self._activity.look(idle)
            unseen = self._timing.tick(keeps=not self._is_long(idle))
        except EnvironmentFault as fault:
            self.failed.emit(fault)
            return
        if unseen:  # the same span, asked about once
            self._idle_since = self._until_then = None
            self.unseen.emit(unseen)
        self._note_idle(idle, now)
        self.looked.emit()
        if changes:
            self.queued.emit()

    @property
    def is_away(self) -> bool:
        """Nobody has touched anything for so long that it counts as idle."""
        return self._idle_since is not None

    def _is_long(self, idle: int | None) -> bool:
        return idle is not None and idle >= self._activity.threshold_ms

    def _note_idle(self, idle: int | None, now: int) -> None:
        since = self._idle_since
        if since is not None and idle is not None and idle < self._activity.threshold_ms:
            self._idle_since, before = None, self._until_then
            # One that was started since they are back counted nothing while they were away.
            if before is not None and before[0] == self._timing.name:
                counted = self._timing.worked_until(idle) - before[1]
                self.away.emit(Away(since, now - idle, counted))
        elif since is None and idle is not None and self._is_long(idle):
            self._idle_since, name = now - idle, self._timing.name
            self._until_then = (name, self._timing.worked_until(idle)) if name[0] else None
