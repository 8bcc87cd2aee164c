"""When to try again. Pure: the random generator is handed in."""

from __future__ import annotations

import random

LONGEST = 300.0
JITTER = 0.1


def poll_delay(interval: float, rng: random.Random) -> float:
    """The interval in seconds, ± 10 %, so that a thousand clients do not poll as one."""
    return interval * (1 + rng.uniform(-JITTER, JITTER))


def backoff(failures: int, interval: float, rng: random.Random, retry_after: float | None) -> float:
    """Full jitter: evenly between a tenth of the interval and its double for each failure, 300 s
    at most. What the server asks for is the least."""
    ceiling = min(LONGEST, interval * 2 ** min(failures - 1, 10))
    delay = rng.uniform(min(interval, ceiling) * 0.1, ceiling)
    return max(delay, min(retry_after or 0.0, LONGEST))


class Pace:
    """How long to wait after each run: the poll interval, or longer and longer after failures."""

    def __init__(self, interval: float, rng: random.Random) -> None:
        self._interval = interval
        self._rng = rng
        self._failures = 0

    def after(self, failed: bool, retry_after: float | None = None) -> float:
        """Seconds until the next run. `retry_after` is what the server asked for."""
        if not failed:
            self._failures = 0
            return poll_delay(self._interval, self._rng)
        self._failures += 1
        return backoff(self._failures, self._interval, self._rng, retry_after)
