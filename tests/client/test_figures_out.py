"""Figures in words: nothing is a dash, rounding never says all or nothing, CSV runs no formula."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest

from tracker.domain.task import Occupancy, Priority, Status
from tracker.protocol.analytics import (
    ByPerson,
    ByProgress,
    ByStatus,
    ByTeam,
    Day,
    Figures,
    Finished,
    Hour,
    Made,
    OccupancyOfAll,
    PersonOccupancy,
    PersonPerformance,
    PromiseKept,
    PromisesKept,
    Quarter,
    Summary,
    TeamPerformance,
    Trend,
)
from tracker.services import figures_out
from tracker.services.figures_out import Form, Report, Table, lay_out

HOUR = 3_600_000
NOTHING = Finished(
    tasks=0, mean_days=None, timed=0, mean_efficiency=None, rated=0, mean_rating=None,
    was_overdue=0, revenue_cents=0, promised=0, started_in_time=None, finished_in_time=None,
)  # fmt: skip
DONE = Finished(
    tasks=3, mean_days=2.25, timed=2, mean_efficiency=1.1, rated=1, mean_rating=4.0, was_overdue=1,
    revenue_cents=123_456_70, promised=3, started_in_time=1.0, finished_in_time=2 / 3,
)  # fmt: skip
DAY = {Occupancy.ACTIVE: 6 * HOUR, Occupancy.IDLE: HOUR, Occupancy.OFFLINE: HOUR,
       Occupancy.UNKNOWN: 0}  # fmt: skip
REPORTED = OccupancyOfAll(
    as_of=0, since=0, totals=DAY, hours=[Hour(started_at=0, totals=DAY)],
    people=[PersonOccupancy(user_id="a", number=3, name="Ana", totals=DAY)],
)  # fmt: skip


def person(user_id: str, name: str, done: Finished = NOTHING, **more: object) -> PersonPerformance:
    known: dict[str, object] = {"number": 3, "active": True, "open": 2, "overdue": 1, **more}
    return PersonPerformance(user_id=user_id, name=name, finished=done, **known)  # type: ignore[arg-type]


def figures(*people: PersonPerformance, done: Finished = DONE) -> Figures:
    statuses = dict.fromkeys(Status, 0) | {Status.PENDING: 1, Status.COMPLETED: 3}
    return Figures(
        as_of=1_772_438_400_000,
        summary=Summary(
            as_of=0, finished=done,
            made=Made(tasks=4, open=1, completed=3, cancelled=0, overdue=1, completion_rate=0.75),
        ),
        status=ByStatus(as_of=0, tasks=4, statuses=statuses),
        progress=ByProgress(
            as_of=0, tasks=4,
            quarters=[Quarter(low=25 * n, high=25 * n + 25, tasks=n // 3 * 3) for n in range(4)],
        ),
        trend=Trend(as_of=0, days=[Day(day="2026-03-01", made=4, finished=0, overdue=0),
                                   Day(day="2026-03-02", made=0, finished=3, overdue=1)]),
        people=ByPerson(as_of=0, people=list(people)),
        teams=ByTeam(as_of=0, teams=[
            TeamPerformance(team_id="t", number=1, name="Pumps", archived=False, people=2, open=2,
                            overdue=1, finished=DONE),
            TeamPerformance(team_id="u", number=2, name="Gone", archived=True, people=0, open=0,
                            overdue=0, finished=NOTHING),
        ]),
        sla=PromisesKept(as_of=0, priorities=[
            PromiseKept(priority=one, start="4h", finish="2d", finished=3 * (one is Priority.HIGH),
                        started_in_time=1.0 if one is Priority.HIGH else None,
                        finished_in_time=2 / 3 if one is Priority.HIGH else None,
                        mean_start_ms=None, mean_finish_ms=None, running=1, start_late=0,
                        finish_late=1)
            for one in Priority
        ]),
    )  # fmt: skip


def test_a_share_of_nothing_is_a_dash_and_never_zero() -> None:
    shown = lay_out(figures(person("a", "Ana"), done=NOTHING), REPORTED, {})
    words = {tile.name: (tile.words, tile.value) for tile in shown.groups[1].tiles}
    for name in ("Mean time to complete", "Started in time", "Finished in time",
                 "Efficiency ratio", "Mean rating"):  # fmt: skip
        assert words[name] == ("–", None)
    assert words["Revenue"] == ("0.00", 0)


@pytest.mark.parametrize(
    ("part", "words"),
    [(0, "0 %"), (1, "100 %"), (0.0, "0 %"), (1.0, "100 %"), (0.5, "50.0 %"), (2 / 3, "66.7 %"),
     (0.99999, "99.9 %"), (0.000001, "0.1 %"), (None, "–")],
)  # fmt: skip
def test_only_all_is_100_and_only_nothing_is_0_per_cent(part: float | None, words: str) -> None:
    assert figures_out.share(part) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(3.24, "3.2 days"), (1.0, "1.0 days"), (0.5, "12.0 h"), (0.02, "29 min"), (0.0, "0 min"),
     (1234.56, "1 234.6 days"), (None, "–")],
)  # fmt: skip
def test_a_mean_of_days_is_said_in_a_unit_that_fits(number: float | None, words: str) -> None:
    assert figures_out.days(number) == words


@pytest.mark.parametrize(
    ("cents", "words"),
    [(0, "0.00"), (5, "0.05"), (123_456_78, "123 456.78"), (-150, "−1.50"),
     (10**13, "100 000 000 000.00")],
)  # fmt: skip
def test_money_is_exact(cents: int, words: str) -> None:
    assert figures_out.money(cents) == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(None, None, "all time"), ("2026-03-01", None, "since 1 Mar 2026"),
     (None, "2026-03-02", "until 2 Mar 2026"), ("2026-03-01", "2026-03-02", "1 Mar – 2 Mar 2026"),
     ("2025-12-31", "2026-03-02", "31 Dec 2025 – 2 Mar 2026"),
     ("2026-03-02", "2026-03-02", "2 Mar 2026")],
)  # fmt: skip
def test_a_period_in_words(first: str | None, last: str | None, words: str) -> None:
    assert figures_out.period(first, last) == words


def test_where_they_are_from_in_words() -> None:
    now = 1_772_438_400_000
    at = figures_out.wording.clock(now, now)
    source = figures_out.source
    assert source(online=True, at=now, now=now) == f"From the server, {at}"
    assert source(online=False, at=now, now=now, code="E4001", why="no connection") == (
        f"From this computer's cache, {at} — no connection (E4001)"
    )
    assert source(online=False, at=now, now=now, waiting=True).endswith("waiting for the server")
    assert "never synchronised" in source(online=False, at=None, now=now)


def test_a_chart_says_all_its_values() -> None:
    shown = lay_out(figures(person("a", "Ana")), REPORTED, {})
    said = {picture.title: picture.said for picture in shown.pictures}
    assert said["Made, finished and overdue by day"] == (
        "1 Mar: made 4, finished 0, overdue 0; 2 Mar: made 0, finished 3, overdue 1"
    )
    assert said["Tasks by status"] == (
        "Pending: 1 · 25.0 %; In progress: 0 · 0 %; On hold: 0 · 0 %; Done: 3 · 75.0 %; "
        "Cancelled: 0 · 0 %"
    )
    assert said["Promises kept by priority"].startswith(
        "Urgent: started in time –, finished in time –; High: started in time 100 %"
    )
    assert said["Activity, last 24 hours"].startswith("Active: 6 h · 75.0 %")


@pytest.mark.parametrize("lacking", [figures_out.ONLY_ONLINE, figures_out.BEING_ASKED])
def test_where_no_activity_is_known_it_is_said_why(lacking: str) -> None:
    shown = lay_out(figures(person("a", "Ana")), lacking, {})
    of_activity = [one for one in shown.pictures if one.form in (Form.DONUT, Form.STACKED)]
    assert [one.said for one in of_activity] == [lacking] * 2
    (row,) = shown.tables[0].rows
    assert [words for words, _ in row[-3:]] == ["–"] * 3


def test_a_row_has_the_team_and_says_who_is_disabled() -> None:
    found = figures(person("a", "Ana", DONE), person("b", "Jo", active=False))
    people, teams, _ = lay_out(found, REPORTED, {"a": "Pumps"}).tables
    assert [cells[0][0] for cells in people.rows] == ["Ana", "Jo (disabled)"]
    assert [cells[1] for cells in people.rows] == [("Pumps", "Pumps"), ("–", None)]
    assert [words for words, _ in people.rows[0][2:]] == [
        "2", "1", "3", "2.2 days", "1.10", "4.00", "100 %", "66.7 %", "123 456.70", "6 h", "1 h",
        "1 h",
    ]  # fmt: skip
    assert [cells[0][0] for cells in teams.rows] == ["Pumps"]  # nothing is said of an archived one


def test_who_was_asked_for_is_alone() -> None:
    found = figures(person("a", "Ana"), person("b", "Jo"))
    shown = lay_out(found, REPORTED, {}, person="b", team="u")
    assert shown.tables[0].keys == ("b",)
    assert shown.tables[1].keys == ()


def lines(report: Report) -> list[list[str]]:
    raw = figures_out.as_csv(report)
    assert raw.startswith(b"\xef\xbb\xbf")  # Excel knows UTF-8 by it
    return [*csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))]


def test_csv_has_every_section_with_its_headline_and_raw_numbers() -> None:
    shown = lay_out(figures(person("a", "Ana", DONE)), REPORTED, {"a": "Pumps"})
    found = lines(Report("Statistics of Northwind", ("1 Mar", "From the server"), shown))
    heads = [found[0][0], *(after[0] for before, after in pairwise(found)
                            if not before and after)]  # fmt: skip
    wanted = [*shown.groups, *shown.pictures, *shown.tables]
    assert heads == ["Statistics of Northwind", *(one.title for one in wanted)]
    assert ["Completion rate (0–1)", "0.75"] in found
    assert ["Mean time to complete (days)", "2.25"] in found
    assert ["Revenue", "123456.7"] in found
    assert ["2026-03-02", "0", "3", "1"] in found
    (row,) = (line for line in found if line[:2] == ["Ana", "Pumps"])
    assert row == ["Ana", "Pumps", "2", "1", "3", "2.25", "1.1", "4.0", "1.0", repr(2 / 3),
                   "123456.7", "6.0", "1.0", "1.0"]  # fmt: skip
    assert ["Low", "4h", "2d", "0", "", "", "", "", "1", "0", "1"] in found


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@A1", "\tx", "＝1", "=HYPERLINK(1)"])
def test_no_name_is_run_as_a_formula(name: str) -> None:
    shown = lay_out(figures(person("a", name)), REPORTED, {"a": name})
    found = lines(Report(name, (name,), shown))
    assert found[0] == found[1] == [f"'{name}"]
    (row,) = (line for line in found if len(line) > 10 and line[0].endswith(name))
    assert row[:2] == [f"'{name}", f"'{name}"]
    copied = figures_out.as_text(shown.tables[0], [0]).split("\n")[1]
    assert copied.startswith(f"'{name}\t" if name != "\tx" else " x\t")


def test_half_a_character_in_a_name_is_no_reason_to_write_nothing() -> None:
    shown = lay_out(figures(person("a", "lone \ud800")), REPORTED, {})
    assert any(line[:1] == ["lone ?"] for line in lines(Report("t", (), shown)))


def test_nothing_at_all_is_an_empty_table() -> None:
    assert figures_out.as_text(Table("t", (), (), ()), []) == ""
