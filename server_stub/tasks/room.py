"""The tasks' side of push: its protocol on one hand, the rules of tasks on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core.feed import Tenant
from server_stub.sync.rooms import Arrival, Effect, Positions, Room
from server_stub.tasks import service
from tracker.domain import access
from tracker.domain.access import Actor
from tracker.domain.change import TASK_KINDS, Action
from tracker.domain.errors import Refusal


@dataclass(frozen=True, slots=True)
class _Bench:
    bench: service.Bench

    def act(self, actor: Actor, action: Action, arrival: Arrival) -> Effect | Refusal:
        decided = service.act(
            self.bench,
            actor,
            action,
            arrival.received_at,
            arrival.device_id,
            arrival.device_seq,
            arrival.replayed,
        )
        if isinstance(decided, Refusal):
            return decided
        return Effect(decided.state.task.version, decided.merged)

    def current(self, actor: Actor, thing_id: str) -> dict[str, Any] | None:
        state = self.bench.task(thing_id)
        if state is None or not access.may_see(actor, state):
            return None
        task = state.task
        return {
            "number": task.number,
            "title": task.title,
            "status": task.status,
            "progress": task.progress,
            "version": task.version,
            "updated_at": task.updated_at,
        }

    def write(self, conn: Connection) -> Positions:
        return service.write(conn, self.bench)


def _open(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> _Bench:
    return _Bench(service.open_bench(conn, tenant, actions))


ROOM = Room(TASK_KINDS, _open)
