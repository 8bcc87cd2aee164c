"""What a pulled page looks like to the cache, without the wire library behind it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tracker.domain.task import (
    Assignment,
    Comment,
    Dependency,
    HistoryEntry,
    Occupancy,
    Person,
    Project,
    Task,
    Team,
    TimeEntry,
)

if TYPE_CHECKING:  # 4 ms that a list of tasks does not need
    from tracker.domain.notification import Notification


def checksum(key: str, version: int) -> int:
    """31 bits of a row's key and version; their sum over a table tells two copies apart. A key of
    two parts is joined by a colon."""
    return zlib.crc32(f"{key}:{version}".encode()) & 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Sums:
    """What a table of confirmed rows has to add up to."""

    count: int
    versions: int
    checksums: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The server's signed word that it stood at position `head` of `epoch`. A server that cannot
    confirm it later was restored from a backup."""

    epoch: str
    head: int
    text: str


CHILDREN = "children"
"""The kind of a tombstone for all that hangs on a task, to be applied before the page's rows."""

NOTIFICATION = "notification"
"""The kind of a tombstone for one."""
NOTIFICATIONS_KEPT = 500
"""A device holds the newest ones that are not archived."""
NOTIFICATION_DAYS = 90
"""How old they are at most when a first pull brings them."""

WHOLE_LIMIT = 100
"""As many tasks as a pull can name to have them whole: 4.3 KB of address, and proxies take 8."""


class Tombstone(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...


class Page(Protocol):
    """Rows and the cursor they lead to; `tracker.protocol.sync.PullPage` is one."""

    @property
    def epoch(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def cursor(self) -> str: ...
    @property
    def more(self) -> bool: ...
    @property
    def snapshot(self) -> bool: ...
    @property
    def zone(self) -> str: ...
    @property
    def tasks(self) -> Sequence[Task]: ...
    @property
    def assignments(self) -> Sequence[Assignment]: ...
    @property
    def comments(self) -> Sequence[Comment]: ...
    @property
    def time_entries(self) -> Sequence[TimeEntry]: ...
    @property
    def dependencies(self) -> Sequence[Dependency]: ...
    @property
    def history(self) -> Sequence[HistoryEntry]: ...
    @property
    def people(self) -> Sequence[Person]: ...
    @property
    def projects(self) -> Sequence[Project]: ...
    @property
    def teams(self) -> Sequence[Team]: ...
    @property
    def notifications(self) -> Sequence[Notification]: ...
    @property
    def gone(self) -> Sequence[Tombstone]: ...
    @property
    def sums(self) -> Mapping[str, Sums] | None: ...
    @property
    def origin(self) -> Mark: ...


@dataclass(frozen=True, slots=True)
class PersonPresence:
    """When a person's device was last heard of, how much waited there, what it reported."""

    user_id: str
    last_heard_at: int | None
    unsent: int
    occupancy: Occupancy


@dataclass(frozen=True, slots=True)
class Changes:
    """What an operation changed; views refresh these and nothing else. `everything` follows a
    first pull, `people` says that names, projects or teams differ, `presence` when people were
    heard of, `notifications` that the own ones do."""

    tasks: frozenset[str] = frozenset()
    people: bool = False
    everything: bool = False
    notifications: bool = False
    presence: bool = False

    def __or__(self, other: Changes) -> Changes:
        return Changes(
            self.tasks | other.tasks,
            self.people or other.people,
            self.everything or other.everything,
            self.notifications or other.notifications,
            self.presence or other.presence,
        )

    def __bool__(self) -> bool:
        flags = (self.people, self.everything, self.notifications, self.presence)
        return bool(self.tasks) or any(flags)
