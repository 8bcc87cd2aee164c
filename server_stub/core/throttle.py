"""Guessing passwords is slow: failures are counted for each name and each client's address.

They are rows in the database, so every process on it counts the same. An attempt is counted
before the password is looked at, one at a time: a hundred sent at once are let through no more
often than a hundred in a row. One that is turned away is not counted, so
waiting always ends, and a name that nobody has is counted like any other.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.core import auth
from server_stub.core.database import lock_table
from server_stub.core.problems import ProblemError
from server_stub.core.tables import sign_in_attempts as attempts

WINDOW_MS = 15 * 60_000
FREE_FOR_NAME = 5
FREE_FOR_ADDRESS = 20
"""Many people sit behind one address, and a few of them mistype on any morning."""
_FIRST_DELAY_MS = 10_000

_FORGET = sa.delete(attempts).where(
    # Also what is from the future: a clock that was wrong once keeps nobody out.
    sa.or_(attempts.c.at <= sa.bindparam("before"), attempts.c.at > sa.bindparam("beyond"))
)
_COUNT: sa.Select[int, int | None] = sa.select(sa.func.count(), sa.func.max(attempts.c.at)).where(
    attempts.c.subject == sa.bindparam("of")
)
_ADD = sa.insert(attempts)
_CLEAR = sa.delete(attempts).where(
    sa.or_(
        attempts.c.subject == sa.bindparam("of"),
        attempts.c.attempt_id == sa.bindparam("attempt"),
    )
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that was let through, and counts as failed until `succeeded`."""

    id: str
    name: str


def delay_ms(failures: int, free: int) -> int:
    """How long after the last of so many failures the next attempt is let through: nothing, then
    10 s, and twice as long each time. The window forgets, so it settles at 11 in 15 minutes."""
    if failures < free:
        return 0
    return min(_FIRST_DELAY_MS << min(failures - free, 10), WINDOW_MS)


def begin(conn: Connection, name: str, address: str, now: int) -> Attempt:
    """Counts an attempt. E1009 with the seconds to wait when there were too many."""
    lock_table(conn, attempts)
    conn.execute(_FORGET, {"before": now - WINDOW_MS, "beyond": now + WINDOW_MS})
    of_name = _subject("name", name.strip().lower())
    of_address = _subject("address", network(address))
    wait = 0
    for subject, free in ((of_name, FREE_FOR_NAME), (of_address, FREE_FOR_ADDRESS)):
        failures, last = conn.execute(_COUNT, {"of": subject}).one()
        delay = delay_ms(failures, free)
        wait = max(wait, min((last or 0) + delay - now, delay))
    if wait > 0:
        seconds = -(-wait // 1000)
        info = f"It can be tried again in {seconds} s."
        raise ProblemError("E1009", info, retry_after=seconds)
    attempt = Attempt(auth.new_id(now), of_name)
    rows = [
        {"attempt_id": attempt.id, "subject": subject, "at": now}
        for subject in (of_name, of_address)
    ]
    conn.execute(_ADD, rows)
    return attempt


def succeeded(conn: Connection, attempt: Attempt) -> None:
    """Forgets the name's failures, and of the address this attempt alone: who has one account must
    not be able to guess at others without end."""
    lock_table(conn, attempts)
    conn.execute(_CLEAR, {"of": attempt.name, "attempt": attempt.id})


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 client has. Some proxies
    write a port behind."""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def _subject(kind: str, value: str) -> str:
    """Hashed: what is typed as a name is a password now and then."""
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
