"""Passwords (argon2id) and opaque tokens (256 random bits, stored as SHA-256).

A refresh token is replaced when it is used, and the one before keeps working until its successor
was used once: an answer that got lost on the way signs nobody out.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy.engine import Connection

from server_stub.core.database import for_update, tell
from server_stub.core.heads import News
from server_stub.core.problems import ProblemError
from server_stub.core.tables import tenants, tokens, users
from tracker.domain.access import Actor
from tracker.domain.ids import uuid7
from tracker.domain.task import Role

_hasher = PasswordHasher()
_ACCOUNT = sa.select(
    users.c.id, users.c.tenant_id, users.c.name, users.c.password_hash, users.c.active
)
_BY_NAME = _ACCOUNT.where(users.c.name == sa.bindparam("name"))
_BY_ID = _ACCOUNT.where(users.c.id == sa.bindparam("user"))
_TENANT_OF = sa.select(users.c.tenant_id).where(users.c.id == sa.bindparam("user"))
_OPEN = sa.insert(tokens)
_CALLER = (
    sa.select(
        users,
        tokens.c.id.label("token_id"),
        tokens.c.access_expires_at,
        tokens.c.revoked_at,
        tenants.c.name.label("tenant_name"),
        tenants.c.zone,
    )
    .where(tokens.c.access_hash == sa.bindparam("access"))
    .join(tokens, tokens.c.user_id == users.c.id)
    .join(tenants, tenants.c.id == users.c.tenant_id)
)
_NOBODY = _hasher.hash(secrets.token_hex(16))
"""Checked when the name is unknown, so that the time taken tells nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; made from a valid token and from nothing else."""

    tenant_id: str
    tenant_name: str
    zone: str
    user_id: str
    name: str
    display_name: str
    role: Role
    token_id: str
    expires_at: int | None

    @property
    def actor(self) -> Actor:
        return Actor(self.user_id, self.role)


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in is checked against."""

    id: str
    tenant_id: str
    name: str
    password_hash: str
    active: bool


class CallerCache:
    """Who a token belongs to, for at most 30 s. Emptied when any session or person changes.
    `generation` counts that; what was read before it is not kept after it."""

    KEPT_MS = 30_000

    def __init__(self) -> None:
        self.generation = 0
        self._known: dict[str, tuple[Caller, int]] = {}

    def get(self, token: str, now: int, max_age: int = KEPT_MS) -> Caller | None:
        caller, since = self._known.get(token, (None, 0))
        if caller is None or not 0 <= now - since <= max_age:
            return None
        return caller if caller.expires_at is None or caller.expires_at >= now else None

    def until(self, token: str) -> int:
        """How long the token is believed, at most; 0 for one that is not known."""
        caller, since = self._known.get(token, (None, 0))
        if caller is None:
            return 0
        return min(since + self.KEPT_MS, caller.expires_at or since + self.KEPT_MS)

    def put(self, token: str, caller: Caller, now: int, generation: int) -> None:
        if len(self._known) > 20_000:
            self._known.clear()
        if generation == self.generation:
            self._known[token] = (caller, now)

    def forget(self) -> None:
        self.generation += 1
        self._known.clear()


@dataclass(frozen=True, slots=True)
class Session:
    access_token: str
    refresh_token: str
    expires_at: int


def new_id(now: int) -> str:
    return uuid7(now, secrets.token_bytes(10))


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def account_named(conn: Connection, name: str) -> Account | None:
    row = conn.execute(_BY_NAME, {"name": name.strip().lower()}).one_or_none()
    return Account(*row) if row else None


def check_password(account: Account | None, password: str) -> Account:
    """The account, or E1001 for an unknown name, a wrong password and a disabled person alike.
    Takes 50 ms and wants no transaction."""
    try:
        _hasher.verify(account.password_hash if account else _NOBODY, password)
    except VerifyMismatchError:
        raise ProblemError("E1001") from None
    if account is None or not account.active:
        raise ProblemError("E1001")
    return account


def lock_account(conn: Connection, account: Account) -> None:
    """Keeps the account as it is until the transaction ends. E1001 if it was disabled, or its
    password changed, since it was read: what ended its sessions would miss the one to come."""
    row = conn.execute(for_update(conn, _BY_ID), {"user": account.id}).one()
    if Account(*row) != account:
        raise ProblemError("E1001")


def open_session(
    conn: Connection, user_id: str, now: int, access_ms: int, refresh_ms: int
) -> Session:
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    row = {
        "id": new_id(now),
        "tenant_id": conn.execute(_TENANT_OF, {"user": user_id}).scalar_one(),
        "user_id": user_id,
        "access_hash": hash_token(access),
        "access_expires_at": now + access_ms,
        "refresh_hash": hash_token(refresh),
        "refresh_expires_at": now + refresh_ms,
        "created_at": now,
    }
    conn.execute(_OPEN, row)
    return Session(access, refresh, now + access_ms)


def create_token(conn: Connection, user_id: str, now: int) -> str:
    """A token that neither expires nor rotates, for machines without a keyring."""
    token = secrets.token_urlsafe(32)
    row = {
        "id": new_id(now),
        "tenant_id": conn.execute(_TENANT_OF, {"user": user_id}).scalar_one(),
        "user_id": user_id,
        "access_hash": hash_token(token),
        "created_at": now,
    }
    conn.execute(_OPEN, row)
    return token


def refresh_session(
    conn: Connection, refresh_token: str, now: int, access_ms: int, refresh_ms: int
) -> tuple[str, Session]:
    """A new pair of tokens for (user id, session); the presented token becomes the previous one."""
    given = hash_token(refresh_token)
    query = sa.select(tokens).where(
        sa.or_(tokens.c.refresh_hash == given, tokens.c.previous_refresh_hash == given)
    )
    row = conn.execute(query).one_or_none()
    if row is None or row.revoked_at is not None or row.refresh_expires_at < now:
        raise ProblemError("E1002")
    tell(conn, News(row.tenant_id, None, sign_ins=True))
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    conn.execute(
        sa.update(tokens)
        .where(tokens.c.id == row.id)
        .values(
            access_hash=hash_token(access),
            access_expires_at=now + access_ms,
            refresh_hash=hash_token(refresh),
            previous_refresh_hash=given,
            refresh_expires_at=now + refresh_ms,
        )
    )
    return row.user_id, Session(access, refresh, now + access_ms)


def close_session(conn: Connection, caller: Caller, now: int) -> None:
    conn.execute(sa.update(tokens).where(tokens.c.id == caller.token_id).values(revoked_at=now))
    tell(conn, News(caller.tenant_id, None, sign_ins=True))


def authenticate(conn: Connection, token: str, now: int) -> Caller:
    """The caller of an access token. E1003 unknown, E1002 over, E1004 disabled."""
    row = conn.execute(_CALLER, {"access": hash_token(token)}).one_or_none()
    if row is None:
        raise ProblemError("E1003")
    if row.revoked_at is not None or (row.access_expires_at or now) < now:
        raise ProblemError("E1002")
    if not row.active:
        raise ProblemError("E1004")
    return Caller(
        tenant_id=row.tenant_id,
        tenant_name=row.tenant_name,
        zone=row.zone,
        user_id=row.id,
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        token_id=row.token_id,
        expires_at=row.access_expires_at,
    )
