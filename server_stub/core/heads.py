"""What is newest, in memory: so that a poll with nothing new costs no SQL, and a wake-up none.

Heads are kept for each tenant and audience and only rise within an epoch. A transaction notes its
news while it runs (`feed.save`), and they are told after its commit, never before. News can come
late: a process hears of its own commits at once and of others' over the database, so the epoch
that began later stands, whatever the order.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

Wake = Callable[[int], None]
_NAMED = 100


@dataclass(frozen=True, slots=True)
class News:
    """What one committed transaction changed for readers, in the epoch that began at `epoch_at`.
    `heads` is None where there are too many to name. `sign_ins` says that sessions or people
    differ: tokens are read anew."""

    tenant_id: str
    epoch: str | None
    epoch_at: int = 0
    heads: Mapping[str, int] | None = field(default_factory=dict)
    sign_ins: bool = False

    def text(self) -> str:
        """For other processes. PostgreSQL carries 8,000 bytes: more audiences are not named."""
        heads = self.heads if self.heads is None or len(self.heads) <= _NAMED else None
        return json.dumps([self.tenant_id, self.epoch, self.epoch_at, heads, self.sign_ins])

    @classmethod
    def of(cls, text: str) -> News:
        return cls(*json.loads(text))


@dataclass(slots=True)
class _Tenant:
    epoch: str
    epoch_at: int
    newest: dict[str, int] = field(default_factory=dict)


class Heads:
    """Safe for several threads. `trusted` answers whether this process hears of every commit: with
    one process always, with several only while its own notifications come back. `generation`
    counts how often everything was forgotten."""

    def __init__(self) -> None:
        self.trusted: Callable[[], bool] = lambda: True
        self.generation = 0
        self.closed = False
        self._lock = threading.Lock()
        self._tenants: dict[str, _Tenant] = {}
        self._listeners: dict[tuple[str, str], list[Wake]] = {}

    def rise(self, news: News) -> None:
        """Takes over what a commit says, and wakes who listens to it."""
        if news.epoch is None:
            return
        if news.heads is None:
            self.forget()
            return
        with self._lock:
            tenant = self._in(news.tenant_id, news.epoch, news.epoch_at)
            if tenant is None:
                return
            wakes: dict[Wake, int] = {}
            for audience, seq in news.heads.items():
                tenant.newest[audience] = max(seq, tenant.newest.get(audience, 0))
                for wake in self._listeners.get((news.tenant_id, audience), ()):
                    wakes[wake] = max(seq, wakes.get(wake, 0))
        for wake, seq in wakes.items():
            wake(seq)

    def learn(
        self, tenant_id: str, epoch: str, epoch_at: int, heads: Mapping[str, int], generation: int
    ) -> None:
        """Takes over what a reader found with SQL. It may be older than what is known, but not
        from before a gap: `generation` is what it was before the reader's transaction."""
        with self._lock:
            if generation != self.generation:
                return
            tenant = self._in(tenant_id, epoch, epoch_at)
            if tenant is not None:
                for audience, seq in heads.items():
                    tenant.newest[audience] = max(seq, tenant.newest.get(audience, 0))

    def _in(self, tenant_id: str, epoch: str, epoch_at: int) -> _Tenant | None:
        """What is kept of the tenant in that epoch, from now on if it is a later one; None for an
        epoch that is over."""
        tenant = self._tenants.get(tenant_id)
        if tenant is not None and tenant.epoch == epoch:
            return tenant
        if tenant is not None and tenant.epoch_at > epoch_at:
            return None
        tenant = self._tenants[tenant_id] = _Tenant(epoch, epoch_at)
        return tenant

    def known(self, tenant_id: str, epoch: str, audiences: Iterable[str]) -> int | None:
        """The newest position of these audiences in that epoch; None where SQL has to be asked."""
        tenant = self._tenants.get(tenant_id)
        if tenant is None or tenant.epoch != epoch or not self.trusted():
            return None
        newest = 0
        for audience in audiences:
            found = tenant.newest.get(audience)
            if found is None:
                return None
            newest = max(newest, found)
        return newest

    def forget(self) -> None:
        """Commits may have been missed: every head is read again, and every listener looks. Which
        epochs are over stays known, as news from before may still be on their way."""
        with self._lock:
            for tenant in self._tenants.values():
                tenant.newest = {}
            self.generation += 1
        self._wake_all()

    def close(self) -> None:
        """The server stops: whoever listens ends."""
        self.closed = True
        self._wake_all()

    def _wake_all(self) -> None:
        with self._lock:
            wakes = {wake for found in self._listeners.values() for wake in found}
        for wake in wakes:
            wake(0)

    @contextmanager
    def listening(self, tenant_id: str, audiences: Iterable[str], wake: Wake) -> Iterator[None]:
        """Calls `wake(seq)`, from whichever thread committed, when one of these heads rises."""
        keys = [(tenant_id, audience) for audience in audiences]
        with self._lock:
            for key in keys:
                self._listeners.setdefault(key, []).append(wake)
        try:
            yield
        finally:
            with self._lock:
                for key in keys:
                    self._listeners[key].remove(wake)
                    if not self._listeners[key]:
                        del self._listeners[key]
