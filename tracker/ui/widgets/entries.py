"""What waits to be sent, and what needs attention, as rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracker.cache.outbox import TrayEntry, Waiting
from tracker.domain.change import Kind
from tracker.domain.errors import entry_of
from tracker.domain.task import Status
from tracker.services import wording
from tracker.services.tasks import as_text
from tracker.ui.widgets.rows import Row


@dataclass(frozen=True, slots=True)
class Ways:
    """What can be done with a waiting action, by its op_id."""

    withdraw: Callable[[str], None]
    try_now: Callable[[str], None]
    give_up: Callable[[str], None]


def waiting_rows(waiting: Sequence[Waiting], now: int, ways: Ways) -> list[Row]:
    """In the order they are sent in. A parked action holds up what comes after it on its task."""
    rows, held = [], set()
    for item in waiting:
        rows.append(_waiting_row(item, now, ways, item.action.task_id in held))
        if item.parked:
            held.add(item.action.task_id)
    return rows


def _waiting_row(item: Waiting, now: int, ways: Ways, is_held: bool) -> Row:
    """One waiting action. It can be taken back until it was sent for the first time, and given up
    once the server cannot take it."""
    action = item.action
    title = str(action.seen.get("title") or action.args.get("title") or "Task")
    made = action.made_at + (action.clock_offset or 0)
    lines = [
        ("You did", wording.did(action)),
        ("When", wording.clock(made, now)),
        ("State", _state(item, is_held)),
    ]
    does: list[tuple[str, Callable[[str], None]]] = []
    if item.unsent:
        does.append(("Withdraw", ways.withdraw))
    elif item.parked and not item.given_up:
        if item.not_before is not None:
            does.append(("Try now", ways.try_now))
        if not item.again:  # what was done before the restore cannot be asked not to be done
            does.append(("Give up", ways.give_up))
    buttons = [(words, functools.partial(do, action.op_id)) for words, do in does]
    return Row(action.op_id, title, lines, buttons, bad=item.parked and not item.given_up)


def _state(item: Waiting, is_held: bool) -> str:
    if item.given_up:
        return "Giving up…"
    if item.parked and item.not_before is None:
        return "The server could not take this; Tracker tries it as soon as the server answers"
    if item.parked:
        return "The server could not take this; Tracker tries it once an hour"
    if is_held:
        return "Waits for the change before it on this task, which is stuck"
    return "Not sent yet" if item.unsent else "Tried to send, no answer yet"


def tray_row(
    entry: TrayEntry,
    now: int,
    retry: Callable[[TrayEntry], None],
    comment: Callable[[TrayEntry], None],
    discard: Callable[[TrayEntry], None],
) -> Row:
    """One refused action with both sides: what you did, what the server has, and why."""
    action, receipt = entry.action, entry.receipt
    code = receipt.code or "E5008"
    made = action.made_at + (action.clock_offset or 0)
    seen = action.seen
    lines = [("You did", f"{wording.did(action)} · {wording.clock(made, now)}")]
    if "status" in seen:
        was = wording.STATUS_WORDS[Status(seen["status"])]
        lines.append(("You saw", f"{was}, {seen.get('progress')} %"))
    current = receipt.current
    if current:
        is_now = wording.STATUS_WORDS[Status(current["status"])]
        lines.append(("Server has", f"{is_now}, {current['progress']} %"))
    else:
        lines.append(("Server has", "nothing you may see"))
    why = f"{entry_of(code).message} ({code}) {entry_of(code).remedy}"
    lines.append(("Why", why))
    buttons: list[tuple[str, Callable[[], None]]] = [("Retry", lambda: retry(entry))]
    if current and action.kind is not Kind.COMMENT and as_text(action):
        buttons.append(("Send as comment", lambda: comment(entry)))
    buttons.append(("Discard", lambda: discard(entry)))
    title = str(seen.get("title") or action.args.get("title") or "Task")
    return Row(action.op_id, title, lines, buttons, bad=True)
