"""What a running server knows of itself: identity, signing key, clock, who was heard of when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.config import Settings
from server_stub.core.database import Database, insert_once
from server_stub.core.tables import server_state, users
from tracker.domain.task import Occupancy

LIVE_MS = 30_000
"""Heard of within this time, a device counts as online: six polls of 5 s."""


def system_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    at: int
    unsent: int
    occupancy: Occupancy


@dataclass(slots=True)
class PresenceBook:
    """Last-heard times live in memory: a write for each poll of each client would be the
    server's main work. They are written when the server stops."""

    _heard: dict[str, Heard] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(
        self, user_id: str, at: int, unsent: int | None = None, occupancy: Occupancy | None = None
    ) -> None:
        with self._lock:
            old = self._heard.get(user_id, Heard(at, 0, Occupancy.UNKNOWN))
            self._heard[user_id] = Heard(
                at,
                old.unsent if unsent is None else unsent,
                old.occupancy if occupancy is None else occupancy,
            )

    def of(self, user_id: str) -> Heard | None:
        return self._heard.get(user_id)

    def occupancy(self, user_id: str, now: int) -> Occupancy:
        """What the device reported, while it is heard of; OFFLINE after that."""
        heard = self._heard.get(user_id)
        live = heard is not None and heard.at > now - LIVE_MS
        return heard.occupancy if heard and live else Occupancy.OFFLINE

    def write(self, conn: Connection) -> None:
        for user_id, heard in list(self._heard.items()):
            conn.execute(
                sa.update(users).where(users.c.id == user_id).values(last_heard_at=heard.at)
            )


@dataclass(slots=True)
class ServerState:
    """Handed to routes by the app; `now` is injected so that tests own the clock."""

    settings: Settings
    database: Database
    server_id: str
    secret: bytes
    now: Callable[[], int] = system_clock
    presence: PresenceBook = field(default_factory=PresenceBook)

    def sign(self, payload: dict[str, object]) -> str:
        """An opaque text only this server can make; `unsign` gives the payload back."""
        body = base64.urlsafe_b64encode(json.dumps(payload, separators=(",", ":")).encode())
        return f"{body.decode()}.{self._mac(body)}"

    def unsign(self, text: str) -> dict[str, object] | None:
        body, _, mac = text.partition(".")
        if not hmac.compare_digest(self._mac(body.encode()).encode(), mac.encode()):
            return None
        payload = json.loads(base64.urlsafe_b64decode(body))
        return payload if isinstance(payload, dict) else None

    def _mac(self, body: bytes) -> str:
        return hmac.new(self.secret, body, hashlib.sha256).hexdigest()[:32]


def load(settings: Settings, database: Database) -> ServerState:
    """Reads the server's id and key, making them on the first start."""
    with database.write() as conn:
        stored = {row.key: row.value for row in conn.execute(sa.select(server_state))}
        for key, value in (("server_id", str(uuid.uuid4())), ("secret", secrets.token_hex(32))):
            if key not in stored:
                insert_once(conn, server_state, {"key": key, "value": value})
        # Read again: of two processes that start at once, one was first.
        stored = {row.key: row.value for row in conn.execute(sa.select(server_state))}
    return ServerState(settings, database, stored["server_id"], bytes.fromhex(stored["secret"]))
