"""Arguments are checked in one place, and what cannot be used is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.change import (
    DESCRIPTION_LIMIT,
    NOTE_LIMIT,
    REASON_LIMIT,
    TITLE_LIMIT,
    Assigned,
    Created,
    Kind,
    Noted,
    Progress,
    Said,
    Unassigned,
    parse,
)
from tracker.domain.errors import CATALOGUE, Refusal
from tracker.domain.ids import uuid7
from tracker.domain.reading import LAST_INSTANT, LIST_LIMIT, storable
from tracker.domain.task import Occupancy, Part

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
        (Kind.MARK_NOTIFICATION, {}, "E2017", "read"),
        (Kind.MARK_NOTIFICATION, {"read": 1}, "E2017", "read"),
        (Kind.MARK_NOTIFICATION, {"read": "true"}, "E2017", "read"),
        (Kind.MARK_NOTIFICATION, {"archived": False}, "E2017", "archived"),
        (Kind.MARK_NOTIFICATION, {"read": True, "archived": 1}, "E2017", "archived"),
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


GOOD: dict[Kind, dict[str, Any]] = {
    Kind.SET_PROGRESS: {"percent": 1},
    Kind.COMPLETE: {},
    Kind.START: {},
    Kind.HOLD: {},
    Kind.RESUME: {},
    Kind.CANCEL: {},
    Kind.REOPEN: {},
    Kind.COMMENT: {"comment_id": ID, "text": "x"},
    Kind.CREATE_TASK: {"title": "x"},
    Kind.ASSIGN: {"user_id": ID},
    Kind.UNASSIGN: {"user_id": ID},
    Kind.ARCHIVE: {},
    Kind.EDIT_FIELDS: {"fields": {"title": "x"}},
    Kind.DEPEND: {"needs_id": ID},
    Kind.UNDEPEND: {"needs_id": ID},
    Kind.ACCEPT: {},
    Kind.EDIT_COMMENT: {"comment_id": ID, "text": "x"},
    Kind.LOG_TIME: {"entry_id": ID, "minutes": 5},
    Kind.RATE: {"rating": 5},
    Kind.MARK_NOTIFICATION: {"read": True},
    Kind.OCCUPANCY: {"state": "IDLE", "started_at": 0, "ended_at": 1},
}
TEXTS = [
    (Kind.SET_PROGRESS, "note", NOTE_LIMIT),
    (Kind.COMPLETE, "note", NOTE_LIMIT),
    (Kind.COMMENT, "text", NOTE_LIMIT),
    (Kind.CREATE_TASK, "title", TITLE_LIMIT),
    (Kind.CREATE_TASK, "description", DESCRIPTION_LIMIT),
    (Kind.OCCUPANCY, "reason", REASON_LIMIT),
]
CREATE = GOOD[Kind.CREATE_TASK]


def code_of(kind: Kind, args: dict[str, Any]) -> tuple[str, str | None]:
    refusal = parse(kind, args)
    assert isinstance(refusal, Refusal), refusal
    return refusal.code, refusal.field


def created(**more: Any) -> Created:
    parsed = parse(Kind.CREATE_TASK, CREATE | more)
    assert isinstance(parsed, Created), parsed
    return parsed


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_refuses_a_key_it_does_not_know(kind: Kind) -> None:
    assert not isinstance(parse(kind, GOOD[kind]), Refusal)
    assert code_of(kind, GOOD[kind] | {"extra": None}) == ("E2017", "extra")


@pytest.mark.parametrize(("kind", "name", "limit"), TEXTS)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(
    kind: Kind, name: str, limit: int
) -> None:
    assert not isinstance(parse(kind, GOOD[kind] | {name: "é" * limit}), Refusal)
    assert not isinstance(parse(kind, GOOD[kind] | {name: " " + "é" * limit + "\n"}), Refusal)
    assert code_of(kind, GOOD[kind] | {name: "é" * (limit + 1)}) == ("E2002", name)


@pytest.mark.parametrize(("kind", "name", "limit"), TEXTS)
@pytest.mark.parametrize("bad", ["\x00", "a\x00", "\ud800", "a\udfff", "\udc80b"])
def test_no_text_takes_nul_or_a_lone_surrogate(kind: Kind, name: str, limit: int, bad: str) -> None:
    assert code_of(kind, GOOD[kind] | {name: bad}) == ("E2008", name)


@pytest.mark.parametrize(("kind", "name", "limit"), TEXTS)
@pytest.mark.parametrize("bad", [5, True, 1.5, [], {}, b"x"])
def test_no_text_takes_another_type(kind: Kind, name: str, limit: int, bad: Any) -> None:
    assert code_of(kind, GOOD[kind] | {name: bad}) == ("E2017", name)


@given(st.text(st.characters(exclude_categories=())))
def test_storable_is_what_utf8_and_postgresql_take(text: str) -> None:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        assert not storable(text)
    else:
        assert storable(text) == (b"\x00" not in encoded)


@pytest.mark.parametrize(
    "bad",
    [
        "", "tomorrow", "2026-02-30", "2026-13-01", "2026-1-1", " 2026-01-01", "31.12.2026",
        "2026-01-01T10:00", "2026-01-01\x00", "\ud800", "２０２６-01-01", "0000-01-01",
        "9999-01-01", 20260101, True, 1.5, [],
    ],
)  # fmt: skip
def test_a_bad_day_is_refused(bad: Any) -> None:
    assert code_of(Kind.CREATE_TASK, CREATE | {"due_date": bad}) == ("E2004", "due_date")


def test_a_leap_day_and_the_last_day_are_days() -> None:
    assert created(due_date="2028-02-29").fields["due_date"] == "2028-02-29"
    assert created(due_date="9998-12-31").fields["due_date"] == "9998-12-31"


@pytest.mark.parametrize("bad", [-1, LAST_INSTANT + 1, True, 0.0, 1.5, float("nan"), "0", 10**400])
def test_a_bad_instant_is_refused(bad: Any) -> None:
    assert code_of(Kind.CREATE_TASK, CREATE | {"due_at": bad}) == ("E2004", "due_at")
    assert created(due_at=0).fields["due_at"] == 0
    assert created(due_at=LAST_INSTANT).fields["due_at"] == LAST_INSTANT


@pytest.mark.parametrize("bad", [0, -1, 100_001, True, 1.5, float("nan"), "1"])
def test_a_bad_estimate_is_refused(bad: Any) -> None:
    args = CREATE | {"estimated_minutes": bad}
    assert code_of(Kind.CREATE_TASK, args) == ("E2015", "estimated_minutes")
    assert created(estimated_minutes=1).fields["estimated_minutes"] == 1
    assert created(estimated_minutes=100_000).fields["estimated_minutes"] == 100_000


@pytest.mark.parametrize("bad", [-1, 101, True, 1.5, float("nan"), "50"])
def test_a_bad_share_is_refused(bad: Any) -> None:
    assert code_of(Kind.ASSIGN, {"user_id": ID, "percent": bad}) == ("E2010", "percent")


@pytest.mark.parametrize("bad", ["active", "", 0, False, [], {}, float("nan")])
def test_a_choice_is_one_of_the_listed_exactly(bad: Any) -> None:
    assert code_of(Kind.START, {"occupancy": bad}) == ("E2005", "occupancy")
    assert code_of(Kind.ASSIGN, {"user_id": ID, "part": bad}) == ("E2005", "part")
    assert code_of(Kind.CREATE_TASK, CREATE | {"priority": bad}) == ("E2005", "priority")


@pytest.mark.parametrize("bad", [7, True, "7", ID.upper(), "", [ID], ID + "\n"])
def test_an_id_is_canonical_or_refused(bad: Any) -> None:
    assert code_of(Kind.ASSIGN, {"user_id": bad}) == ("E2006", "user_id")
    assert code_of(Kind.UNASSIGN, {"user_id": bad}) == ("E2006", "user_id")
    assert code_of(Kind.CREATE_TASK, CREATE | {"project_id": bad}) == ("E2006", "project_id")


@pytest.mark.parametrize(
    "people", ["", ID, {}, {"user_id": ID}, [ID], [None], [[ID]], 5, True, ({"user_id": ID},)]
)
def test_people_are_a_list_of_objects(people: Any) -> None:
    assert code_of(Kind.CREATE_TASK, CREATE | {"people": people}) == ("E2017", "people")


def test_people_are_a_hundred_at_most() -> None:
    crowd = [{"user_id": uuid7(n, b"x" * 10)} for n in range(LIST_LIMIT + 1)]
    assert len(created(people=crowd[:-1]).people) == LIST_LIMIT
    assert code_of(Kind.CREATE_TASK, CREATE | {"people": crowd}) == ("E2017", "people")


def test_what_is_left_out_has_its_default() -> None:
    assert parse(Kind.START, {}) == Noted("", None)
    assert parse(Kind.START, {"note": None, "occupancy": None}) == Noted("", None)
    assert parse(Kind.ASSIGN, {"user_id": ID}) == Assigned(ID, Part.ASSIGNEE, 100)
    assert created() == Created({"title": "x"}, ())


def test_what_is_given_arrives_in_the_value_of_the_kind() -> None:
    assert parse(Kind.HOLD, {"note": "n", "occupancy": "IDLE"}) == Noted("n", Occupancy.IDLE)
    assert parse(Kind.COMMENT, {"comment_id": ID, "text": " t "}) == Said(ID, "t", None, ())
    assert parse(Kind.UNASSIGN, {"user_id": ID}) == Unassigned(ID)
    person = {"user_id": ID, "part": "WATCHER", "percent": 0}
    assert created(people=[person]).people == (Assigned(ID, Part.WATCHER, 0),)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(ID),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "percent", "note", "occupancy", "text", "comment_id", "user_id", "part", "title",
        "description", "priority", "project_id", "due_at", "due_date", "estimated_minutes",
        "people", "state", "started_at", "ended_at", "reason", "other",
    ]
)  # fmt: skip


@given(st.sampled_from(Kind), st.dictionaries(NAMES, ANYTHING, max_size=6))
def test_whatever_arrives_is_parsed_or_refused_with_a_code_and_never_raises(
    kind: Kind, args: dict[str, Any]
) -> None:
    parsed = parse(kind, args)
    if isinstance(parsed, Refusal):
        assert parsed.code in CATALOGUE
        assert parsed.field
