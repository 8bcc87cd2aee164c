"""What an own change overtook: offered while that change stands last, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from tracker.domain.change import Action, Kind
from tracker.domain.overtaken import Overtaken, overtaken
from tracker.domain.receipt import Outcome, Receipt
from tracker.domain.task import HistoryEntry

Own = dict[str, tuple[Action, Receipt]]


def moved(op_id: str, before: int, after: int, by: str = "ana", **over: Any) -> HistoryEntry:
    known = {"event": "set_progress", "note": "", "made_at": 0, "received_at": 0, **over}
    return HistoryEntry(
        op_id, "t", by, before={"progress": before}, after={"progress": after}, op_id=op_id, **known
    )


def said(op_id: str) -> HistoryEntry:
    return HistoryEntry(op_id, "t", "ana", "comment", {}, {}, "text", 0, 0, op_id)


def own(op_id: str, base: int, version: int, *merged: str, epoch: str = "e") -> Own:
    made = Action(op_id, Kind.SET_PROGRESS, "t", {}, 0, base_version=base, base_epoch=epoch)
    outcome = Outcome.MERGED if merged else Outcome.APPLIED
    return {op_id: (made, Receipt(op_id, outcome, "e", merged=merged, task_version=version))}


RITA = moved("r", 0, 80, "rita")
MINE = moved("a", 80, 45)
OWN = {
    **own("a", 1, 3, "progress"),
    **own("unaware", 1, 4),
    **own("aware", 3, 4),
    **own("after a restore", 1, 4, epoch="f"),
    **own("assigned", 1, 4, "people:ana"),
}


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ([RITA, MINE], Overtaken(80, "rita")),
        ([RITA, MINE, said("c")], Overtaken(80, "rita")),
        ([MINE], None),
        ([moved("r", 0, 70, "rita"), MINE], None),
        ([RITA, MINE, moved("unaware", 45, 60)], Overtaken(80, "rita")),
        ([RITA, MINE, moved("aware", 45, 50)], None),
        ([RITA, MINE, moved("after a restore", 45, 50)], None),
        ([RITA, MINE, moved("r2", 45, 90, "rita")], None),
        ([RITA, MINE, moved("waits", 45, 80, received_at=None)], None),
        ([moved("unaware", 0, 80), moved("aware", 80, 45)], None),
        ([RITA, moved("assigned", 80, 45)], None),
        ([moved("r", 80, 100, "rita"), moved("a", 100, 80, event="reopen")], None),
        ([RITA, said("a")], None),
        ([], None),
    ],
    ids=[
        "mine stands last", "what is no progress does not matter", "the other is forgotten",
        "the other is unknown", "I had gone on before I knew", "I went on when I knew",
        "versions of two epochs", "another went on", "I set it again", "nothing was merged",
        "something else was merged", "it was reopened", "a comment", "nothing",
    ],
)  # fmt: skip
def test_it_is_what_stood_before_mine(history: list[HistoryEntry], found: Overtaken | None) -> None:
    assert overtaken(history, OWN) == found
