"""One truthful sentence about synchronising, for the chip, the banner and the tray icon."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracker.services import wording
from tracker.sync.engine import Report, State


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What is known now. Times are device ms; `sending` is (done, total). `parked` are those of the
    waiting that the server could not take, `behind` what waits for them; `stuck_since` is said of
    the others."""

    state: State | None = None
    synced_at: int | None = None
    offline_since: int | None = None
    waiting: int = 0
    tray: int = 0
    parked: int = 0
    behind: int = 0
    stuck_since: int | None = None
    sending: tuple[int, int] | None = None
    fault: str = ""

    def after(self, report: Report) -> SyncStatus:
        synced, offline = report.state is State.SYNCED, report.state is State.OFFLINE
        return replace(
            self,
            state=report.state,
            synced_at=report.at if synced else self.synced_at,
            offline_since=(self.offline_since or report.at) if offline else None,
            waiting=report.waiting,
            tray=report.tray,
            parked=report.parked,
            stuck_since=report.stuck_since,
            sending=None,
            fault=str(report.fault) if report.fault else "",
        )

    @property
    def moving(self) -> int:
        """How many of the waiting should be on their way."""
        return self.waiting - self.parked - self.behind

    @property
    def is_stuck(self) -> bool:
        return self.stuck_since is not None and self.moving > 0

    def is_stale(self, now: int) -> bool:
        return wording.is_stale(self.synced_at, now)


def chip(status: SyncStatus, now: int) -> str:
    """`Synced 12:04`, `Sending 3 of 12`, `Offline since 11:58, 4 waiting`, …"""
    if status.sending and status.sending[1] > 1:
        done, total = status.sending
        return f"Sending {min(done + 1, total)} of {total}"
    if status.is_stuck:
        since = wording.clock(status.stuck_since or now, now)
        return f"Stuck since {since}, {status.moving} waiting"
    if status.state is State.SIGN_IN:
        return f"Sign in to send {status.waiting}" if status.waiting else "Sign in again"
    if status.state is State.OFFLINE:
        since = wording.clock(status.offline_since or now, now)
        waiting = f", {status.waiting} waiting" if status.waiting else ""
        return f"Offline since {since}{waiting}"
    if status.state in (State.REFUSED, State.FAULT):
        return "Not synchronising: see above"
    if status.tray:
        refused = f"{status.tray} need attention" if status.tray > 1 else "1 needs attention"
        return f"{refused}, {status.parked} stuck" if status.parked else refused
    if status.parked:
        return parked(status)
    if status.state is None or status.synced_at is None:
        return "Checking"
    if status.waiting:
        return f"{status.waiting} waiting"
    return f"Synced {wording.clock(status.synced_at, now)}"


def parked(status: SyncStatus) -> str:
    many = status.parked > 1
    return f"{status.parked} changes are stuck" if many else "1 change is stuck"


def leads_to_waiting(status: SyncStatus) -> bool:
    """Whether what the chip says is explained, and settled, under Waiting to send."""
    parked = status.state is State.SYNCED and status.parked > 0
    return not status.sending and (parked or status.is_stuck)


@dataclass(frozen=True, slots=True)
class Says:
    """What the banner says: a headline, a sentence, and what its button does."""

    headline: str
    sentence: str
    button: str = "Retry now"


def back_online(waiting: int, conflicts: int, first: str, *, looking: bool) -> Says:
    """Before waiting changes are sent some of which may be refused or overtake others'."""
    sent = "1 change will be sent" if waiting == 1 else f"{waiting} changes will be sent"
    may = "1 may conflict" if conflicts == 1 else f"{conflicts} may conflict"
    words = "Send now" if looking else "Look first"
    return Says("Back online.", f"{sent}, {may}: {first}", words)


def banner(status: SyncStatus, now: int) -> Says | None:
    """None when there is nothing to say."""
    if status.is_stuck:
        return Says("Changes wait although the server answers.", _why_stuck(status, now))
    if status.state is State.OFFLINE:
        waiting = (
            f"{status.waiting} change{'s go' if status.waiting != 1 else ' goes'} out when the "
            "server answers. "
            if status.waiting
            else ""
        )
        aged = (
            f"Data from {wording.clock(status.synced_at, now)} "
            f"({wording.age(status.synced_at, now)})."
            if status.synced_at
            else ""
        )
        # That nobody answers needs no more words; that somebody else does has a remedy.
        plain = not status.fault or any(code in status.fault for code in ("(E4001)", "(E4002)"))
        why = "" if plain else f"{status.fault} "
        said = f"{why}Everything here can be changed. {waiting}{aged}".strip()
        return Says("Working offline.", said)
    if status.state is State.SIGN_IN:
        return Says("Signed out.", "Your changes are kept. Sign in to send them.", "Sign in")
    if status.state is State.REFUSED:
        return Says("The server refuses.", status.fault)
    if status.state is State.FAULT:
        return Says("This machine cannot synchronise.", status.fault)
    return None


def _why_stuck(status: SyncStatus, now: int) -> str:
    wait = "1 change waits" if status.moving == 1 else f"{status.moving} changes wait"
    since = wording.clock(status.stuck_since or now, now)
    return f"{wait} since {since}. {status.fault or 'If it stays so, tell your admin.'}"
