"""The figures as people read them: numbers in words, charts and tables as plain values, CSV.

A window, a picture, a report on paper and a spreadsheet all show the same values of `Shown`, so
none of them can say another number. It is made where the figures came from, off the window's
thread, and compared to what is on the screen. A share or a mean of nothing is a dash, never zero.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from tracker.domain.task import Occupancy, Priority, Status
from tracker.services import wording
from tracker.services.export import neutral

if TYPE_CHECKING:
    from tracker.protocol.analytics import (
        Figures,
        Finished,
        OccupancyOfAll,
        PersonPerformance,
        PromiseKept,
        TeamPerformance,
        Trend,
    )

    Activity = OccupancyOfAll | str
    """What devices reported, or the sentence why that is not known (yet)."""

NOTHING = "–"
_EXCEL_READS_UTF8 = b"\xef\xbb\xbf"
_SHARE = "0–1"
"""The unit of a share in a spreadsheet."""
ONLY_ONLINE = "Only the server knows this: it needs a connection."
BEING_ASKED = "Everybody's day is being added up …"
NOT_IN_PERIOD = "Nothing in this period."


# -- numbers in words --------------------------------------------------------------------------


def count(number: int) -> str:
    """`12 345`."""
    return f"{number:,}".replace(",", " ")


def share(part: float | None) -> str:
    """`84.2 %` of 0.842. Only all is `100 %`, and only nothing is `0 %`."""
    if part is None:
        return NOTHING
    if part in (0, 1):
        return f"{100 * part:.0f} %"
    return f"{min(max(100 * part, 0.1), 99.9):.1f} %"


def days(number: float | None) -> str:
    """A mean of days: `3.2 days`, below one day `5.5 h`, below one hour `42 min`."""
    if number is None:
        return NOTHING
    if number >= 0.95:
        return f"{number:,.1f} days".replace(",", " ")
    hours = number * 24
    return f"{hours:.1f} h" if hours >= 0.95 else f"{hours * 60:.0f} min"


def decimal(number: float | None) -> str:
    """`1.12`: a ratio, a mean of ratings."""
    return NOTHING if number is None else f"{number:,.2f}".replace(",", " ")


def money(cents: int) -> str:
    """`12 345.60`; Tracker does not know of which currency."""
    return f"{'−' if cents < 0 else ''}{count(abs(cents) // 100)}.{abs(cents) % 100:02}"


def length(ms: float | None) -> str:
    """`1 h 42 min` of working time or activity."""
    return NOTHING if ms is None else wording.worked(round(ms / wording.MINUTE))


def hours(ms: float | None) -> float | None:
    """To sort by, and for a spreadsheet."""
    return None if ms is None else ms / wording.HOUR


def of(number: int, what: str) -> str:
    """`of 120 with an estimate`."""
    return f"of {count(number)} {what}"


# -- what is shown -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tile:
    """One number. A spreadsheet gets `value`, in `unit`; `colour` names a token, and `hint`
    explains it."""

    name: str
    words: str
    value: float | int | str | None
    about: str = ""
    colour: str = "text"
    hint: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Tiles that are of the same tasks."""

    title: str
    tiles: tuple[Tile, ...]


class Form(StrEnum):
    COLUMNS = "columns"
    ROWS = "rows"
    LINES = "lines"
    STACKED = "stacked"
    DONUT = "donut"


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one thing, one for each place; `words` are the same as people read them. `sign`
    names the token of its colour."""

    name: str
    sign: str
    values: tuple[float | None, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as values. `places` are the names along its one axis, `across` and `up` say what the
    two axes are; `signs` has a token for each place where places differ by colour. `most` is the
    end of the values' axis, None where the largest value is."""

    title: str
    form: Form
    places: tuple[str, ...]
    series: tuple[Series, ...]
    across: str = ""
    up: str = ""
    about: str = ""
    empty: str = ""
    signs: tuple[str, ...] = ()
    most: float | None = None
    middle: str = ""
    keys: tuple[str, ...] = ()
    """The places as a spreadsheet can use them: with their year."""

    @property
    def said(self) -> str:
        """All of it as a sentence, for who does not see it."""
        if self.empty:
            return self.empty
        return "; ".join(self.reading(place) for place in range(len(self.places)))

    def reading(self, place: int) -> str:
        """`14 Nov: made 3, finished 4, overdue 2`."""
        if len(self.series) == 1:
            return f"{self.places[place]}: {self.series[0].words[place]}"
        parts = ", ".join(f"{one.name.lower()} {one.words[place]}" for one in self.series)
        return f"{self.places[place]}: {parts}"


@dataclass(frozen=True, slots=True)
class Column:
    """`weight` is its part of a line on paper; `about` explains the headline. A spreadsheet
    gets the values of a `numeric` one, and the words of another."""

    name: str
    weight: int = 6
    about: str = ""
    numeric: bool = True
    unit: str = ""

    @property
    def head(self) -> str:
        """For a spreadsheet, whose numbers have no unit."""
        return _with_unit(self.name, self.unit)


Value = float | int | str | None
Cell = tuple[str, Value]
"""What is read, and what is sorted by and put into a spreadsheet."""


@dataclass(frozen=True, slots=True)
class Table:
    """`keys` are the ids of the rows."""

    title: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    as_of: int
    groups: tuple[Group, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]


def lay_out(
    figures: Figures, activity: Activity, team_of: Mapping[str, str], *, person: str | None = None,
    team: str | None = None,
) -> Shown:  # fmt: skip
    """`team_of` has the names of people's teams by the people's ids. A `person` or a `team` that
    was asked for is alone in its table."""
    everybody = [one for one in figures.people.people if person is None or one.user_id == person]
    teams = [one for one in figures.teams.teams if team is None or one.team_id == team]
    return Shown(
        figures.as_of,
        _groups(figures),
        (
            _trend(figures.trend),
            _by_status(figures),
            _by_progress(figures),
            _promises(figures.sla.priorities),
            _day(activity),
            _hours(activity),
        ),
        (
            _people(everybody, activity, team_of),
            _teams([one for one in teams if not one.archived or one.open or one.finished.tasks]),
            _priorities(figures.sla.priorities),
        ),
    )


def _groups(figures: Figures) -> tuple[Group, ...]:
    made, done = figures.summary.made, figures.summary.finished
    late = f", {count(done.was_overdue)} of them late" if done.was_overdue else ""
    return (
        Group(
            "Tasks made in the period, as they are now",
            (
                Tile("Made", count(made.tasks), made.tasks),
                Tile("Completed", count(made.completed), made.completed, "", "done"),
                Tile("Completion rate", share(made.completion_rate), made.completion_rate,
                     "without the cancelled", unit=_SHARE),
                Tile("Open", count(made.open), made.open, "", "in_progress"),
                Tile("Overdue", count(made.overdue), made.overdue, "of the open", "danger"),
                Tile("Cancelled", count(made.cancelled), made.cancelled, "", "muted"),
            ),
        ),
        Group(
            f"Tasks finished in the period: {count(done.tasks)}{late}",
            (
                Tile("Mean time to complete", days(done.mean_days), done.mean_days,
                     "from made to done", unit="days"),
                Tile("Started in time", share(done.started_in_time), done.started_in_time,
                     of(done.promised, "assigned"), unit=_SHARE),
                Tile("Finished in time", share(done.finished_in_time), done.finished_in_time,
                     of(done.promised, "assigned"), unit=_SHARE),
                Tile("Efficiency ratio", decimal(done.mean_efficiency), done.mean_efficiency,
                     of(done.timed, "estimated"),
                     hint="Time worked in estimates: above 1 it took longer"),
                Tile("Mean rating", decimal(done.mean_rating), done.mean_rating,
                     of(done.rated, "rated")),
                Tile("Revenue", money(done.revenue_cents), money_value(done.revenue_cents)),
            ),
        ),
    )  # fmt: skip


def money_value(cents: int) -> float:
    """For a spreadsheet: whole cents below 10^13 are exact in a float of so many digits."""
    return cents / 100


# -- charts ------------------------------------------------------------------------------------


def _trend(trend: Trend) -> Picture:
    names = (("Made", "in_progress", "made"), ("Finished", "done", "finished"),
             ("Overdue", "danger", "overdue"))  # fmt: skip
    series = []
    for name, sign, key in names:
        values = tuple(getattr(one, key) for one in trend.days)
        series.append(Series(name, sign, values, tuple(map(count, values))))
    days_ = [date.fromisoformat(one.day) for one in trend.days]
    about = period(trend.days[0].day, trend.days[-1].day) if days_ else ""
    return Picture(
        "Made, finished and overdue by day", Form.LINES, tuple(map(_short, days_)), tuple(series),
        "Day", "Tasks", about, "" if any(map(any, (one.values for one in series))) else
        NOT_IN_PERIOD,
        keys=tuple(one.day for one in trend.days),
    )  # fmt: skip


def _short(day: date) -> str:
    return f"{day.day} {day.strftime('%b')}"


def _by_status(figures: Figures) -> Picture:
    found = figures.status
    # Without the archived where there are none: they are seldom what a person looks for.
    shown = [one for one in Status if one is not Status.ARCHIVED or found.statuses[one]]
    values = [found.statuses[one] for one in shown]
    return Picture(
        "Tasks by status", Form.ROWS, tuple(wording.STATUS_WORDS[one] for one in shown),
        (_shared("Tasks", values, found.tasks),), "Tasks", "Status", _tasks(found.tasks),
        "" if found.tasks else NOT_IN_PERIOD, tuple(_STATUS_SIGNS[one] for one in shown),
    )  # fmt: skip


_STATUS_SIGNS = {
    Status.PENDING: "pending",
    Status.IN_PROGRESS: "in_progress",
    Status.ON_HOLD: "held",
    Status.COMPLETED: "done",
    Status.CANCELLED: "danger",
    Status.ARCHIVED: "muted",
}


def _shared(name: str, values: Sequence[int], whole: int) -> Series:
    words = (f"{count(one)} · {share(one / whole if whole else None)}" for one in values)
    return Series(name, "accent", tuple(values), tuple(words))


def _by_progress(figures: Figures) -> Picture:
    found = figures.progress
    quarters = tuple(f"{one.low}–{one.high} %" for one in found.quarters)
    values = [one.tasks for one in found.quarters]
    return Picture(
        "Tasks by progress", Form.COLUMNS, quarters, (_shared("Tasks", values, found.tasks),),
        "Progress", "Tasks", f"{_tasks(found.tasks)}, without cancelled and archived",
        "" if found.tasks else NOT_IN_PERIOD,
    )  # fmt: skip


def _tasks(number: int) -> str:
    return "1 task" if number == 1 else f"{count(number)} tasks"


def _promises(kept: Sequence[PromiseKept]) -> Picture:
    # The most urgent first, from the top.
    ordered = sorted(kept, key=lambda one: _URGENCY.index(one.priority))
    many = sum(one.finished for one in ordered)
    names = (("Started in time", "in_progress", "started_in_time"),
             ("Finished in time", "done", "finished_in_time"))  # fmt: skip
    series = []
    for name, sign, key in names:
        parts = [getattr(one, key) for one in ordered]
        values = tuple(None if part is None else 100 * part for part in parts)
        series.append(Series(name, sign, values, tuple(map(share, parts))))
    return Picture(
        "Promises kept by priority", Form.ROWS,
        tuple(one.priority.value.capitalize() for one in ordered), tuple(series),
        "Per cent of the finished tasks", "Priority", f"{_tasks(many)} finished and assigned",
        "" if many else NOT_IN_PERIOD, most=100,
    )  # fmt: skip


_URGENCY = (Priority.URGENT, Priority.HIGH, Priority.MEDIUM, Priority.LOW)
_STATES = {
    Occupancy.ACTIVE: ("Active", "done"),
    Occupancy.IDLE: ("Idle", "pending"),
    Occupancy.OFFLINE: ("Offline", "held"),
    Occupancy.UNKNOWN: ("Not known", "control_line"),
}


def _states(totals: Mapping[Occupancy, int]) -> list[Occupancy]:
    return [one for one in _STATES if one is not Occupancy.UNKNOWN or totals.get(one)]


def _day(activity: Activity) -> Picture:
    reported: Mapping[Occupancy, int] = {} if isinstance(activity, str) else activity.totals
    states = _states(reported)
    values = [reported.get(one, 0) for one in states]
    whole = sum(values)
    words = (f"{length(one)} · {share(one / whole if whole else None)}" for one in values)
    return Picture(
        "Activity, last 24 hours", Form.DONUT, tuple(_STATES[one][0] for one in states),
        (Series("Hours", "accent", tuple(one / wording.HOUR for one in values), tuple(words)),),
        "State",
        about="Of everybody together, whatever the period", empty=_lacking(activity, whole),
        signs=tuple(_STATES[one][1] for one in states),
        middle=share(values[0] / whole if whole else None),
    )  # fmt: skip


def _hours(activity: Activity) -> Picture:
    reported = [] if isinstance(activity, str) else activity.hours
    totals = {state: sum(one.totals.get(state, 0) for one in reported) for state in _STATES}
    series = []
    for state in _states(totals):
        name, sign = _STATES[state]
        values = tuple(one.totals.get(state, 0) / wording.HOUR for one in reported)
        series.append(Series(name, sign, values, tuple(f"{one:.1f}" for one in values)))
    return Picture(
        "Activity by hour, last 24 hours", Form.STACKED,
        tuple(wording.time_of_day(one.started_at) for one in reported), tuple(series),
        "Hour from", "People, on average", "Whatever the period",
        _lacking(activity, sum(totals.values())),
    )  # fmt: skip


def _lacking(activity: Activity, reported: int) -> str:
    """What a chart of it says in the place of itself."""
    if isinstance(activity, str):
        return activity
    return "" if reported else "No activity was reported."


# -- tables ------------------------------------------------------------------------------------

_WORK = (
    Column("Open", 5, "To do now"),
    Column("Overdue", 6, "Of the open ones"),
    Column("Finished", 6, "In the period"),
    Column("Mean time", 7, "From made to done", unit="days"),
    Column("Efficiency ratio", 7, "Time worked in estimates: above 1 it took longer"),
    Column("Rating", 5, "Of 5, of those that were rated"),
    Column("Started in time", 7, "Of those that were assigned", unit=_SHARE),
    Column("Finished in time", 7, "Of those that were assigned", unit=_SHARE),
    Column("Revenue", 8),
)


def _work(waiting: int, overdue: int, done: Finished) -> tuple[Cell, ...]:
    return (
        (count(waiting), waiting),
        (count(overdue), overdue),
        (count(done.tasks), done.tasks),
        (days(done.mean_days), done.mean_days),
        (decimal(done.mean_efficiency), done.mean_efficiency),
        (decimal(done.mean_rating), done.mean_rating),
        (share(done.started_in_time), done.started_in_time),
        (share(done.finished_in_time), done.finished_in_time),
        (money(done.revenue_cents), money_value(done.revenue_cents)),
    )


def _people(
    people: Sequence[PersonPerformance], activity: Activity, team_of: Mapping[str, str]
) -> Table:
    reported = [] if isinstance(activity, str) else activity.people
    totals = {one.user_id: one.totals for one in reported}
    rows: list[tuple[Cell, ...]] = []
    for one in people:
        name = one.name if one.active else f"{one.name} (disabled)"
        team = team_of.get(one.user_id, "")
        day = totals.get(one.user_id)
        states: list[Cell] = []
        for state in (Occupancy.ACTIVE, Occupancy.IDLE, Occupancy.OFFLINE):
            ms = None if day is None else day.get(state, 0)
            states.append((length(ms), hours(ms)))
        rows.append(((name, name), (team or NOTHING, team or None),
                     *_work(one.open, one.overdue, one.finished), *states))  # fmt: skip
    return Table(
        "People",
        (
            Column("Name", 14, numeric=False),
            Column("Team", 9, numeric=False),
            *_WORK,
            Column(f"Active {_A_DAY}", 7, _WHENEVER, unit="h"),
            Column(f"Idle {_A_DAY}", 7, _WHENEVER, unit="h"),
            Column(f"Offline {_A_DAY}", 7, _WHENEVER, unit="h"),
        ),
        tuple(one.user_id for one in people),
        tuple(rows),
    )


def _teams(teams: Sequence[TeamPerformance]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in teams:
        name = f"{one.name} (archived)" if one.archived else one.name
        cells = _work(one.open, one.overdue, one.finished)
        rows.append(((name, name), (count(one.people), one.people), *cells))
    columns = (Column("Team", 14, numeric=False), Column("People", 5, "Who can sign in"), *_WORK)
    return Table("Teams", columns, tuple(one.team_id for one in teams), tuple(rows))


_A_DAY = "24\u00a0h"
_WHENEVER = "Of the last 24 hours, whatever the period"
_WITHIN = "Working hours (h) or days (d) after the assignment"


def _priorities(kept: Sequence[PromiseKept]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            (one.priority.value.capitalize(), _URGENCY.index(one.priority)),
            (one.start, _amount(one.start)),
            (one.finish, _amount(one.finish)),
            (count(one.finished), one.finished),
            (share(one.started_in_time), one.started_in_time),
            (share(one.finished_in_time), one.finished_in_time),
            (length(one.mean_start_ms), hours(one.mean_start_ms)),
            (length(one.mean_finish_ms), hours(one.mean_finish_ms)),
            (count(one.running), one.running),
            (count(one.start_late), one.start_late),
            (count(one.finish_late), one.finish_late),
        )
        for one in sorted(kept, key=lambda one: _URGENCY.index(one.priority))
    ]
    columns = (
        Column("Priority", 10, numeric=False),
        Column("Start within", 7, _WITHIN, numeric=False),
        Column("Finish within", 7, _WITHIN, numeric=False),
        Column("Finished", 6, "In the period, and assigned to somebody"),
        Column("Started in time", 8, unit=_SHARE),
        Column("Finished in time", 8, unit=_SHARE),
        Column("Mean start", 8, "Working time from the assignment", unit="h"),
        Column("Mean finish", 8, "Working time from the assignment", unit="h"),
        Column("Open now", 6),
        Column("Start is late", 7, "Open, not started, and should be"),
        Column("Finish is late", 7, "Open, and should be finished"),
    )
    keys = tuple(columns[0].name + str(row[0][0]) for row in rows)
    return Table("Promises by priority (SLA)", columns, keys, tuple(rows))


def _amount(target: str) -> int:
    """Something to sort `4h` before `2d` by."""
    return int(target[:-1]) * (24 if target.endswith("d") else 1)


# -- where they are from -----------------------------------------------------------------------


def period(first: str | None, last: str | None) -> str:
    """`1 Nov – 21 Nov 2026`, `since 1 Nov 2026`, `until …`, `all time`."""
    if first is None and last is None:
        return "all time"
    if last is None:
        return f"since {_long(first or '')}"
    if first is None:
        return f"until {_long(last)}"
    if first == last:
        return _long(first)
    begun = date.fromisoformat(first)
    same = first[:4] == last[:4]
    return f"{_short(begun) if same else _long(first)} – {_long(last)}"


def _long(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{_short(found)} {found.year}"


def source(
    *, online: bool, at: int | None, now: int, code: str = "", why: str = "", waiting: bool = False
) -> str:
    """`From the server, 12:04`, or `From this computer's cache, 11:58 — no connection (E4001)`.
    `at` and `now` are of the device's clock."""
    when = wording.clock(at, now) if at is not None else "never synchronised"
    if online:
        return f"From the server, {when}" + (" · asking again …" if waiting else "")
    told = f"From this computer's cache, {when}"
    if code:
        return f"{told} — {why} ({code})"
    return f"{told} — waiting for the server" if waiting else told


# -- for a spreadsheet -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """All that leaves the window, in whatever form. `about` are lines of what and when."""

    title: str
    about: tuple[str, ...]
    shown: Shown


def as_csv(report: Report) -> bytes:
    """Sections with headlines, an empty line between them. UTF-8 with the mark that Excel knows it
    by; numbers are whole and shares from 0 to 1."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for section in sections(report):
        writer.writerows([_raw(value) for value in line] for line in section)
        writer.writerow(())
    return _EXCEL_READS_UTF8 + text.getvalue().encode("utf-8", "replace")


def sections(report: Report) -> list[list[list[Value]]]:
    """Lines of each section; the first line of each is its headline."""
    found: list[list[list[Value]]] = [[[line] for line in (report.title, *report.about)]]
    for group in report.shown.groups:
        found.append([[group.title]])
        found[-1] += [[_with_unit(one.name, one.unit), one.value] for one in group.tiles]
    for picture in report.shown.pictures:
        found.append([[picture.title], *_lines(picture)])
    for table in report.shown.tables:
        heads: list[Value] = [column.head for column in table.columns]
        rows = [
            [
                value if column.numeric or value is None else words
                for column, (words, value) in zip(table.columns, row, strict=True)
            ]
            for row in table.rows
        ]
        found.append([[table.title], heads, *rows])
    return found


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _lines(picture: Picture) -> list[list[Value]]:
    if picture.empty:
        return [[picture.empty]]
    heads: list[Value] = [picture.across or "", *(one.name for one in picture.series)]
    if picture.form is Form.ROWS:
        heads[0] = picture.up  # the values are along the lower axis
    lines = [
        [name, *(one.values[place] for one in picture.series)]
        for place, name in enumerate(picture.keys or picture.places)
    ]
    return [heads, *lines]


def _raw(value: Value) -> str:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else repr(value)


# -- for the clipboard -------------------------------------------------------------------------


def as_text(table: Table, order: Sequence[int]) -> str:
    """Rows of a table, in that order, with a headline: cells divided by tabs, as spreadsheets
    take them."""
    lines = ["\t".join(column.name for column in table.columns)]
    for place in order:
        cells = (words.replace("\t", " ").replace("\n", " ") for words, _ in table.rows[place])
        lines.append("\t".join(map(neutral, cells)))
    return "\n".join(lines)
