"""Passwords (argon2id), and who an opaque token (256 random bits, stored as SHA-256) belongs to."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy.engine import Connection

from server_stub.core.database import for_update
from server_stub.core.problems import ProblemError
from server_stub.core.statements import Statement
from server_stub.core.tables import tenants, tokens, users
from tracker.domain.access import Actor
from tracker.domain.ids import uuid7
from tracker.domain.reading import storable
from tracker.domain.task import Role

_hasher = PasswordHasher()
_ACCOUNT = sa.select(
    users.c.id, users.c.tenant_id, users.c.name, users.c.password_hash, users.c.active
)
_BY_NAME = _ACCOUNT.where(users.c.name == sa.bindparam("name"))
_BY_ID = _ACCOUNT.where(users.c.id == sa.bindparam("user"))
_CALLER = Statement(
    sa.select(
        users.c.tenant_id,
        tenants.c.name,
        tenants.c.zone,
        users.c.id,
        users.c.name,
        users.c.display_name,
        users.c.role,
        tokens.c.id,
        tokens.c.access_expires_at,
        tokens.c.revoked_at,
        users.c.active,
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


_UNKNOWN: tuple[Caller | None, int, int] = (None, 0, 0)


class CallerCache:
    """Who a token belongs to, for 15 to 30 s, each token for another time: or those who came
    together would all be asked for again together. Emptied when any session or person changes.
    `generation` counts that; what was read before it is not kept after it."""

    KEPT_MS = 30_000

    def __init__(self) -> None:
        self.generation = 0
        self._known: dict[str, tuple[Caller, int, int]] = {}

    def get(self, token: str, now: int, max_age: int = KEPT_MS) -> Caller | None:
        caller, since, until = self._known.get(token, _UNKNOWN)
        if caller is None or now > until or not 0 <= now - since <= max_age:
            return None
        return caller

    def until(self, token: str) -> int:
        """How long the token is believed, at most; 0 for one that is not known."""
        return self._known.get(token, _UNKNOWN)[2]

    def put(self, token: str, caller: Caller, now: int, generation: int) -> None:
        if len(self._known) > 20_000:
            self._known.clear()
        if generation == self.generation:
            until = now + self.KEPT_MS - zlib.crc32(token.encode()) % (self.KEPT_MS // 2)
            self._known[token] = (caller, now, min(until, caller.expires_at or until))

    def forget(self) -> None:
        self.generation += 1
        self._known.clear()


def new_id(now: int) -> str:
    return uuid7(now, secrets.token_bytes(10))


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def account_named(conn: Connection, name: str) -> Account | None:
    if not storable(name):  # nobody has such a name, and PostgreSQL cannot even be asked
        return None
    row = conn.execute(_BY_NAME, {"name": name.strip().lower()}).one_or_none()
    return Account(*row) if row else None


def account_of(conn: Connection, user_id: str) -> Account:
    return Account(*conn.execute(_BY_ID, {"user": user_id}).one())


def is_right(account: Account | None, password: str) -> bool:
    """Whether the password lets the person in; False alike for an unknown name, a wrong password
    and a disabled person. Takes 50 ms and wants no transaction."""
    try:
        _hasher.verify(account.password_hash if account else _NOBODY, password)
    except VerifyMismatchError:
        return False
    return account is not None and account.active


def is_still(conn: Connection, account: Account) -> bool:
    """Whether nobody disabled the person or changed the password since the account was read, and
    nobody will until the transaction ends: ending sessions would miss the one that is opened."""
    row = conn.execute(for_update(conn, _BY_ID), {"user": account.id}).one()
    return Account(*row) == account


def authenticate(conn: Connection, token: str, now: int) -> Caller:
    """The caller of an access token. E1003 unknown, E1002 over, E1004 disabled."""
    row = _CALLER.first(conn, {"access": hash_token(token)})
    if row is None:
        raise ProblemError("E1003")
    (
        tenant_id,
        tenant,
        zone,
        user_id,
        name,
        display_name,
        role,
        token_id,
        expires_at,
        revoked_at,
        active,
    ) = row
    if revoked_at is not None or (expires_at or now) < now:
        raise ProblemError("E1002")
    if not active:
        raise ProblemError("E1004")
    return Caller(
        tenant_id, tenant, zone, user_id, name, display_name, Role(role), token_id, expires_at
    )
