"""Refused changes as files: what was done, what the server has and why, and no file lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.client import action, comment, receipt
from tests.support.server import START
from tracker.cache.entries import TrayEntry
from tracker.domain.change import Action, Kind
from tracker.domain.errors import EnvironmentFault, InputError
from tracker.domain.receipt import Outcome
from tracker.services.attention import export

SEEN = {"title": "Calibrate", "status": "PENDING", "progress": 10}
CURRENT = {"status": "CANCELLED", "progress": 20, "title": "Calibrate", "number": 1}


def refused(what: Action, **over: object) -> TrayEntry:
    given = receipt(what, Outcome.REJECTED, code="E5005", **over)
    return TrayEntry(what, given, START)


@pytest.fixture
def entries() -> list[TrayEntry]:
    made = action(args={"percent": 30, "note": "Fühler\nist warm 🌡"}, seen=SEEN)
    new = action(Kind.CREATE_TASK, args={"title": "Seal", "description": "Pump 3", "people": []})
    return [refused(made, current=CURRENT), refused(new)]


def test_as_text_it_says_both_sides_and_why(entries: list[TrayEntry], tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    export(entries, path, START, overwrite=False)
    head, first, second = path.read_text(encoding="utf-8").split("\n\n")
    assert head == "Tracker: needs attention, 2026-03-02T08:00:00.000Z"
    lines = first.splitlines()
    assert lines[0] == "Calibrate"
    assert lines[1].startswith("  You did: Progress to 30 % · “Fühler")
    assert lines[2].startswith("    ist warm 🌡” · ")
    assert lines[3:5] == ["  You saw: Pending, 10 %", "  Server has: Cancelled, 20 %"]
    assert lines[5].startswith("  Why: ")
    assert "(E5005)" in lines[5]
    assert lines[6:] == [
        "  Made at: 2026-03-02T08:00:00.000Z",
        f"  Change: {entries[0].action.op_id}",
        f"  Task: {entries[0].action.task_id}",
    ]
    assert second.splitlines()[0] == "Seal"
    assert "  Description: Pump 3" in second.splitlines()
    assert "  Server has: nothing you may see" in second.splitlines()


def test_as_json_nothing_is_left_out(entries: list[TrayEntry], tmp_path: Path) -> None:
    path = tmp_path / "kept.JSON"
    export(entries, path, START, overwrite=False)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["format"], document["exported_at"]) == (1, "2026-03-02T08:00:00.000Z")
    for found, entry in zip(document["rejected"], entries, strict=True):
        assert found["op_id"] == entry.action.op_id
        assert (found["args"], found["seen"]) == (entry.action.args, entry.action.seen)
        assert found["receipt"]["current"] == entry.receipt.current
        assert found["receipt"]["code"] == "E5005"


def test_a_file_that_exists_is_kept_unless_a_person_said_so(tmp_path: Path) -> None:
    path, entry = tmp_path / "kept.txt", refused(comment("task", "Words"))
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        export([entry], path, START, overwrite=False)
    assert caught.value.code == "E2021"
    assert path.read_text(encoding="utf-8") == "mine"
    export([entry], path, START, overwrite=True)
    assert "Words" in path.read_text(encoding="utf-8")


def test_what_cannot_be_written_is_a_coded_fault(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        export([], tmp_path / "no folder" / "kept.txt", START, overwrite=False)
    assert caught.value.code == "E3012"
