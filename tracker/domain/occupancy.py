"""When people were active: intervals that their devices report, and what those add up to.

Nothing is guessed: where no device reported anything there is a gap, and nobody is called idle.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from tracker.domain.change import Action, Occupied, parse
from tracker.domain.decision import CLOCK_TOLERANCE
from tracker.domain.errors import Refusal
from tracker.domain.reading import LAST_INSTANT
from tracker.domain.task import Occupancy

HOUR_MS = 3_600_000
LIVE_MS = 75_000
"""Heard of within this time, a person is there: the longest poll interval, with its jitter."""

_RANK = {state: rank for rank, state in enumerate(Occupancy)}
"""Where several devices differ, who works at one of them works."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Instants are the server's. `reason` is what the device or its user says of it."""

    state: Occupancy
    started_at: int
    ended_at: int
    reason: str = ""


def interval_of(action: Action, received_at: int) -> Interval | Refusal:
    """What an action of the kind `occupancy` reports, in the server's time as far as the device
    knew it. E2062 for what ends in the future, by more than clocks differ."""
    args = parse(action.kind, action.args)
    if isinstance(args, Refusal):
        return args
    if not isinstance(args, Occupied):
        raise TypeError(f"{action.kind} reports no occupancy")
    offset = action.clock_offset or 0
    found = Interval(args.state, args.started_at + offset, args.ended_at + offset, args.reason)
    if found.ended_at > received_at + CLOCK_TOLERANCE:
        return Refusal("E2062", "ended_at")
    if not 0 <= found.started_at <= LAST_INSTANT:
        return Refusal("E2004", "started_at")
    return found


def merged(intervals: Iterable[Interval], start: int, end: int) -> list[Interval]:
    """What was reported between two instants, in order, without overlaps: ACTIVE before IDLE before
    OFFLINE before UNKNOWN, and of the same state the one that began first. N log N."""
    waiting = sorted(
        (max(i.started_at, start), min(i.ended_at, end), i.started_at, i.reason, i.state)
        for i in intervals
        if i.started_at < end and i.ended_at > start and i.started_at < i.ended_at
    )
    if all(one[1] <= following[0] for one, following in pairwise(waiting)):
        # One device, as nearly always: three times as fast.
        alone: list[Interval] = []
        for begins, ends, _, reason, state in waiting:
            _extend(alone, Interval(state, begins, ends, reason))
        return alone
    edges = sorted({edge for begins, ends, *_ in waiting for edge in (begins, ends)})
    open_ones: list[tuple[int, int, str, int, Occupancy]] = []
    found: list[Interval] = []
    following = 0
    for left, right in pairwise(edges):
        while following < len(waiting) and waiting[following][0] <= left:
            _, ends, began, reason, state = waiting[following]
            heapq.heappush(open_ones, (_RANK[state], began, reason, ends, state))
            following += 1
        while open_ones and open_ones[0][3] <= left:
            heapq.heappop(open_ones)
        if open_ones:
            _, _, reason, _, state = open_ones[0]
            _extend(found, Interval(state, left, right, reason))
    return found


def _extend(found: list[Interval], piece: Interval) -> None:
    """Adds a piece, to the last one if it goes on with it."""
    last = found[-1] if found else None
    if last and last.ended_at == piece.started_at and _said(last) == _said(piece):
        found[-1] = Interval(last.state, last.started_at, piece.ended_at, last.reason)
    else:
        found.append(piece)


def _said(interval: Interval) -> tuple[Occupancy, str]:
    return interval.state, interval.reason


def in_steps(whole: Sequence[Interval], start: int, end: int, most: int) -> list[Interval]:
    """As few intervals as `most`, for a small picture: as they are where they are no more, else in
    `most` equal steps, each in the state that has the most of it, a gap where nothing was reported
    at all. What comes in is `merged`."""
    if len(whole) <= most:
        return list(whole)
    edges = [start + (end - start) * step // most for step in range(most + 1)]
    found: list[Interval] = []
    following = 0
    for left, right in pairwise(edges):
        lengths: dict[Occupancy, int] = {}
        while following < len(whole) and whole[following].started_at < right:
            one = whole[following]
            inside = min(one.ended_at, right) - max(one.started_at, left)
            if inside > 0:
                lengths[one.state] = lengths.get(one.state, 0) + inside
            if one.ended_at > right:
                break
            following += 1
        if lengths:
            state = max(lengths, key=lambda s: (lengths[s], -_RANK[s]))
            _extend(found, Interval(state, left, right))
    return found


def by_hour(intervals: Iterable[Interval], start: int, hours: int) -> list[dict[Occupancy, int]]:
    """Milliseconds of each state in each of so many hours from `start` on."""
    found = [dict.fromkeys(Occupancy, 0) for _ in range(hours)]
    for interval in intervals:
        at = max(interval.started_at, start)
        while at < interval.ended_at and (hour := (at - start) // HOUR_MS) < hours:
            end = min(interval.ended_at, start + (hour + 1) * HOUR_MS)
            found[hour][interval.state] += end - at
            at = end
    return found


Span = tuple[Occupancy, int, int]
"""A state, from when and to when."""


def tally(
    spans: Sequence[tuple[Occupancy, int, int]],
    start: int,
    end: int,
    hours: list[dict[Occupancy, int]],
) -> dict[Occupancy, int]:
    """What `totals` and `by_hour` say of what `merged` makes of these, in a fraction of the
    time where none overlaps; adds to `hours`."""
    found, until = dict.fromkeys(Occupancy, 0), start
    for _, begins, ends in (ordered := sorted(spans, key=itemgetter(1))):
        if begins < until and until > start:
            return _tally_merged(ordered, start, end, hours)
        until = max(until, ends)
    for state, begins, ends in ordered:
        at, ends = max(begins, start), min(ends, end)
        if at >= ends:
            continue
        found[state] += ends - at
        while at < ends:
            hour = (at - start) // HOUR_MS
            edge = min(ends, start + (hour + 1) * HOUR_MS)
            if hour < len(hours):
                hours[hour][state] += edge - at
            at = edge
    return found


def _tally_merged(
    spans: Sequence[tuple[Occupancy, int, int]],
    start: int,
    end: int,
    hours: list[dict[Occupancy, int]],
) -> dict[Occupancy, int]:
    whole = merged((Interval(*span) for span in spans), start, end)
    for into, more in zip(hours, by_hour(whole, start, len(hours)), strict=True):
        for state, length in more.items():
            into[state] += length
    return totals(whole)


def totals(intervals: Sequence[Interval]) -> dict[Occupancy, int]:
    """Milliseconds of each state in intervals that do not overlap."""
    found = dict.fromkeys(Occupancy, 0)
    for interval in intervals:
        found[interval.state] += interval.ended_at - interval.started_at
    return found
