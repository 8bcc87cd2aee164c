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


def test_the_table_is_complete_and_no_status_leads_to_itself() -> None:
    assert set(LEGAL) == {status.value for status in Status}
    assert lifecycle.TRANSITIONS.keys() == set(Status)
    assert not any(lifecycle.allows(status, status) for status in Status)


@pytest.mark.parametrize("percent", range(101))
@pytest.mark.parametrize("current", ["PENDING", "IN_PROGRESS", "ON_HOLD"])
def test_every_percentage_of_an_open_task_leads_to_a_status(current: str, percent: int) -> None:
    kept = "IN_PROGRESS" if current == "PENDING" and percent else current
    expected = "COMPLETED" if percent == 100 else kept
    after = lifecycle.status_for_progress(Status(current), percent)
    assert after.value == expected
    assert after.value == current or lifecycle.allows(Status(current), after)


def test_nothing_leaves_the_archive() -> None:
    assert not any(lifecycle.allows(Status.ARCHIVED, status) for status in Status)
