"""`/api/v1/notifications`: everybody sees and changes only their own; admins write to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.engine import Connection

from server_stub.core import access, feed
from server_stub.core.auth import Caller
from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.feed import Tenant
from server_stub.core.preconditions import IfMatch, content_tag, require_content
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState
from server_stub.notifications import service
from server_stub.notifications.queries import Wanted
from server_stub.people import service as people
from server_stub.sync.once import Reply, RequestDep, once, once_in_parts
from tracker.domain import change
from tracker.domain.errors import Refusal
from tracker.domain.ids import is_uuid
from tracker.domain.instants import milliseconds, rfc3339
from tracker.domain.notification import (
    Notification,
    NotificationPriority,
    NotificationType,
)
from tracker.protocol.notifications import (
    MOST_LISTED,
    ChosenPreferences,
    Cleaned,
    Cleanup,
    Marked,
    NewNotification,
    NotificationList,
    NotificationStats,
    PrintedNotification,
    PrintedPreferences,
)

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])

DAY_MS = 86_400_000
LAST = 2**63 - 1
"""The greatest number the database can hold."""
Cursor = Annotated[str | None, Query(pattern="^[0-9]{1,18}$")]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]


@router.post("", status_code=201, response_model=PrintedNotification)
def create(body: NewNotification, request: RequestDep) -> Response:
    """For admins: tells somebody of the tenant something. E5041 where they do not want that."""
    caller = request.caller
    access.require_admin(caller)
    new = service.New(
        user=body.user_id,
        type=body.type,
        title=body.title,
        message=body.message,
        priority=body.priority,
        category=body.category,
        action_url=body.action_url,
        expires_at=milliseconds(datetime.fromisoformat(body.expires_at))
        if body.expires_at
        else None,
    )

    def do(conn: Connection, tenant: Tenant, now: int) -> Reply:
        row = service.create(conn, tenant, new, now)
        if isinstance(row, Refusal):
            raise ProblemError.of(row)
        return Reply.of(_printed(row, caller, _number(conn, caller, row.user_id)), 201)

    return once(request, "notify", body.model_dump(mode="json"), do)


@router.get("")
def list_own(
    state: State,
    caller: CallerDep,
    conn: Read,
    type: NotificationType | None = None,  # noqa: A002 - the name in the address
    priority: NotificationPriority | None = None,
    read: bool | None = None,
    archived: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> NotificationList:
    """The caller's own, the newest first; the archived ones instead with `archived=true`."""
    wanted = Wanted(type, priority, read, archived)
    return _page(conn, caller, wanted, cursor, limit, state.now())


@router.get("/unread")
def list_unread(
    state: State, caller: CallerDep, conn: Read, cursor: Cursor = None, limit: Limit = 50
) -> NotificationList:
    return _page(conn, caller, Wanted(read=False), cursor, limit, state.now())


@router.post("/read-all", response_model=Marked)
def read_all(request: RequestDep) -> Response:
    """Marks as read what is unread now, some hundreds in a transaction."""
    return once_in_parts(request, "read_all", {}, lambda: _read_all(request.state, request.caller))


def _read_all(state: ServerState, caller: Caller) -> Reply:
    updated, up_to, last = 0, LAST, service.CHUNK
    while last == service.CHUNK:
        with state.database.write() as conn:
            tenant, now = feed.lock(conn, caller.tenant_id), state.now()
            # What comes while this goes on stays unread.
            up_to = min(up_to, tenant.notification_number)
            last = service.read_some(conn, tenant, caller.user_id, up_to, now)
            feed.save(conn, tenant, now)
        updated += last
    return Reply.of(Marked(updated=updated))


@router.post("/cleanup", response_model=Cleaned)
def cleanup(request: RequestDep, body: Cleanup | None = None) -> Response:
    """Deletes what was read and is older than 30 days, or as many as the body says."""
    wanted = body or Cleanup()
    if wanted.all:
        access.require_admin(request.caller)
    return once_in_parts(
        request, "cleanup", wanted.model_dump(mode="json"),
        lambda: _clean_up(request.state, request.caller, wanted),
    )  # fmt: skip


def _clean_up(state: ServerState, caller: Caller, body: Cleanup) -> Reply:
    whose = None if body.all else caller.user_id
    before = state.now() - body.days * DAY_MS
    deleted, last = 0, service.CHUNK
    while last == service.CHUNK:
        with state.database.write() as conn:
            tenant, now = feed.lock(conn, caller.tenant_id), state.now()
            last = service.delete_some(conn, tenant, whose, before, now)
            feed.save(conn, tenant, now)
        deleted += last
    return Reply.of(Cleaned(deleted=deleted))


@router.get("/preferences")
def preferences(caller: CallerDep, conn: Read, response: Response) -> PrintedPreferences:
    found = _printed_preferences(conn, caller)
    response.headers["ETag"] = content_tag(found)
    return found


@router.put("/preferences")
def choose(
    body: ChosenPreferences, state: State, caller: CallerDep, response: Response,
    if_match: IfMatch = None,
) -> PrintedPreferences:  # fmt: skip
    """What the body leaves out stays as it is. E2050 for quiet hours without their times, E5062
    where If-Match names other preferences than there are."""
    with state.database.write() as conn:
        tenant, now = feed.lock(conn, caller.tenant_id), state.now()
        require_content(if_match, _printed_preferences(conn, caller))
        before = service.preferences(conn, tenant.id, caller.user_id)
        chosen = replace(before, **body.model_dump(exclude_unset=True))
        refusal = service.save_preferences(conn, tenant, caller.user_id, chosen, now)
        if refusal is not None:
            raise ProblemError.of(refusal)
        feed.save(conn, tenant, now)
        made = _printed_preferences(conn, caller)
    response.headers["ETag"] = content_tag(made)
    return made


@router.get("/stats")
def stats(state: State, caller: CallerDep, conn: Read) -> NotificationStats:
    found = service.counts(conn, caller.tenant_id, caller.user_id, state.now())
    current = [one for one in found if not one.archived]
    return NotificationStats(
        total=sum(one.count for one in found),
        unread=sum(one.count for one in current if not one.read),
        read=sum(one.count for one in current if one.read),
        archived=sum(one.count for one in found if one.archived),
        by_type={t: sum(one.count for one in current if one.type is t) for t in NotificationType},
        by_priority={
            p: sum(one.count for one in current if one.priority is p) for p in NotificationPriority
        },
    )


@router.get("/{ref}")
def one(ref: str, caller: CallerDep, conn: Read) -> PrintedNotification:
    """One of the caller's own, also an archived or an expired one. E5040 for any other."""
    row = _own(conn, caller, ref)
    return _printed(row, caller, _number(conn, caller, caller.user_id))


@router.put("/{ref}/read")
def read_one(ref: str, state: State, caller: CallerDep) -> PrintedNotification:
    return _mark(ref, state, caller, change.Marked(read=True, archived=False))


@router.put("/{ref}/archive")
def archive(ref: str, state: State, caller: CallerDep) -> PrintedNotification:
    return _mark(ref, state, caller, change.Marked(read=None, archived=True))


@router.delete("/{ref}", status_code=204, response_class=Response)
def delete(ref: str, state: State, caller: CallerDep) -> None:
    """Takes it away from every device of the caller."""
    with state.database.write() as conn:
        tenant, now = feed.lock(conn, caller.tenant_id), state.now()
        row = _own(conn, caller, ref)
        service.delete(conn, tenant, [(row.id, row.user_id)], now)
        feed.save(conn, tenant, now)


def _mark(ref: str, state: ServerState, caller: Caller, args: change.Marked) -> PrintedNotification:
    with state.database.write() as conn:
        tenant, now = feed.lock(conn, caller.tenant_id), state.now()
        (row,) = service.mark(conn, tenant, [_own(conn, caller, ref)], args, now)
        feed.save(conn, tenant, now)
        return _printed(row, caller, _number(conn, caller, caller.user_id))


def _own(conn: Connection, caller: Caller, ref: str) -> Notification:
    """What a number or UUID in a path names, if it is the caller's."""
    if ref.isascii() and ref.isdigit() and len(ref) < 19:
        row = service.own_numbered(conn, caller.tenant_id, caller.user_id, int(ref))
        found = [row] if row else []
    elif is_uuid(ref):
        found = service.own(conn, caller.tenant_id, caller.user_id, [ref])
    else:
        raise ProblemError("E2006", field="ref")
    if not found:
        raise ProblemError("E5040")
    return found[0]


def _number(conn: Connection, caller: Caller, user_id: str) -> int:
    (person,) = people.people(conn, caller.tenant_id, [user_id])
    return person.number


def _page(
    conn: Connection, caller: Caller, wanted: Wanted, cursor: str | None, limit: int, now: int
) -> NotificationList:
    before = int(cursor) if cursor else LAST
    found = service.listed(conn, caller.tenant_id, caller.user_id, wanted, before, now, limit + 1)
    number = _number(conn, caller, caller.user_id)
    return NotificationList(
        notifications=[_printed(row, caller, number) for row in found[:limit]],
        next_cursor=str(found[limit - 1].number) if len(found) > limit else None,
    )


def _printed(row: Notification, caller: Caller, user_number: int) -> PrintedNotification:
    return PrintedNotification(
        id=row.number,
        uuid=row.id,
        user_id=user_number,
        tenant_id=caller.tenant_id,
        type=row.type,
        title=row.title,
        message=row.message,
        priority=row.priority,
        category=row.category,
        is_read=row.read_at is not None,
        read_at=rfc3339(row.read_at),
        action_url=row.action_url,
        is_archived=row.archived_at is not None,
        expires_at=rfc3339(row.expires_at),
        created_at=rfc3339(row.created_at),
        updated_at=rfc3339(row.updated_at),
        entity_kind=row.entity_kind,
        entity_id=row.entity_id,
    )


def _printed_preferences(conn: Connection, caller: Caller) -> PrintedPreferences:
    chosen = service.preferences(conn, caller.tenant_id, caller.user_id)
    values = {name: getattr(chosen, name) for name in chosen.__slots__}
    number = _number(conn, caller, caller.user_id)
    return PrintedPreferences(user_id=number, tenant_id=caller.tenant_id, **values)
