"""The timer of a person: one at a time, on a task, counted by the monotonic clock.

It is kept in the outbox's file every few seconds, so a crash costs seconds. What nobody counted
(the program was closed, the machine slept) and what was idle is the person's to judge.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tracker.domain.errors import Refusal
from tracker.domain.page import Changes
from tracker.domain.timer import LOST_MS, Timer, minutes, ticked, unseen_ms, without
from tracker.services.tasks import Done, Tasks
from tracker.services.workspace import Workspace, device_clock

KEEP_MS = 15_000


@dataclass(frozen=True, slots=True)
class Dropped:
    """The timer ended and nothing was logged: it had run for less than half a minute."""

    task_id: str

    @property
    def changes(self) -> Changes:
        return Changes(frozenset({self.task_id}))


class Timing:
    """Bound to an open workspace. `unseen_ms` is what nobody counted before this start."""

    def __init__(
        self,
        workspace: Workspace,
        tasks: Tasks,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work, self._tasks, self._monotonic = workspace, tasks, monotonic
        self._timer = workspace.outbox.timer()
        self._last = self._looked = monotonic()
        self._looked_at = device_clock()
        self.unseen_ms = 0
        if self._timer is not None:
            now = self._looked_at
            self.unseen_ms = unseen_ms(self._timer, now)
            gone = now - self._timer.seen_at
            self._timer = ticked(self._timer, 0 if self.unseen_ms else gone, now)
        self._before_ms = self._timer.worked_ms if self._timer else 0

    @property
    def task_id(self) -> str:
        """Of what is timed; empty without a timer."""
        return self._timer.task_id if self._timer else ""

    @property
    def name(self) -> tuple[str, int]:
        """Tells this timer from another one, also of the same task."""
        return (self._timer.task_id, self._timer.started_at) if self._timer else ("", 0)

    @property
    def worked_ms(self) -> int:
        return self._now().worked_ms if self._timer else 0

    def worked_until(self, ago_ms: int) -> int:
        """What was counted until so long ago. What was counted before this start, or before a gap,
        was then counted already."""
        return max(self._before_ms, self.worked_ms - ago_ms)

    def start(self, task_id: str) -> Done | Dropped | Refusal | None:
        """Times this task from now on. A timer that runs on another is stopped first; what became
        of that is returned, and on a refusal that timer goes on."""
        ended = self.stop()
        if isinstance(ended, Refusal):
            return ended
        now = device_clock()
        self._looked, self._looked_at = self._monotonic(), now
        self._keep(Timer(task_id, now, 0, now))
        self._before_ms = 0
        return ended

    def tick(self, *, keeps: bool = True) -> int:
        """To be called every few seconds. Writes now and then, but not while nobody touches
        anything (`keeps` is False): a crash then leaves that time to be asked about. Returns what
        nobody counted, in ms: the machine slept since the last call. A monotonic clock that ran on
        meanwhile, as that of Windows does, counts no more than one that stood still."""
        last, before = self._looked, self._looked_at
        self._looked, self._looked_at = self._monotonic(), device_clock()
        gap = self._looked_at - before
        if self._timer is None:
            return 0
        if gap > LOST_MS:
            seen = ticked(self._timer, int((last - self._last) * 1000), self._looked_at)
            self._keep(seen)
            self._before_ms = seen.worked_ms
            return gap
        kept_at = self._timer.seen_at
        if keeps and not 0 <= self._looked_at - kept_at < KEEP_MS:
            self.keep()
        return 0

    def keep(self) -> None:
        """Writes what was counted: also when the program is about to end."""
        self._change(lambda timer: timer)

    def add(self, ms: int) -> None:
        """What nobody counted was work after all."""
        self._change(lambda timer: ticked(timer, ms, timer.seen_at))

    def take_off(self, ms: int) -> None:
        """So much of it was no work."""
        self._change(lambda timer: without(timer, ms))

    def stop(self, note: str = "") -> Done | Dropped | Refusal | None:
        """Logs what was worked. On a refusal (the task may not be worked on any more) the timer
        stays, for the person to discard it."""
        if self._timer is None:
            return None
        timer = self._now()
        whole = minutes(timer.worked_ms)
        if not whole:
            self.discard()
            return Dropped(timer.task_id)
        done = self._tasks.stop_timer(timer.task_id, whole, timer.started_at, note)
        if isinstance(done, Done):
            self._timer = None
        return done

    def discard(self) -> None:
        self._keep(None)

    # -- inside ----------------------------------------------------------------------------

    def _now(self) -> Timer:
        assert self._timer is not None
        elapsed = int((self._monotonic() - self._last) * 1000)
        return ticked(self._timer, elapsed, device_clock())

    def _change(self, change: Callable[[Timer], Timer]) -> None:
        if self._timer is not None:
            changed = change(self._now())
            self._keep(changed)
            self._before_ms = min(self._before_ms, changed.worked_ms)

    def _keep(self, timer: Timer | None) -> None:
        """On a fault of the disk nothing is another: the time goes on being counted."""
        counted_until = self._monotonic()
        self._work.outbox.keep_timer(timer)
        self._timer, self._last = timer, counted_until
