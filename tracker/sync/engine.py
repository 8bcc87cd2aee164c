"""One synchronisation: push what waits, pull what is new. No thread, no sleep, no clock of its
own; the same object runs in the windows, in commands and in tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from tracker.domain.errors import (
    EnvironmentFault,
    ServerRefusal,
    SignInNeeded,
    TrackerError,
    Unreachable,
)
from tracker.domain.page import Changes
from tracker.domain.receipt import FINAL, Outcome, Receipt
from tracker.sync import pacing
from tracker.sync.ports import Confirmed, Counts, Outbox, Scope, Server

BATCH = 500
BATCH_BYTES = 900_000
"""Below the contract's 1 MB, with room for the envelope."""
RETRY_SECONDS = 5.0


class State(StrEnum):
    SYNCED = "synced"
    OFFLINE = "offline"
    SIGN_IN = "sign in"
    REFUSED = "refused"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended. `changes` is what screens refresh; `fault` says why it is not SYNCED: the
    network (OFFLINE), the session (SIGN_IN), the server (REFUSED) or this machine (FAULT).
    `sent` counts actions that got a final receipt."""

    state: State
    at: int
    changes: Changes
    sent: int
    waiting: int
    tray: int
    fault: TrackerError | None = None


def _own(receipt: Receipt) -> Receipt:
    """A receipt of the same id for other content is no receipt of ours: what is here was not
    applied, so it goes to the tray."""
    if not receipt.differs:
        return receipt
    return replace(receipt, outcome=Outcome.REJECTED, code="E5010", merged=())


@dataclass(frozen=True, slots=True)
class NoCounts:
    waiting: int = 0
    tray: int = 0


class Engine:
    """`on_sending(done, total)` is called before each batch while more than one is to go."""

    def __init__(
        self,
        outbox: Outbox,
        confirmed: Confirmed,
        server: Server,
        scope: Scope,
        now: Callable[[], int],
        rng: random.Random,
        on_sending: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._outbox = outbox
        self._confirmed = confirmed
        self._server = server
        self._scope = scope
        self._now = now
        self._rng = rng
        self._on_sending = on_sending
        self._batch = BATCH
        self._changes = Changes()
        self._sent = 0
        self._tally: Counts = NoCounts()
        self._refused: ServerRefusal | None = None

    def run_once(self) -> Report:
        """Pushes, then pulls, until there is nothing more. What was done before a fault counts:
        every receipt and page is committed by itself."""
        self._changes, self._sent = Changes(), 0
        try:
            self._tally = self._outbox.tally()
            self._refused = None
            self._signed_in(self._push)
            self._signed_in(self._pull)
            if self._refused is not None:
                return self._report(State.REFUSED, self._refused)
        except SignInNeeded as fault:
            return self._report(State.SIGN_IN, fault)
        except Unreachable as fault:
            return self._report(State.OFFLINE, fault)
        except ServerRefusal as fault:
            return self._report(State.REFUSED, fault)
        except EnvironmentFault as fault:
            return self._report(State.FAULT, fault)
        return self._report(State.SYNCED, None)

    def _report(self, state: State, fault: TrackerError | None) -> Report:
        # A disk that cannot be read has no new numbers; the last ones are said then.
        tally = self._tally = self._tally if state is State.FAULT else self._outbox.tally()
        return Report(
            state, self._now(), self._changes, self._sent, tally.waiting, tally.tray, fault
        )

    def _signed_in(self, step: Callable[[], None]) -> None:
        """Runs the step; an ended session is refreshed once."""
        try:
            step()
        except SignInNeeded:
            self._server.refresh()
            step()

    def _push(self) -> None:
        total = self._outbox.tally().waiting
        renumbered = False
        while batch := self._outbox.take_batch(self._now(), self._batch, BATCH_BYTES):
            waiting = self._outbox.tally().waiting
            self._on_sending(total - waiting, total)
            messages = [item.message() for item in batch]
            try:
                receipts = self._server.push(messages, waiting - len(batch))
            except ServerRefusal as refusal:
                if refusal.status not in (413, 422):
                    raise
                if len(batch) == 1:
                    self._refused = refusal  # said after the pull: reading goes on meanwhile
                    return
                self._batch = len(batch) // 2
                continue
            mine = {item.action.op_id for item in batch}
            receipts = [_own(receipt) for receipt in receipts if receipt.op_id in mine]
            self._changes |= self._outbox.record(receipts, self._now(), self._retry_at)
            final = sum(receipt.outcome in FINAL for receipt in receipts)
            self._sent += final
            self._batch = BATCH
            cloned = any(r.outcome is Outcome.RETRY and r.code == "E5009" for r in receipts)
            if cloned and not renumbered:
                renumbered = True
                self._outbox.take_new_device()
            elif not final:
                break

    def _retry_at(self, retries: int) -> int:
        delay = pacing.backoff(retries + 1, RETRY_SECONDS, self._rng, None)
        return self._now() + int(delay * 1000)

    def _pull(self) -> None:
        while True:
            unsent = self._outbox.tally().waiting
            try:
                page = self._server.pull(self._confirmed.next_cursor(), self._scope, unsent)
            except ServerRefusal as refusal:
                if refusal.status != 410:
                    raise
                # Another epoch, role or scope: the rows are pulled anew, the outbox is kept.
                self._confirmed.forget_position()
                page = self._server.pull(None, self._scope, unsent)
            if page is None:
                break
            self._changes |= self._confirmed.apply(page, self._now())
            if not page.more and not page.snapshot:
                break  # after a first pull's last page comes what happened since it began
        self._confirmed.heard(self._now(), self._server.clock_offset())
        if self._scope == "monitor":
            self._changes |= self._confirmed.save_presence(self._server.presence())
