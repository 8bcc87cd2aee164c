"""The one thread that synchronises. Everything else tells it to wake up and hears its reports."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from tracker.sync import pacing
from tracker.sync.engine import Engine, Report

WATCH_SECONDS = 0.25
"""How often another process's commit to the outbox is looked for: one read of the WAL index."""

SLEPT_SECONDS = 5.0
"""A quarter of a second that took so long was a sleep of the machine, or of its clock."""

log = logging.getLogger(__name__)


class Runner:
    """Polls every `interval` seconds ± 10 %, at once on `wake` and `nudge`, with backoff while
    offline. While a server wants to be left alone, only `wake` and a sleep of the machine count.

    `make_engine` runs in the thread, so that importing the network does not delay the first
    paint. `changed` answers a number that differs when another connection added an action. From the
    beginning of a run to the next there are `rest` seconds at least, but for `wake`: who follows
    what many people do would else be told of each change by itself.
    """

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        interval: float,
        on_report: Callable[[Report], None],
        changed: Callable[[], int],
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
        rest: float = 0.0,
    ) -> None:
        self._make_engine = make_engine
        self._on_report = on_report
        self._changed = changed
        self._guard = guard
        self._rest = rest
        self._nudged = threading.Event()
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._pace = pacing.Pace(interval, random.Random())
        self._thread = threading.Thread(target=self._run, name="tracker-sync", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Synchronise now: a person says so, or it is another network. From any thread."""
        self._woken.set()
        self._nudged.set()

    def nudge(self) -> None:
        """There is something to send or to fetch. From any thread."""
        self._nudged.set()

    def set_interval(self, seconds: float) -> None:
        """Another poll interval, from the next run on. From any thread."""
        self._pace.set_interval(seconds)
        self.nudge()

    def stop(self, hang_up: Callable[[], None] = lambda: None) -> None:
        """Ends the thread after what it is doing. `hang_up` ends its request, which otherwise has
        its own time limits; an engine that is made after that call runs no more."""
        self._stop.set()
        self.wake()
        hang_up()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        engine: Engine | None = None
        version = -1
        while not self._stop.is_set():
            begun = time.monotonic()
            self._woken.clear()
            self._nudged.clear()
            try:
                version = self._version()
                engine = engine or self._make_engine()
                if self._stop.is_set():
                    return
                with self._guard():
                    report = engine.run_once()
            except Exception:
                # A bug, or a folder that cannot be opened. The queue is on disk; going on is
                # right, saying nothing is not.
                log.exception("synchronising failed")
                self._pause(self._pace.after(failed=True), version)
                continue
            if self._stop.is_set():
                return
            self._on_report(report)
            self._woken.wait(max(0.0, begun + self._rest - time.monotonic()))
            asked = report.retry_after
            self._pause(self._pace.after(report.failed, asked), version, asked or 0.0)

    def _version(self) -> int:
        """What `changed` says; a file that cannot be read now must not end the thread."""
        try:
            return self._changed()
        except Exception:
            log.exception("looking for commits failed")
            return -1

    def _pause(self, seconds: float, version: int, asked: float = 0.0) -> None:
        """Waits, but not past a wake-up or a commit since `version`, which was read before the
        run: what another process did during it is not left until the next poll. For the first
        `asked` seconds a nudge and a commit are left until they are over."""
        start, before = time.monotonic(), time.time()
        while (gone := time.monotonic() - start) < seconds:
            hushed = gone < asked
            heard = self._woken if hushed else self._nudged
            if heard.wait(min(WATCH_SECONDS, seconds - gone)):
                return
            if not hushed and -1 not in (version, found := self._version()) and found != version:
                return
            # The machine slept: its clock went on, and this wait did not.
            before, slept = time.time(), time.time() - before > SLEPT_SECONDS
            if slept:
                return
