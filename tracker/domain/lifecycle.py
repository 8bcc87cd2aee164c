"""The one state machine, used by the server and by every screen."""

from __future__ import annotations

from tracker.domain.task import Status

_P, _I, _H = Status.PENDING, Status.IN_PROGRESS, Status.ON_HOLD
_C, _X, _A = Status.COMPLETED, Status.CANCELLED, Status.ARCHIVED

TRANSITIONS: dict[Status, frozenset[Status]] = {
    _P: frozenset({_I, _H, _C, _X}),
    _I: frozenset({_H, _C, _X}),
    _H: frozenset({_I, _C, _X}),
    _C: frozenset({_I, _A}),
    _X: frozenset({_I, _A}),
    _A: frozenset(),
}


def allows(current: Status, wanted: Status) -> bool:
    return wanted in TRANSITIONS[current]


def status_for_progress(current: Status, percent: int) -> Status:
    """The status a task has after its progress was set to `percent` (0–100).

    100 completes. Above 0 starts a pending task. A task on hold stays there, and going back
    to 0 does not undo a start.
    """
    if percent == 100:
        return Status.COMPLETED
    if current is Status.PENDING and percent > 0:
        return Status.IN_PROGRESS
    return current


def progress_after_reopen(before: int | None) -> int:
    """What it was before completion, 99 at most: a reopened task is not done."""
    return min(before or 0, 99)
