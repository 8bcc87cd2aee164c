"""Lists of tasks: what a reader asked for, and where they are in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.engine import Connection

from server_stub.core.auth import Caller
from server_stub.core.problems import ProblemError
from server_stub.core.signing import Signer
from server_stub.tasks import finding, selecting
from server_stub.tasks.finding import Ref
from server_stub.tasks.rows import ASSIGNMENTS
from server_stub.tasks.selecting import Place
from tracker.domain.ids import is_uuid
from tracker.domain.instants import from_rfc3339
from tracker.domain.reading import storable
from tracker.domain.task import Assignment, Priority, Status, TaskState, canonical
from tracker.protocol.rest import ListQuery

OVERDUE = "OVERDUE"
"""Derived, so it is a filter and no status."""
NOWHERE = ""
"""An id that nothing has."""


class Bookmark:
    """Where a reader stands in one list: opaque to them, signed, and good for nobody else and for
    no other list."""

    def __init__(self, signer: Signer, caller: Caller, *what: object) -> None:
        self._signer = signer
        said = json.dumps([caller.user_id, *what], sort_keys=True)
        self._list = hashlib.sha256(said.encode()).hexdigest()[:32]

    def text(self, place: list[Any]) -> str:
        return self._signer.sign(["list", self._list, place])

    def read(self, text: str | None) -> list[Any] | None:
        """None for the beginning. E2075 for a place in another list."""
        if text is None:
            return None
        payload = self._signer.unsign(text)
        if not isinstance(payload, list) or payload[:2] != ["list", self._list]:
            raise ProblemError("E2075", field="cursor")
        place: list[Any] = payload[2]
        return place


def filters(conn: Connection, caller: Caller, query: ListQuery, now: int) -> dict[str, Any]:
    """What `selecting.listed` takes. E2005, E2004, E2006, E2008, E5006 and E5007 name the filter
    that cannot be used. Archived tasks are shown to whoever asks for that status."""
    found: dict[str, Any] = {"now": now}
    words = [word.upper() for word in query.status]
    statuses = _chosen([word for word in words if word != OVERDUE], Status, "status")
    found |= {"statuses": statuses} if statuses else {"live": None}
    late = True if OVERDUE in words else query.overdue
    if OVERDUE in words and query.overdue is False:
        raise ProblemError("E2005", "Tasks are overdue or not.", "overdue")
    found |= _either(late, "late", "not_late") | _either(query.blocked, "blocked", "not_blocked")
    if query.priority:
        words = [canonical(word) for word in query.priority]
        found["priorities"] = _chosen(words, Priority, "priority")
    if not caller.actor.is_admin:
        found["reader"] = caller.user_id
    found |= _references(conn, caller.tenant_id, query)
    if query.updated_since is not None:
        since = from_rfc3339(query.updated_since)
        if since is None:
            raise ProblemError("E2004", field="updated_since")
        found["since"] = since
    if query.q:
        if not storable(query.q):
            raise ProblemError("E2008", field="q")
        found["pattern"] = f"%{_escaped(query.q)}%"
    return found


def _escaped(text: str) -> str:
    """For LIKE, which has two characters of its own."""
    for own in ("\\", "%", "_"):
        text = text.replace(own, f"\\{own}")
    return text


def _either(wanted: bool | None, yes: str, no: str) -> dict[str, None]:
    return {} if wanted is None else {yes if wanted else no: None}


def _chosen(words: Iterable[str], kind: type[Status | Priority], field: str) -> list[str]:
    for word in words:
        if word not in {*kind}:
            raise ProblemError("E2005", f"One of {', '.join(kind)}.", field)
    return list(words)


def _references(conn: Connection, tenant_id: str, query: ListQuery) -> dict[str, str]:
    found = {}
    if query.assigned_to is not None:
        found["assignee"] = finding.person_id(conn, tenant_id, query.assigned_to, "assigned_to")
    if query.project_id is not None:
        found["project"] = finding.project_id(conn, tenant_id, query.project_id, "project_id")
    if query.parent_id is not None:
        found["parent"] = _parent(conn, tenant_id, query.parent_id)
    if query.lead_id is not None:
        if not is_uuid(query.lead_id):
            raise ProblemError("E2006", field="lead_id")
        found["lead"] = query.lead_id
    return found


def _parent(conn: Connection, tenant_id: str, ref: Ref) -> str:
    """One that is not there and one that is not shared with the reader look alike."""
    try:
        return finding.other_task_id(conn, tenant_id, ref, "parent_id")
    except ProblemError as error:
        if error.code == "E5030":
            return NOWHERE
        raise


def page(
    conn: Connection,
    signer: Signer,
    caller: Caller,
    query: ListQuery,
    now: int,
) -> tuple[list[TaskState], str | None]:
    """Tasks with their people, and the cursor of what follows. E2075."""
    wanted = filters(conn, caller, query, now)
    bookmark = Bookmark(signer, caller, query.sort, _asked(wanted))
    place = bookmark.read(query.cursor)
    after = Place(*place) if place is not None else None
    rows = selecting.listed(conn, caller.tenant_id, query.sort, wanted, after, query.limit + 1)
    shown = rows[: query.limit]
    people: dict[str, dict[str, Assignment]] = {}
    for row in ASSIGNMENTS.of(conn, caller.tenant_id, [task.id for task, _ in shown]):
        people.setdefault(row.task_id, {})[row.user_id] = row
    following = None
    if len(rows) > query.limit:
        last = shown[-1][1]
        following = bookmark.text([last.segment, list(last.key)])
    return [TaskState(task, people.get(task.id, {})) for task, _ in shown], following


def _asked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The filters without the moment, which goes on from page to page."""
    return {name: value for name, value in wanted.items() if name != "now"}
