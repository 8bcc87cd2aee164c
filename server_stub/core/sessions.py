"""Sessions: opening, refreshing, listing and ending them.

A refresh token is replaced when it is used, and the one before keeps working until its successor
was used once: an answer that got lost on the way signs nobody out. It is three parts: what all of
its session have in common, how often the session had been refreshed, and 256 random bits. So one
that is older than the one before is known for what it is, a copy in somebody else's hands, and
ends the session. A token that was made anew because an answer was lost is as young as the one it
replaces: a device that gets the late answer too ends nothing with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from server_stub.core.auth import Caller, hash_token, new_id
from server_stub.core.database import for_update, tell
from server_stub.core.heads import News
from server_stub.core.statements import Statement
from server_stub.core.tables import devices, tokens, users

log = structlog.get_logger()

_TENANT_OF = Statement(sa.select(users.c.tenant_id).where(users.c.id == sa.bindparam("user")))
_OPEN = sa.insert(tokens)
_REFRESHED = sa.select(tokens).where(
    sa.or_(
        tokens.c.refresh_hash == sa.bindparam("given"),
        tokens.c.previous_refresh_hash == sa.bindparam("given"),
        tokens.c.family_hash == sa.bindparam("family"),
    )
)
_REFRESH = (
    sa.update(tokens)
    .where(tokens.c.id == sa.bindparam("session"))
    .values(
        access_hash=sa.bindparam("new_access"),
        access_expires_at=sa.bindparam("access_until"),
        refresh_hash=sa.bindparam("new_refresh"),
        previous_refresh_hash=sa.bindparam("given"),
        refresh_expires_at=sa.bindparam("refresh_until"),
        family_hash=sa.bindparam("family"),
        generation=sa.bindparam("new_generation"),
        last_used_at=sa.bindparam("now"),
    )
)
_IS_OPEN = (
    tokens.c.user_id == sa.bindparam("user"),
    tokens.c.revoked_at.is_(None),
    sa.or_(
        tokens.c.refresh_expires_at.is_(None),
        tokens.c.refresh_expires_at >= sa.bindparam("now"),
    ),
)
_OPEN_OF = (
    sa.select(tokens.c.id, tokens.c.created_at, tokens.c.last_used_at, tokens.c.refresh_expires_at)
    .where(*_IS_OPEN)
    .order_by(tokens.c.created_at.desc(), tokens.c.id.desc())
)
_DEVICES = (
    sa.select(tokens.c.id, devices.c.last_heard_at, devices.c.last_unsent)
    .join_from(tokens, devices, devices.c.session_id == tokens.c.id, isouter=True)
    .where(*_IS_OPEN)
    .order_by(
        sa.func.coalesce(devices.c.last_heard_at, tokens.c.created_at).desc(), tokens.c.id.desc()
    )
    .limit(sa.bindparam("most"))
)
_CLOSED_DEVICES = Statement(
    sa.select(devices.c.session_id)
    .join_from(devices, tokens, tokens.c.id == devices.c.session_id, isouter=True)
    .where(
        sa.or_(
            tokens.c.id.is_(None),
            tokens.c.revoked_at.is_not(None),
            tokens.c.refresh_expires_at < sa.bindparam("now"),
        )
    )
    .order_by(devices.c.session_id)
    .limit(sa.bindparam("most"))
)
_PURGE_DEVICE = Statement(sa.delete(devices).where(devices.c.session_id == sa.bindparam("session")))
_END_ALL = (
    sa.update(tokens)
    .where(tokens.c.user_id == sa.bindparam("user"), tokens.c.revoked_at.is_(None))
    .values(revoked_at=sa.bindparam("now"))
)
_END = _END_ALL.where(tokens.c.id == sa.bindparam("session"))
_END_OTHERS = _END_ALL.where(tokens.c.id != sa.bindparam("session"))


@dataclass(frozen=True, slots=True)
class Session:
    access_token: str
    refresh_token: str
    expires_at: int


def open_session(
    conn: Connection, user_id: str, now: int, access_ms: int, refresh_ms: int
) -> Session:
    access, family = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    refresh_token = _refresh_token(family, 0)
    row = {
        "id": new_id(now),
        "tenant_id": _TENANT_OF.one(conn, {"user": user_id})[0],
        "user_id": user_id,
        "access_hash": hash_token(access),
        "access_expires_at": now + access_ms,
        "refresh_hash": hash_token(refresh_token),
        "refresh_expires_at": now + refresh_ms,
        "family_hash": hash_token(family),
        "created_at": now,
        "last_used_at": now,
    }
    conn.execute(_OPEN, row)
    return Session(access, refresh_token, now + access_ms)


def create_token(conn: Connection, user_id: str, now: int) -> str:
    """A token that neither expires nor rotates, for machines without a keyring."""
    token = secrets.token_urlsafe(32)
    row = {
        "id": new_id(now),
        "tenant_id": _TENANT_OF.one(conn, {"user": user_id})[0],
        "user_id": user_id,
        "access_hash": hash_token(token),
        "created_at": now,
    }
    conn.execute(_OPEN, row)
    return token


def refresh(
    conn: Connection, refresh_token: str, now: int, access_ms: int, refresh_ms: int
) -> Session | None:
    """A new pair of tokens; the presented one becomes the previous one. None where there is no
    session to go on with. The caller commits then too: one that was stolen ends here."""
    given = hash_token(refresh_token)
    family, generation = _parts(refresh_token)
    values = {"given": given, "family": hash_token(family) if family else None}
    row = conn.execute(for_update(conn, _REFRESHED), values).one_or_none()
    if row is None or row.revoked_at is not None or row.refresh_expires_at < now:
        return None
    if given not in (row.refresh_hash, row.previous_refresh_hash):
        if generation < row.generation - 1:
            log.warning("old refresh token", tenant=row.tenant_id, user=row.user_id, session=row.id)
            _ended(conn, _END, row.tenant_id, row.user_id, now, row.id)
        return None
    tell(conn, News(row.tenant_id, None, sign_ins=True))
    # A session from before families existed gets one here.
    family = family or secrets.token_urlsafe(16)
    newer = row.generation + (given == row.refresh_hash)
    access, refresh_token = secrets.token_urlsafe(32), _refresh_token(family, newer)
    conn.execute(
        _REFRESH,
        {
            "session": row.id,
            "new_access": hash_token(access),
            "access_until": now + access_ms,
            "new_refresh": hash_token(refresh_token),
            "given": given,
            "refresh_until": now + refresh_ms,
            "family": hash_token(family),
            "new_generation": newer,
            "now": now,
        },
    )
    return Session(access, refresh_token, now + access_ms)


def open_of(conn: Connection, caller: Caller, now: int) -> Sequence[sa.Row[Any, Any, Any, Any]]:
    """The caller's sessions and tokens (id, created_at, last_used_at, refresh_expires_at), the
    newest first."""
    return conn.execute(_OPEN_OF, {"user": caller.user_id, "now": now}).all()


def devices_of(
    conn: Connection, user_id: str, now: int, most: int
) -> Sequence[sa.Row[str, int | None, int | None]]:
    """Where a person is signed in: (id, last heard, how much was unsent then) as written last,
    those that were heard of last first, at most so many."""
    return conn.execute(_DEVICES, {"user": user_id, "now": now, "most": most}).all()


def purge_devices(conn: Connection, now: int, most: int) -> int:
    """Forgets what was heard of sessions and tokens that are open no more, of all tenants, up to
    `most`; how many. Not where each ends: what was heard last is written some time after it."""
    gone = [row[0] for row in _CLOSED_DEVICES.all(conn, {"now": now, "most": most})]
    if gone:  # one after the other, in the order in which presence writes them too
        _PURGE_DEVICE.run_each(conn, [{"session": session_id} for session_id in gone])
    return len(gone)


def end(conn: Connection, caller: Caller, session_id: str, now: int) -> bool:
    """Ends one session of the caller. False for any other, and for one that has ended."""
    return _ended(conn, _END, caller.tenant_id, caller.user_id, now, session_id)


def end_all(
    conn: Connection, tenant_id: str, user_id: str, now: int, but: str | None = None
) -> None:
    """Ends every session and token of the person, but for the session `but`."""
    _ended(conn, _END_OTHERS if but else _END_ALL, tenant_id, user_id, now, but)


def _ended(
    conn: Connection,
    statement: sa.Update,
    tenant_id: str,
    user_id: str,
    now: int,
    session_id: str | None,
) -> bool:
    values = {"user": user_id, "now": now, "session": session_id}
    done = conn.execute(statement, values)
    tell(conn, News(tenant_id, None, sign_ins=True))
    return done.rowcount > 0


def _refresh_token(family: str, generation: int) -> str:
    return f"{family}.{generation}.{secrets.token_urlsafe(32)}"


def _parts(refresh_token: str) -> tuple[str, int]:
    """Family and generation; ("", 0) of a token that was not made like this."""
    family, _, rest = refresh_token.partition(".")
    number = rest.partition(".")[0]
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return "", 0
    return family, int(number)
