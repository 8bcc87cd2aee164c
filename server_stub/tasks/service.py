"""The rules of tasks, for whoever asks: push, REST and the demo data all end here.

A `Bench` holds the rows a batch of actions needs. Deciding works in memory with the domain's pure
function; writing happens once at the end, with executemany (a savepoint for each action would be
some twenty times slower).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from server_stub.analytics import service as analytics
from server_stub.core import audit, auth
from server_stub.core.feed import ADMINS, Tenant
from server_stub.notifications import service as notifications
from server_stub.people import service as people
from server_stub.tasks import place, queries, relations
from server_stub.tasks.queries import FieldChanges
from server_stub.tasks.rows import ASSIGNMENTS, ATTACHED, COMMENTS, DEPENDENCIES, TIME_ENTRIES
from tracker.domain.access import Actor
from tracker.domain.change import NAME_PEOPLE, NAME_PROJECTS, Action, Kind, other_tasks
from tracker.domain.decision import Applied, Context, clock_is_off, work_time
from tracker.domain.errors import Refusal
from tracker.domain.graph import counted
from tracker.domain.ids import is_uuid
from tracker.domain.notification import Notice, caused
from tracker.domain.replay import decide
from tracker.domain.task import (
    OPEN,
    SYSTEM,
    Assignment,
    Comment,
    Dependency,
    Role,
    Task,
    TaskState,
    TimeEntry,
    with_values,
)

HISTORY_KEPT = 20
"""History entries a client holds for each task; older ones are read from `tasks/history.py`."""

TRACKER = Actor(SYSTEM, Role.ADMIN)
"""Who does what is done by the clock."""

_zone = functools.lru_cache(ZoneInfo)
due_before = queries.due_before
ids_of_numbers = queries.ids_of_numbers


@dataclass(slots=True)
class Bench:
    """The working set of one writing transaction on the locked tenant. What is there was read
    before the first action; `dirty`, `assigned`, `said` and what follows is to be written."""

    tenant: Tenant
    people: frozenset[str]
    projects: frozenset[str]
    states: dict[str, tuple[TaskState, FieldChanges]]
    comments: dict[str, Comment]
    entry_ids: set[str]
    needs: dict[str, set[str]]
    minutes: dict[str, Counter[str]]
    """Who logged how many, of tasks on which somebody takes some back."""
    dirty: set[str] = field(default_factory=set)
    assigned: dict[tuple[str, str], Assignment | None] = field(default_factory=dict)
    said: dict[str, Comment] = field(default_factory=dict)
    entries: list[TimeEntry] = field(default_factory=list)
    waits: dict[tuple[str, str], Dependency | None] = field(default_factory=dict)
    audit_rows: list[dict[str, Any]] = field(default_factory=list)
    granted: set[tuple[str, str]] = field(default_factory=set)
    heard_by: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    parents: set[str] = field(default_factory=set)
    turned: set[str] = field(default_factory=set)
    """Tasks that were finished or opened: others may wait for them."""

    def touch(self, kind: str, entity_id: str, audiences: Iterable[str]) -> None:
        """Notes who has to hear of a thing; each is told once a batch."""
        self.heard_by.setdefault((kind, entity_id), set()).update(audiences)

    def task(self, task_id: str) -> TaskState | None:
        found = self.states.get(task_id)
        return found[0] if found else None

    def logged_by(self, user_id: str) -> Callable[[str], int | None]:
        def logged(task_id: str) -> int | None:
            return self.minutes[task_id][user_id] if task_id in self.minutes else None

        return logged

    def needs_of(self, task_id: str) -> set[str]:
        return self.needs.get(task_id, set())


def open_bench(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> Bench:
    """Reads everything the actions name, a few queries for the whole batch."""
    kinds = {action.kind for action in actions}
    nobody: frozenset[str] = frozenset()
    ids = {action.task_id for action in actions}
    joined = [a for a in actions if a.kind in (Kind.DEPEND, Kind.UNDEPEND)]
    waiting = {task_id for a in joined for task_id in (a.task_id, *other_tasks(a))}
    named = {task_id for a in actions for task_id in other_tasks(a)}
    above = relations.with_above(conn, tenant.id, sorted(named - waiting))
    spoken = [a for a in actions if a.kind in (Kind.COMMENT, Kind.EDIT_COMMENT)]
    said = _ids(spoken, "comment_id") | _ids(spoken, "parent_id")
    times = [a for a in actions if a.kind is Kind.LOG_TIME]
    taken_back = {a.task_id for a in times if is_below_zero(a.args.get("minutes"))}
    entry_ids = _ids(times, "entry_id")
    return Bench(
        tenant=tenant,
        people=people.active_ids(conn, tenant.id) if kinds & NAME_PEOPLE else nobody,
        projects=people.project_ids(conn, tenant.id) if kinds & NAME_PROJECTS else nobody,
        states=queries.states(conn, tenant.id, sorted({*ids, *named, *above})),
        comments={row.id: row for row in COMMENTS.named(conn, tenant.id, sorted(said))},
        entry_ids={row.id for row in TIME_ENTRIES.named(conn, tenant.id, sorted(entry_ids))},
        needs=relations.needs(conn, tenant.id, sorted(waiting)),
        minutes=queries.minutes(conn, tenant.id, sorted(taken_back)),
    )


def is_below_zero(minutes: object) -> bool:
    return isinstance(minutes, int) and minutes < 0


def _ids(actions: Iterable[Action], name: str) -> set[str]:
    """The ids in this argument; what is none is refused when it is decided."""
    return {str(a.args[name]) for a in actions if is_uuid(a.args.get(name))}


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
    if _is_taken(bench, action):
        return Refusal("E5012")
    context = Context(
        received_at=received_at,
        zone=_zone(tenant.zone),
        people=bench.people,
        projects=bench.projects,
        moved=_moved(changes, action, device_id, tenant.epoch),
        number=tenant.task_number + 1,
        task=bench.task,
        needs=bench.needs_of,
        comment=bench.comments.get,
        logged=bench.logged_by(actor.user_id),
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
    _note_place(bench, state, decided)
    bench.notices += caused(state, decided, action, actor.user_id, received_at)
    _note_people(bench, state, decided)
    _note_attached(bench, decided)
    _note_audit(bench, actor, action, decided, received_at, device_id, device_seq, replayed)
    return decided


_NEW_ID = {Kind.COMMENT: "comment_id", Kind.LOG_TIME: "entry_id"}


def _is_taken(bench: Bench, action: Action) -> bool:
    """A new thing whose id another one has. Ids are of any type here: nothing was parsed yet."""
    new_id = action.args.get(_NEW_ID.get(action.kind, ""))
    there = bench.comments if action.kind is Kind.COMMENT else bench.entry_ids
    return is_uuid(new_id) and new_id in there


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


def _note_attached(bench: Bench, decided: Applied) -> None:
    task_id, audience = decided.state.task.id, _audience(decided.state)
    if decided.comment is not None:
        bench.said[decided.comment.id] = bench.comments[decided.comment.id] = decided.comment
        bench.touch(COMMENTS.kind, decided.comment.id, audience)
    if decided.entry is not None:
        bench.entries.append(decided.entry)
        bench.entry_ids.add(decided.entry.id)
        if decided.entry.task_id in bench.minutes:
            bench.minutes[decided.entry.task_id][decided.entry.user_id] += decided.entry.minutes
        bench.touch(TIME_ENTRIES.kind, decided.entry.id, audience)
    changed = decided.dependency.needs_id if decided.dependency else decided.parted
    if changed is not None:
        bench.waits[task_id, changed] = decided.dependency
        others = bench.needs.setdefault(task_id, set())
        others.add(changed) if decided.dependency else others.discard(changed)
        bench.touch(DEPENDENCIES.kind, f"{task_id}:{changed}", audience)


def _note_place(bench: Bench, before: TaskState | None, decided: Applied) -> None:
    """What other tasks have to be told of. Later actions of the batch see how many children there
    are; the sums themselves are made once, when all is decided."""
    old, task = before.task if before else None, decided.state.task
    for parent_id, number in counted(old, task).items():
        bench.parents.add(parent_id)
        if number and (found := bench.states.get(parent_id)):
            state, changes = found
            parent = replace(state.task, child_count=state.task.child_count + number)
            bench.states[parent_id] = (replace(state, task=parent), changes)
    if old is not None and (old.status in OPEN) != (task.status in OPEN):
        bench.turned.add(task.id)


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
    ASSIGNMENTS.save(conn, tenant_id, [row for row in bench.assigned.values() if row])
    ASSIGNMENTS.delete(conn, tenant_id, [key for key, row in bench.assigned.items() if not row])
    COMMENTS.save(conn, tenant_id, bench.said.values())
    TIME_ENTRIES.save(conn, tenant_id, bench.entries)
    DEPENDENCIES.save(conn, tenant_id, [row for row in bench.waits.values() if row])
    DEPENDENCIES.delete(conn, tenant_id, [key for key, row in bench.waits.items() if not row])
    audit.insert(conn, bench.audit_rows)
    turned, others = _tasks(bench, bench.turned), _tasks(bench, bench.dirty - bench.turned)
    analytics.note_finished(conn, bench.tenant, turned, others)
    waiting = {task_id for task_id, _ in bench.waits}
    for state in place.settle(conn, tenant_id, bench.parents, waiting, bench.turned):
        bench.touch("task", state.task.id, _audience(state))
    for task_id, user_id in sorted(bench.granted):
        # Before all that hangs on it: who was let in again may have kept what is gone meanwhile.
        bench.tenant.point([user_id], "grant", task_id)
        _show_children(conn, bench, task_id, user_id)
    positions: dict[str, dict[str, int]] = {}
    for (kind, entity_id), audiences in bench.heard_by.items():
        written = bench.tenant.point(sorted(audiences), kind, entity_id)
        if kind == "task":
            positions[entity_id] = written
    notifications.tell(conn, bench.tenant, bench.notices)
    return positions


def _tasks(bench: Bench, ids: Set[str]) -> list[Task]:
    return [bench.states[task_id][0].task for task_id in sorted(ids)]


def _row(state: tuple[TaskState, FieldChanges]) -> tuple[Task, FieldChanges]:
    return state[0].task, state[1]


def archive_finished(conn: Connection, tenant: Tenant, before: int, now: int, most: int) -> int:
    """Archives up to `most` tasks that were finished before `before`; returns how many. `tenant` is
    locked, and saved by the caller."""
    found = queries.finished_before(conn, tenant.id, before, most)
    actions = [
        Action(auth.new_id(now), Kind.ARCHIVE, task_id, {}, made_at=now, clock_offset=0)
        for task_id in found
    ]
    bench = open_bench(conn, tenant, actions)
    for action in actions:
        decided = act(bench, TRACKER, action, now)
        assert isinstance(decided, Applied), decided
    write(conn, bench)
    return len(actions)


def _show_children(conn: Connection, bench: Bench, task_id: str, user_id: str) -> None:
    """Someone who was just let in has to hear of everything that was there before."""
    tenant_id = bench.tenant.id
    for kind in ATTACHED:
        for row in kind.of(conn, tenant_id, [task_id]):
            bench.touch(kind.kind, kind.key(row), {user_id})
    for entry in audit.latest(conn, tenant_id, [task_id], HISTORY_KEPT):
        bench.touch("history", entry.id, {user_id})
