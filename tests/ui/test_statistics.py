"""The statistics of the monitor: the server's numbers to the digit, the cache's where it does not
answer, of the days and people asked for."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.company import fill, fill_day
from server_stub.core import feed
from server_stub.people import groups
from server_stub.people import service as people
from tests.support.client import task
from tests.support.importing import run_whole
from tests.support.server import RunningServer
from tests.support.windows import (
    ANA,
    PATIENCE,
    PEOPLE,
    Open,
    open_monitor,
    pick,
    press,
    settle,
    task_id,
)
from tests.ui.conftest import close
from tests.ui.test_accessible import nameless, roleless
from tracker.domain.page import Changes
from tracker.domain.task import Person, Role, Status
from tracker.services import statistics
from tracker.services.figures_out import Form
from tracker.services.periods import Preset
from tracker.services.workspace import device_clock
from tracker.sync.engine import Report, State
from tracker.ui.dialogs.choosing import Chooser
from tracker.ui.monitor.statistics import inquiry as inquiry_module
from tracker.ui.monitor.statistics import page as page_module
from tracker.ui.monitor.statistics.page import StatisticsPage
from tracker.ui.monitor.window import ASSIGN, STATISTICS, MonitorWindow
from tracker.ui.theme import theme, tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.calm_table import AFTER, BEFORE

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # of popup menus
Json = dict[str, Any]
PATH = "/api/v1/analytics/figures"
ACTIVITY = "/api/v1/analytics/occupancy"
MONTH = {"from": "2026-02-01", "to": "2026-03-02"}
"""The last 30 days, on the servers' clock."""


def fill_company(server: RunningServer) -> str:
    """300 tasks of two years, a day of activity, and a team with Ana in it; returns its id."""
    now, users = server.clock.now, list(server.users.values())
    with server.database.write() as conn:
        fill(conn, server.tenant_id, users, [server.world.project_id], 300, now)
        fill_day(conn, server.tenant_id, users, now)
        tenant = feed.lock(conn, server.tenant_id)
        team = groups.add_team(conn, tenant, "North", now, users[0])
        ana = people.person(conn, server.tenant_id, server.users["ana"])
        people.change_person(conn, tenant, ana, {"team_id": team.id}, now, users[0])
        feed.save(conn, tenant, now)
    return team.id


def open_page(window: MonitorWindow, qtbot: QtBot) -> StatisticsPage:
    window.open_page(STATISTICS)
    found = window.page(STATISTICS)
    assert isinstance(found, StatisticsPage)
    qtbot.waitUntil(lambda: found.told is not None, timeout=PATIENCE)
    return found


def drawn(page: StatisticsPage, qtbot: QtBot) -> None:
    """All of it is on the screen."""

    def whole() -> bool:
        assert page.shown is not None
        tables = all(
            section.view.figures.table == table
            for section, table in zip(page.tables, page.shown.tables, strict=True)
        )
        return tables and not any(chart.is_stale for chart in page.charts)

    qtbot.waitUntil(whole, timeout=PATIENCE)


def online(page: StatisticsPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: page.told is not None and page.told.online and not page.inquiry.is_asking,
        timeout=PATIENCE,
    )
    drawn(page, qtbot)


def answer(server: RunningServer, **params: str) -> Json:
    """The figures, with the activity of the same people."""
    who = {name: params[name] for name in ("person", "team") if name in params}
    found = server.get("rita", PATH, params=params)
    reported = server.get("rita", ACTIVITY, params=who)
    assert found.status_code == reported.status_code == 200, found.text + reported.text
    body: Json = found.json()
    return {**body, "occupancy": reported.json()}


# What the words of a number should be, said once more.


def thin(number: int) -> str:
    digits = str(number)
    groups_of = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)]
    return " ".join(reversed(groups_of))


def percent(part: float | None) -> str:
    if part is None:
        return "–"
    return "100 %" if part == 1 else "0 %" if part == 0 else f"{part:.1%}".replace("%", " %")


def mean(number: float | None) -> str:
    return "–" if number is None else f"{number:.2f}"


def in_days(number: float | None) -> str:
    if number is None:
        return "–"
    if number * 20 >= 19:
        return f"{number:.1f} days"
    return f"{number * 24:.1f} h" if number * 480 >= 19 else f"{number * 1440:.0f} min"


def amount(cents: int) -> str:
    return f"{'−' * (cents < 0)}{thin(abs(cents) // 100)}.{abs(cents) % 100:02}"


def hours(ms: float | None) -> str:
    if ms is None:
        return "–"
    whole, rest = divmod(round(ms / 60_000), 60)
    said = f"{whole} h " * bool(whole) + f"{rest} min" * bool(rest)
    return said.strip() or "0 min"


def work(row: Json) -> list[str]:
    done = row["finished"]
    return [
        thin(row["open"]), thin(row["overdue"]), thin(done["tasks"]), in_days(done["mean_days"]),
        mean(done["mean_efficiency"]), mean(done["mean_rating"]), percent(done["started_in_time"]),
        percent(done["finished_in_time"]), amount(done["revenue_cents"]),
    ]  # fmt: skip


def tiles(page: StatisticsPage) -> dict[str, str]:
    found = {}
    for group in page.groups:
        for box in group.tiles:
            assert box.tile is not None
            assert box.isVisible()
            assert box.accessibleName().startswith(f"{box.tile.name}: {box.tile.words}")
            found[box.tile.name] = box.tile.words
    return found


def rows(page: StatisticsPage, table: int) -> list[list[str]]:
    """A table as it is on the screen."""
    model = page.tables[table].view.figures
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def check(page: StatisticsPage, said: Json, team_of: dict[str, str]) -> None:
    """The page shows what the server said."""
    made, done = said["summary"]["made"], said["summary"]["finished"]
    assert tiles(page) == {
        "Made": thin(made["tasks"]),
        "Completed": thin(made["completed"]),
        "Completion rate": percent(made["completion_rate"]),
        "Open": thin(made["open"]),
        "Overdue": thin(made["overdue"]),
        "Cancelled": thin(made["cancelled"]),
        "Mean time to complete": in_days(done["mean_days"]),
        "Started in time": percent(done["started_in_time"]),
        "Finished in time": percent(done["finished_in_time"]),
        "Efficiency ratio": mean(done["mean_efficiency"]),
        "Mean rating": mean(done["mean_rating"]),
        "Revenue": amount(done["revenue_cents"]),
    }
    assert f": {thin(done['tasks'])}" in page.groups[1].title.text()
    states = {one["user_id"]: one["totals"] for one in said["occupancy"]["people"]}
    assert sorted(rows(page, 0)) == sorted(
        [one["name"] + " (disabled)" * (not one["active"]), team_of.get(one["user_id"], "–"),
         *work(one),
         *(hours(states[one["user_id"]][state] if one["user_id"] in states else None)
           for state in ("ACTIVE", "IDLE", "OFFLINE"))]
        for one in said["people"]["people"]
    )  # fmt: skip
    assert rows(page, 1) == [
        [one["name"], thin(one["people"]), *work(one)] for one in said["teams"]["teams"]
    ]
    assert sorted(rows(page, 2)) == sorted(
        [one["priority"].capitalize(), one["start"], one["finish"], thin(one["finished"]),
         percent(one["started_in_time"]), percent(one["finished_in_time"]),
         hours(one["mean_start_ms"]), hours(one["mean_finish_ms"]), thin(one["running"]),
         thin(one["start_late"]), thin(one["finish_late"])]
        for one in said["sla"]["priorities"]
    )  # fmt: skip
    charts = {one.picture.form: one.picture for one in page.charts[:1] if one.picture}
    trend = charts[Form.LINES]
    for number, name in enumerate(("made", "finished", "overdue")):
        assert list(trend.series[number].values) == [day[name] for day in said["trend"]["days"]]
    words = {"PENDING": "Pending", "IN_PROGRESS": "In progress", "ON_HOLD": "On hold",
             "COMPLETED": "Done", "CANCELLED": "Cancelled", "ARCHIVED": "Archived"}  # fmt: skip
    status = page.charts[1].picture
    assert status is not None
    shown = dict(zip(status.places, status.series[0].values, strict=True))
    counted = {words[name]: tasks for name, tasks in said["status"]["statuses"].items()}
    assert shown == {name: n for name, n in counted.items() if name != "Archived" or n}
    progress = page.charts[2].picture
    assert progress is not None
    assert list(progress.series[0].values) == [one["tasks"] for one in said["progress"]["quarters"]]


# -- where the numbers are from ----------------------------------------------------------------


def test_the_numbers_are_the_servers_to_the_digit(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    fill_company(server)
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    online(page, qtbot)
    said = answer(server, **MONTH)
    assert said["summary"]["made"]["tasks"] > 3
    check(page, said, {server.users["ana"]: "North"})
    assert page.source.text().startswith("From the server, ")
    assert page.source.text().endswith("1 Feb – 2 Mar 2026")
    pick(qtbot, page.filters.preset, "All time")
    online(page, qtbot)
    check(page, answer(server), {server.users["ana"]: "North"})
    assert len(page.charts[0].picture.places) == len(answer(server)["trend"]["days"])  # type: ignore[union-attr]


def test_without_a_connection_they_are_the_caches_and_say_so(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    server.task("ana", title="One")
    window = open_monitor(open_window)
    server.stop()
    page = open_page(window, qtbot)
    qtbot.waitUntil(lambda: "(E4001)" in page.source.text(), timeout=PATIENCE)
    drawn(page, qtbot)
    assert page.source.text().startswith("From this computer's cache, ")
    assert "no connection (E4001)" in page.source.text()
    assert page.source.warns
    assert tiles(page)["Made"] == "1"
    for chart in page.charts[4:]:
        assert chart.accessibleName().endswith("it needs a connection.")
    server.port = int(server.url.rpartition(":")[2])
    server.start()
    page.refresh()
    online(page, qtbot)
    assert page.source.text().startswith("From the server, ")
    assert not page.source.warns


class Slow:
    """Holds back the answer at a path until it is told otherwise."""

    def __init__(self, app: ASGIApp, path: str = PATH) -> None:
        self._app, self._path = app, path
        self.may_answer = threading.Event()
        self.asked = 0
        self.fails = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio

        if scope.get("path") == self._path:
            self.asked += 1
            while not self.may_answer.is_set():
                await asyncio.sleep(0.01)
            if self.fails:
                await PlainTextResponse("no", 503)(scope, receive, send)
                return
        await self._app(scope, receive, send)


@pytest.fixture
def slow(serve: Callable[..., RunningServer]) -> Iterator[list[Slow]]:
    """What holds back the slow server; let go at the end, or it could not stop."""
    made: list[Slow] = []
    yield made
    for one in made:
        one.may_answer.set()


@pytest.fixture
def slow_server(serve: Callable[..., RunningServer], slow: list[Slow]) -> RunningServer:
    def wrap(app: ASGIApp) -> ASGIApp:
        slow.append(Slow(app))
        return slow[-1]

    return serve(wrap=wrap)


@pytest.fixture
def adding_up(serve: Callable[..., RunningServer], slow: list[Slow]) -> RunningServer:
    """A server whose answer about everybody's day can be held back."""

    def wrap(app: ASGIApp) -> ASGIApp:
        slow.append(Slow(app, ACTIVITY))
        return slow[-1]

    return serve(wrap=wrap)


@pytest.fixture
def server(request: pytest.FixtureRequest, serve: Callable[..., RunningServer]) -> RunningServer:
    """The slow one, for tests that ask for it."""
    for name in ("slow_server", "adding_up"):
        if name in request.fixturenames:
            found: RunningServer = request.getfixturevalue(name)
            return found
    return serve()


def test_a_slow_servers_place_is_taken_by_the_cache_until_it_answers(
    slow_server: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    slow_server.task("ana", title="One")
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    assert page.told is not None
    assert not page.told.online
    assert "waiting for the server" in page.source.text()
    assert tiles(page)["Made"] == "1"
    slow_server.task("ana", title="Two")  # the cache does not know of it, perhaps
    slow[0].may_answer.set()
    online(page, qtbot)
    assert tiles(page)["Made"] == "2"
    assert page.source.text().startswith("From the server, ")


def test_a_question_that_hangs_holds_up_no_other(
    slow_server: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    slow_server.task("ana", title="One", project_id=slow_server.world.project_id)
    slow_server.task("ana", title="Two")
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    for project in (slow_server.world.project_id, None, slow_server.world.project_id):
        page.filters.project._pick(project)
        wanted = "1" if project else "2"
        qtbot.waitUntil(lambda wanted=wanted: tiles(page)["Made"] == wanted, timeout=PATIENCE)  # type: ignore[misc]
    assert slow[0].asked <= 2  # the others wait until one of these has ended
    slow[0].may_answer.set()
    online(page, qtbot)
    assert page.told is not None
    assert page.told.asked.project_id == slow_server.world.project_id
    assert tiles(page)["Made"] == "1"


def test_what_the_last_synchronising_said_is_believed_at_once(
    slow_server: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    window = open_monitor(open_window)
    window.show_report(Report(State.OFFLINE, device_clock(), Changes(), 0, 0, 0))
    page = open_page(window, qtbot)
    assert not page.inquiry._patience.isActive()
    assert page.told is not None
    assert not page.told.online
    slow[0].may_answer.set()
    online(page, qtbot)


def test_closing_while_it_is_asked_leaves_nothing(
    slow_server: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("rita", "monitor")
    made.window.open_page(STATISTICS)
    qtbot.waitUntil(lambda: slow[0].asked == 1, timeout=PATIENCE)
    close(made)
    slow[0].may_answer.set()  # conftest looks for what is left


def test_a_server_that_answers_soon_leaves_the_cache_alone(
    server: RunningServer, open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEAD_START_MS", "PATIENCE_MS"):
        monkeypatch.setattr(inquiry_module, name, 60_000)
    page = open_page(open_monitor(open_window), qtbot)
    online(page, qtbot)
    assert page.inquiry._cached is None
    assert not page.inquiry._head_start.isActive()
    assert not page.inquiry._patience.isActive()


def test_nothing_is_drawn_behind_another_page(some: StatisticsPage, qtbot: QtBot) -> None:
    window = some.host
    made = [chart.plot for chart in some.charts]
    window.open_page(ASSIGN)
    pick_all = some.filters.preset._pick
    pick_all(Preset.YEAR)
    qtbot.waitUntil(lambda: any(chart.is_stale for chart in some.charts), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not some._turn.isActive(), timeout=PATIENCE)
    assert any(chart.is_stale for chart in some.charts)
    window.open_page(STATISTICS)
    drawn(some, qtbot)
    assert [chart.plot for chart in some.charts] == made


# -- everybody's day ---------------------------------------------------------------------------


def told_online(page: StatisticsPage, qtbot: QtBot) -> None:
    """Numbers of the server, whether activity is in them or not."""
    qtbot.waitUntil(
        lambda: page.told is not None and page.told.online and page.inquiry._answered,
        timeout=PATIENCE,
    )
    drawn(page, qtbot)


def days_of(page: StatisticsPage) -> set[str]:
    """What the table of people says of their activity."""
    return {words for row in rows(page, 0) for words in row[-3:]}


def test_the_numbers_come_before_everybodys_day(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    fill_company(adding_up)
    page = open_page(open_monitor(open_window), qtbot)
    told_online(page, qtbot)
    numbers = tiles(page)
    assert numbers["Made"] == thin(
        adding_up.get("rita", PATH, params=MONTH).json()["summary"]["made"]["tasks"]
    )
    assert days_of(page) == {"–"}
    for chart in page.charts[4:]:
        assert chart.accessibleName().endswith("being added up …")
    assert page.inquiry.is_asking
    slow[0].may_answer.set()
    online(page, qtbot)
    assert days_of(page) != {"–"}
    assert tiles(page) == numbers
    check(page, answer(adding_up, **MONTH), {adding_up.users["ana"]: "North"})


def test_everybodys_day_is_asked_for_once_a_minute_others_at_once(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill_company(adding_up)
    slow[0].may_answer.set()
    page = open_page(open_monitor(open_window), qtbot)
    online(page, qtbot)
    assert slow[0].asked == 1
    pick(qtbot, page.filters.preset, "All time")
    online(page, qtbot)
    page.filters.project._pick(adding_up.world.project_id)
    online(page, qtbot)
    assert slow[0].asked == 1
    assert days_of(page) != {"–"}
    page.filters.person._pick(adding_up.users["ana"])
    online(page, qtbot)
    assert slow[0].asked == 2
    page.refresh()
    online(page, qtbot)
    assert slow[0].asked == 3
    monkeypatch.setattr(inquiry_module, "ACTIVITY_MS", 0)
    page._ask()
    online(page, qtbot)
    assert slow[0].asked == 4


def test_who_asks_for_others_meanwhile_gets_the_day_of_those(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    fill_company(adding_up)
    page = open_page(open_monitor(open_window), qtbot)
    told_online(page, qtbot)
    ana = adding_up.users["ana"]
    for project, person in ((adding_up.world.project_id, None), (None, ana)):
        page.filters.project._pick(project)
        page.filters.person._pick(person)
        told_online(page, qtbot)
    assert slow[0].asked == 1  # what hangs is not asked twice
    slow[0].may_answer.set()
    online(page, qtbot)
    assert slow[0].asked == 2
    check(page, answer(adding_up, **MONTH, person=ana), {ana: "North"})


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_newest_activity_is_shown_whoever_asked_for_it(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot, by_hand: bool
) -> None:
    """Numbers were asked for anew while old activity was being replaced."""
    fill_company(adding_up)
    slow[0].may_answer.set()
    page = open_page(open_monitor(open_window), qtbot)
    online(page, qtbot)
    slow[0].may_answer.clear()
    old = page.inquiry._reported
    assert old is not None
    page.inquiry._reported = replace(old, at=old.at - inquiry_module.ACTIVITY_MS)
    page._ask()
    qtbot.waitUntil(lambda: slow[0].asked == 2, timeout=PATIENCE)
    assert days_of(page) != {"–"}, "the old is shown until there is new"
    qtbot.waitUntil(lambda: device_clock() > page._asked_at, timeout=PATIENCE)
    if by_hand:
        page.refresh()
    else:
        pick(qtbot, page.filters.preset, "All time")
    told_online(page, qtbot)
    slow[0].may_answer.set()
    online(page, qtbot)
    assert slow[0].asked == (3 if by_hand else 2)
    said, known = page.inquiry._said, page.inquiry._reported
    assert said is not None
    assert known is not None
    assert said.activity is known.activity
    assert known.activity is not old.activity


def test_a_bug_in_an_older_question_leaves_no_sentence_behind(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill_company(adding_up)
    told = statistics.activity
    bugs = [ValueError("a bug")]

    def once(*about: Any) -> Any:
        found = told(*about)
        if bugs:
            raise bugs.pop()
        return found

    monkeypatch.setattr(statistics, "activity", once)
    page = open_page(open_monitor(open_window), qtbot)
    told_online(page, qtbot)
    page.filters.person._pick(adding_up.users["ana"])
    told_online(page, qtbot)
    slow[0].may_answer.set()
    online(page, qtbot)
    assert slow[0].asked == 2
    check(page, answer(adding_up, **MONTH, person=adding_up.users["ana"]),
          {adding_up.users["ana"]: "North"})  # fmt: skip


def test_changes_that_come_while_a_day_is_added_up_are_counted(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(page_module, "EVERY_MS", 50)
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    told_online(page, qtbot)
    assert page.inquiry.is_asking
    adding_up.task("ana", title="One")
    window.sync_wanted.emit()
    qtbot.waitUntil(lambda: tiles(page)["Made"] == "1", timeout=PATIENCE)
    assert page.inquiry.is_asking
    slow[0].may_answer.set()
    online(page, qtbot)


def test_a_question_holds_no_rows_once_it_is_answered(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    """Those of 50,000 tasks would stay for ever, of every question."""
    server.task("ana", title="One")
    page = open_page(open_monitor(open_window), qtbot)
    held: list[weakref.ref[Any]] = []
    hold = page.inquiry._hold

    def noted() -> Any:
        found = hold()
        views = NotedViews(found.views)
        held.append(weakref.ref(views))
        return replace(found, views=views)

    page.inquiry._hold = noted
    for preset in (Preset.YEAR, Preset.ALL, Preset.WEEK):
        page.filters.preset._pick(preset)
        online(page, qtbot)
    qtbot.waitUntil(lambda: [one() for one in held] == [None] * len(held), timeout=PATIENCE)
    assert len(held) >= 3


class NotedViews(dict[str, Any]):
    """A dict that can be watched."""


def test_a_day_that_cannot_be_told_says_why_and_is_asked_for_again(
    adding_up: RunningServer, slow: list[Slow], open_window: Open, qtbot: QtBot
) -> None:
    fill_company(adding_up)
    slow[0].fails = True
    slow[0].may_answer.set()
    page = open_page(open_monitor(open_window), qtbot)
    online(page, qtbot)
    for chart in page.charts[4:]:
        assert "Activity could not be asked for: " in chart.accessibleName()
        assert "(E40" in chart.accessibleName()
    assert int(tiles(page)["Made"]) > 0
    slow[0].fails = False
    page._ask()
    online(page, qtbot)
    assert slow[0].asked == 1, "not before a minute is over"
    assert "Activity could not be asked for: " in page.charts[4].accessibleName()
    page.refresh()
    online(page, qtbot)
    check(page, answer(adding_up, **MONTH), {adding_up.users["ana"]: "North"})


# -- live --------------------------------------------------------------------------------------


def test_a_change_is_counted_by_itself(
    server: RunningServer, open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "EVERY_MS", 50)
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    online(page, qtbot)
    assert tiles(page)["Made"] == "0"
    server.task("ana", title="One")
    window.sync_wanted.emit()
    qtbot.waitUntil(lambda: tiles(page)["Made"] == "1", timeout=PATIENCE)
    assert page.source.text().startswith("From the server, ")


def test_changes_ask_once_in_five_seconds_and_never_behind_another_page(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1)))
    page = open_page(window, qtbot)
    qtbot.waitUntil(lambda: not page.inquiry.is_asking, timeout=PATIENCE)
    asked_at = page._asked_at
    for _ in range(5):
        page.show_changes(Changes(frozenset({task_id(1)})), frozenset({task_id(1)}))
    assert page._soon.isActive()
    assert 4_000 < page._soon.interval() <= page_module.EVERY_MS
    assert page._asked_at == asked_at
    window.open_page(ASSIGN)
    page._soon.timeout.emit()
    assert page._asked_at == asked_at
    page._soon.stop()
    page.show_changes(Changes(frozenset({task_id(1)})), frozenset({task_id(1)}))
    assert not page._soon.isActive()
    window.open_page(STATISTICS)
    assert page._soon.isActive()
    assert page._asked_at == asked_at


# -- what is asked for -------------------------------------------------------------------------


def test_one_of_many_people_is_found_by_typing(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    crew = [
        Person(task_id(900 + n), n, f"p{n}", f"Person {n}", Role.EMPLOYEE, True)
        for n in range(100, 600)
    ]
    page = open_page(monitor(task(task_id(1)), people=[*PEOPLE, *crew]), qtbot)
    press(qtbot, page.filters.person)
    (chooser,) = [one for one in page.window().findChildren(Chooser) if one.isVisible()]
    qtbot.keyClicks(chooser.field.edit, "person 417")
    qtbot.keyClick(chooser.field.edit, Qt.Key.Key_Return)
    settle()
    assert page.asked().person_id == task_id(900 + 417)
    assert page.filters.person.accessibleName() == "Person: Person 417"
    drawn(page, qtbot)
    qtbot.waitUntil(lambda: len(rows(page, 0)) == 1, timeout=PATIENCE)


def test_filters_change_all_of_it(server: RunningServer, open_window: Open, qtbot: QtBot) -> None:
    team = fill_company(server)
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    pick(qtbot, page.filters.preset, "All time")
    of_team = {server.users["ana"]: "North"}
    filters = page.filters
    for picker, words, params in (
        (filters.project, "Hall B retrofit", {"project_id": server.world.project_id}),
        (filters.person, "Jonas Keller", {"person": server.users["jonas"]}),
        (filters.team, "North", {"team": team}),
    ):
        pick(qtbot, picker, words)
        online(page, qtbot)
        check(page, answer(server, **params), of_team)
        assert picker.accessibleName().split(": ")[1] in page.source.text()
        press(qtbot, filters.clear)
        online(page, qtbot)
        assert not filters.clear.isVisible()
        assert picker.text().startswith("All ")
    check(page, answer(server), of_team)


def test_a_typed_period_is_checked_and_then_asked_for(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    fill_company(server)
    window = open_monitor(open_window)
    page = open_page(window, qtbot)
    online(page, qtbot)
    filters = page.filters
    pick(qtbot, filters.preset, "From – to")
    assert filters.first.isVisible()
    first = filters.first.edit
    before = page.told
    first.setText("2026-13-01")
    qtbot.waitUntil(lambda: filters.problem.isVisible(), timeout=PATIENCE)
    assert filters.problem.text().endswith("(E2004)")
    assert first.accessibleDescription() == filters.problem.text()
    assert page.told is not None
    assert page.told.asked.first != "2026-13-01"
    first.setText("2026-02-10")
    filters.last.edit.setText("2026-02-01")
    qtbot.waitUntil(lambda: filters.last.edit.accessibleDescription() != "", timeout=PATIENCE)
    assert "before the first day" in filters.problem.text()
    filters.last.edit.setText("2026-02-20")
    qtbot.waitUntil(lambda: not filters.problem.isVisible(), timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: page.told is not before and page.told is not None and page.told.online
        and page.told.asked.last == "2026-02-20",
        timeout=PATIENCE,
    )  # fmt: skip
    drawn(page, qtbot)
    check(page, answer(server, **{"from": "2026-02-10", "to": "2026-02-20"}),
          {server.users["ana"]: "North"})  # fmt: skip


def test_what_was_asked_for_comes_back_at_the_next_start(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    made = open_window("rita", "monitor")
    page = open_page(made.window, qtbot)  # type: ignore[arg-type]
    pick(qtbot, page.filters.preset, "This year")
    page.filters.person._pick(server.users["ana"])
    online(page, qtbot)
    close(made)
    again = open_page(open_monitor(open_window), qtbot)
    assert again.filters.preset.value is Preset.YEAR
    assert again.filters.person.accessibleName() == "Person: Ana Moreno"
    assert again.asked().person_id == server.users["ana"]


def test_what_is_gone_narrows_nothing_any_more(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    window = monitor(task(task_id(1)))
    page = open_page(window, qtbot)
    page.filters.person._pick(ANA)
    qtbot.waitUntil(lambda: not page.inquiry.is_asking, timeout=PATIENCE)
    del window.board.people[ANA]
    page._read_names()
    assert page.asked().person_id is None
    assert not page.filters.clear.isVisible()


def test_a_typed_period_counts_again_when_it_is_chosen_again(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    page = open_page(monitor(task(task_id(1))), qtbot)
    filters = page.filters
    pick(qtbot, filters.preset, "From – to")
    filters.first.edit.setText("2026-01-02")
    qtbot.keyClick(filters.first.edit, Qt.Key.Key_Return)
    assert page.inquiry._asked == page.asked()
    pick(qtbot, filters.preset, "Last 7 days")
    assert not filters.first.isVisible()
    pick(qtbot, filters.preset, "From – to")
    assert page.asked().first == "2026-01-02"
    assert page.inquiry._asked == page.asked()


# -- tables ------------------------------------------------------------------------------------


@pytest.fixture
def some(server: RunningServer, open_window: Open, qtbot: QtBot) -> StatisticsPage:
    """A page with figures of many tasks, whole."""
    fill_company(server)
    page = open_page(open_monitor(open_window), qtbot)
    pick(qtbot, page.filters.preset, "All time")
    online(page, qtbot)
    return page


def test_tables_are_sorted_by_mouse_and_keys(some: StatisticsPage, qtbot: QtBot) -> None:
    section = some.tables[0]
    view, head = section.view, section.view.horizontalHeader()
    names = [row[0] for row in rows(some, 0)]
    assert names == sorted(names, key=str.casefold)
    column = 4  # finished
    at = QPoint(head.sectionViewportPosition(column) + 10, head.height() // 2)
    qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=at)
    by_mouse = [int(row[column]) for row in rows(some, 0)]
    assert by_mouse in (sorted(by_mouse), sorted(by_mouse, reverse=True))
    assert len(set(by_mouse)) > 1
    assert section.sorting.accessibleName() == "Sort: Finished"
    view.setCurrentIndex(view.figures.index(1, 10))  # revenue
    name = view.figures.index(1, 0).data()
    qtbot.keyClick(view, Qt.Key.Key_Return)
    revenue = [float(row[10].replace(" ", "")) for row in rows(some, 0)]
    assert revenue == sorted(revenue, reverse=True)
    assert view.figures.index(view.currentIndex().row(), 0).data() == name
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert [float(row[10].replace(" ", "")) for row in rows(some, 0)] == revenue[::-1]
    pick(qtbot, section.sorting, "Name")
    assert [row[0] for row in rows(some, 0)] == names


def test_nothing_comes_last_whichever_way_it_is_sorted(
    monitor: Callable[..., MonitorWindow], qtbot: QtBot
) -> None:
    done = task(task_id(1), status=Status.COMPLETED, progress=100, quality_rating=2,
                completed_at=device_clock(), last_progress_by=ANA)  # fmt: skip
    page = open_page(monitor(done), qtbot)
    drawn(page, qtbot)
    pick(qtbot, page.filters.preset, "All time")
    qtbot.waitUntil(lambda: not page.inquiry.is_asking, timeout=PATIENCE)
    drawn(page, qtbot)
    column = 7  # rating
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        page.tables[0].view.sortByColumn(column, order)
        assert [row[column] for row in rows(page, 0)] == ["2.00", "–"]


def test_a_table_is_copied_as_text(some: StatisticsPage, qtbot: QtBot) -> None:
    section = some.tables[0]
    press(qtbot, section.copying)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[0].split("\t")[:3] == ["Name", "Team", "Open"]
    assert [line.split("\t") for line in lines[1:]] == rows(some, 0)
    section.view.selectRow(1)
    qtbot.keyClick(section.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert [line.split("\t") for line in lines[1:]] == [rows(some, 0)[1]]


def test_a_narrow_table_scrolls_and_cuts_no_figure(some: StatisticsPage) -> None:
    some.window().resize(980, 560)
    settle()
    view = some.tables[0].view
    assert view.horizontalScrollBar().maximum() > 0
    for row in rows(some, 0):
        for column, words in enumerate(row):
            room = view.columnWidth(column) - BEFORE - AFTER
            assert paint.width_of(words, tokens.BODY) < room, words


def test_a_row_keeps_the_keyboard_wherever_news_put_it(some: StatisticsPage) -> None:
    view = some.tables[0].view
    view.sort_by(4)
    view.setCurrentIndex(view.figures.index(0, 4))
    key, table = view.figures.ids[0], view.figures.table
    place = table.keys.index(key)
    lower = tuple(
        (*row[:4], ("0", -1), *row[5:]) if number == place else row
        for number, row in enumerate(table.rows)
    )
    view.show_table(type(table)(table.title, table.columns, table.keys, lower))
    assert view.figures.ids[view.currentIndex().row()] == key
    assert view.currentIndex().row() == len(table.rows) - 1


# -- charts ------------------------------------------------------------------------------------


def test_every_chart_is_drawn_and_says_its_numbers(some: StatisticsPage) -> None:
    for chart in some.charts:
        picture = chart.picture
        assert picture is not None
        assert chart.accessibleName() == f"{picture.title}: {picture.said}"
        if picture.form is not Form.DONUT and not picture.empty:
            assert chart.plot is not None
            assert chart.plot.view.isVisible()
            labels = [chart.plot.axes[side].labelText for side in ("left", "bottom")]
            assert labels == [picture.up, picture.across]
        grabbed = chart.grab().toImage()
        inside = {
            grabbed.pixel(x, y)
            for x in range(30, chart.width() - 30, 3)
            for y in range(90, chart.height() - 30, 3)
        }
        assert len(inside) > 2, picture.title


def test_arrow_keys_read_the_values_out(some: StatisticsPage, qtbot: QtBot) -> None:
    chart = some.charts[1]
    assert chart.picture is not None
    chart.setFocus()
    for key, place in (
        (Qt.Key.Key_Right, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Left, 0), (Qt.Key.Key_End, -1),
        (Qt.Key.Key_Right, -1), (Qt.Key.Key_Home, 0),
    ):  # fmt: skip
        qtbot.keyClick(chart, key)
        places = range(len(chart.picture.places))
        assert QToolTip.text() == chart.picture.reading(places[place])
    some.filters.preset.setFocus()


def test_the_pointer_reads_out_what_it_rests_on(some: StatisticsPage) -> None:
    for number, wanted in ((0, 3), (1, 2), (2, 3), (5, 20)):
        chart = some.charts[number]
        assert chart.picture is not None
        assert chart.plot is not None
        point = chart.point_of(wanted)
        assert chart.place_at(point) == wanted
        told = QHelpEvent(QEvent.Type.ToolTip, point, chart.mapToGlobal(point))
        QApplication.sendEvent(chart, told)
        assert QToolTip.text() == chart.picture.reading(wanted)
    assert some.charts[0].place_at(QPoint(5, 5)) is None
    QToolTip.hideText()


def test_the_wheel_over_a_chart_scrolls_the_page(some: StatisticsPage, qtbot: QtBot) -> None:
    window = some.window()
    window.resize(1000, 600)
    settle()
    chart = some.charts[0]
    bar = some.area.verticalScrollBar()
    before = bar.value()
    assert bar.maximum() > 200
    at = chart.mapTo(window, chart.visibleRegion().boundingRect().center())
    assert window.childAt(at) is chart  # the drawing above it lets the pointer through
    QTest.wheelEvent(window.windowHandle(), QPointF(at), QPoint(0, -240))
    settle()
    assert bar.value() > before


def test_charts_follow_the_theme(some: StatisticsPage, qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    seen = []
    try:
        for name in ("light", "dark", "contrast"):
            theme.apply(app, name)
            settle()
            drawn(some, qtbot)
            image = some.charts[0].grab().toImage()
            seen.append(image.pixelColor(image.width() - 20, 100).name())
    finally:
        theme.apply(app, "light")
    assert seen == ["#ffffff", "#1c212b", "#0a0a0a"]
    drawn(some, qtbot)


def test_pyqtgraph_is_not_loaded_before_the_page_is_open_and_then_by_the_window(
    tmp_path: Path,
) -> None:
    """In a process of its own, as other tests have loaded it here."""
    script = f"""
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from tests.support.client import task
from tests.support.windows import offline_workspace, task_id
from tracker.services.board import Board
from tracker.services.periods import Preset
from tracker.ui.monitor.window import MonitorWindow
from tracker.ui.theme import theme
app = QApplication([])
theme.apply(app, "light")
work = offline_workspace(Path({str(tmp_path)!r}), [task(task_id(1))], "rita")
window = MonitorWindow(work, Board(work), None)
window.show()
window.open_page("Assign")
app.processEvents()
assert not [m for m in sys.modules if m.split(".")[0] in ("numpy", "pyqtgraph")]
from tests.support.importing import Watch
watch = Watch()
window.open_page("Statistics")
page = window.page("Statistics")
page.filters.preset._pick(Preset.ALL)
assert "pyqtgraph" not in sys.modules
while page.told is None or page.charts[1].plot is None:
    app.processEvents()
assert watch.of_qt > 100 and not watch.wrong, watch.wrong
assert watch.in_pool("numpy")
window.close()
print("whole")
"""
    run_whole(script)


# -- for everybody -----------------------------------------------------------------------------


def test_everything_has_a_name_and_a_role(some: StatisticsPage) -> None:
    assert nameless(some) == []
    assert roleless(some) == []


def test_nothing_is_cut_or_overlaps_in_the_smallest_window(
    some: StatisticsPage, qtbot: QtBot
) -> None:
    window = some.window()
    some.filters.person._pick(next(iter(some.host.board.people)))
    pick(qtbot, some.filters.preset, "From – to")
    window.resize(window.minimumSize())
    settle()
    controls: list[QWidget] = [
        some.filters.preset, some.filters.first, some.filters.last, some.filters.project,
        some.filters.person, some.filters.team, some.filters.clear, some.refresh_button,
        some.export, some.source,
    ]  # fmt: skip

    def wrong() -> list[QWidget]:
        places = [one.rect().translated(one.mapTo(some, QPoint())) for one in controls]
        return [
            one
            for one, place in zip(controls, places, strict=True)
            if not one.isVisible()
            or not some.rect().contains(place)
            or sum(place.intersects(its) for its in places) > 1
        ]

    qtbot.waitUntil(lambda: wrong() == [], timeout=PATIENCE)
    for box in (*some.groups, *some.charts, *some.tables):
        assert box.width() <= some.area.viewport().width()
    assert some.area.horizontalScrollBar().maximum() == 0


def test_the_command_palette_can_do_it_too(some: StatisticsPage, qtbot: QtBot) -> None:
    names = {action.text() for action in some.host.commands.listed()}
    wanted = {"Ask for the statistics anew", *(
        f"Export the statistics as {kind}…" for kind in ("CSV", "PNG", "PDF"))}  # fmt: skip
    assert wanted <= names
    some.host.open_page(ASSIGN)
    assert not wanted & {action.text() for action in some.host.commands.listed()}


def test_the_pages_are_read_ahead_and_numpy_is_not() -> None:
    """In a process of its own, as other tests have loaded them here."""
    script = """
import sys, tempfile
from pathlib import Path
from PySide6.QtWidgets import QApplication
from tests.support.windows import offline_workspace
from tracker.services.board import Board
from tracker.ui.monitor import window as module
from tracker.ui.theme import theme
app = QApplication([])
theme.apply(app, "light")
from tests.support.importing import Watch
watch = Watch()
with tempfile.TemporaryDirectory() as folder:
    work = offline_workspace(Path(folder), [], "rita")
    window = module.MonitorWindow(work, Board(work), None)
    window.show()
    assert not watch.of_qt
    window.begin()
    while "tracker.ui.monitor.projects" not in sys.modules:
        app.processEvents()
    assert watch.of_qt > 10 and not watch.wrong, watch.wrong
    assert watch.in_pool("tracker.services.figures_out")
    assert "numpy" not in sys.modules
    window.close()
    work.close()
print("whole")
"""
    run_whole(script)
