"""What waits to be sent, and what needs attention, as rows."""

from __future__ import annotations

from collections.abc import Callable

from tracker.cache.outbox import TrayEntry, Waiting
from tracker.domain.change import Kind
from tracker.domain.errors import entry_of
from tracker.domain.task import Status
from tracker.services import wording
from tracker.services.tasks import as_text
from tracker.ui.widgets.rows import Row


def waiting_row(item: Waiting, now: int, withdraw: Callable[[str], None]) -> Row:
    """One waiting action. It can be taken back until it was sent for the first time."""
    action = item.action
    title = str(action.seen.get("title") or action.args.get("title") or "Task")
    made = action.made_at + (action.clock_offset or 0)
    lines = [
        ("You did", wording.did(action)),
        ("When", wording.clock(made, now)),
        ("State", "not sent yet" if item.unsent else "tried to send, no answer yet"),
    ]
    buttons = [("Withdraw", lambda: withdraw(action.op_id))] if item.unsent else []
    return Row(action.op_id, title, lines, buttons)


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
