"""Who was heard of when, with how much unsent. A write for each poll of each client would be the
server's main work, so this is memory, written every minute and when the server stops."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.tables import users
from tracker.domain.occupancy import LIVE_MS
from tracker.domain.task import Occupancy


@dataclass(frozen=True, slots=True)
class Heard:
    """`unsent` is None until a device of the person has said it."""

    at: int
    unsent: int | None = None
    occupancy: Occupancy = Occupancy.UNKNOWN
    occupancy_at: int = 0
    """When that was said: not every call says it, and nobody need say it any more."""


class PresenceBook:
    """Safe for several threads."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._written: dict[str, Heard] = {}
        self._lock = threading.Lock()

    def hear(
        self, user_id: str, at: int, unsent: int | None = None, occupancy: Occupancy | None = None
    ) -> None:
        with self._lock:
            old = self._heard.get(user_id, Heard(at))
            self._heard[user_id] = replace(
                old,
                at=at,
                unsent=old.unsent if unsent is None else unsent,
                occupancy=occupancy or old.occupancy,
                occupancy_at=at if occupancy else old.occupancy_at,
            )

    def of(self, user_id: str) -> Heard | None:
        return self._heard.get(user_id)

    def occupancy(self, user_id: str, now: int) -> Occupancy:
        """What the device reported, while it is heard of; OFFLINE after that. UNKNOWN of one that
        is heard of and reports nothing, or nothing any more."""
        heard = self._heard.get(user_id)
        if heard is None or heard.at <= now - LIVE_MS:
            return Occupancy.OFFLINE
        return heard.occupancy if heard.occupancy_at > now - LIVE_MS else Occupancy.UNKNOWN

    def news(self) -> dict[str, Heard]:
        """What differs from what was written."""
        with self._lock:
            return {u: h for u, h in self._heard.items() if self._written.get(u) != h}

    def write(self, conn: Connection, news: dict[str, Heard]) -> None:
        for user_id, heard in news.items():
            values: dict[str, int] = {"last_heard_at": heard.at}
            if heard.unsent is not None:
                values["last_unsent"] = heard.unsent
            conn.execute(sa.update(users).where(users.c.id == user_id).values(**values))
        with self._lock:
            self._written.update(news)
