"""The notifications' side of push: people mark their own on their devices, also offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core.feed import Tenant
from server_stub.notifications import service
from server_stub.sync.rooms import Arrival, Effect, Positions, Room
from tracker.domain.access import Actor
from tracker.domain.change import OF_NOTIFICATIONS, Action
from tracker.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class _Bench:
    bench: service.Bench

    def act(self, actor: Actor, action: Action, arrival: Arrival) -> Effect | Refusal:
        decided = service.act(self.bench, actor, action, arrival.received_at)
        return decided if isinstance(decided, Refusal) else Effect(decided.version)

    def current(self, _actor: Actor, _thing_id: str) -> dict[str, Any] | None:
        """Nothing of it helps to settle a refused mark."""
        return None

    def write(self, conn: Connection) -> Positions:
        return service.write(conn, self.bench)


def _open(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> _Bench:
    return _Bench(service.open_bench(conn, tenant, actions))


ROOM = Room(OF_NOTIFICATIONS, _open)
