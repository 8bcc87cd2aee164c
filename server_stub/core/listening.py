"""Hearing of commits in other server processes, over PostgreSQL's LISTEN.

A connection can be dead without anybody noticing. So this process sends itself a beat, and what
is in memory counts only while the beats come back.
"""

from __future__ import annotations

import threading
import time
import uuid

import psycopg
import structlog

from server_stub.core.database import CHANNEL, PROGRAM, Database
from server_stub.core.heads import News
from server_stub.core.state import ServerState

BEAT_SECONDS = 2.0
TRUST_SECONDS = 5.0
_STOP_SECONDS = 0.2

log = structlog.get_logger()


class Listener:
    """One thread with a connection of its own. `trusted` says whether everything was heard."""

    def __init__(self, database: Database, state: ServerState) -> None:
        self._url = database.libpq_url()
        self._state = state
        self._me = f"beat {uuid.uuid4()}"
        self._heard_at = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracker-listen", daemon=True)
        state.heads.trusted = self.trusted

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def trusted(self) -> bool:
        return time.monotonic() - self._heard_at < TRUST_SECONDS

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, application_name=PROGRAM) as conn:
                    self._listen(conn)
            except psycopg.Error as error:
                # Trust runs out by itself; until it is back, every poll asks the database.
                log.warning("listening ended", reason=type(error).__name__)
                self._stop.wait(BEAT_SECONDS)

    def _listen(self, conn: psycopg.Connection[tuple[object, ...]]) -> None:
        conn.execute(f"LISTEN {CHANNEL}")
        # From here on everything is heard; what came before may have been missed.
        self._state.missed()
        next_beat = time.monotonic()
        while not self._stop.is_set():
            if time.monotonic() >= next_beat:
                conn.execute("SELECT pg_notify(%s, %s)", (CHANNEL, self._me))
                next_beat = time.monotonic() + BEAT_SECONDS
            for notice in conn.notifies(timeout=_STOP_SECONDS, stop_after=1):
                if notice.payload == self._me:
                    self._heard_at = time.monotonic()
                elif not notice.payload.startswith("beat "):
                    self._state.hear(News.of(notice.payload))
