"""What people type into forms: dates, spans and titles, read or refused with a code."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.change import DAY, MINUTES_LIMIT, TITLE_LIMIT
from tracker.domain.errors import InputError
from tracker.services.typed import (
    due_text,
    even_shares,
    read_due,
    read_minutes,
    read_moment,
    read_percent,
    read_revenue,
    read_title,
    read_type,
    read_worked,
    span_minutes,
)

FRIDAY = date(2026, 11, 20)


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def code_of(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as fault:
        read()
    return fault.value.code


@pytest.mark.parametrize(
    ("typed", "due"),
    [
        ("", (None, None)),
        ("  ", (None, None)),
        ("2026-12-31", (None, "2026-12-31")),
        (" today ", (None, "2026-11-20")),
        ("Tomorrow", (None, "2026-11-21")),
        ("mon", (None, "2026-11-23")),
        ("Thurs", (None, "2026-11-26")),
        ("fri", (None, "2026-11-27")),  # the next one, and not today
        ("friday", (None, "2026-11-27")),
        ("2028-02-29", (None, "2028-02-29")),
    ],
)
def test_a_day(typed: str, due: tuple[int | None, str | None]) -> None:
    assert read_due(typed, FRIDAY) == due


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-12-31 17:00", "2026-12-31 17:00"),
        ("2026-12-31T17:00", "2026-12-31 17:00"),
        ("tomorrow 09:30", "2026-11-21 09:30"),
        ("sat   16:00", "2026-11-21 16:00"),
        ("2026-12-31 17:00Z", "2026-12-31 17:00+00:00"),
    ],
)
def test_a_time_of_day_is_the_viewer_s(typed: str, moment: str) -> None:
    assert read_due(typed, FRIDAY) == (instant(moment), None)


@pytest.mark.parametrize(
    "typed",
    [
        "soon", "mo", "monster", "sunk", "2026-02-30", "2026-13-01", "31.12.2026", "tomorrow 25:00",
        "0001-01-01 00:00+14:00", "9999-12-31 23:59-12:00", "17:00", "١٢", "2026-12-31 17:00 x",
        "\x00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused(typed: str) -> None:
    assert code_of(lambda: read_due(typed, FRIDAY)) == "E2004"


@given(st.text(max_size=20))
def test_whatever_is_typed_is_read_or_coded(typed: str) -> None:
    readers: tuple[Callable[[str], object], ...] = (
        read_due, read_minutes, read_worked, read_title,
    )  # fmt: skip
    for read in readers:  # any other error than a coded one fails
        with suppress(InputError):
            read(typed)


@given(st.integers(0, 4_102_444_740).map(lambda s: s // 60 * 60_000))
def test_what_is_shown_of_a_due_is_read_as_the_same(due_at: int) -> None:
    shown = due_text(due_at, None)
    again = read_due(shown)[0]
    assert again is not None
    assert due_text(again, None) == shown  # an hour that comes twice may be either
    assert due_text(None, "2026-12-31") == "2026-12-31"
    assert due_text(None, None) == ""


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("90", 90), ("90 min", 90), ("90m", 90), ("2h", 120), ("1h 30", 90), ("1h30m", 90),
        ("1 H 5 MIN", 65), ("0", 0), ("", None), ("h", None), ("1.5h", None), ("-5", None),
        ("٥", None), ("1h 1h", None), ("999999", None),
    ],
)  # fmt: skip
def test_a_span(typed: str, minutes: int | None) -> None:
    assert span_minutes(typed) == minutes


def test_an_estimate() -> None:
    assert read_minutes("") is None
    assert read_minutes(str(min(MINUTES_LIMIT, 99_999))) == min(MINUTES_LIMIT, 99_999)
    for typed in ("0", "x", "999h 99999m"):
        assert code_of(lambda typed=typed: read_minutes(typed)) == "E2015"  # type: ignore[misc]


def test_minutes_worked_may_correct_and_are_a_day_at_most() -> None:
    assert read_worked("45") == 45
    assert read_worked("-1h") == -60
    assert read_worked("24h") == DAY
    for typed in ("", "0", "-0", "-", "--5", "24h 1", "later"):
        assert code_of(lambda typed=typed: read_worked(typed)) == "E2024"  # type: ignore[misc]


def test_a_title() -> None:
    assert read_title("  Pump ") == "Pump"
    assert len(read_title("x" * TITLE_LIMIT)) == TITLE_LIMIT
    assert code_of(lambda: read_title("  \n")) == "E2001"
    assert code_of(lambda: read_title("x" * (TITLE_LIMIT + 1))) == "E2002"
    assert code_of(lambda: read_title("a\x00b")) == "E2008"
    assert code_of(lambda: read_title("a\ud800b")) == "E2008"


@pytest.mark.parametrize(
    ("text", "day"),
    [("in 1 day", "2026-03-03"), ("In 30  days", "2026-04-01"), ("in 0 days", "2026-03-02")],
)
def test_a_due_may_be_so_many_days_ahead(text: str, day: str) -> None:
    assert read_due(text, date(2026, 3, 2)) == (None, day)
    assert read_due(f"{text} 16:00", date(2026, 3, 2)) == read_due(f"{day} 16:00")


@pytest.mark.parametrize("text", ["in days", "in 3", "in -1 days", "in 3 days soon", "in 99999 d"])
def test_other_words_are_no_due(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_due(text)
    assert refused.value.code == "E2004"


def test_an_instant_is_a_days_beginning_unless_it_says_its_hour() -> None:
    assert read_moment("2026-03-09") == read_due("2026-03-09 00:00")[0]
    assert read_moment("2026-03-09 10:00") == read_due("2026-03-09 10:00")[0]
    assert read_moment(" ") is None


@pytest.mark.parametrize(("text", "percent"), [("50", 50), (" 0 %", 0), ("100%", 100)])
def test_a_share_is_a_whole_number(text: str, percent: int) -> None:
    assert read_percent(text) == percent


@pytest.mark.parametrize("text", ["", "101", "-1", "1.5", "٣", "half"])
def test_another_share_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_percent(text)
    assert refused.value.code == "E2010"


def test_money_and_types_are_read_as_the_domain_takes_them() -> None:
    assert (read_revenue(""), read_revenue(" 12.5 "), read_revenue("-3")) == (None, 1250, -300)
    assert read_type(" Repair ") == "Repair"
    for read, text, code in (
        (read_revenue, "1,5", "E2023"), (read_revenue, "999999999999", "E2023"),
        (read_type, "x" * 61, "E2002"), (read_type, "nul \x00", "E2008"),
    ):  # fmt: skip
        with pytest.raises(InputError) as refused:
            read(text)
        assert refused.value.code == code


@given(st.integers(0, 100))
def test_even_shares_come_to_a_hundred(number: int) -> None:
    shares = even_shares(number)
    assert (len(shares), sum(shares)) == (number, 100 if number else 0)
    assert sorted(shares, reverse=True) == shares
    assert max(shares, default=0) - min(shares, default=0) <= 1


def test_three_share_it() -> None:
    assert even_shares(3) == [34, 33, 33]
