"""What is reported of a person's activity: watched here, queued like any action, shown to them.

A person sees exactly what is reported, and decides: nothing is with reporting off, and a pause is
reported as theirs, in their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.cache.precious import new_id
from tracker.config import Profile
from tracker.domain.change import REASON_LIMIT, Action, Kind
from tracker.domain.errors import ServerRefusal
from tracker.domain.occupancy import Interval
from tracker.domain.page import Changes
from tracker.domain.reading import storable
from tracker.domain.receipt import EFFECTIVE
from tracker.domain.stretch import Seen, follow, seen_of
from tracker.domain.task import Occupancy
from tracker.services.asking import connected
from tracker.services.organising import Device, asked_devices
from tracker.services.workspace import Workspace, device_clock
from tracker.sync.ports import Credentials

DAY_MS = 86_400_000
KEEP_MS = 30_000
"""How often a stretch that goes on is written; a crash costs as much of it."""
WORDS = {
    Occupancy.ACTIVE: "Active",
    Occupancy.IDLE: "Idle",
    Occupancy.OFFLINE: "Paused",
    Occupancy.UNKNOWN: "Not known",
}
"""As a person is told of their own."""


@dataclass(frozen=True, slots=True)
class Reported:
    """An interval in the server's time, as far as this device knows it, and whether it is there."""

    interval: Interval
    delivered: bool


class Activity:
    """Bound to an open workspace."""

    def __init__(self, workspace: Workspace, *, reports: bool, threshold_ms: int) -> None:
        self._work = workspace
        self.reports, self.threshold_ms = reports, threshold_ms
        kept = workspace.outbox.stretch()
        paused = kept is not None and kept.state is Occupancy.OFFLINE
        self.paused: str | None = kept.reason if paused and kept else None
        """The reason of a pause that goes on: it outlives a restart."""
        self.seen: Seen | None = None
        self._stretch, self._kept_at = kept, kept.seen_at if kept else 0

    def look(self, idle_ms: int | None) -> Changes:
        """To be called every few seconds with what the operating system says, None where it cannot
        tell. Says whether something was queued."""
        now = device_clock()
        seen = seen_of(idle_ms, self.threshold_ms, self.paused, now) if self.reports else None
        return self._follow(seen, now)

    def stop(self) -> Changes:
        """Nothing is reported from now on, nor what was seen and is not sent yet."""
        changes = self._work.outbox.forget_reports()
        self.reports, self.seen, self._stretch, self.paused = False, None, None, None
        return changes

    def pause(self, reason: str | None) -> Changes:
        """Reports a pause from now on, or None to end it."""
        if reason is not None:
            # What was pasted may hold a NUL, which the server refuses: the pause must not be lost.
            reason = "".join(c for c in reason if storable(c)).strip()[:REASON_LIMIT]
        self.paused = reason
        return Changes()

    def end(self) -> Changes:
        """The program ends: what was seen until now is queued; a pause outlives it."""
        if self._stretch is None:
            return Changes()
        if self._stretch.state is not Occupancy.OFFLINE:
            return self._follow(None, device_clock())
        return self._work.outbox.report([], self._stretch)

    def reported(self, now: int) -> list[Reported]:
        """Of the last 24 hours, oldest first: what waits too. Pieces that go on with each other are
        one."""
        found: list[Reported] = []
        for action, receipt in self._work.outbox.reports(now - DAY_MS):
            if receipt is not None and receipt.outcome not in EFFECTIVE:
                continue  # nobody sees what was refused
            offset, args = action.clock_offset or 0, action.args
            interval = Interval(
                Occupancy(args["state"]),
                args["started_at"] + offset,
                args["ended_at"] + offset,
                args.get("reason", ""),
            )
            _extend(found, Reported(interval, receipt is not None))
        return found

    def _follow(self, seen: Seen | None, now: int) -> Changes:
        self.seen = seen
        before = self._stretch
        ended, after = follow(before, seen, now)
        begun = (before is None) != (after is None)
        changes = Changes()
        if ended or begun or now - self._kept_at >= KEEP_MS:
            # On a full disk nothing has ended, so that the next look can report it.
            changes = self._work.outbox.report([self._action(one, now) for one in ended], after)
            self._kept_at = now
        self._stretch = after
        return changes

    def _action(self, interval: Interval, now: int) -> Action:
        args: dict[str, object] = {
            "state": interval.state.value,
            "started_at": interval.started_at,
            "ended_at": interval.ended_at,
        }
        if interval.reason:
            args["reason"] = interval.reason
        position = self._work.confirmed.position()
        return Action(
            op_id=new_id(),
            kind=Kind.OCCUPANCY,
            task_id=new_id(),
            args=args,
            made_at=now,
            base_epoch=position.epoch,
            clock_offset=position.clock_offset,
        )


def _extend(found: list[Reported], one: Reported) -> None:
    last = found[-1] if found else None
    if last is not None and last.delivered == one.delivered:
        before, after = last.interval, one.interval
        if (before.state, before.reason, before.ended_at) == (
            after.state, after.reason, after.started_at,
        ):  # fmt: skip
            found[-1] = replace(last, interval=replace(before, ended_at=after.ended_at))
            return
    found.append(one)


@dataclass(frozen=True, slots=True)
class Day:
    """What the server has of the last 24 hours, of all the person's devices, and when it heard of
    each; instants in ms. `devices` is None where the server does not tell."""

    intervals: list[Interval]
    started_at: int
    ended_at: int
    devices: Sequence[Device] | None = None


def at_server(profile: Profile, credentials: Credentials) -> Day:
    """What the server has of the person, which is what admins see. Raises what `Asking` does."""
    with connected(profile, credentials) as server:
        found = server.ask(lambda s: s.occupancy(profile.user_id))
        try:
            devices = asked_devices(server, profile.user_id)
        except ServerRefusal as refusal:
            if refusal.code != "E4008":
                raise
            devices = None  # a server of the version before
    return Day(found.intervals, found.started_at, found.ended_at, devices)
