"""When to try again. Pure: the random generator is handed in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC

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


def retry_after(status: int, headers: Mapping[str, str], now: int) -> float | None:
    """For how many seconds an answer asks to be left alone, 300 at most; None if it does not, or
    not in a way that can be read. Only 429 and 503 can ask. `now` is the device's clock in ms: a
    date counts from the answer's own, as that clock may be wrong, and from `now` without one."""
    asked = headers.get("retry-after", "").strip()
    if status not in (429, 503):
        return None
    if asked.isascii() and asked.isdigit():
        return min(float(asked), LONGEST)
    until, since = _seconds(asked), _seconds(headers.get("date", ""))
    if until is None:
        return None
    return min(max(0.0, until - (now / 1000 if since is None else since)), LONGEST)


def _seconds(date: str) -> float | None:
    """An HTTP date as seconds since 1970; None for what is none."""
    from email.utils import parsedate_to_datetime  # 4 ms that a start does not need

    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()


class Pace:
    """How long to wait after each run: the poll interval, or longer and longer after failures."""

    def __init__(self, interval: float, rng: random.Random) -> None:
        self._interval = interval
        self._rng = rng
        self._failures = 0

    def set_interval(self, interval: float) -> None:
        """From the next run on."""
        self._interval = interval

    def after(self, failed: bool, retry_after: float | None = None) -> float:
        """Seconds until the next run. `retry_after` is what the server asked for."""
        if not failed:
            self._failures = 0
            return poll_delay(self._interval, self._rng)
        self._failures += 1
        return backoff(self._failures, self._interval, self._rng, retry_after)
