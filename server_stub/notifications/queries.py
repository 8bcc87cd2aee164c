"""All SQL of notifications and of people's preferences."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from server_stub.core.database import chunks, upsert
from server_stub.core.statements import Statement
from server_stub.notifications.tables import notifications, preferences
from tracker.domain.notification import (
    Frequency,
    Notification,
    NotificationPriority,
    NotificationType,
    Preferences,
)

_C = notifications.c
_ROW = [_C[f.name] for f in fields(Notification)]
_PREFERENCES = [preferences.c[f.name] for f in fields(Preferences)]
_IN_TENANT = _C.tenant_id == sa.bindparam("tenant")
_MINE = sa.and_(_IN_TENANT, _C.user_id == sa.bindparam("reader"), _C.deleted_at.is_(None))
_CURRENT = sa.or_(_C.expires_at.is_(None), _C.expires_at > sa.bindparam("now"))
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)

_OWN = sa.select(*_ROW).where(_MINE)
_OWN_BY_ID = Statement(_OWN.where(_C.id.in_(_IDS)))
_OWN_BY_NUMBER = _OWN.where(_C.number == sa.bindparam("number"))
_RECENT = Statement(
    _OWN.where(_CURRENT, _C.archived_at.is_(None), _C.created_at >= sa.bindparam("since"))
    .order_by(_C.number.desc())
    .limit(sa.bindparam("most"))
)
_STORED = Statement(sa.select(*_ROW).where(_IN_TENANT, _C.id.in_(_IDS)))
_KNOWN = Statement(sa.select(_C.id).where(_IN_TENANT, _C.id.in_(_IDS)))
_UNREAD = (
    _OWN.where(
        _CURRENT, _C.read_at.is_(None), _C.archived_at.is_(None), _C.number <= sa.bindparam("up_to")
    )
    .order_by(_C.number)
    .limit(sa.bindparam("most"))
)
_OLD = (
    sa.select(_C.id, _C.user_id)
    .where(
        _IN_TENANT,
        _C.deleted_at.is_(None),
        _C.read_at.is_not(None),
        _C.created_at < sa.bindparam("before"),
    )
    .order_by(_C.number)
    .limit(sa.bindparam("most"))
)
_OWN_OLD = _OLD.where(_C.user_id == sa.bindparam("reader"))
_IS_READ, _IS_ARCHIVED = _C.read_at.is_not(None), _C.archived_at.is_not(None)
_COUNTS = (
    sa.select(_C.type, _C.priority, _IS_READ, _IS_ARCHIVED, sa.func.count())
    .where(_MINE, _CURRENT)
    .group_by(_C.type, _C.priority, _IS_READ, _IS_ARCHIVED)
)
_INSERT = Statement(sa.insert(notifications))
_SAVE = (
    sa.update(notifications)
    .where(_IN_TENANT, _C.id == sa.bindparam("row"))
    .values(
        {
            name: sa.bindparam(f"new_{name}")
            for name in ("read_at", "archived_at", "updated_at", "version")
        }
    )
)
_DELETE = (
    sa.update(notifications)
    .where(_IN_TENANT, _C.id == sa.bindparam("row"))
    .values(
        deleted_at=sa.bindparam("now"),
        updated_at=sa.bindparam("now"),
        version=_C.version + 1,
        title="",
        message="",
    )
)
_PREFERENCES_OF = Statement(
    sa.select(preferences.c.user_id, *_PREFERENCES).where(
        preferences.c.tenant_id == sa.bindparam("tenant"), preferences.c.user_id.in_(_IDS)
    )
)
_SWITCHES = [isinstance(column.type, sa.Boolean) for column in _PREFERENCES]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the caller's own a list is of; None does not choose."""

    type: NotificationType | None = None
    priority: NotificationPriority | None = None
    read: bool | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are of one sort."""

    type: NotificationType
    priority: NotificationPriority
    read: bool
    archived: bool
    count: int


@functools.cache
def _listing(by_type: bool, by_priority: bool, read: bool | None, archived: bool) -> sa.Select[Any]:
    query = _OWN.where(_CURRENT, _C.number < sa.bindparam("before"))
    query = query.where(_IS_ARCHIVED if archived else _C.archived_at.is_(None))
    if by_type:
        query = query.where(_C.type == sa.bindparam("type"))
    if by_priority:
        query = query.where(_C.priority == sa.bindparam("priority"))
    if read is not None:
        query = query.where(_IS_READ if read else _C.read_at.is_(None))
    return query.order_by(_C.number.desc()).limit(sa.bindparam("most"))


def _notification(row: Row[Any] | Sequence[Any]) -> Notification:
    values = list(row)
    values[3], values[6] = NotificationType(values[3]), NotificationPriority(values[6])
    return Notification(*values)


def _plain(row: Notification | Preferences) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def own(conn: Connection, tenant_id: str, user_id: str, ids: Sequence[str]) -> list[Notification]:
    """Those of `ids` that are the person's and were not deleted."""
    return [
        _notification(row)
        for some in chunks(ids)
        for row in _OWN_BY_ID.all(conn, {"tenant": tenant_id, "reader": user_id, "ids": some})
    ]


def own_numbered(
    conn: Connection, tenant_id: str, user_id: str, number: int
) -> Notification | None:
    values = {"tenant": tenant_id, "reader": user_id, "number": number}
    row = conn.execute(_OWN_BY_NUMBER, values).one_or_none()
    return _notification(row) if row else None


def recent(
    conn: Connection, tenant_id: str, user_id: str, since: int, now: int, most: int
) -> list[Notification]:
    """The person's newest that are listed and were made since then, the newest first."""
    values = {"tenant": tenant_id, "reader": user_id, "since": since, "now": now, "most": most}
    return [_notification(row) for row in _RECENT.all(conn, values)]


def listed(
    conn: Connection, tenant_id: str, user_id: str, wanted: Wanted, before: int, now: int, most: int
) -> list[Notification]:
    """The person's own with numbers below `before`, the newest first."""
    query = _listing(
        wanted.type is not None, wanted.priority is not None, wanted.read, wanted.archived
    )
    values = {
        "tenant": tenant_id, "reader": user_id, "before": before, "now": now, "most": most,
        "type": wanted.type, "priority": wanted.priority,
    }  # fmt: skip
    return [_notification(row) for row in conn.execute(query, values)]


def unread(
    conn: Connection, tenant_id: str, user_id: str, up_to: int, now: int, most: int
) -> list[Notification]:
    """The person's oldest unread ones with numbers up to `up_to`."""
    values = {"tenant": tenant_id, "reader": user_id, "up_to": up_to, "now": now, "most": most}
    return [_notification(row) for row in conn.execute(_UNREAD, values)]


def old(
    conn: Connection, tenant_id: str, user_id: str | None, before: int, most: int
) -> list[tuple[str, str]]:
    """(id, user id) of what was read and made before then, of one person or of all."""
    query = _OLD if user_id is None else _OWN_OLD
    values = {"tenant": tenant_id, "reader": user_id, "before": before, "most": most}
    return [(row.id, row.user_id) for row in conn.execute(query, values)]


def counts(conn: Connection, tenant_id: str, user_id: str, now: int) -> list[Count]:
    values = {"tenant": tenant_id, "reader": user_id, "now": now}
    return [
        Count(
            NotificationType(row[0]),
            NotificationPriority(row[1]),
            bool(row[2]),
            bool(row[3]),
            row[4],
        )
        for row in conn.execute(_COUNTS, values)
    ]


def stored(conn: Connection, tenant_id: str, ids: Sequence[str]) -> list[Notification]:
    """Those of `ids` in the tenant, whose ever, also if they were deleted."""
    return [
        _notification(row)
        for some in chunks(ids)
        for row in _STORED.all(conn, {"tenant": tenant_id, "ids": some})
    ]


def known(conn: Connection, tenant_id: str, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that were made already, also if they were deleted since."""
    return {
        found
        for some in chunks(ids)
        for (found,) in _KNOWN.all(conn, {"tenant": tenant_id, "ids": some})
    }


def insert(conn: Connection, tenant_id: str, rows: Sequence[Notification]) -> None:
    if rows:
        nothing = {"tenant_id": tenant_id, "deleted_at": None}
        _INSERT.run_each(conn, [{**nothing, **_plain(row)} for row in rows])


def save(conn: Connection, tenant_id: str, rows: Sequence[Notification]) -> None:
    """Writes what a mark can change."""
    if rows:
        conn.execute(
            _SAVE,
            [
                {
                    "tenant": tenant_id,
                    "row": row.id,
                    "new_read_at": row.read_at,
                    "new_archived_at": row.archived_at,
                    "new_updated_at": row.updated_at,
                    "new_version": row.version,
                }
                for row in rows
            ],
        )


def delete(conn: Connection, tenant_id: str, ids: Sequence[str], now: int) -> None:
    if ids:
        conn.execute(_DELETE, [{"tenant": tenant_id, "row": one, "now": now} for one in ids])


def preferences_of(
    conn: Connection, tenant_id: str, user_ids: Sequence[str]
) -> dict[str, Preferences]:
    """Of those who ever chose any."""
    found = {}
    for some in chunks(user_ids):
        for user_id, *row in _PREFERENCES_OF.all(conn, {"tenant": tenant_id, "ids": some}):
            switches = zip(row, _SWITCHES, strict=True)
            values: list[Any] = [
                bool(value) if is_switch else value for value, is_switch in switches
            ]
            values[-2:] = [Frequency(values[-2]), Frequency(values[-1])]
            found[user_id] = Preferences(*values)
    return found


def save_preferences(
    conn: Connection, tenant_id: str, user_id: str, chosen: Preferences, now: int
) -> None:
    row = {"tenant_id": tenant_id, "user_id": user_id, "updated_at": now, **_plain(chosen)}
    upsert(conn, preferences, [row], ("tenant_id", "user_id"))
