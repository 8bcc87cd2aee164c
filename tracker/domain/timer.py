"""A running timer: time worked on a task, counted by the device's monotonic clock.

The instants only say what to ask about: a device's wall clock may jump, and counts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracker.domain.change import DAY

MINUTE = 60_000
LOST_MS = 120_000
"""A program that did not look at its timer for longer was closed, or the machine slept."""


@dataclass(frozen=True, slots=True)
class Timer:
    """`worked_ms` were counted until `seen_at`, on the device's clock."""

    task_id: str
    started_at: int
    worked_ms: int
    seen_at: int


def ticked(timer: Timer, elapsed_ms: int, now: int) -> Timer:
    """So much more time by the monotonic clock."""
    return replace(timer, worked_ms=timer.worked_ms + max(0, elapsed_ms), seen_at=now)


def without(timer: Timer, ms: int) -> Timer:
    """Less what was not work."""
    return replace(timer, worked_ms=max(0, timer.worked_ms - ms))


def unseen_ms(timer: Timer, now: int) -> int:
    """How long nobody counted: the person has to say whether it was work. 0 for a moment."""
    gone = now - timer.seen_at
    return gone if gone > LOST_MS else 0


def minutes(ms: int) -> list[int]:
    """What to log of so much work: whole minutes, to the nearest, in entries of a day at most.
    Nothing for less than half a minute."""
    whole = (ms + MINUTE // 2) // MINUTE
    days, rest = divmod(whole, DAY)
    return [DAY] * days + [rest] * bool(rest)
