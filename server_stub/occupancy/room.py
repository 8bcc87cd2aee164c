"""The side of push: each interval is an action, whose `task_id` is the interval's own id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core.feed import Tenant
from server_stub.occupancy import service
from server_stub.sync.rooms import Arrival, Effect, Positions, Room
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal


@dataclass(slots=True)
class _Bench:
    tenant: Tenant
    known: set[str]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def act(self, actor: Actor, action: Action, arrival: Arrival) -> Effect | Refusal:
        if action.task_id in self.known:
            return Refusal("E5012")
        row = service.row_of(self.tenant.id, actor, action, arrival.received_at)
        if isinstance(row, Refusal):
            return row
        self.known.add(action.task_id)
        self.rows.append(row)
        return Effect()

    def current(self, actor: Actor, thing_id: str) -> dict[str, Any] | None:
        return None

    def write(self, conn: Connection) -> Positions:
        service.insert(conn, self.rows)
        self.tenant.unheard |= bool(self.rows)
        return {}


def _open(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> _Bench:
    ids = [action.task_id for action in actions]
    return _Bench(tenant, service.known(conn, tenant.id, ids))


ROOM = Room(frozenset({Kind.OCCUPANCY}), _open)
