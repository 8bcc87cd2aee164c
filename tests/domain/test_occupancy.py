"""Intervals of activity: what is taken in, and what several of them add up to."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.client import action
from tests.support.server import HOUR, MINUTE
from tests.support.server import START as NOON
from tracker.domain.change import (
    LONGEST_INTERVAL,
    REASON_LIMIT,
    Action,
    Kind,
    Occupied,
    parse,
)
from tracker.domain.errors import Refusal
from tracker.domain.occupancy import (
    HOUR_MS,
    Interval,
    by_hour,
    in_steps,
    interval_of,
    merged,
    tally,
    totals,
)
from tracker.domain.reading import LAST_INSTANT
from tracker.domain.task import Occupancy

ACTIVE, IDLE, OFFLINE, UNKNOWN = Occupancy
ARGS = {"state": "ACTIVE", "started_at": NOON - HOUR, "ended_at": NOON, "reason": "timer"}


def reported(args: dict[str, Any] | None = None, offset: int | None = 0, **more: Any) -> Action:
    return action(Kind.OCCUPANCY, args={**(args or ARGS), **more}, clock_offset=offset)


def code_of(found: object) -> tuple[str, str | None]:
    assert isinstance(found, Refusal), found
    return found.code, found.field


class TestArguments:
    def test_they_are_read(self) -> None:
        assert parse(Kind.OCCUPANCY, ARGS) == Occupied(ACTIVE, NOON - HOUR, NOON, "timer")
        short = {name: value for name, value in ARGS.items() if name != "reason"}
        assert parse(Kind.OCCUPANCY, short) == Occupied(ACTIVE, NOON - HOUR, NOON, "")

    @pytest.mark.parametrize("length", [0, 1, LONGEST_INTERVAL])
    def test_from_nothing_to_a_day_is_an_interval(self, length: int) -> None:
        found = parse(Kind.OCCUPANCY, {**ARGS, "started_at": NOON - length})
        assert isinstance(found, Occupied)

    @pytest.mark.parametrize(
        ("args", "code", "field"),
        [
            ({"started_at": NOON + 1}, "E2061", "ended_at"),
            ({"started_at": NOON - LONGEST_INTERVAL - 1}, "E2061", "ended_at"),
            ({"started_at": None}, "E2004", "started_at"),
            ({"ended_at": None}, "E2004", "ended_at"),
            ({"started_at": -1}, "E2004", "started_at"),
            ({"ended_at": LAST_INSTANT + 1}, "E2004", "ended_at"),
            ({"started_at": True}, "E2004", "started_at"),
            ({"started_at": 1.0}, "E2004", "started_at"),
            ({"started_at": "12:00"}, "E2004", "started_at"),
            ({"state": None}, "E2005", "state"),
            ({"state": "BUSY"}, "E2005", "state"),
            ({"state": []}, "E2005", "state"),
            ({"reason": 7}, "E2017", "reason"),
            ({"reason": "x" * (REASON_LIMIT + 1)}, "E2002", "reason"),
            ({"reason": "\x00"}, "E2008", "reason"),
            ({"user_id": "somebody"}, "E2017", "user_id"),
        ],
    )
    def test_what_cannot_be_used_is_named(self, args: Any, code: str, field: str) -> None:
        assert code_of(parse(Kind.OCCUPANCY, {**ARGS, **args})) == (code, field)
        assert code_of(interval_of(reported(**args), NOON)) == (code, field)


class TestClocks:
    @pytest.mark.parametrize("offset", [-3 * HOUR, 0, 7 * MINUTE])
    def test_instants_are_put_right_by_the_offset_the_device_knew(self, offset: int) -> None:
        found = interval_of(reported(offset=offset), NOON + HOUR)
        assert found == Interval(ACTIVE, NOON - HOUR + offset, NOON + offset, "timer")

    def test_a_device_that_never_heard_the_time_is_believed(self) -> None:
        assert interval_of(reported(offset=None), NOON) == Interval(
            ACTIVE, NOON - HOUR, NOON, "timer"
        )

    def test_clocks_may_differ_by_five_minutes(self) -> None:
        edge = NOON - 5 * MINUTE
        assert isinstance(interval_of(reported(), edge), Interval)
        assert code_of(interval_of(reported(), edge - 1)) == ("E2062", "ended_at")
        assert code_of(interval_of(reported(offset=1), edge)) == ("E2062", "ended_at")
        assert isinstance(interval_of(reported(offset=-MINUTE), edge - MINUTE), Interval)

    def test_an_offset_cannot_lead_out_of_time(self) -> None:
        far = interval_of(reported(offset=-NOON), NOON)
        assert code_of(far) == ("E2004", "started_at")
        assert code_of(interval_of(reported(offset=-(2**53)), NOON)) == ("E2004", "started_at")
        assert code_of(interval_of(reported(offset=2**53), NOON)) == ("E2062", "ended_at")

    def test_no_other_action_reports_any(self) -> None:
        with pytest.raises(TypeError, match="hold"):
            interval_of(action(Kind.HOLD), NOON)


def at(state: Occupancy, start: int, end: int, reason: str = "") -> Interval:
    return Interval(state, start, end, reason)


class TestMerging:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ([], []),
            ([at(ACTIVE, 10, 20)], [at(ACTIVE, 10, 20)]),
            ([at(ACTIVE, 10, 10)], []),
            # Only what lies inside counts.
            ([at(IDLE, -5, 5), at(ACTIVE, 95, 105)], [at(IDLE, 0, 5), at(ACTIVE, 95, 100)]),
            ([at(IDLE, -5, 0), at(IDLE, 100, 105)], []),
            # Neighbours are one, gaps stay gaps.
            ([at(IDLE, 20, 30), at(IDLE, 10, 20)], [at(IDLE, 10, 30)]),
            ([at(IDLE, 10, 20), at(IDLE, 21, 30)], [at(IDLE, 10, 20), at(IDLE, 21, 30)]),
            ([at(IDLE, 10, 20), at(IDLE, 15, 30)], [at(IDLE, 10, 30)]),
            ([at(IDLE, 10, 40), at(IDLE, 15, 20)], [at(IDLE, 10, 40)]),
            # Another reason is another interval.
            (
                [at(IDLE, 10, 20, "lunch"), at(IDLE, 20, 30)],
                [at(IDLE, 10, 20, "lunch"), at(IDLE, 20, 30)],
            ),
            (
                [at(IDLE, 10, 30, "lunch"), at(IDLE, 20, 40, "later")],
                [at(IDLE, 10, 30, "lunch"), at(IDLE, 30, 40, "later")],
            ),
            # A stronger state cuts a weaker one, which goes on after it.
            (
                [at(IDLE, 10, 40), at(ACTIVE, 20, 30)],
                [at(IDLE, 10, 20), at(ACTIVE, 20, 30), at(IDLE, 30, 40)],
            ),
            ([at(ACTIVE, 10, 40), at(IDLE, 20, 30)], [at(ACTIVE, 10, 40)]),
            (
                [at(UNKNOWN, 0, 100), at(OFFLINE, 10, 80), at(IDLE, 20, 60), at(ACTIVE, 30, 40)],
                [
                    at(UNKNOWN, 0, 10), at(OFFLINE, 10, 20), at(IDLE, 20, 30), at(ACTIVE, 30, 40),
                    at(IDLE, 40, 60), at(OFFLINE, 60, 80), at(UNKNOWN, 80, 100),
                ],
            ),
        ],
    )  # fmt: skip
    def test_of_overlaps_the_stronger_state_stands(
        self, given: list[Interval], expected: list[Interval]
    ) -> None:
        assert merged(given, 0, 100) == expected
        assert merged(reversed(given), 0, 100) == expected

    def test_they_add_up_by_state(self) -> None:
        found = totals([at(ACTIVE, 0, 10), at(IDLE, 10, 15), at(ACTIVE, 20, 21)])
        assert found == {ACTIVE: 11, IDLE: 5, OFFLINE: 0, UNKNOWN: 0}

    @given(
        st.lists(
            st.builds(
                lambda state, start, length, reason: at(state, start, start + length, reason),
                st.sampled_from(Occupancy), st.integers(-10, 60), st.integers(0, 30),
                st.sampled_from(["", "a"]),
            ),
            max_size=12,
        )
    )  # fmt: skip
    def test_each_moment_has_the_strongest_state_that_was_reported_of_it(
        self, given_ones: list[Interval]
    ) -> None:
        found = merged(given_ones, 0, 50)
        ranks = list(Occupancy)
        for moment in range(-10, 90):
            reported_then = [i.state for i in given_ones if i.started_at <= moment < i.ended_at]
            inside = 0 <= moment < 50
            expected = [min(reported_then, key=ranks.index)] if reported_then and inside else []
            shown = [i.state for i in found if i.started_at <= moment < i.ended_at]
            assert shown == expected, moment
        for left, right in pairwise(found):
            same = (left.state, left.reason) == (right.state, right.reason)
            assert left.ended_at < right.started_at or (
                left.ended_at == right.started_at and not same
            )


class TestByHour:
    def test_an_interval_is_divided_at_the_hours(self) -> None:
        found = by_hour([at(ACTIVE, NOON + 40 * MINUTE, NOON + 130 * MINUTE)], NOON, 4)
        assert [one[ACTIVE] // MINUTE for one in found] == [20, 60, 10, 0]
        assert {sum(one.values()) - one[ACTIVE] for one in found} == {0}

    def test_hours_begin_at_the_start_and_not_at_the_clocks(self) -> None:
        start = NOON + 59 * MINUTE
        found = by_hour([at(IDLE, NOON, NOON + 61 * MINUTE)], start, 1)
        assert found == [{ACTIVE: 0, IDLE: 2 * MINUTE, OFFLINE: 0, UNKNOWN: 0}]

    @pytest.mark.parametrize(
        ("begun", "ended", "inside"),
        [(-10, 0, 0), (-10, 10, 10), (110, 130, 10), (120, 130, 0), (-10, 130, 120), (5, 5, 0)],
    )
    def test_only_what_lies_inside_counts(self, begun: int, ended: int, inside: int) -> None:
        found = by_hour([at(ACTIVE, NOON + begun * MINUTE, NOON + ended * MINUTE)], NOON, 2)
        assert sum(one[ACTIVE] for one in found) == inside * MINUTE

    def test_there_is_an_hour_where_nothing_was_reported(self) -> None:
        assert by_hour([], NOON, 24) == [dict.fromkeys(Occupancy, 0)] * 24
        assert by_hour([at(ACTIVE, NOON, NOON + HOUR)], NOON, 0) == []

    @given(
        st.lists(
            st.tuples(st.sampled_from(Occupancy), st.integers(-90, 500), st.integers(0, 400)),
            max_size=6,
        ),
        st.integers(1, 6),
    )
    def test_it_is_what_counting_minutes_finds_of_everybody_together(
        self, given: list[tuple[Occupancy, int, int]], hours: int
    ) -> None:
        intervals = [
            at(state, NOON + begun * MINUTE, NOON + (begun + length) * MINUTE)
            for state, begun, length in given
        ]
        expected = [dict.fromkeys(Occupancy, 0) for _ in range(hours)]
        for state, begun, length in given:
            for minute in range(begun, begun + length):
                if 0 <= minute < hours * 60:
                    expected[minute * MINUTE // HOUR_MS][state] += MINUTE
        assert by_hour(intervals, NOON, hours) == expected

    @given(
        st.lists(
            st.tuples(st.sampled_from(Occupancy), st.integers(-90, 500), st.integers(0, 200)),
            max_size=5,
        ),
        st.integers(1, 5),
    )
    def test_a_tally_is_the_same_in_one_go(
        self, given: list[tuple[Occupancy, int, int]], hours: int
    ) -> None:
        end = NOON + hours * HOUR
        spans = [(s, NOON + b * MINUTE, NOON + (b + n) * MINUTE) for s, b, n in given]
        whole = merged([Interval(*span) for span in spans], NOON, end)
        by_hours = [dict.fromkeys(Occupancy, 1) for _ in range(hours)]
        assert tally(spans, NOON, end, by_hours) == totals(whole)
        expected = by_hour(whole, NOON, hours)
        assert by_hours == [{s: n + 1 for s, n in one.items()} for one in expected]


class TestSteps:
    def test_few_stay_as_they_are(self) -> None:
        few = [at(ACTIVE, 3, 7, "timer"), at(IDLE, 7, 9)]
        assert in_steps(few, 0, 100, 2) == few

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            # The state that has the most of a step has all of it.
            (
                [at(ACTIVE, 0, 4), at(IDLE, 4, 10), at(ACTIVE, 12, 13), at(IDLE, 30, 31),
                 at(ACTIVE, 32, 34)],
                [at(IDLE, 0, 10), at(ACTIVE, 10, 20), at(ACTIVE, 30, 40)],
            ),
            # Of two that have as much, the stronger one.
            (
                [at(IDLE, 0, 5), at(ACTIVE, 5, 10), at(IDLE, 11, 12), at(IDLE, 13, 14),
                 at(IDLE, 15, 16)],
                [at(ACTIVE, 0, 10), at(IDLE, 10, 20)],
            ),
            # One that goes over several steps is one.
            (
                [at(ACTIVE, 5, 36), at(IDLE, 36, 37), at(ACTIVE, 37, 38), at(IDLE, 38, 39),
                 at(ACTIVE, 39, 40)],
                [at(ACTIVE, 0, 40)],
            ),
        ],
    )  # fmt: skip
    def test_many_are_told_in_steps(self, given: list[Interval], expected: list[Interval]) -> None:
        assert in_steps(given, 0, 40, 4) == expected

    @given(
        st.lists(st.tuples(st.sampled_from(Occupancy), st.integers(0, 5), st.integers(1, 9))),
        st.integers(1, 12),
    )
    def test_they_are_as_few_as_asked_for_and_cover_what_was_reported(
        self, lengths: list[tuple[Occupancy, int, int]], most: int
    ) -> None:
        intervals, now = [], 0
        for state, gap, length in lengths:
            intervals.append(at(state, now + gap, now + gap + length))
            now += gap + length
        end = max(now, 1)
        whole = merged(intervals, 0, end)
        found = in_steps(whole, 0, end, most)
        assert len(found) <= most
        assert merged(found, 0, end) == found
        for one in whole:  # nothing that was reported is a gap in the picture
            assert any(f.started_at < one.ended_at and f.ended_at > one.started_at for f in found)
        if len(whole) > most:
            for one in found:
                assert any(
                    w.state is one.state and w.started_at < one.ended_at
                    and w.ended_at > one.started_at for w in whole
                )  # fmt: skip
