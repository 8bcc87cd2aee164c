"""What push asks of the room that decides an action.

Each kind belongs to one room (`push.ROOMS`). A room reads what its actions name, few queries for a
batch (`open`), decides each in memory (`act`) and writes everything at the end (`write`), all in
push's transaction, on the tenant that push has locked. Receipts are push's own: a room knows
nothing of repeats, of devices' numbers, and of what an action stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from server_stub.core.feed import Tenant
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal

Positions = Mapping[str, Mapping[str, int]]
"""Id of a thing → audience → the last position at which it hears of it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an action came. REST has no device; `replayed` was delivered before a restore."""

    received_at: int
    device_id: str | None
    device_seq: int | None
    replayed: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action did, as its receipt says it. `version` is that of the row in which a device
    will see the effect, 0 where it is never pulled."""

    version: int = 0
    merged: tuple[str, ...] = ()


class Bench(Protocol):
    """What one room works on during one batch."""

    def act(self, actor: Actor, action: Action, arrival: Arrival) -> Effect | Refusal:
        """Decides one action; nothing is written yet."""
        ...

    def current(self, actor: Actor, thing_id: str) -> dict[str, Any] | None:
        """How the thing is now, for who acted on it; None for what they may not see."""
        ...

    def write(self, conn: Connection) -> Positions:
        """Writes all effects, and their pointers into the feed. Rows of the audit trail have to go
        in by number: only the tasks' room may write any."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    kinds: frozenset[Kind]
    open: Callable[[Connection, Tenant, Sequence[Action]], Bench]
