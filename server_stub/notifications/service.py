"""The rules of notifications: who is told of what, and what people do with their own.

Rows are made in the transaction of what causes them. Their ids follow from the cause, the person
and the type: nothing is said twice, however often its cause is looked at.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from server_stub.core import auth
from server_stub.core.feed import Tenant
from server_stub.notifications import queries
from server_stub.people import service as people
from tracker.domain import notification as domain
from tracker.domain.access import Actor
from tracker.domain.change import Action, Marked, parse
from tracker.domain.decision import work_time
from tracker.domain.errors import Refusal
from tracker.domain.notification import (
    CATEGORIES,
    Notice,
    Notification,
    NotificationPriority,
    NotificationType,
    Preferences,
    from_notice,
)
from tracker.domain.page import NOTIFICATION, NOTIFICATION_DAYS, NOTIFICATIONS_KEPT

CHUNK = 500
"""Rows that one transaction makes or changes at most where nobody waits for all of them at once."""
_DEFAULT = Preferences()
_SOMEONE = "Someone"

own = queries.own
listed = queries.listed
counts = queries.counts
own_numbered = queries.own_numbered


def tell(conn: Connection, tenant: Tenant, notices: Sequence[Notice]) -> int:
    """Makes a notification of each, but for who does not want it, has it already or was disabled.
    The tenant is locked by the caller. A few queries, however many there are."""
    wanted = {_id_of(notice): notice for notice in notices}
    for there in queries.known(conn, tenant.id, [*wanted]):
        del wanted[there]
    if not wanted:
        return 0
    told = sorted({notice.user_id for notice in wanted.values()})
    actors = {notice.actor_id for notice in wanted.values() if notice.actor_id}
    persons = {p.id: p for p in people.people(conn, tenant.id, sorted(actors.union(told)))}
    chosen = queries.preferences_of(conn, tenant.id, told)
    zone = ZoneInfo(tenant.zone)
    rows = []
    for notification_id, notice in wanted.items():
        person, actor = persons.get(notice.user_id), persons.get(notice.actor_id)
        if person is None or not person.active:
            continue
        if not chosen.get(notice.user_id, _DEFAULT).wants(notice.type):
            continue
        tenant.notification_number += 1
        by = actor.display_name if actor else _SOMEONE
        rows.append(from_notice(notice, notification_id, tenant.notification_number, by, zone))
    _insert(conn, tenant, rows)
    return len(rows)


def _id_of(notice: Notice) -> str:
    return str(uuid.uuid5(uuid.UUID(notice.cause), f"{notice.user_id}:{notice.type}:{notice.of}"))


def _insert(conn: Connection, tenant: Tenant, rows: Sequence[Notification]) -> None:
    queries.insert(conn, tenant.id, rows)
    for row in rows:
        tenant.point([row.user_id], NOTIFICATION, row.id)


def recent(conn: Connection, tenant_id: str, user_id: str, now: int) -> list[Notification]:
    """What a device of the person holds after a first pull."""
    since = now - NOTIFICATION_DAYS * 86_400_000
    return queries.recent(conn, tenant_id, user_id, since, now, NOTIFICATIONS_KEPT)


@dataclass(frozen=True, slots=True)
class New:
    """What an admin writes to somebody."""

    user: str | int
    type: NotificationType
    title: str
    message: str
    priority: NotificationPriority
    category: str | None
    action_url: str | None
    expires_at: int | None


def create(conn: Connection, tenant: Tenant, new: New, now: int) -> Notification | Refusal:
    """E5006 for a person who is not in the tenant, or disabled; E5041 for one who does not want
    to be told."""
    found = people.people(conn, tenant.id)
    user_id = next((p.id for p in found if p.active and new.user in (p.id, p.number)), None)
    if user_id is None:
        return Refusal("E5006", "user_id")
    if not preferences(conn, tenant.id, user_id).wants(new.type):
        return Refusal("E5041")
    tenant.notification_number += 1
    row = Notification(
        id=auth.new_id(now),
        number=tenant.notification_number,
        user_id=user_id,
        type=new.type,
        title=new.title,
        message=new.message,
        priority=new.priority,
        category=new.category or CATEGORIES[new.type],
        created_at=now,
        updated_at=now,
        expires_at=new.expires_at,
        action_url=new.action_url,
    )
    _insert(conn, tenant, [row])
    return row


# -- what people do with their own -------------------------------------------------------------


def mark(
    conn: Connection, tenant: Tenant, rows: Sequence[Notification], args: Marked, now: int
) -> list[Notification]:
    """The rows as they are then. The tenant was locked before they were read."""
    marked = [_marked(row, args, now, now) for row in rows]
    _save(conn, tenant, marked)
    return marked


def _marked(row: Notification, args: Marked, when: int, now: int) -> Notification:
    return replace(domain.mark(row, args, when), updated_at=now, version=row.version + 1)


def _save(
    conn: Connection, tenant: Tenant, rows: Sequence[Notification]
) -> dict[str, dict[str, int]]:
    queries.save(conn, tenant.id, rows)
    return {row.id: tenant.point([row.user_id], NOTIFICATION, row.id) for row in rows}


@dataclass(slots=True)
class Bench:
    """What a batch of marks works on: the rows it names, whose ever."""

    tenant: Tenant
    rows: dict[str, Notification]
    dirty: set[str] = field(default_factory=set)


def open_bench(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> Bench:
    ids = sorted({action.task_id for action in actions})
    return Bench(tenant, {row.id: row for row in queries.stored(conn, tenant.id, ids)})


def act(bench: Bench, actor: Actor, action: Action, now: int) -> Notification | Refusal:
    """Decides one mark; nothing is written yet. E5040 for what is not the actor's. One that was
    deleted meanwhile takes marks as well, and stays deleted: nobody has to settle that."""
    args = parse(action.kind, action.args)
    if isinstance(args, Refusal):
        return args
    assert isinstance(args, Marked)
    row = bench.rows.get(action.task_id)
    if row is None or row.user_id != actor.user_id:
        return Refusal("E5040")
    bench.rows[row.id] = _marked(row, args, work_time(action, now), now)
    bench.dirty.add(row.id)
    return bench.rows[row.id]


def write(conn: Connection, bench: Bench) -> dict[str, dict[str, int]]:
    """Writes the marks; returns notification id → audience → last position."""
    return _save(conn, bench.tenant, [bench.rows[row_id] for row_id in sorted(bench.dirty)])


def read_some(conn: Connection, tenant: Tenant, user_id: str, up_to: int, now: int) -> int:
    """Marks up to `CHUNK` of the person's unread ones with numbers up to `up_to` as read."""
    rows = queries.unread(conn, tenant.id, user_id, up_to, now, CHUNK)
    return len(mark(conn, tenant, rows, Marked(read=True, archived=False), now))


def delete(conn: Connection, tenant: Tenant, rows: Sequence[tuple[str, str]], now: int) -> None:
    """Takes these (id, user id) away from their people; the words are gone, and the ids stay."""
    queries.delete(conn, tenant.id, [row_id for row_id, _ in rows], now)
    for row_id, user_id in rows:
        tenant.point([user_id], NOTIFICATION, row_id)


def delete_some(
    conn: Connection, tenant: Tenant, user_id: str | None, before: int, now: int
) -> int:
    """Deletes up to `CHUNK` that were read and made before that instant, of one person or all."""
    rows = queries.old(conn, tenant.id, user_id, before, CHUNK)
    delete(conn, tenant, rows, now)
    return len(rows)


def preferences(conn: Connection, tenant_id: str, user_id: str) -> Preferences:
    return queries.preferences_of(conn, tenant_id, [user_id]).get(user_id, _DEFAULT)


def save_preferences(
    conn: Connection, tenant: Tenant, user_id: str, chosen: Preferences, now: int
) -> Refusal | None:
    """E2050 for quiet hours without a beginning or an end. The tenant is locked by the caller, so
    that what is made meanwhile goes by the ones or the others."""
    if chosen.quiet_hours_enabled:
        for name in ("quiet_hours_start", "quiet_hours_end"):
            if getattr(chosen, name) is None:
                return Refusal("E2050", name)
    queries.save_preferences(conn, tenant.id, user_id, chosen, now)
    return None
