"""Reading for a device: everything once in pages, then what changed since its cursor.

A page is read in one transaction that sees one moment. What the reader may see comes as a whole
row, what they may not (any more) as a tombstone; absence never means anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core import access, audit, feed, marks
from server_stub.core.auth import Caller
from server_stub.core.database import chunks
from server_stub.core.feed import Tenant
from server_stub.core.state import ServerState
from server_stub.notifications import service as notifications
from server_stub.people import service as people
from server_stub.sync.cursor import Cursor
from server_stub.tasks import queries as task_rows
from server_stub.tasks.rows import ATTACHED
from server_stub.tasks.service import HISTORY_KEPT
from tracker.domain.page import CHILDREN, NOTIFICATION, Sums
from tracker.domain.task import HistoryEntry
from tracker.protocol.sync import PAGE_ROWS, Gone, PullPage, Scope


def begin(caller: Caller, scope: Scope, tenant: Tenant) -> Cursor:
    """The cursor before a first pull's first page: its feed starts at the head of now."""
    return Cursor(
        caller.tenant_id, caller.user_id, caller.role, scope, tenant.epoch, tenant.seq, "", True
    )


def page(
    conn: Connection,
    state: ServerState,
    caller: Caller,
    tenant: Tenant,
    cursor: Cursor,
    head: int,
    whole: Sequence[str] = (),
) -> PullPage:
    """The next page after the cursor; `head` is the newest position the reader hears of. `whole`
    are tasks that the reader has only stubs of; a first pull brings them anyway."""
    own_of = access.own_tasks_only(caller, cursor.scope)
    if cursor.after is not None:
        rows, following, more = _by_id(conn, tenant, cursor, own_of, state.now())
        gone: list[Gone] = []
    else:
        rows, gone, following, more = _since(conn, caller, tenant, cursor, own_of)
    sums = None
    if whole and not cursor.first:
        _add_whole(conn, tenant, own_of, whole, rows, gone)
    if cursor.first:
        if not more and (following.after is None and head <= following.seq):
            following = replace(following, first=False)
            sums = _sums(conn, tenant, own_of)
        more = following.first
    return PullPage(
        epoch=tenant.epoch,
        seq=following.seq,
        cursor=following.text(state.signer),
        more=more,
        snapshot=cursor.first,
        zone=tenant.zone,
        head=tenant.seq,
        mark=state.marks.of(tenant),
        sums=sums,
        gone=gone,
        **rows,
    )


Rows = dict[str, list[Any]]


def _by_id(
    conn: Connection, tenant: Tenant, cursor: Cursor, own_of: str | None, now: int
) -> tuple[Rows, Cursor, bool]:
    """Tasks by id with all that hangs on them; people, projects, teams and the reader's own
    notifications on the first page."""
    found = task_rows.page_of_tasks(conn, tenant.id, own_of, cursor.after or "", PAGE_ROWS + 1)
    more = len(found) > PAGE_ROWS
    found = found[:PAGE_ROWS]
    ids = [task.id for task in found]
    rows: Rows = {"tasks": found, "history": _latest(conn, tenant, ids)}
    rows |= {kind.table.name: kind.of(conn, tenant.id, ids) for kind in ATTACHED}
    if not cursor.after:
        rows["people"] = people.people(conn, tenant.id)
        rows["projects"] = people.projects(conn, tenant.id)
        rows["teams"] = people.teams(conn, tenant.id)
        rows["notifications"] = notifications.recent(conn, tenant.id, cursor.user, now)
    return rows, replace(cursor, after=ids[-1] if more else None), more


def _since(
    conn: Connection, caller: Caller, tenant: Tenant, cursor: Cursor, own_of: str | None
) -> tuple[Rows, list[Gone], Cursor, bool]:
    """What the feed points at after the cursor."""
    audiences = access.audiences(caller, cursor.scope)
    pointers = feed.after(conn, tenant.id, audiences, cursor.seq, PAGE_ROWS + 1)
    more = len(pointers) > PAGE_ROWS
    pointers = pointers[:PAGE_ROWS]
    if more:
        # Between a task and its comment, a reader who wrote it would not see it for a moment. Only
        # a transaction that fills a page by itself is divided.
        end = marks.last_end(conn, tenant, pointers[0][0], pointers[-1][0])
        pointers = [pointer for pointer in pointers if end is None or pointer[0] <= end]
    ids: dict[str, list[str]] = {}
    for _, kind, entity_id in pointers:
        ids.setdefault(kind, []).append(entity_id)
    ids = {kind: list(dict.fromkeys(found)) for kind, found in ids.items()}
    rows, gone = _rows(conn, caller, own_of, ids)
    if more:
        # Tasks come as they are now, so what pages after this one point at is in them already. A
        # device that has no receipt for an action looks for it here before showing it on top.
        told = {entry.id: entry for entry in rows["history"]}
        told |= {e.id: e for e in _latest(conn, tenant, [task.id for task in rows["tasks"]])}
        rows["history"] = sorted(told.values(), key=lambda entry: int(entry.id))
    return rows, gone, replace(cursor, seq=pointers[-1][0] if more else tenant.seq), more


def _add_whole(
    conn: Connection,
    tenant: Tenant,
    own_of: str | None,
    asked: Sequence[str],
    rows: Rows,
    gone: list[Gone],
) -> None:
    """Puts those tasks into the page with all that hangs on them, or as tombstones. It is one
    moment with the page's own rows, so of what is in both either will do."""
    seen = task_rows.visible_tasks(conn, tenant.id, own_of, sorted(set(asked)))
    ids = [task.id for task in seen]
    whole = set(ids)
    rows["tasks"] = [*seen, *(row for row in rows["tasks"] if row.id not in whole)]
    for kind in ATTACHED:
        name = kind.table.name
        others = [row for row in rows[name] if row.task_id not in whole]
        rows[name] = [*kind.of(conn, tenant.id, ids), *others]
    # The feed may point at entries before the latest ones.
    told = {entry.id: entry for entry in (*rows["history"], *_latest(conn, tenant, ids))}
    rows["history"] = sorted(told.values(), key=lambda entry: int(entry.id))
    known = {(stone.kind, stone.id) for stone in gone}
    stones = [(CHILDREN, task_id) for task_id in ids]
    stones += [("task", task_id) for task_id in sorted(set(asked) - whole)]
    gone += [Gone(kind=what, id=i) for what, i in stones if (what, i) not in known]


def _latest(conn: Connection, tenant: Tenant, task_ids: list[str]) -> list[HistoryEntry]:
    return [
        entry
        for some in chunks(task_ids)
        for entry in audit.latest(conn, tenant.id, some, HISTORY_KEPT)
    ]


def _sums(conn: Connection, tenant: Tenant, own_of: str | None) -> dict[str, Sums]:
    return task_rows.sums(conn, tenant.id, own_of) | people.sums(conn, tenant.id)


def _rows(
    conn: Connection, caller: Caller, own_of: str | None, ids: dict[str, list[str]]
) -> tuple[Rows, list[Gone]]:
    """Current rows for pointers of every kind, and tombstones for what cannot be seen."""
    tenant_id = caller.tenant_id
    history = audit.entries(conn, tenant_id, [int(n) for n in ids.get("history", [])])
    attached = [(kind, kind.named(conn, tenant_id, ids.get(kind.kind, []))) for kind in ATTACHED]
    parents = {entry.task_id for entry in history}
    parents |= {row.task_id for _, found in attached for row in found}
    wanted = list(dict.fromkeys([*ids.get("task", []), *ids.get("grant", []), *sorted(parents)]))
    seen = {task.id: task for task in task_rows.visible_tasks(conn, tenant_id, own_of, wanted)}
    rows: Rows = {
        "tasks": [seen[i] for i in ids.get("task", []) if i in seen],
        "history": sorted((e for e in history if e.task_id in seen), key=lambda e: int(e.id)),
        "people": people.people(conn, tenant_id, ids["person"]) if "person" in ids else [],
        "projects": people.projects(conn, tenant_id, ids["project"]) if "project" in ids else [],
        "teams": people.teams(conn, tenant_id, ids["team"]) if "team" in ids else [],
        "notifications": notifications.own(
            conn, tenant_id, caller.user_id, ids.get(NOTIFICATION, [])
        ),
    }
    have: dict[str, set[str]] = {
        "task": {row.id for row in rows["tasks"]},
        "history": {row.id for row in rows["history"]},
        NOTIFICATION: {row.id for row in rows["notifications"]},
    }
    for kind, found in attached:
        rows[kind.table.name] = shown = [row for row in found if row.task_id in seen]
        have[kind.kind] = {kind.key(row) for row in shown}
    gone = [Gone(kind=CHILDREN, id=task_id) for task_id in ids.get("grant", []) if task_id in seen]
    gone += [
        Gone(kind=what, id=entity_id)
        for what, there in have.items()
        for entity_id in ids.get(what, [])
        if entity_id not in there
    ]
    return rows, gone
