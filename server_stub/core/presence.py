"""Who was heard of when, with how much unsent: each person, and each device of theirs, which is a
session or token. A write for each poll of each client would be the server's main work, so this is
memory, written every minute and when the server stops."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core.auth import Caller
from server_stub.core.database import chunks, upsert
from server_stub.core.tables import devices, users
from tracker.domain.occupancy import LIVE_MS
from tracker.domain.task import Occupancy

_PERSON = sa.update(users).where(users.c.id == sa.bindparam("user"))
_HEARD = _PERSON.values(last_heard_at=sa.bindparam("at"))
_SAID = _PERSON.values(last_heard_at=sa.bindparam("at"), last_unsent=sa.bindparam("unsent"))
_UNSENT = sa.select(devices.c.session_id, devices.c.last_unsent).where(
    devices.c.session_id.in_(sa.bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Heard:
    """`unsent` is None until a device of the person has said it."""

    at: int
    unsent: int | None = None
    occupancy: Occupancy = Occupancy.UNKNOWN
    occupancy_at: int = 0
    """When that was said: not every call says it, and nobody need say it any more."""


@dataclass(frozen=True, slots=True)
class Device:
    """What was heard of a session or token since it was written last. `unsent` is None where it
    did not say it again."""

    tenant_id: str
    at: int
    unsent: int | None = None


@dataclass(frozen=True, slots=True)
class HeardLately:
    """What differs from what was written: people and sessions by id."""

    people: Mapping[str, Heard]
    devices: Mapping[str, Device]

    def __bool__(self) -> bool:
        return bool(self.people or self.devices)


class PresenceBook:
    """Safe for several threads."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._written: dict[str, Heard] = {}
        self._devices: dict[str, Device] = {}
        self._lock = threading.Lock()

    def hear(
        self,
        caller: Caller,
        at: int,
        unsent: int | None = None,
        occupancy: Occupancy | None = None,
    ) -> None:
        with self._lock:
            old = self._heard.get(caller.user_id, Heard(at))
            self._heard[caller.user_id] = replace(
                old,
                at=at,
                unsent=old.unsent if unsent is None else unsent,
                occupancy=occupancy or old.occupancy,
                occupancy_at=at if occupancy else old.occupancy_at,
            )
            if unsent is None and (before := self._devices.get(caller.token_id)) is not None:
                unsent = before.unsent
            self._devices[caller.token_id] = Device(caller.tenant_id, at, unsent)

    def of(self, user_id: str) -> Heard | None:
        return self._heard.get(user_id)

    def device(self, session_id: str) -> Device | None:
        """What is not written yet of it."""
        return self._devices.get(session_id)

    def occupancy(self, user_id: str, now: int) -> Occupancy:
        """What the device reported, while it is heard of; OFFLINE after that. UNKNOWN of one that
        is heard of and reports nothing, or nothing any more."""
        heard = self._heard.get(user_id)
        if heard is None or heard.at <= now - LIVE_MS:
            return Occupancy.OFFLINE
        return heard.occupancy if heard.occupancy_at > now - LIVE_MS else Occupancy.UNKNOWN

    def news(self) -> HeardLately:
        """What differs from what was written."""
        with self._lock:
            people = {u: h for u, h in self._heard.items() if self._written.get(u) != h}
            return HeardLately(people, dict(self._devices))

    def write(self, conn: Connection, news: HeardLately) -> None:
        _write_people(conn, news.people)
        _write_devices(conn, news.devices)

    def written(self, news: HeardLately) -> None:
        """It is committed. Devices are kept no longer than that: there may be any number."""
        with self._lock:
            self._written.update(news.people)
            for session_id, device in news.devices.items():
                if self._devices.get(session_id) == device:
                    del self._devices[session_id]


def _write_people(conn: Connection, people: Mapping[str, Heard]) -> None:
    # In the order of their ids: two processes that hear of the same people would wait for each
    # other's rows.
    silent, told = [], []
    for user_id, heard in sorted(people.items(), key=lambda one: one[0]):
        row: dict[str, object] = {"user": user_id, "at": heard.at}
        if heard.unsent is None:
            silent.append(row)
        else:
            told.append({**row, "unsent": heard.unsent})
    for statement, rows in ((_HEARD, silent), (_SAID, told)):
        if rows:
            conn.execute(statement, rows)


def _write_devices(conn: Connection, heard: Mapping[str, Device]) -> None:
    """One that did not say how much is unsent keeps what it said last."""
    ids = sorted(heard)
    kept: dict[str, int | None] = {}
    for some in chunks(ids):
        found = conn.execute(_UNSENT, {"ids": some})
        kept.update((session_id, unsent) for session_id, unsent in found)
    rows = []
    for session_id in ids:
        device = heard[session_id]
        unsent = kept.get(session_id) if device.unsent is None else device.unsent
        rows.append(
            {
                "session_id": session_id,
                "tenant_id": device.tenant_id,
                "last_heard_at": device.at,
                "last_unsent": unsent,
            }
        )
    upsert(conn, devices, rows, ["session_id"])
