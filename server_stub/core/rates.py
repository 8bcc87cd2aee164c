"""How many requests each token may make, or each address without one.

A device asks every few seconds, and some hundred times when it comes back after days; a program
that asks without end would take the database from everybody. So each has a bucket that fills again
at a steady rate. Polls that memory answers are not counted: they cost next to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

BURST_SECONDS = 20
"""A full bucket holds what comes in during that time."""
_REMEMBERED = 20_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """`per_second` requests for each; 0 is no limit. For the event loop's thread alone."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._most = float(per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: dict[bytes, _Bucket] = {}

    def wait(self, who: bytes) -> float:
        """Seconds until `who` may ask again; 0 lets this request in, and counts it."""
        if not self._rate:
            return 0.0
        now = self._clock()
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= _REMEMBERED:
                self._buckets.clear()
            bucket = self._buckets[who] = _Bucket(self._most, now)
        bucket.left = min(self._most, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0.0
