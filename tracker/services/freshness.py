"""How fresh what is known of a person is, and what their device says of them: for admins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracker.domain.occupancy import LIVE_MS
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
    """`words` are the age of the person's data: `live`, `idle`, `12 min old`, `last heard 11:58,
    4 unsent then`, `never heard`. `state` is what is known of them now."""

    words: str
    state: Occupancy
    short: str = ""
    """For a place where there is no room for them: `offline, 4 unsent`."""

    def fitting(self, fits: Callable[[str], bool]) -> str:
        return self.words if not self.short or fits(self.words) else self.short

    def said(self) -> str:
        """All of it: `active, live`."""
        return f"{STATES[self.state]}, {self.words}"


def freshness(presence: PersonPresence | None, now: int) -> Freshness:
    """Of a person whose device is not heard of any more nothing is known but that: they are
    offline. `now` in ms of the server."""
    if presence is None or presence.last_heard_at is None:
        return Freshness("never heard", Occupancy.UNKNOWN)
    ago = now - presence.last_heard_at
    if ago < LIVE_MS:
        state = presence.occupancy
        words = {Occupancy.IDLE: "idle", Occupancy.OFFLINE: "paused"}.get(state, "live")
        return Freshness(f"{words}, {presence.unsent} unsent" if presence.unsent else words, state)
    if presence.unsent:
        heard = wording.clock(presence.last_heard_at, now)
        words = f"last heard {heard}, {presence.unsent} unsent then"
        return Freshness(words, Occupancy.OFFLINE, f"offline, {presence.unsent} unsent")
    if ago < _AGED_MS:
        words = f"{wording.span(ago)} old"
    else:
        words = f"last heard {wording.clock(presence.last_heard_at, now)}"
    return Freshness(words, Occupancy.OFFLINE)
