"""Arguments are checked in one place, and what cannot be used is named."""

from __future__ import annotations

from typing import Any

import pytest

from tracker.domain.change import NOTE_LIMIT, Kind, Progress, parse
from tracker.domain.errors import Refusal
from tracker.domain.ids import uuid7

ID = uuid7(0, b"x" * 10)


@pytest.mark.parametrize("percent", [-1, 101, True, False, 1.0, 1.5, "45", float("nan"), None, []])
def test_only_whole_numbers_from_0_to_100_are_progress(percent: Any) -> None:
    refusal = parse(Kind.SET_PROGRESS, {"percent": percent})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("E2003", "percent")


@pytest.mark.parametrize("percent", [0, 1, 99, 100])
def test_good_progress_is_parsed(percent: int) -> None:
    assert parse(Kind.SET_PROGRESS, {"percent": percent, "note": " x "}) == Progress(
        percent, "x", None
    )


@pytest.mark.parametrize(
    ("kind", "args", "code", "field"),
    [
        (Kind.COMMENT, {"comment_id": ID, "text": ""}, "E2009", "text"),
        (Kind.COMMENT, {"comment_id": ID, "text": " \n"}, "E2009", "text"),
        (Kind.COMMENT, {"comment_id": "7", "text": "x"}, "E2006", "comment_id"),
        (Kind.COMMENT, {"text": "x"}, "E2017", "comment_id"),
        (Kind.COMMENT, {"comment_id": ID, "text": "a\x00b"}, "E2008", "text"),
        (Kind.COMMENT, {"comment_id": ID, "text": "\ud800"}, "E2008", "text"),
        (Kind.COMMENT, {"comment_id": ID, "text": "x" * (NOTE_LIMIT + 1)}, "E2002", "text"),
        (Kind.HOLD, {"note": 5}, "E2017", "note"),
        (Kind.HOLD, {"notes": "typo"}, "E2017", "notes"),
        (Kind.HOLD, {"occupancy": "BUSY"}, "E2005", "occupancy"),
        (Kind.CREATE_TASK, {"title": "  "}, "E2001", "title"),
        (Kind.CREATE_TASK, {"title": "x" * 201}, "E2002", "title"),
        (Kind.CREATE_TASK, {"title": "x", "due_date": "tomorrow"}, "E2004", "due_date"),
        (Kind.CREATE_TASK, {"title": "x", "due_date": "9999-12-31"}, "E2004", "due_date"),
        (Kind.CREATE_TASK, {"title": "x", "due_at": -1}, "E2004", "due_at"),
        (Kind.CREATE_TASK, {"title": "x", "priority": "ASAP"}, "E2005", "priority"),
        (Kind.CREATE_TASK, {"title": "x", "estimated_minutes": 0}, "E2015", "estimated_minutes"),
        (Kind.CREATE_TASK, {"title": "x", "people": "ana"}, "E2017", "people"),
        (Kind.CREATE_TASK, {"title": "x", "people": [{"user_id": ID, "x": 1}]}, "E2017", "x"),
        (Kind.ASSIGN, {"user_id": ID, "percent": 101}, "E2010", "percent"),
        (Kind.ASSIGN, {"user_id": ID, "part": "BOSS"}, "E2005", "part"),
    ],
)
def test_what_cannot_be_used_is_named(kind: Kind, args: Any, code: str, field: str) -> None:
    refusal = parse(kind, args)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, field)


def test_ordinary_text_of_every_script_is_kept() -> None:
    text = "Prüfung 検査 فحص 🔧"
    parsed = parse(Kind.SET_PROGRESS, {"percent": 1, "note": text})
    assert isinstance(parsed, Progress)
    assert parsed.note == text
