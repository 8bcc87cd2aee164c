"""The statistics: numbers first, then charts, then tables, of the days and people asked for.

Nothing here waits or takes long in the window's thread. Figures come laid out from the pool
(`inquiry.py`), pyqtgraph is imported in small steps, and then one chart or table is made each turn
of the event loop. What that takes is in docs/adr/017-charts.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tracker.cache.projection import zone_named
from tracker.domain.errors import TrackerError
from tracker.domain.instants import utc
from tracker.domain.page import Changes
from tracker.services import figures_out, wording
from tracker.services.figures_out import Group, Report, Shown
from tracker.services.statistics import Asked
from tracker.services.workspace import device_clock
from tracker.sync.engine import State
from tracker.ui.monitor.page import Page
from tracker.ui.monitor.statistics.charts import ChartCard
from tracker.ui.monitor.statistics.exporting import Exporting
from tracker.ui.monitor.statistics.filters import Filters
from tracker.ui.monitor.statistics.inquiry import Held, Inquiry, Told
from tracker.ui.monitor.statistics.tables import TableSection
from tracker.ui.monitor.statistics.tiles import Even, TileBox
from tracker.ui.reading_ahead import ReadingAhead, Steps, classes, modules, statements
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_5, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, OneLine, Scrolling, label
from tracker.ui.widgets.spoken import announce

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

EVERY_MS = 5_000
"""Figures are asked for anew when something changed, no more often than that."""
STALE_MS = 60_000
"""Activity and what is overdue change by themselves: so old figures are asked for anew."""
_CHARTS, _TILES = 6, 6
_TABLES = ("People", "Teams", "Promises by priority (SLA)")
_KEPT = "statistics/"
_PLOTS = "tracker.ui.monitor.statistics.plots"


class GroupBox(QWidget):
    """Six numbers under a headline."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_2)
        self.title = label("", tokens.BODY, muted=True)
        column.addWidget(self.title)
        even = Even((6, 3, 2), 136, self)
        self.tiles = [TileBox(even) for _ in range(_TILES)]
        even.set_boxes(self.tiles)
        column.addWidget(even)

    def show_group(self, group: Group) -> None:
        self.title.setText(group.title)
        for box, tile in zip(self.tiles, group.tiles, strict=True):
            box.show_tile(tile)


class SourceLine(OneLine):
    """Where the figures are from; what is not the server's has a sign in front."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tokens.SMALL + 1, muted=True)
        self.setParent(parent)
        self.setFixedHeight(20)
        self.warns = False

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.warns:
            super().paintEvent(event)
            return
        t = tokens_of(self.palette())
        painter = QPainter(self)
        paint.icon(painter, self, "alert", t.warning, 0, 2)
        room = self.rect().adjusted(22, 0, 0, 0)
        paint.text(painter, room, self.text(), t.warning, tokens.SMALL + 1, bold=True)


class StatisticsPage(Page):
    source: SourceLine

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self._today_in = zone_named(window.work.confirmed.position().zone)
        self._settings = QSettings(
            str(window.work.profile.folder / "window.ini"), QSettings.Format.IniFormat
        )
        self.shown: Shown | None = None
        self.told: Told | None = None
        self._plots: Any = None
        self._reading: ReadingAhead | None = None
        self._asked_at = 0
        self._build()
        self.inquiry = Inquiry(
            window.work.profile, window.around.credentials, self._hold, device_clock, self
        )
        self.inquiry.told.connect(self._show)
        self.inquiry.failed.connect(self._failed)
        self._soon = _single(self, EVERY_MS, self._ask_if_seen)
        self._turn = _single(self, 0, self._next)
        self.exporting = Exporting(self)
        self.export.clicked.connect(self.exporting.open_menu)
        self.filters.restore({
            name: str(self._settings.value(_KEPT + name, "")) for name in self.filters.kept()
        })  # fmt: skip
        self._read_names()
        add, may = window.commands.add, self.isVisible
        add("Ask for the statistics anew", self.refresh, may=may)
        for words, do in self.exporting.kinds():
            add(f"Export the statistics as {words}…", do, may=may)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_2)
        self.filters = Filters(self._today, self)
        self.filters.changed.connect(self._ask)
        self.refresh_button = Button("Refresh", self.filters.bar, icon="refresh")
        self.refresh_button.clicked.connect(self.refresh)
        self.export = Button("Export", self.filters.bar, chevron=True)
        self.filters.bar.add(self.refresh_button)
        self.filters.bar.add(self.export)
        column.addWidget(self.filters)
        self.source = SourceLine(self)
        column.addWidget(self.source)
        self.area = Scrolling("Statistics", self)
        self.ground = QWidget()
        inner = QVBoxLayout(self.ground)
        inner.setContentsMargins(0, 0, SPACE_2, SPACE_5)
        inner.setSpacing(SPACE_3)
        self.groups = [GroupBox(self.ground) for _ in range(2)]
        for group in self.groups:
            inner.addWidget(group)
        even = Even((3, 2, 1), 400, self.ground)
        self.charts = [ChartCard(even) for _ in range(_CHARTS)]
        even.set_boxes(self.charts)
        for chart in self.charts:
            chart.stale.connect(lambda: self._turn.start())
        inner.addWidget(even)
        self.tables = [TableSection(name, self.ground) for name in _TABLES]
        for table in self.tables:
            inner.addSpacing(SPACE_2)
            inner.addWidget(table)
        inner.addStretch(1)
        self.area.set_ground(self.ground)
        column.addWidget(self.area, 1)

    # -- asking ------------------------------------------------------------------------------

    def _today(self) -> date:
        """The day it is for the tenant."""
        return utc(self.host.now()).astimezone(self._today_in).date()

    def asked(self) -> Asked:
        first, last = self.filters.days()
        filters = self.filters
        project, person, team = (
            None if one.value is None else str(one.value)
            for one in (filters.project, filters.person, filters.team)
        )
        return Asked(first, last, project, person, team)

    def _hold(self) -> Held:
        """50,000 references are copied in half a millisecond."""
        window = self.host
        board, position = window.board, window.work.confirmed.position()
        return Held(
            window.work.profile, dict(board.views), dict(board.people), dict(board.projects),
            self._teams, position.zone, window.now(),
        )  # fmt: skip

    def _ask(self, *, by_hand: bool = False) -> None:
        self._soon.stop()
        self._asked_at = device_clock()
        status = self.host.status
        self.inquiry.ask(
            self.asked(), status.synced_at, offline=status.state is State.OFFLINE, by_hand=by_hand
        )
        self._store()
        if self.told is None:
            self._say("Asking the server …")

    def refresh(self) -> None:
        self._ask(by_hand=True)

    # -- a page of the window ----------------------------------------------------------------

    def opened(self) -> None:
        self.filters.preset.setFocus()
        self.draw_on()
        if device_clock() - self._asked_at < EVERY_MS:
            self._ask_soon()  # who goes to and fro does not ask more often
        else:
            self._soon.start(0)  # after the page is painted

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        if changes is None:
            self._show_source()
            if not self.isVisible():
                return
            age = device_clock() - self._asked_at
            back = self.told is not None and not self.told.online
            if age > STALE_MS or (back and self.host.status.state is State.SYNCED):
                self._ask_soon()
            return
        if changes.people or changes.everything:
            self._read_names()
        if changes.tasks or changes.people or changes.everything:
            self._ask_soon()

    def keep(self) -> bool:
        for timer in (self._soon, self._turn):
            timer.stop()
        if self._reading is not None:
            self._reading.stop()
            self._reading = None
        self.inquiry.stop()
        self.filters.stop()
        self.exporting.stop()
        self._store()
        return True

    def _ask_soon(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start(max(0, self._asked_at + EVERY_MS - device_clock()))

    def _ask_if_seen(self) -> None:
        if not self.isVisible():
            return
        if self.inquiry.awaits_numbers:  # of a slow server: these first
            self._soon.start(EVERY_MS)
        else:
            self._ask()

    def _read_names(self) -> None:
        """What can be chosen. What is gone narrows nothing any more."""
        board, filters = self.host.board, self.filters
        self._teams = self.host.work.confirmed.teams()
        archived = {one.id for one in board.projects.values() if one.archived}
        archived |= {one.id for one in self._teams.values() if one.archived}
        for picker, everything, known in (
            (filters.project, "All projects", {p.id: p.name for p in board.projects.values()}),
            (filters.person, "All people", {p.id: p.display_name for p in board.people.values()}),
            (filters.team, "All teams", {t.id: t.name for t in self._teams.values()}),
        ):
            filters.offer(picker, everything, known, archived)

    def _store(self) -> None:
        for name, value in self.filters.kept().items():
            self._settings.setValue(_KEPT + name, value)

    # -- showing -----------------------------------------------------------------------------

    def _show(self, told: Told) -> None:
        """Numbers at once; tables and charts in the turns that follow."""
        was_online = self.told is None or self.told.online
        self.told = told
        self._show_source()
        if was_online and not told.online:
            announce(self.source, self.source.text())
        if told.shown is self.shown:
            return
        self.shown = told.shown
        for group, box in zip(told.shown.groups, self.groups, strict=True):
            box.show_group(group)
        for picture, chart in zip(told.shown.pictures, self.charts, strict=True):
            chart.show_picture(picture)
        self._turn.start()

    def _failed(self, why: Exception) -> None:
        if isinstance(why, TrackerError):
            self.host.tell_fault("count the figures", why, self.refresh)
        else:
            self.host.tell_bug("count the figures", why)

    def draw_on(self) -> None:
        """Goes on with what was left while nobody saw it."""
        self._turn.start()

    def _next(self) -> None:
        """Brings one thing up to date, then lets the window go on; nothing that nobody sees or
        exports."""
        if self.shown is None or not (self.isVisible() or self.exporting.is_drawing):
            return
        for table, section in zip(self.shown.tables, self.tables, strict=True):
            if section.view.figures.table != table:
                section.show_table(table)
                self._turn.start()
                return
        chart = next((one for one in self.charts if one.is_stale), None)
        if chart is None:
            return
        if self._plots is None:
            self._import_plots()
            return
        if chart.plot is None:
            chart.set_plot(self._plots.Plot(chart))
        else:
            chart.draw()
        self._turn.start()

    def _import_plots(self) -> None:
        if self._reading is None:
            self._reading = ReadingAhead(self, lambda: ["numpy"], _drawing(), self._plots_read)

    def _plots_read(self, outcome: Exception | None) -> None:
        self._reading = None
        if outcome is not None:
            self.host.tell_bug("draw the charts", outcome)
            return
        self._plots = importlib.import_module(_PLOTS)
        self._turn.start()

    @property
    def plots(self) -> Any:
        """The module that draws, once it was imported."""
        return self._plots

    @property
    def is_drawing(self) -> bool:
        """Whether there are charts that come in one of the next turns."""
        return self._reading is not None or (
            self._plots is not None and any(chart.is_stale for chart in self.charts)
        )

    def _show_source(self) -> None:
        told = self.told
        if told is not None:
            words = figures_out.source(
                online=told.online, at=told.at, now=device_clock(), code=told.code, why=told.why,
                waiting=told.waiting,
            )  # fmt: skip
            self._say(f"{words} · {self.period_words()}", warn=not told.online)

    def _say(self, words: str, *, warn: bool = False) -> None:
        if (words, warn) != (self.source.text(), self.source.warns):
            self.source.warns = warn
            self.source.set_words(words)
            self.source.update()

    def period_words(self) -> str:
        """The days that are shown, and what narrows them."""
        told = self.told
        days = self.filters.days() if told is None else (told.asked.first, told.asked.last)
        return " · ".join(filter(None, (figures_out.period(*days), self.filters.words())))

    def report(self) -> Report | None:
        """What is shown now, to be taken along; None before there is anything."""
        if self.told is None or self.shown is None:
            return None
        profile = self.host.work.profile
        now = device_clock()
        return Report(
            f"Statistics of {profile.tenant}",
            (
                self.period_words(),
                f"{self.source.text().split(' · ')[0]} · exported {wording.moment(now)} by "
                f"{profile.display_name}",
            ),
            self.shown,
        )


def _drawing() -> Steps:
    yield from classes()
    yield from statements("pyqtgraph")
    yield from modules([_PLOTS])


def _single(parent: QObject, ms: int, do: Any) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(ms)
    made.timeout.connect(lambda: do())
    return made
