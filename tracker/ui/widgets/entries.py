"""What waits to be sent, and what needs attention, as rows."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tracker.cache.entries import TrayEntry, Waiting
from tracker.domain.change import Action, Kind
from tracker.services import wording
from tracker.services.attention import sides, title_of
from tracker.services.tasks import as_text, editable
from tracker.ui.widgets.rows import Row


@dataclass(frozen=True, slots=True)
class Ways:
    """What can be done with a waiting action."""

    edit: Callable[[Action], None]
    withdraw: Callable[[str], None]
    try_now: Callable[[str], None]
    give_up: Callable[[str], None]
    withdraw_reports: Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Outs:
    """The ways out of Needs attention."""

    retry: Callable[[TrayEntry], None]
    edit: Callable[[TrayEntry], None]
    export: Callable[[TrayEntry], None]
    comment: Callable[[TrayEntry], None]
    discard: Callable[[TrayEntry], None]


def waiting_rows(
    waiting: Sequence[Waiting], now: int, ways: Ways, expected: Mapping[str, str]
) -> list[Row]:
    """In the order they are sent in. A parked action holds up what comes after it on its task.
    Reports of activity, which come every few minutes, are one row. `expected` says by op_id what an
    action will meet, where that is known."""
    rows, held, reports = [], set(), []
    for item in waiting:
        if item.action.kind is Kind.OCCUPANCY and not item.parked:
            reports.append(item)
            continue
        meets = expected.get(item.action.op_id, "")
        rows.append(_waiting_row(item, now, ways, item.action.task_id in held, meets))
        if item.parked:
            held.add(item.action.task_id)
    return [*rows, _reports_row(reports, now, ways)] if reports else rows


def _reports_row(reports: Sequence[Waiting], now: int, ways: Ways) -> Row:
    first, last = reports[0].action, reports[-1].action
    many = "1 report" if len(reports) == 1 else f"{len(reports)} reports"
    when = wording.when(first, now)
    if len(reports) > 1:
        when += f" to {wording.when(last, now)}"
    unsent = [item.action.op_id for item in reports if item.unsent]
    buttons: list[tuple[str, Callable[[], None]]] = []
    if unsent:
        buttons = [("Withdraw", functools.partial(ways.withdraw_reports, unsent))]
    lines = [("What", many), ("When", when), ("State", "Goes out with your next changes")]
    return Row("reports", "Your activity", lines, buttons, edge="held")


def _waiting_row(item: Waiting, now: int, ways: Ways, is_held: bool, meets: str) -> Row:
    """One waiting action. It can be taken back until it was sent for the first time, and given up
    once the server cannot take it."""
    action = item.action
    lines = [
        ("You did", wording.did(action)),
        ("When", wording.when(action, now)),
        ("State", _state(item, is_held)),
    ]
    if meets:
        lines.append(("May conflict", meets))
    does: list[tuple[str, Callable[[str], None]]] = []
    buttons: list[tuple[str, Callable[[], None]]] = []
    if item.unsent:
        if editable(action):
            buttons.append(("Edit", functools.partial(ways.edit, action)))
        does.append(("Withdraw", ways.withdraw))
    elif item.parked and not item.given_up:
        if item.not_before is not None:
            does.append(("Try now", ways.try_now))
        if not item.again:  # what was done before the restore cannot be asked not to be done
            does.append(("Give up", ways.give_up))
    buttons += [(words, functools.partial(do, action.op_id)) for words, do in does]
    return Row(
        action.op_id,
        title_of(action),
        lines,
        buttons,
        bad=bool(meets) or (item.parked and not item.given_up),
    )


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


def tray_rows(tray: Sequence[TrayEntry], now: int, outs: Outs) -> list[Row]:
    """What was refused, and what was blocked by it; each says how it hangs together with others."""
    known = {entry.action.op_id: entry for entry in tray}
    following: Counter[str] = Counter()
    for entry in reversed(tray):  # what is blocked comes after what blocks it
        following[entry.receipt.blocked_by or ""] += 1 + following[entry.action.op_id]
    return [_tray_row(entry, now, outs, known, following[entry.action.op_id]) for entry in tray]


def _tray_row(
    entry: TrayEntry, now: int, outs: Outs, known: Mapping[str, TrayEntry], following: int
) -> Row:
    """One refused action with both sides: what you did, what the server has, and why."""
    action, receipt = entry.action, entry.receipt
    lines = sides(entry, now)
    if receipt.blocked_by is not None:
        obstacle = known.get(receipt.blocked_by)
        settled = "an earlier change, which is settled"
        lines.append(
            ("Blocked by", wording.did_when(obstacle.action, now) if obstacle else settled)
        )
    if following == 1:
        lines.append(("With it", "1 more change waits for this; Retry takes it along"))
    elif following:
        lines.append(("With it", f"{following} more changes wait for this; Retry takes them along"))
    does = [("Retry", outs.retry)]
    if editable(action):
        does.append(("Edit", outs.edit))
    if receipt.current and action.kind is not Kind.COMMENT and as_text(action):
        does.append(("Send as comment", outs.comment))
    does += [("Export", outs.export), ("Discard", outs.discard)]
    buttons = [(words, functools.partial(do, entry)) for words, do in does]
    return Row(action.op_id, title_of(action), lines, buttons, bad=True)
