"""Turning what a device sees of its user, every few seconds, into intervals that are reported.

Only what was seen is reported: a pause in which nobody looked (the program was closed, the machine
slept) is left out, and is nobody's idle time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracker.domain.change import LONGEST_INTERVAL
from tracker.domain.occupancy import Interval
from tracker.domain.task import Occupancy

LOST_MS = 120_000
"""Nobody looked for longer than this: what lies between was not seen."""
REPORT_MS = 300_000
"""A long stretch is reported in pieces, so that admins do not wait for its end."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is the case now: since when, where that is known better than from the last look."""

    state: Occupancy
    reason: str = ""
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """An interval that still goes on. Instants are the device's, in ms."""

    state: Occupancy
    started_at: int
    seen_at: int
    reason: str = ""


def follow(
    stretch: Stretch | None, seen: Seen | None, now: int
) -> tuple[list[Interval], Stretch | None]:
    """The intervals that ended, and what goes on. `seen` is None where nothing is reported."""
    fresh = Stretch(seen.state, now, now, seen.reason) if seen else None
    if stretch is None:
        return [], fresh
    if now < stretch.seen_at:
        return [], fresh  # the clock was set back: when it was, nobody can tell
    if now - stretch.seen_at > LOST_MS or seen is None:
        return _ended(stretch, stretch.seen_at), fresh
    if (seen.state, seen.reason) != (stretch.state, stretch.reason):
        turned = now if seen.since is None else min(now, max(stretch.started_at, seen.since))
        return _ended(stretch, turned), Stretch(seen.state, turned, now, seen.reason)
    if now - stretch.started_at >= REPORT_MS:
        return _ended(stretch, now), fresh
    return [], replace(stretch, seen_at=now)


def _ended(stretch: Stretch, at: int) -> list[Interval]:
    length = min(at - stretch.started_at, LONGEST_INTERVAL)
    if length <= 0:
        return []
    end = stretch.started_at + length
    return [Interval(stretch.state, stretch.started_at, end, stretch.reason)]


def seen_of(idle_ms: int | None, threshold_ms: int, paused: str | None, now: int) -> Seen:
    """What the operating system's idle time means; UNKNOWN where it has none to tell. A pause is
    what the person says, whatever they touch."""
    if paused is not None:
        return Seen(Occupancy.OFFLINE, paused)
    if idle_ms is None:
        return Seen(Occupancy.UNKNOWN)
    if idle_ms >= threshold_ms:
        return Seen(Occupancy.IDLE, since=now - idle_ms)
    return Seen(Occupancy.ACTIVE)
