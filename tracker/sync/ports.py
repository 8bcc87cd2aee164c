"""What the engine needs from the rooms it does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tracker.domain.change import Action
from tracker.domain.page import Changes, Page, PersonPresence
from tracker.domain.receipt import Receipt

Scope = Literal["desk", "monitor"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What proves who is signed in. A token from TRACKER_TOKEN has no refresh."""

    access: str
    refresh: str | None = None


class Credentials(Protocol):
    """Where tokens are kept: the OS keyring, the environment, or memory."""

    def read(self) -> Tokens | None: ...
    def write(self, tokens: Tokens | None) -> None: ...


class Outgoing(Protocol):
    @property
    def action(self) -> Action: ...
    def message(self) -> str: ...


class Counts(Protocol):
    @property
    def waiting(self) -> int: ...
    @property
    def tray(self) -> int: ...


class Outbox(Protocol):
    def take_batch(self, now: int, most: int, most_bytes: int) -> Sequence[Outgoing]: ...
    def record(
        self, receipts: Iterable[Receipt], now: int, retry_at: Callable[[int], int]
    ) -> Changes: ...
    def take_new_device(self) -> None: ...
    def tally(self) -> Counts: ...


class Confirmed(Protocol):
    def next_cursor(self) -> str | None: ...
    def apply(self, page: Page, now: int) -> Changes: ...
    def heard(self, now: int, clock_offset: int | None) -> None: ...
    def forget_position(self) -> None: ...
    def save_presence(self, people: Sequence[PersonPresence]) -> Changes: ...


class Server(Protocol):
    """The other side. Every method raises ServerFault's children and nothing else."""

    def push(self, messages: Sequence[str], unsent: int) -> Sequence[Receipt]: ...
    def pull(self, cursor: str | None, scope: Scope, unsent: int) -> Page | None: ...
    def presence(self) -> Sequence[PersonPresence]: ...
    def refresh(self) -> None: ...
    def clock_offset(self) -> int | None: ...
