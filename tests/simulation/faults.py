"""What can go wrong, and the two things that are not the network: killed processes, full disks.

A fault that was chosen and one that happened are counted apart: the report says the second.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum

from tracker.cache import database as client_database


class Fault(StrEnum):
    REQUEST_LOST = "request lost"
    ANSWER_LOST = "answer lost"
    REQUEST_DOUBLED = "request doubled"
    REQUEST_LATE = "request arrives after the client gave up"
    ANSWER_CUT = "answer cut"
    PORTAL = "a portal's page instead of an answer"
    UNAVAILABLE = "503"
    BREAKDOWN = "500 for the whole request"
    CLIENT_KILLED_BEFORE = "client killed before a commit"
    CLIENT_KILLED_AFTER = "client killed after a commit"
    SERVER_KILLED_BEFORE = "server killed before a commit"
    SERVER_KILLED_AFTER = "server killed after a commit"
    DISK_FULL = "disk full"
    CLOCK_WRONG = "a device's clock jumps"
    TOKEN_EXPIRED = "access token expired"
    POISON = "an action the server fails at"
    CLONED = "profile copied to a second device"
    RESTORED = "server restored from a backup"
    RESTARTED = "server restarted"
    CACHE_LOST = "cache damaged"
    COMMAND_LINE = "a second process of the profile"
    WITHDRAWN = "unsent action withdrawn"
    GIVEN_UP = "waiting action given up"
    RETRIED = "refused action done again"
    TAKEN_AWAY = "task taken from its worker"
    ROLE_CHANGED = "role changed"
    WRONG_TOKEN = "another person's token in the keyring"
    MEANWHILE = "another device comes between two requests"
    PRUNED = "feed pruned"
    BOUND = "cache bound reached"
    SAME_IDS = "a copied machine makes the same ids"


NETWORK = (
    Fault.REQUEST_LOST,
    Fault.ANSWER_LOST,
    Fault.REQUEST_DOUBLED,
    Fault.REQUEST_LATE,
    Fault.ANSWER_CUT,
    Fault.PORTAL,
    Fault.UNAVAILABLE,
    Fault.BREAKDOWN,
    Fault.SERVER_KILLED_BEFORE,
    Fault.SERVER_KILLED_AFTER,
)
AT_COMMIT = (Fault.CLIENT_KILLED_BEFORE, Fault.CLIENT_KILLED_AFTER, Fault.DISK_FULL)


class Killed(BaseException):
    """The process is gone: nothing after this line runs, and no handler may stop it."""


class Disk:
    """Fails the n-th commit of a client from now, in the chosen way."""

    def __init__(self, happened: Counter[Fault]) -> None:
        self._happened = happened
        self._plan: tuple[Fault, int] | None = None

    def plan(self, fault: Fault, rng: random.Random) -> None:
        self._plan = (fault, rng.randrange(4))

    def calm(self) -> None:
        self._plan = None

    def transaction(self, conn: sqlite3.Connection) -> AbstractContextManager[None]:
        """Stands in for `tracker.cache.database.transaction`: the real one, and a fault at its
        commit when one is due."""
        fault = self._due()
        return _real_transaction(conn) if fault is None else self._failing(conn, fault)

    @contextmanager
    def _failing(self, conn: sqlite3.Connection, fault: Fault) -> Iterator[None]:
        with _real_transaction(conn):
            yield
            if fault is Fault.CLIENT_KILLED_BEFORE:
                raise Killed
            if fault is Fault.DISK_FULL:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorname = "SQLITE_FULL"
                raise error
        if fault is Fault.CLIENT_KILLED_AFTER:
            raise Killed

    def _due(self) -> Fault | None:
        if self._plan is None:
            return None
        fault, left = self._plan
        self._plan = (fault, left - 1) if left else None
        if left:
            return None
        self._happened[fault] += 1
        return fault


_real_transaction = client_database.transaction
