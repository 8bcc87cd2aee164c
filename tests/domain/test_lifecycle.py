"""The state machine, against a table written out by hand."""

from __future__ import annotations

import pytest

from tracker.domain import lifecycle
from tracker.domain.task import Status

LEGAL = {
    "PENDING": "IN_PROGRESS ON_HOLD COMPLETED CANCELLED",
    "IN_PROGRESS": "ON_HOLD COMPLETED CANCELLED",
    "ON_HOLD": "IN_PROGRESS COMPLETED CANCELLED",
    "COMPLETED": "IN_PROGRESS ARCHIVED",
    "CANCELLED": "IN_PROGRESS ARCHIVED",
    "ARCHIVED": "",
}


@pytest.mark.parametrize("current", Status)
@pytest.mark.parametrize("wanted", Status)
def test_exactly_the_written_transitions_are_legal(current: Status, wanted: Status) -> None:
    assert lifecycle.allows(current, wanted) == (wanted.value in LEGAL[current.value].split())


@pytest.mark.parametrize(
    ("current", "percent", "after"),
    [
        ("PENDING", 0, "PENDING"),
        ("PENDING", 1, "IN_PROGRESS"),
        ("PENDING", 100, "COMPLETED"),
        ("IN_PROGRESS", 0, "IN_PROGRESS"),
        ("IN_PROGRESS", 99, "IN_PROGRESS"),
        ("ON_HOLD", 50, "ON_HOLD"),
        ("ON_HOLD", 100, "COMPLETED"),
    ],
)
def test_progress_moves_the_status(current: str, percent: int, after: str) -> None:
    assert lifecycle.status_for_progress(Status(current), percent) is Status(after)


@pytest.mark.parametrize(("before", "after"), [(None, 0), (0, 0), (65, 65), (99, 99), (100, 99)])
def test_reopening_returns_to_what_was_before_but_never_to_done(
    before: int | None, after: int
) -> None:
    assert lifecycle.progress_after_reopen(before) == after
