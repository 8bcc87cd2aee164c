"""What an own change of progress overtook without its author having seen it, and can be set again.

Nothing is lost by "the later arrival stands": the other value is in the history. The device whose
change was merged knows of it from its receipt; the entries themselves do not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.domain.change import Action, Kind
from tracker.domain.receipt import Receipt
from tracker.domain.task import HistoryEntry


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A percentage that was replaced, and who had set it."""

    percent: int
    user_id: str


def overtaken(
    history: Sequence[HistoryEntry], own: Mapping[str, tuple[Action, Receipt]]
) -> Overtaken | None:
    """The value that an own change of progress replaced, while nothing came after it in knowledge
    of both. `history` is oldest first; `own` are this device's actions in it, with receipts."""
    moves = [entry for entry in history if "progress" in entry.after]
    for place in range(len(moves) - 1, 0, -1):
        entry, earlier = moves[place], moves[place - 1]
        found = own.get(entry.op_id or "")
        if found is None or entry.event != Kind.SET_PROGRESS:
            return None
        if "progress" in found[1].merged:
            later = [own[move.op_id or ""][0] for move in moves[place + 1 :]]
            percent = earlier.after["progress"]
            if percent != entry.before.get("progress") or not isinstance(percent, int):
                return None  # what stood before it is not in the history any more
            aware = any(_is_aware(action, found[1]) for action in later)
            return None if aware else Overtaken(percent, earlier.user_id)
    return None


def _is_aware(action: Action, merged: Receipt) -> bool:
    """Whether it was made on rows that had what the other had done. Of several that were queued
    together only the first is merged; the others follow a change of their own device."""
    same = action.base_epoch == merged.epoch
    return not same or action.base_version is None or action.base_version >= merged.task_version
