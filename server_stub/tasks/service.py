"""The rules of tasks, for whoever asks: push, REST and the demo data all end here.

A `Bench` holds the rows a batch of actions needs. Deciding works in memory with the domain's pure
function; writing happens once at the end, with executemany (a savepoint for each action would be
some twenty times slower).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from server_stub.core import audit
from server_stub.core.feed import ADMINS, Tenant
from server_stub.people import service as people
from server_stub.tasks import queries
from server_stub.tasks.queries import FieldChanges
from tracker.domain.access import Actor
from tracker.domain.change import NAME_PEOPLE, NAME_PROJECTS, Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.ids import is_uuid
from tracker.domain.replay import Applied, Context, clock_is_off, decide, work_time
from tracker.domain.task import Assignment, Comment, Task, TaskState, with_values

HISTORY_KEPT = 20
"""History entries a client holds for each task; older ones are read from `tasks/history.py`."""

_zone = functools.lru_cache(ZoneInfo)


@dataclass(slots=True)
class Bench:
    """The working set of one writing transaction on the locked tenant."""

    tenant: Tenant
    people: frozenset[str]
    projects: frozenset[str]
    states: dict[str, tuple[TaskState, FieldChanges]]
    comment_ids: set[str]
    dirty: set[str] = field(default_factory=set)
    comments: list[Comment] = field(default_factory=list)
    audit_rows: list[dict[str, Any]] = field(default_factory=list)
    assigned: dict[tuple[str, str], Assignment | None] = field(default_factory=dict)
    granted: set[tuple[str, str]] = field(default_factory=set)
    heard_by: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def touch(self, kind: str, entity_id: str, audiences: Iterable[str]) -> None:
        """Notes who has to hear of a thing; each is told once a batch."""
        self.heard_by.setdefault((kind, entity_id), set()).update(audiences)


def open_bench(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> Bench:
    """Reads everything the actions name, a few queries for the whole batch."""
    ids = sorted({action.task_id for action in actions})
    comment_ids = [
        action.args["comment_id"]
        for action in actions
        if action.kind is Kind.COMMENT and is_uuid(action.args.get("comment_id"))
    ]
    kinds = {action.kind for action in actions}
    nobody: frozenset[str] = frozenset()
    return Bench(
        tenant=tenant,
        people=people.active_ids(conn, tenant.id) if kinds & NAME_PEOPLE else nobody,
        projects=people.project_ids(conn, tenant.id) if kinds & NAME_PROJECTS else nobody,
        states=queries.states(conn, tenant.id, ids),
        comment_ids={c.id for c in queries.comments_by_id(conn, tenant.id, comment_ids)},
    )


def state_of(bench: Bench, task_id: str) -> TaskState | None:
    found = bench.states.get(task_id)
    return found[0] if found else None


def act(
    bench: Bench,
    actor: Actor,
    action: Action,
    received_at: int,
    device_id: str | None = None,
    device_seq: int | None = None,
    replayed: bool = False,
) -> Applied | Refusal:
    """Decides one action and puts its effect on the bench. Nothing is written yet."""
    tenant = bench.tenant
    state, changes = bench.states.get(action.task_id, (None, {}))
    said = action.args.get("comment_id")
    if action.kind is Kind.COMMENT and is_uuid(said) and said in bench.comment_ids:
        return Refusal("E5012")
    context = Context(
        received_at=received_at,
        zone=_zone(tenant.zone),
        people=bench.people,
        projects=bench.projects,
        moved=_moved(changes, action, device_id, tenant.epoch),
        number=tenant.task_number + 1,
    )
    decided = decide(state, action, actor, context)
    if isinstance(decided, Refusal):
        return decided
    if action.kind is Kind.CREATE_TASK:
        tenant.task_number += 1
    task = with_values(decided.state.task, {"version": decided.state.task.version + 1})
    decided = replace(decided, state=TaskState(task, decided.state.people))
    changes = {**changes, **dict.fromkeys(decided.changed, (task.version, device_id))}
    bench.states[task.id] = (decided.state, changes)
    bench.dirty.add(task.id)
    _note_people(bench, state, decided)
    _note_audit(bench, actor, action, decided, received_at, device_id, device_seq, replayed)
    return decided


def _moved(
    changes: FieldChanges, action: Action, device_id: str | None, epoch: str
) -> frozenset[str]:
    """Fields with a change newer than the action's base, made by another device.

    A REST call has no device and acts on what is there now, so nothing moved under it.
    """
    if device_id is None:
        return frozenset()
    if action.base_epoch is not None and action.base_epoch != epoch:
        return frozenset(changes)
    base = action.base_version or 0
    return frozenset(
        name for name, (version, by) in changes.items() if version > base and by != device_id
    )


def _audience(state: TaskState) -> set[str]:
    return {*state.people, state.task.created_by, ADMINS}


def _note_people(bench: Bench, before: TaskState | None, decided: Applied) -> None:
    task_id = decided.state.task.id
    old = before.people if before else {}
    audience = _audience(decided.state)
    for user_id, row in decided.state.people.items():
        if old.get(user_id) != row:
            bench.assigned[task_id, user_id] = row
            bench.touch("assignment", f"{task_id}:{user_id}", audience)
        if before is not None and user_id not in _audience(before):
            bench.granted.add((task_id, user_id))
    for user_id in old:
        if user_id not in decided.state.people:
            bench.assigned[task_id, user_id] = None
            bench.touch("assignment", f"{task_id}:{user_id}", audience | {user_id})
            bench.touch("task", task_id, {user_id})
    bench.touch("task", task_id, audience)
    if decided.comment is not None:
        bench.comments.append(decided.comment)
        bench.comment_ids.add(decided.comment.id)
        bench.touch("comment", decided.comment.id, audience)


def _note_audit(
    bench: Bench,
    actor: Actor,
    action: Action,
    decided: Applied,
    received_at: int,
    device_id: str | None,
    device_seq: int | None,
    replayed: bool,
) -> None:
    fact = decided.fact
    row = audit.append(
        bench.tenant,
        action.task_id,
        {
            "event": fact.event,
            "user": actor.user_id,
            "op_id": action.op_id,
            "device_id": device_id,
            "device_seq": device_seq,
            "before": dict(fact.before),
            "after": dict(fact.after),
            "note": fact.note,
            "occupancy": fact.occupancy,
            "merged": list(decided.merged),
            "made_at": action.made_at,
            "clock_offset": action.clock_offset,
            "worked_at": work_time(action, received_at),
            "received_at": received_at,
            **({"clock_off": True} if clock_is_off(action, received_at) else {}),
            **({"replayed_after_restore": True} if replayed else {}),
        },
    )
    bench.audit_rows.append(row)
    bench.touch("history", str(row["n"]), _audience(decided.state))


def write(conn: Connection, bench: Bench) -> dict[str, dict[str, int]]:
    """Writes the bench and its feed pointers; returns task id → audience → last position."""
    tenant_id = bench.tenant.id
    queries.save_tasks(
        conn, tenant_id, [_row(bench.states[task_id]) for task_id in sorted(bench.dirty)]
    )
    queries.save_assignments(conn, tenant_id, [row for row in bench.assigned.values() if row])
    queries.delete_assignments(
        conn, tenant_id, [pair for pair, row in bench.assigned.items() if row is None]
    )
    queries.insert_comments(conn, tenant_id, bench.comments)
    audit.insert(conn, bench.audit_rows)
    for task_id, user_id in sorted(bench.granted):
        # Before all that hangs on it: who was let in again may have kept what is gone meanwhile.
        bench.tenant.point([user_id], "grant", task_id)
        _show_children(conn, bench, task_id, user_id)
    positions: dict[str, dict[str, int]] = {}
    for (kind, entity_id), audiences in bench.heard_by.items():
        written = bench.tenant.point(sorted(audiences), kind, entity_id)
        if kind == "task":
            positions[entity_id] = written
    return positions


def _row(state: tuple[TaskState, FieldChanges]) -> tuple[Task, FieldChanges]:
    return state[0].task, state[1]


def _show_children(conn: Connection, bench: Bench, task_id: str, user_id: str) -> None:
    """Someone who was just let in has to hear of everything that was there before."""
    tenant_id = bench.tenant.id
    for comment in queries.comments_of(conn, tenant_id, [task_id]):
        bench.touch("comment", comment.id, {user_id})
    for entry in audit.latest(conn, tenant_id, [task_id], HISTORY_KEPT):
        bench.touch("history", entry.id, {user_id})
    state = bench.states[task_id][0]
    for other in state.people:
        bench.touch("assignment", f"{task_id}:{other}", {user_id})
