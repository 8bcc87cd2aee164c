"""One synchronisation: push what waits, pull what is new. No thread, no sleep, no clock of its
own; the same object runs in the windows, in commands, in tests and in the simulator."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
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
from tracker.domain.receipt import FINAL, PARKED_AFTER, Outcome, Receipt
from tracker.sync import pacing
from tracker.sync.ports import Confirmed, Counts, Outbox, Outgoing, Scope, Server

BATCH = 500
BATCH_BYTES = 900_000
"""Below the contract's 1 MB, with room for the envelope."""
VOIDS = 400
"""With those that a person gave up, 100 at most, as many as the contract lets go with a push."""
RETRY_SECONDS = 5.0
PARKED_MS = 3_600_000
PRESENCE_MS = 2_000
"""Who was heard of when changes all the time: asked so often at most."""
KEPT_MS = 30 * 86_400_000
"""Delivered actions are kept so long, to be offered again to a restored server."""
STUCK_MS = 60_000
_RESTARTS = 3


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
    `sent` counts actions that got a final receipt; `parked` those of the waiting that are tried
    once an hour. `stuck_since` is the alarm: the server answers, and since then, two minutes ago
    or more, nothing moved. `looked` says that nothing was sent yet: the server is there again, and
    what it has now was fetched first."""

    state: State
    at: int
    changes: Changes
    sent: int
    waiting: int
    tray: int
    fault: TrackerError | None = None
    parked: int = 0
    stuck_since: int | None = None
    looked: bool = False

    @property
    def failed(self) -> bool:
        """Whether the next run is to wait longer and longer."""
        return self.state in (State.OFFLINE, State.FAULT)

    @property
    def stuck(self) -> bool:
        return self.stuck_since is not None

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server, or a proxy before it, asked to be left alone, if one did."""
        return self.fault.retry_after if isinstance(self.fault, Unreachable) else None


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
    parked: int = 0
    behind: int = 0


class Engine:
    """`on_sending(done, total)` is called before each batch while more than one is to go.

    With `holds` a run that finds the server again only fetches when changes wait, and so does every
    run while it answers True: the person may want to see what their changes will meet."""

    def __init__(
        self,
        outbox: Outbox,
        confirmed: Confirmed,
        server: Server,
        scope: Scope,
        now: Callable[[], int],
        rng: random.Random,
        on_sending: Callable[[int, int], None] = lambda _done, _total: None,
        holds: Callable[[], bool] | None = None,
    ) -> None:
        self._holds = holds
        self._was_away = True
        self._looked = False
        self._outbox = outbox
        self._confirmed = confirmed
        self._server = server
        self._scope = scope
        self._now = now
        self._rng = rng
        self._on_sending = on_sending
        self._batch = BATCH
        self._breakdowns = 0
        self._suspects: list[str] = []
        self._moved_at = now()
        self._renewed = False
        self._pruned_at = 0
        self._presence_at = 0
        self._changes = Changes()
        self._sent = 0
        self._tally: Counts = NoCounts()
        self._trouble: TrackerError | None = None

    def run_once(self) -> Report:
        """Pushes, then pulls, until there is nothing more. What was done before a fault counts:
        every receipt and page is committed by itself."""
        self._changes, self._sent, self._trouble = Changes(), 0, None
        self._looked = False
        try:
            self._tally = self._outbox.tally()
            self._looked = self._looks_first()
            self._exchange()
            self._forget_old()
            if self._trouble is not None:
                raise self._trouble
        except SignInNeeded as fault:
            return self._report(State.SIGN_IN, fault)
        except Unreachable as fault:
            return self._report(State.OFFLINE, fault)
        except ServerRefusal as fault:
            return self._report(State.REFUSED, fault)
        except EnvironmentFault as fault:
            return self._report(State.FAULT, fault)
        return self._report(State.SYNCED, None)

    def _exchange(self) -> None:
        """Push and pull; again from the start when the server turns out to be a restored one."""
        for _ in range(_RESTARTS):
            try:
                if not self._looked:
                    self._signed_in(self._push_or_note)
                self._signed_in(self._pull)
                return
            except ServerRefusal as refusal:
                if refusal.code != "E4010":
                    raise
                # What it may have lost is offered again before anything else, then all rows are
                # pulled anew beside the ones on the screen.
                self._changes |= self._outbox.offer_again()
                self._confirmed.forget_position()
        raise Unreachable("E4010")

    def _looks_first(self) -> bool:
        if self._holds is None:
            return False
        return self._holds() or (self._was_away and self._tally.waiting > 0)

    def _report(self, state: State, fault: TrackerError | None) -> Report:
        self._was_away = state is State.OFFLINE
        looked = self._looked and state is State.SYNCED
        # A disk that cannot be read has no new numbers; the last ones are said then.
        tally = self._tally = self._tally if state is State.FAULT else self._outbox.tally()
        stuck_since = self._watch(state, tally)
        return Report(
            state, self._now(), self._changes, self._sent, tally.waiting, tally.tray, fault,
            tally.parked, stuck_since, looked,
        )  # fmt: skip

    def _watch(self, state: State, tally: Counts) -> int | None:
        """Since when changes wait although the server answers. The first thing to try is a new
        connection; then a person has to know."""
        answered = state in (State.SYNCED, State.REFUSED) or self._trouble is not None
        moving = tally.waiting - tally.parked - tally.behind
        if self._sent or not answered or not moving or self._looked:
            self._moved_at, self._renewed = self._now(), False
            return None
        quiet = self._now() - self._moved_at
        if quiet >= STUCK_MS and not self._renewed:
            self._renewed = True
            self._server.renew()
        return self._moved_at if quiet >= 2 * STUCK_MS else None

    def _signed_in(self, step: Callable[[], None]) -> None:
        """Runs the step; an ended session is refreshed once."""
        try:
            step()
        except SignInNeeded:
            self._server.refresh()
            step()

    # -- push ------------------------------------------------------------------------------

    def _push_or_note(self) -> None:
        """A push that the server cannot take now must not keep news away: reading goes on, and
        what was wrong is said after it. Where nobody answers at all, reading would not either; and
        who asks to be left alone is left alone."""
        try:
            self._push()
        except Unreachable as fault:
            nobody = fault.code in ("E4001", "E4003", "E4007")  # or not Tracker
            if nobody or fault.retry_after is not None:
                raise
            self._trouble = fault
        except ServerRefusal as refusal:
            if refusal.code == "E4010":
                raise
            self._trouble = refusal

    def _push(self) -> None:
        total = 0
        renumbered = broken = False
        while True:
            batch = self._outbox.take_batch(self._now(), self._batch, BATCH_BYTES)
            given_up = self._outbox.given_up()
            if not batch and not given_up:
                break
            waiting = self._outbox.tally().waiting
            total = total or waiting
            self._on_sending(total - waiting, total)
            messages = [item.message() for item in batch]
            unsent = waiting - len(batch) - len(given_up)
            void = [*given_up, *self._lost_refusals(batch)]
            try:
                answer = self._server.push(messages, void, unsent, self._outbox.mark())
            except ServerRefusal as refusal:
                if refusal.status not in (413, 422) or not batch:
                    raise
                self._divide(batch, refusal)
                continue
            except Unreachable as fault:
                if fault.code != "E4004" or not batch:
                    raise
                broken = True
                self._breakdowns += 1
                if self._breakdowns <= 2:
                    raise
                self._divide(batch, fault)
                continue
            mine = {item.action.op_id for item in batch} | set(given_up)
            receipts = [_own(receipt) for receipt in answer.receipts if receipt.op_id in mine]
            self._changes |= self._outbox.record(receipts, self._now(), self._retry_at, answer.mark)
            final = sum(receipt.outcome in FINAL for receipt in receipts)
            self._sent += final
            self._batch = BATCH
            cloned = any(r.outcome is Outcome.RETRY and r.code == "E5009" for r in receipts)
            if cloned and not renumbered:
                renumbered = True
                self._outbox.take_new_device()
            elif not receipts:
                break
        if not broken:
            self._breakdowns = 0

    def _lost_refusals(self, batch: Sequence[Outgoing]) -> Sequence[str]:
        """What these actions stand on and was refused. A server restored from a backup may not
        know of that, and they would come again for ever (E5013): refused here, it is never sent
        again. A server that does know answers with the receipt it has."""
        needed = {op_id for item in batch for op_id in item.action.depends_on}
        return self._outbox.refused(sorted(needed))[:VOIDS]

    def _divide(self, batch: Sequence[Outgoing], fault: ServerRefusal | Unreachable) -> None:
        """Finds the action that makes a batch fail, by halves. Found, it steps aside, and the
        others go on. Two that fail alone may mean that the server is ill: an empty batch, which
        locks and commits like any other, tells. Only a healthy server's failures count."""
        if len(batch) > 1:
            self._batch = len(batch) // 2
            return
        self._trouble = fault
        op_id = batch[0].action.op_id
        self._outbox.step_aside(op_id, self._retry_at(0))
        self._suspects.append(op_id)
        if len(self._suspects) < 2:
            return
        suspects, self._suspects = self._suspects, []
        self._server.push([], [], self._outbox.tally().waiting, self._outbox.mark())
        self._changes |= self._outbox.count_failures(suspects, self._retry_at)

    def _retry_at(self, retries: int) -> int:
        if retries + 1 >= PARKED_AFTER:
            return self._now() + PARKED_MS
        delay = pacing.backoff(retries + 1, RETRY_SECONDS, self._rng, None)
        return self._now() + int(delay * 1000)

    # -- pull ------------------------------------------------------------------------------

    def _pull(self) -> None:
        while True:
            cursor = self._confirmed.next_cursor()
            wanted = self._confirmed.wanted()
            unsent, mark = self._outbox.tally().waiting, self._outbox.mark()
            try:
                page = self._server.pull(cursor, self._scope, unsent, mark, wanted)
            except ServerRefusal as refusal:
                if refusal.code != "E4005" or cursor is None:
                    raise
                # Another role or scope: the rows are pulled anew, the outbox is kept.
                self._confirmed.forget_position()
                continue
            if page is None:
                break
            # Before the page: a mark that is ahead of the rows does no harm, one behind them
            # would not notice that what they show was lost. Most often it is the one from the push.
            if page.origin.text != mark:
                self._outbox.keep_mark(page.origin)
            self._changes |= self._confirmed.apply(page, self._now())
            # What was asked for and did not come would be asked for without end; the next run does.
            if not page.more and set(self._confirmed.wanted()) <= set(wanted):
                break
        self._confirmed.heard(self._now(), self._server.clock_offset())
        if self._scope == "monitor" and not 0 <= self._now() - self._presence_at < PRESENCE_MS:
            self._presence_at = self._now()
            self._changes |= self._confirmed.save_presence(self._server.presence())

    def _forget_old(self) -> None:
        """After a pull that succeeded: what was delivered long ago is safe in every backup, and a
        first pull brought more finished tasks than are kept."""
        if self._now() - self._pruned_at >= PARKED_MS:
            self._pruned_at = self._now()
            self._outbox.prune(self._now() - KEPT_MS)
        elif not self._changes.everything:
            return
        self._changes |= self._confirmed.evict(self._outbox.busy)
