"""A file as lines: what its columns hold, what names it, and the ids that follow from both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.errors import InputError
from tracker.domain.spreadsheet import (
    FIELDS,
    Layout,
    Line,
    Names,
    arguments,
    cents,
    delimiter_of,
    guessed,
    lines,
    mark_of,
    named,
    names_of,
    neutral,
    plain,
    planned,
)
from tracker.domain.task import Person, Project, Role

USER = "00000000-0000-7000-8000-0000000000aa"
NOBODY = Names({}, {}, {})
CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


def test_the_first_line_says_what_the_columns_are() -> None:
    found = guessed(["Due date", " TITLE ", "Assignees", "Remarks", "people"])
    assert found == Layout(("due", "title", "people", None, None))
    assert guessed(["Replace seal", "ana"]) == Layout((None, None), header=False)


@given(st.lists(st.sampled_from([*FIELDS, "Due_Date", "remarks", ""]), max_size=8))
def test_what_the_server_understands_is_guessed_so(first: list[str]) -> None:
    try:
        strict = named(first)
    except InputError:
        return
    assert guessed(first) == strict


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_what_the_first_line_has_most_of(delimiter: str) -> None:
    assert delimiter_of(delimiter.join(["title", "due", "a b"]) + "\nx,y;z") == delimiter
    assert delimiter_of("") == ","


def test_chosen_columns_are_read_by_their_place() -> None:
    data = b"Seal,ignored,ana\nBelt,x,\n"
    found = lines(data, Layout(("title", None, "people"), header=False))
    assert found == [
        Line(1, {"title": "Seal", "people": "ana"}),
        Line(2, {"title": "Belt", "people": ""}),
    ]


@pytest.mark.parametrize("columns", [("due", None), (None, None), ("title", "title")])
def test_a_title_is_needed_and_nothing_twice(columns: tuple[str | None, ...]) -> None:
    with pytest.raises(InputError) as refused:
        lines(b"a,b\n", Layout(columns, header=False))
    assert refused.value.code == "E2071"


def test_other_columns_make_another_file_of_it() -> None:
    data = b"title,description\nSeal,Old\n"
    own = mark_of(data)
    assert mark_of(data, Layout(("title", "description"))) == own
    marks = {
        mark_of(data, Layout(("title", None))),
        mark_of(data, Layout((None, "title"))),
        mark_of(data, Layout(("title", "description"), header=False)),
    }
    assert len(marks | {own}) == 4


def test_columns_that_the_server_does_not_know_make_another_file_too() -> None:
    data = b"title,remarks\nSeal,x\n"
    assert mark_of(data, guessed(["title", "remarks"])) != mark_of(data)


def test_ids_follow_from_person_file_and_line_alone() -> None:
    line, mark = Line(2, {"title": "Seal"}), mark_of(b"title\nSeal\n")
    first = planned(line, NOBODY, USER, mark, 1).action
    later = planned(line, NOBODY, USER, mark, 9).action
    other = planned(Line(3, {"title": "Seal"}), NOBODY, USER, mark, 1).action
    assert first
    assert later
    assert other
    assert (first.op_id, first.task_id) == (later.op_id, later.task_id)
    assert first.op_id[14] == "5"
    assert {first.op_id, first.task_id}.isdisjoint({other.op_id, other.task_id})


@given(CELLS)
def test_what_an_export_made_harmless_is_read_as_it_was(cell: str) -> None:
    assert plain(neutral(cell.strip())) == plain(cell)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1250", 125_000), ("1250.5", 125_050), ("-0.05", -5), ("0.5", 50), ("-1.10", -110)],
)
def test_an_amount_is_cents(text: str, amount: int) -> None:
    assert cents(text) == amount


@pytest.mark.parametrize("text", ["1,250", "1.234", "", "x", "٣", "1e5", "+5"])
def test_what_is_no_amount_stays_as_it_is(text: str) -> None:
    assert cents(text) == text


def person(number: int, name: str, shown: str, **more: object) -> Person:
    return Person(f"p{number}", number, name, shown, Role.EMPLOYEE, **{"active": True, **more})


def test_people_go_by_sign_in_name_number_or_a_shown_name_that_one_has() -> None:
    people = [
        person(1, "ana", "Ana Moreno"),
        person(2, "jo", "Jonas Keller"),
        person(3, "jk", "jonas keller"),
        person(4, "old", "Ana Moreno", active=False),
        person(5, "mei", "ana"),
    ]
    names = names_of(people, [Project("h", 7, "Hall B", False), Project("x", 8, "Gone", True)], {})
    assert names.people["ana moreno"] == "p1"
    assert names.people["ana"] == "p1"
    assert "jonas keller" not in names.people
    assert (names.people["2"], names.people["jk"]) == ("p2", "p3")
    assert names.projects == {"hall b": "h", "7": "h"}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_at_the_end_of_the_calendar_is_no_crash(text: str) -> None:
    arguments(Line(2, {"title": "x", "due": text, "scheduled": text}), NOBODY)
