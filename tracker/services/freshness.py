"""How fresh what is known of a person is, and what their device says of them: for admins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracker.domain.occupancy import LIVE_MS, Interval
from tracker.domain.page import PersonPresence
from tracker.domain.task import Occupancy
from tracker.services import wording

_AGED_MS = wording.HOUR
"""Within this time an age says more than the time of day."""
STATES = {
    Occupancy.ACTIVE: "active",
    Occupancy.IDLE: "idle",
    Occupancy.OFFLINE: "offline",
    Occupancy.UNKNOWN: "activity not known",
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """`words` are the age of the person's data: `live`, `idle 6 min`, `12 min old`, `last heard
    11:58, 4 unsent then`, `never heard of`. `state` is what is known of them now."""

    words: str
    state: Occupancy
    short: str = ""
    """For a place where there is no room for them: `offline, 4 unsent`."""
    live: bool = False
    """Their device is heard of."""

    def fitting(self, fits: Callable[[str], bool]) -> str:
        return self.words if not self.short or fits(self.words) else self.short

    def said(self) -> str:
        """All of it: `active, live`."""
        return f"{STATES[self.state]}, {self.words}"


def freshness(presence: PersonPresence | None, now: int, day: Sequence[Interval] = ()) -> Freshness:
    """Of a person whose device is not heard of any more nothing is known but that: they are
    offline. `now` in ms of the server; `day` is what was reported of them, where that is known."""
    if presence is None or presence.last_heard_at is None:
        return Freshness("never heard of", Occupancy.UNKNOWN)
    ago = now - presence.last_heard_at
    if ago < LIVE_MS:
        state, words = presence.occupancy, "live"
        if state is Occupancy.IDLE:
            since = idle_since(day)
            words = "idle" if since is None else f"idle {wording.span(now - since)}"
        elif state is Occupancy.OFFLINE:
            words = "paused"
        unsent = f", {presence.unsent} unsent" if presence.unsent else ""
        return Freshness(words + unsent, state, live=True)
    if presence.unsent:
        heard = wording.clock(presence.last_heard_at, now)
        words = f"last heard {heard}, {presence.unsent} unsent then"
        return Freshness(words, Occupancy.OFFLINE, f"offline, {presence.unsent} unsent")
    if ago < _AGED_MS:
        words = f"{wording.span(ago)} old"
    else:
        words = f"last heard {wording.clock(presence.last_heard_at, now)}"
    return Freshness(words, Occupancy.OFFLINE)


def idle_since(day: Sequence[Interval]) -> int | None:
    """Since when somebody who is idle now has been: devices report an interval when it ends, and
    after five minutes."""
    since = None
    for one in reversed(day):
        if one.state is not Occupancy.IDLE:
            return one.ended_at if since is None else since
        if since is not None and one.ended_at < since:
            return since
        since = one.started_at
    return since
