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
from tracker.domain.timer import Timer, minutes, ticked, unseen_ms, without
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
        self._last = monotonic()
        self.unseen_ms = 0
        if self._timer is not None:
            now = device_clock()
            self.unseen_ms = unseen_ms(self._timer, now)
            gone = now - self._timer.seen_at
            self._timer = ticked(self._timer, 0 if self.unseen_ms else gone, now)

    @property
    def task_id(self) -> str:
        """Of what is timed; empty without a timer."""
        return self._timer.task_id if self._timer else ""

    @property
    def worked_ms(self) -> int:
        return self._now().worked_ms if self._timer else 0

    def start(self, task_id: str) -> Done | Dropped | Refusal | None:
        """Times this task from now on. A timer that runs on another is stopped first; what became
        of that is returned, and on a refusal that timer goes on."""
        ended = self.stop()
        if isinstance(ended, Refusal):
            return ended
        now = device_clock()
        self._last = self._monotonic()
        self._keep(Timer(task_id, now, 0, now))
        return ended

    def tick(self) -> None:
        """To be called every few seconds. Writes now and then."""
        if self._timer is None:
            return
        found = self._now()
        if found.seen_at - self._timer.seen_at >= KEEP_MS or found.seen_at < self._timer.seen_at:
            self.keep()

    def keep(self) -> None:
        """Writes what was counted: also when the program is about to end."""
        if self._timer is not None:
            found = self._now()
            self._last = self._monotonic()
            self._keep(found)

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
            found = change(self._now())
            self._last = self._monotonic()
            self._keep(found)

    def _keep(self, timer: Timer | None) -> None:
        self._work.outbox.keep_timer(timer)
        self._timer = timer
