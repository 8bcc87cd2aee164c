"""Intervals of activity: never overlapping, never in the future, and only of what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.change import LONGEST_INTERVAL
from tracker.domain.occupancy import Interval
from tracker.domain.stretch import LOST_MS, REPORT_MS, Seen, Stretch, follow, seen_of
from tracker.domain.task import Occupancy

NOW = 1_700_000_000_000
ACTIVE, IDLE = Seen(Occupancy.ACTIVE), Seen(Occupancy.IDLE)
THRESHOLD = 300_000


@dataclass
class Device:
    """Looks, and keeps what ended."""

    stretch: Stretch | None = None
    ended: list[Interval] = field(default_factory=list)

    def look(self, seen: Seen | None, now: int) -> list[Interval]:
        found, self.stretch = follow(self.stretch, seen, now)
        self.ended += found
        return found


def said(intervals: list[Interval]) -> list[tuple[str, int, int]]:
    return [(i.state.value, i.started_at - NOW, i.ended_at - NOW) for i in intervals]


def test_idle_began_with_the_last_touch_and_not_when_it_was_noticed() -> None:
    device = Device()
    device.look(ACTIVE, NOW)
    device.look(ACTIVE, NOW + 60_000)
    device.look(Seen(Occupancy.IDLE, since=NOW + 20_000), NOW + 120_000)
    assert said(device.ended) == [("ACTIVE", 0, 20_000)]
    assert device.stretch == Stretch(Occupancy.IDLE, NOW + 20_000, NOW + 120_000)


def test_idle_never_reaches_into_what_was_reported_already() -> None:
    device = Device(Stretch(Occupancy.ACTIVE, NOW, NOW))
    device.look(Seen(Occupancy.IDLE, since=NOW - 400_000), NOW + 5_000)
    assert device.ended == []
    assert device.stretch == Stretch(Occupancy.IDLE, NOW, NOW + 5_000)


def test_a_long_stretch_is_reported_in_pieces_without_a_gap() -> None:
    device = Device()
    for second in range(0, 700, 5):
        device.look(ACTIVE, NOW + second * 1_000)
    assert said(device.ended) == [
        ("ACTIVE", 0, REPORT_MS),
        ("ACTIVE", REPORT_MS, 2 * REPORT_MS),
    ]


def test_what_nobody_saw_is_reported_as_nothing() -> None:
    device = Device(Stretch(Occupancy.ACTIVE, NOW, NOW + 10_000))
    device.look(ACTIVE, NOW + 10_000 + LOST_MS + 1)
    assert said(device.ended) == [("ACTIVE", 0, 10_000)]
    assert device.stretch is not None
    assert device.stretch.started_at == NOW + 10_000 + LOST_MS + 1


def test_a_clock_that_was_set_back_leaves_out_what_it_cannot_place() -> None:
    """It ended an hour from now: the server would refuse it, and the person had to settle that."""
    device = Device(Stretch(Occupancy.ACTIVE, NOW + 3_600_000, NOW + 3_700_000))
    assert device.look(ACTIVE, NOW) == []
    assert device.stretch == Stretch(Occupancy.ACTIVE, NOW, NOW)


def test_without_reporting_what_was_seen_before_ends_and_nothing_goes_on() -> None:
    device = Device(Stretch(Occupancy.ACTIVE, NOW, NOW + 10_000))
    device.look(None, NOW + 15_000)
    assert said(device.ended) == [("ACTIVE", 0, 10_000)]
    assert device.stretch is None
    assert device.look(None, NOW + 20_000) == []


def test_another_reason_is_another_interval() -> None:
    device = Device()
    device.look(Seen(Occupancy.OFFLINE, "Lunch"), NOW)
    device.look(Seen(Occupancy.OFFLINE, "Meeting"), NOW + 30_000)
    device.look(ACTIVE, NOW + 60_000)
    assert [(i.reason, i.ended_at - i.started_at) for i in device.ended] == [
        ("Lunch", 30_000),
        ("Meeting", 30_000),
    ]


@pytest.mark.parametrize(
    ("idle", "paused", "state"),
    [
        (0, None, Occupancy.ACTIVE),
        (THRESHOLD - 1, None, Occupancy.ACTIVE),
        (THRESHOLD, None, Occupancy.IDLE),
        (None, None, Occupancy.UNKNOWN),
        (0, "", Occupancy.OFFLINE),
        (THRESHOLD, "Lunch", Occupancy.OFFLINE),
        (None, "Lunch", Occupancy.OFFLINE),
    ],
)
def test_what_the_system_says_and_what_the_person_says(
    idle: int | None, paused: str | None, state: Occupancy
) -> None:
    found = seen_of(idle, THRESHOLD, paused, NOW)
    assert (found.state, found.reason) == (state, paused or "")
    assert found.since == (NOW - THRESHOLD if state is Occupancy.IDLE else None)


LOOKS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5_000, 5_000, 5_000, 60_000, LOST_MS, LOST_MS + 1, 90_000_000]),
        st.sampled_from([0, 0, 1, THRESHOLD - 1, THRESHOLD, 2 * THRESHOLD, 10**9, None]),
        st.sampled_from([None, None, None, "", "Lunch"]),
        st.booleans() | st.just(True),  # whether anything is reported
    ),
    max_size=80,
)


@given(LOOKS)
def test_whatever_is_seen_intervals_are_in_order_apart_and_over(
    looks: list[tuple[int, int | None, str | None, bool]],
) -> None:
    device, now, looked = Device(), NOW, [NOW]
    for gap, idle, paused, reports in looks:
        now += gap
        ended = device.look(seen_of(idle, THRESHOLD, paused, now) if reports else None, now)
        assert all(one.ended_at <= now for one in ended), "in the future"
        looked.append(now)
    for one in device.ended:
        assert 0 < one.ended_at - one.started_at <= LONGEST_INTERVAL
    for before, after in pairwise(device.ended):
        assert before.ended_at <= after.started_at, "they overlap"
    unseen = [(a, b) for a, b in pairwise(looked) if b - a > LOST_MS]
    for one in device.ended:
        for left, right in unseen:
            assert one.ended_at <= left or one.started_at >= right, "nobody looked then"


@given(LOOKS, st.lists(st.integers(-(10**8), 10**8), min_size=1, max_size=20))
def test_a_clock_that_jumps_reports_nothing_of_the_future(
    looks: list[tuple[int, int | None, str | None, bool]], jumps: list[int]
) -> None:
    device, now = Device(), NOW
    for number, (gap, idle, paused, _) in enumerate(looks):
        now += gap + (jumps[number % len(jumps)] if number % 3 == 0 else 0)
        ended = device.look(seen_of(idle, THRESHOLD, paused, now), now)
        assert all(one.started_at < one.ended_at <= now for one in ended)
