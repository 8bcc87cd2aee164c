"""Doing at the server what is not queued: people, projects and teams. It is asked out of the
window's way; what came of it is shown at once, and synchronised."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tracker.domain.errors import ServerRefusal, TrackerError, entry_of
from tracker.domain.page import Changes
from tracker.domain.task import Person
from tracker.services import organising, roster, wording
from tracker.services.organising import Deed, T
from tracker.sync.engine import State
from tracker.ui.bridge import Errand

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

_FIELDS = {
    "name": "name",
    "display_name": "name",
    "role": "role",
    "team_id": "team",
    "active": "may sign in",
    "archived": "archived",
}


def do(
    window: MonitorWindow,
    deed: Deed[T],
    then: Callable[[T], None],
    failed: Callable[[Exception], None],
) -> None:
    """`then` gets the thing as it is now, after the window has shown it."""
    profile, credentials = window.work.profile, window.around.credentials

    def heard(outcome: T | Exception) -> None:
        if not window.is_open:
            return
        if isinstance(outcome, Exception):
            failed(outcome)
            return
        learn(window, outcome)
        then(outcome)

    Errand(window, lambda: organising.do(profile, credentials, deed), heard)


def learn(window: MonitorWindow, thing: T) -> None:
    """Shows what the server said, and has the rest of it pulled."""
    window.board.learn(thing)
    window.show_changes(Changes(people=True))
    window.sync_wanted.emit()


def do_or_tell(window: MonitorWindow, tried: str, deed: Deed[T], then: Callable[[T], None]) -> None:
    """What goes wrong is told in a toast, whose Retry does the very same deed again; what somebody
    changed meanwhile is shown, and the next press is about that."""

    do(window, deed, then, lambda fault: tell(window, tried, deed, fault, then))


def tell(
    window: MonitorWindow,
    tried: str,
    deed: Deed[T],
    fault: Exception,
    then: Callable[[T], None],
) -> None:
    """Why it was not done, in a toast that does it again."""
    if not isinstance(fault, TrackerError):
        window.tell_bug(tried, fault)
        return
    current = organising.now_is(deed, fault) if isinstance(fault, ServerRefusal) else None
    if current is None:
        retried = organising.again(deed, fault)
        window.tell_fault(tried, fault, lambda: do_or_tell(window, tried, retried, then))
        return
    learn(window, current)
    window.toast.say(
        wording.unable(tried, fault.code),
        differs(window, deed, current),
        bad=True,
        action=("Do it all the same", lambda: do_or_tell(window, tried, deed.on(current), then)),
    )


def sentence(tried: str, fault: Exception) -> str:
    """What went wrong, for a form: it says what was tried, the code, and what can be done."""
    if not isinstance(fault, TrackerError):
        return f"{wording.unable(tried, 'E3013')}. {entry_of('E3013').message}"
    said = fault.info or fault.entry.message
    return f"{wording.unable(tried, fault.code)}. {said} {fault.entry.remedy}"


def differs(window: MonitorWindow, deed: Deed[T], current: T) -> str:
    """What somebody else made of the thing since the person saw it."""
    before = deed.base
    changed = [
        f"{words}: {_value(window, name, getattr(current, name))}"
        for name, words in _FIELDS.items()
        if hasattr(current, name)
        and before is not None
        and getattr(current, name) != getattr(before, name)
        and not (name == "name" and isinstance(current, Person))
    ]
    now = ", ".join(changed) or "the same in all that is shown here"
    return f"{entry_of('E5062').message} It is now {now}."


def _value(window: MonitorWindow, name: str, value: object) -> str:
    if name == "team_id":
        team = window.board.teams.get(str(value))
        return team.name if team else "none"
    if name == "role":
        return roster.ROLES[value].lower()  # type: ignore[index]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"“{value}”"


def connection(window: MonitorWindow, what: str) -> str:
    """A sentence where there is no connection; empty where there is, or nobody knows yet."""
    if window.status.state is State.OFFLINE:
        return f"No connection (E4001): {what} needs one."
    if window.status.state is State.SIGN_IN:
        return f"Signed out (E1002): {what} needs a connection."
    return ""
