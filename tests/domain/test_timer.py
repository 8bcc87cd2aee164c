"""Counting work: by a clock that only goes forward, and nothing that nobody counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.change import DAY
from tracker.domain.timer import LOST_MS, MINUTE, Timer, minutes, ticked, unseen_ms, without

START = 1_700_000_000_000
T = Timer("t", START, 5 * MINUTE, START)


@pytest.mark.parametrize(
    ("ms", "logged"),
    [
        (0, []),
        (29_999, []),
        (30_000, [1]),
        (89_999, [1]),
        (90_000, [2]),
        (DAY * MINUTE, [DAY]),
        (DAY * MINUTE + 29_999, [DAY]),
        (DAY * MINUTE + 30_000, [DAY, 1]),
        (3 * DAY * MINUTE, [DAY, DAY, DAY]),
    ],
)
def test_whole_minutes_are_logged_in_entries_of_a_day_at_most(ms: int, logged: list[int]) -> None:
    assert minutes(ms) == logged


@given(st.integers(0, 10 * DAY * MINUTE))
def test_what_is_logged_is_what_was_worked_to_half_a_minute(ms: int) -> None:
    found = minutes(ms)
    assert abs(sum(found) * MINUTE - ms) <= MINUTE // 2
    assert all(1 <= one <= DAY for one in found)


def test_a_monotonic_clock_that_went_back_takes_nothing_off() -> None:
    assert ticked(T, -1, START + 1).worked_ms == T.worked_ms
    assert ticked(T, 1_500, START + 1).worked_ms == T.worked_ms + 1_500


def test_more_than_all_of_it_cannot_be_taken_off() -> None:
    assert without(T, 2 * MINUTE).worked_ms == 3 * MINUTE
    assert without(T, 6 * MINUTE).worked_ms == 0


def test_a_moment_is_not_asked_about_and_neither_is_a_clock_that_was_set_back() -> None:
    assert unseen_ms(T, START + LOST_MS) == 0
    assert unseen_ms(T, START + LOST_MS + 1) == LOST_MS + 1
    assert unseen_ms(T, START - 3_600_000) == 0
