"""Reading for a device: everything once in pages, then what changed since its cursor.

A page is read in one transaction that sees one moment. What the reader may see comes as a whole
row, what they may not (any more) as a tombstone; absence never means anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core import access, audit, feed
from server_stub.core.auth import Caller
from server_stub.core.feed import Tenant
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState
from server_stub.people import service as people
from server_stub.tasks import queries as task_rows
from server_stub.tasks.service import HISTORY_KEPT
from tracker.protocol.sync import PAGE_ROWS, Gone, PullPage, Scope


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a reader stands. `after` is the last task id of an unfinished first pull, whose feed
    starts at `seq`, noted before its first page."""

    tenant: str
    user: str
    role: str
    scope: Scope
    epoch: str
    seq: int
    after: str | None = None

    def text(self, state: ServerState) -> str:
        return state.sign({name: getattr(self, name) for name in self.__slots__})


def read_cursor(state: ServerState, caller: Caller, scope: Scope, text: str) -> Cursor | None:
    """The cursor, if this server made it for this reader; otherwise None (pull anew)."""
    payload: Any = state.unsign(text)
    if payload is None or set(payload) != set(Cursor.__slots__):
        return None  # forged, or of a build whose cursors were different
    cursor = Cursor(**payload)
    mine = (caller.tenant_id, caller.user_id, caller.role, scope)
    return cursor if (cursor.tenant, cursor.user, cursor.role, cursor.scope) == mine else None


def pull(
    conn: Connection, state: ServerState, caller: Caller, scope: Scope, text: str | None
) -> PullPage | None:
    """The next page after the cursor `text`; None when nothing is new. E4005 (410) when the
    cursor is of another epoch, reader, role or scope."""
    audiences = access.audiences(caller, scope)
    tenant = feed.look(conn, caller.tenant_id)
    if text is None:
        start = Cursor(
            caller.tenant_id, caller.user_id, caller.role, scope, tenant.epoch, tenant.seq, ""
        )
        return _snapshot(conn, state, caller, tenant, start)
    cursor = read_cursor(state, caller, scope, text)
    if cursor is None or cursor.epoch != tenant.epoch or cursor.seq > tenant.seq:
        raise ProblemError("E4005")
    if cursor.after is not None:
        return _snapshot(conn, state, caller, tenant, cursor)
    if feed.head(conn, tenant.id, audiences) <= cursor.seq:
        return None
    return _changes(conn, state, caller, tenant, cursor, audiences)


def _page(tenant: Tenant, seq: int, cursor: str, more: bool, snapshot: bool) -> dict[str, Any]:
    return {
        "epoch": tenant.epoch,
        "seq": seq,
        "cursor": cursor,
        "more": more,
        "snapshot": snapshot,
        "zone": tenant.zone,
    }


def _moved(cursor: Cursor, **changes: Any) -> Cursor:
    return Cursor(**{name: getattr(cursor, name) for name in cursor.__slots__} | changes)


def _snapshot(
    conn: Connection, state: ServerState, caller: Caller, tenant: Tenant, cursor: Cursor
) -> PullPage:
    """A page of a first pull: tasks by id with all that hangs on them; people on the first."""
    own_of = access.own_tasks_only(caller, cursor.scope)
    found = task_rows.page_of_tasks(conn, tenant.id, own_of, cursor.after or "", PAGE_ROWS + 1)
    more = len(found) > PAGE_ROWS
    found = found[:PAGE_ROWS]
    ids = [task.id for task in found]
    following = _moved(cursor, after=ids[-1] if more else None)
    first = not cursor.after
    return PullPage(
        **_page(tenant, cursor.seq, following.text(state), more, True),
        tasks=found,
        assignments=task_rows.assignments_of(conn, tenant.id, ids),
        comments=task_rows.comments_of(conn, tenant.id, ids),
        history=[
            entry
            for start in range(0, len(ids), 500)
            for entry in audit.latest(conn, tenant.id, ids[start : start + 500], HISTORY_KEPT)
        ],
        people=people.people(conn, tenant.id) if first else [],
        projects=people.projects(conn, tenant.id) if first else [],
    )


def _changes(
    conn: Connection,
    state: ServerState,
    caller: Caller,
    tenant: Tenant,
    cursor: Cursor,
    audiences: Sequence[str],
) -> PullPage:
    pointers = feed.after(conn, tenant.id, audiences, cursor.seq, PAGE_ROWS + 1)
    more = len(pointers) > PAGE_ROWS
    pointers = pointers[:PAGE_ROWS]
    seq = pointers[-1][0] if more else tenant.seq
    ids: dict[str, list[str]] = {}
    for _, kind, entity_id in pointers:
        ids.setdefault(kind, []).append(entity_id)
    ids = {kind: list(dict.fromkeys(found)) for kind, found in ids.items()}
    own_of = access.own_tasks_only(caller, cursor.scope)
    rows, gone = _rows(conn, tenant.id, own_of, ids)
    page = _page(tenant, seq, _moved(cursor, seq=seq).text(state), more, False)
    return PullPage(**{**page, **rows}, gone=gone)


def _rows(
    conn: Connection, tenant_id: str, own_of: str | None, ids: dict[str, list[str]]
) -> tuple[dict[str, list[Any]], list[Gone]]:
    """Current rows for pointers of every kind, and tombstones for what cannot be seen."""
    history = audit.entries(conn, tenant_id, [int(n) for n in ids.get("history", [])])
    comments = task_rows.comments_by_id(conn, tenant_id, ids.get("comment", []))
    pairs = [pair.split(":") for pair in ids.get("assignment", [])]
    assignments = task_rows.assignments_of(conn, tenant_id, sorted({task for task, _ in pairs}))
    parents = {entry.task_id for entry in history} | {c.task_id for c in comments}
    parents |= {task for task, _ in pairs}
    wanted = list(dict.fromkeys([*ids.get("task", []), *sorted(parents)]))
    seen = {task.id: task for task in task_rows.visible_tasks(conn, tenant_id, own_of, wanted)}
    asked = set(ids.get("assignment", []))
    rows: dict[str, list[Any]] = {
        "tasks": [seen[i] for i in ids.get("task", []) if i in seen],
        "history": sorted((e for e in history if e.task_id in seen), key=lambda e: int(e.id)),
        "comments": [c for c in comments if c.task_id in seen],
        "assignments": [
            a for a in assignments if a.task_id in seen and f"{a.task_id}:{a.user_id}" in asked
        ],
        "people": people.people(conn, tenant_id, ids["person"]) if "person" in ids else [],
        "projects": people.projects(conn, tenant_id, ids["project"]) if "project" in ids else [],
    }
    have: dict[str, set[str]] = {
        "task": {row.id for row in rows["tasks"]},
        "assignment": {f"{a.task_id}:{a.user_id}" for a in rows["assignments"]},
        "comment": {row.id for row in rows["comments"]},
        "history": {row.id for row in rows["history"]},
    }
    gone = [
        Gone(kind=kind, id=entity_id)
        for kind, there in have.items()
        for entity_id in ids.get(kind, [])
        if entity_id not in there
    ]
    return rows, gone
