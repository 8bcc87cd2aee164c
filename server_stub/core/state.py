"""What a running server knows of itself: identity, signing key, clock, what is newest."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from server_stub.config import Settings
from server_stub.core import auth
from server_stub.core.auth import Caller, CallerCache
from server_stub.core.database import Database, insert_once
from server_stub.core.heads import Heads, News
from server_stub.core.marks import Marks
from server_stub.core.presence import PresenceBook
from server_stub.core.signing import Signer
from server_stub.core.tables import server_state


def system_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class ServerState:
    """Handed to routes by the app; `now` is injected so that tests own the clock."""

    settings: Settings
    database: Database
    server_id: str
    signer: Signer
    marks: Marks
    heads: Heads = field(default_factory=Heads)
    callers: CallerCache = field(default_factory=CallerCache)
    now: Callable[[], int] = system_clock
    presence: PresenceBook = field(default_factory=PresenceBook)

    def hear(self, news: News) -> None:
        """What a commit, here or in another process, changed for readers."""
        if news.sign_ins:
            self.callers.forget()
        self.heads.rise(news)

    def missed(self) -> None:
        """Commits of other processes may have gone unheard: nothing in memory counts any more."""
        self.callers.forget()
        self.marks.forget()
        self.heads.forget()

    def known_caller(self, token: str, max_age: int = CallerCache.KEPT_MS) -> Caller | None:
        """Who the token belongs to, if that is known without asking the database."""
        if not self.heads.trusted():
            return None
        return self.callers.get(token, self.now(), max_age)

    def caller(self, token: str, max_age: int = CallerCache.KEPT_MS) -> Caller:
        """Who the token belongs to. E1003, E1002, E1004 as `auth.authenticate` says."""
        known = self.known_caller(token, max_age)
        if known is not None:
            return known
        generation = self.callers.generation
        with self.database.read() as conn:
            found = auth.authenticate(conn, token, self.now())
        self.callers.put(token, found, self.now(), generation)
        return found

    def write_presence(self) -> None:
        if news := self.presence.news():
            with self.database.write() as conn:
                self.presence.write(conn, news)
            self.presence.written(news)


def load(settings: Settings, database: Database) -> ServerState:
    """Reads the server's id and key, making them on the first start."""
    with database.write() as conn:
        stored = {row.key: row.value for row in conn.execute(sa.select(server_state))}
        for key, value in (("server_id", str(uuid.uuid4())), ("secret", secrets.token_hex(32))):
            if key not in stored:
                insert_once(conn, server_state, {"key": key, "value": value})
        # Read again: of two processes that start at once, one was first.
        stored = {row.key: row.value for row in conn.execute(sa.select(server_state))}
    signer = Signer(bytes.fromhex(stored["secret"]))
    state = ServerState(settings, database, stored["server_id"], signer, Marks(signer))
    database.on_commit = state.hear
    return state
