"""The monitor's first page: counters, filters, and every task of the tenant, as a grid of cards or
as a table."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from tracker.domain.occupancy import LIVE_MS
from tracker.domain.page import Changes
from tracker.domain.task import Role
from tracker.services.board import Place, Sort
from tracker.ui.monitor.card import HEIGHT, MIN_WIDTH, MonitorCard
from tracker.ui.monitor.counters import Counter
from tracker.ui.monitor.marking import MarkingBar
from tracker.ui.monitor.page import Page
from tracker.ui.monitor.table import TaskTable
from tracker.ui.theme.tokens import SPACE_2, SPACE_3
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, Choice, label
from tracker.ui.widgets.flow import Flow
from tracker.ui.widgets.long_choice import LongChoice
from tracker.ui.widgets.marks import Marks

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

_COUNTERS = (
    ("Total", Place.ALL, "muted"),
    ("Pending", Place.PENDING, "pending"),
    ("In progress", Place.IN_PROGRESS, "in_progress"),
    ("Completed", Place.DONE, "done"),
    ("Overdue", Place.OVERDUE, "danger"),
)
_STATUSES = (
    ("All statuses", Place.ALL), ("Pending", Place.PENDING), ("In progress", Place.IN_PROGRESS),
    ("On hold", Place.ON_HOLD), ("Completed", Place.DONE), ("Cancelled", Place.CANCELLED),
    ("Archived", Place.ARCHIVED),
)  # fmt: skip
_FINISHED = (Place.DONE, Place.CANCELLED, Place.ARCHIVED)
"""Nothing there is overdue."""
_NARROW, _SHORT = 620, 600
"""With less room than this the filters are behind a button; in a narrow page the counters take one
line each."""
GRID, TABLE = "grid", "table"


class TasksPage(Page):
    """The cards hold what is selected, also while the table shows it."""

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self.marks = Marks(self)
        self._asked: set[str] = set()
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(0)
        self._counting.timeout.connect(self._count_updates)
        self.cards = CardList(self._make_card, HEIGHT, self, min_width=MIN_WIDTH, opens=False,
                              marks=self.marks)  # fmt: skip
        self.table = TaskTable(window.board, window.now, self.marks, self)
        self.empty = Empty(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_3)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, SPACE_2, 0)
        top.setSpacing(10)
        top.addWidget(self._build_counters())
        top.addWidget(self._build_filters())
        top.addWidget(self._build_tools())
        column.addLayout(top)
        self._list = QStackedWidget(self)
        for part in (self.cards, self.table, self.empty):
            self._list.addWidget(part)
        column.addWidget(self._list, 1)
        self._view = GRID
        self._connect()

    def _make_card(self, parent: QWidget) -> MonitorCard:
        card = MonitorCard(parent, self.host.board, self.host.now, self.marks)
        card.asked.connect(self._ask_updates)
        card.updates_wanted.connect(self.show_updates)
        return card

    def _connect(self) -> None:
        cards, table = self.cards, self.table
        self.marks.changed.connect(self._marks_changed)
        self.bar.wanted.connect(self.host.open_bulk)
        self.bar.gone.connect(cards.setFocus)
        cards.selected.connect(table.show_current)
        cards.activated.connect(lambda _id: self.host.go_to_details())
        table.selected.connect(cards.select)
        table.activated_task.connect(lambda _id: self.host.go_to_details())
        table.sorted_by.connect(lambda sort, back: self.host.narrow(sort=sort, backwards=back))

    # -- building --------------------------------------------------------------------------

    def _build_counters(self) -> Flow:
        row = self._counters = Flow(self, even=True)
        self.counters: dict[Place, Counter] = {}
        for name, place, colour in _COUNTERS:
            counter = Counter(name, colour, row)
            counter.setCheckable(True)
            counter.clicked.connect(lambda _c=False, p=place: self._counter_pressed(p))
            row.add(counter)
            self.counters[place] = counter
        self.counters[Place.ALL].setChecked(True)
        self.online = Counter("People online", "muted", row, "Online")
        self.online.setToolTip("Heard of within about a minute")
        row.add(self.online)
        return row

    def _build_filters(self) -> Flow:
        row, window = Flow(self), self.host
        window.make_filters()
        window.search.setMinimumWidth(180)
        self.more = Button("Filters", row, chevron=True)
        self.more.setCheckable(True)
        self.more.setToolTip("Status, people, projects and priority")
        self.more.toggled.connect(lambda _on: self._lay_out())
        self.more.hide()
        self.status = Choice("Status", list(_STATUSES), row, named=False)
        self.status.chosen.connect(self._status_chosen)
        self.person = LongChoice("Person", [("All people", None)], row, named=False)
        self.person.chosen.connect(lambda value: window.narrow(person=value))
        self.team = LongChoice("Team", [("All teams", None)], row, named=False)
        self.team.chosen.connect(lambda value: window.narrow(team=value))
        self.project = LongChoice("Project", [("All projects", None)], row, named=False)
        self.project.chosen.connect(lambda value: window.narrow(project=value))
        row.add(window.search, grows=True)
        row.add(self.more)
        self._choices = (self.status, self.person, self.team, self.project, window.priority)
        for choice in self._choices:
            row.add(choice)
        return row

    def _build_tools(self) -> Flow:
        row, window = Flow(self), self.host
        self.count = label("", muted=True)
        self.count.setWordWrap(False)
        self.clear = Button("Clear filters", row, small=True)
        self.clear.clicked.connect(window.show_all_tasks)
        self.clear.hide()
        self.sort = Choice("Sort", [(sort.value, sort) for sort in Sort], row)
        self.sort.chosen.connect(lambda value: window.narrow(sort=value, backwards=False))
        self.way = Button("", row, icon="up")
        self.way.clicked.connect(lambda: window.narrow(backwards=not window.filter.backwards))
        self.as_grid = Button("Grid", row)
        self.as_table = Button("Table", row)
        for button, view in ((self.as_grid, GRID), (self.as_table, TABLE)):
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.clicked.connect(lambda _c=False, v=view: self.show_as(v))
        self.as_grid.setChecked(True)
        self.auto = Button("Auto-refresh on", row, icon="refresh")
        self.auto.setCheckable(True)
        self.auto.setChecked(True)
        self.bar = MarkingBar(self.marks, row)
        self._space = QWidget(row)
        for part in (self.count, self.clear):
            row.add(part)
        row.add(self._space, grows=True)
        row.add(self.bar, grows=True)
        for part in (self.sort, self.way, self.as_grid, self.as_table, self.auto):
            row.add(part)
        return row

    # -- narrowing -------------------------------------------------------------------------

    def _counter_pressed(self, place: Place) -> None:
        """A second press takes it back. Total is everything, Overdue goes together with a status
        that can be."""
        now = self.host.filter
        if place is Place.ALL:
            self.host.narrow(place=Place.ALL, overdue=False)
        elif place is Place.OVERDUE:
            where = Place.ALL if now.place in _FINISHED else now.place
            self.host.narrow(place=where, overdue=not now.overdue)
        else:
            self._status_chosen(Place.ALL if now.place is place else place)

    def _status_chosen(self, place: object) -> None:
        late = self.host.filter.overdue and place not in _FINISHED
        self.host.narrow(place=place, overdue=late)

    def show_filter(self) -> None:
        """The controls say what narrows the list."""
        wanted, window, board = self.host.filter, self.host, self.host.board
        person, team = board.people.get(wanted.person or ""), board.teams.get(wanted.team or "")
        project = board.projects.get(wanted.project or "")
        self.person.offer_too(wanted.person, person.display_name if person else "Someone")
        self.team.offer_too(wanted.team, team.name if team else "Another team")
        self.project.offer_too(wanted.project, project.name if project else "Another project")
        for place, counter in self.counters.items():
            chosen = wanted.place is place and (place is not Place.ALL or not wanted.overdue)
            counter.setChecked(wanted.overdue if place is Place.OVERDUE else chosen)
        for choice, value in (
            (self.status, wanted.place), (self.person, wanted.person), (self.team, wanted.team),
            (self.project, wanted.project), (window.priority, wanted.priority),
            (self.sort, wanted.sort),
        ):  # fmt: skip
            if choice.value != value:
                choice.set_value(value)
        self.table.show_sort(wanted.sort, wanted.backwards)
        self.way.show_icon("down" if wanted.backwards else "up")
        self.way.setAccessibleName("Sorted backwards" if wanted.backwards else "Sorted forwards")
        self.way.setToolTip("Sort the other way round")
        self._lay_out()

    # -- showing ---------------------------------------------------------------------------

    def opened(self) -> None:
        self.cards.setFocus()

    def show_as(self, view: str) -> None:
        """As cards or as a table; the keyboard goes along."""
        had = self.cards.hasFocus() or self.table.hasFocus() or self._list.hasFocus()
        self._view = TABLE if view == TABLE else GRID
        proxy = self.table if self._view == TABLE else None
        self.cards.setFocusProxy(proxy)  # type: ignore[arg-type]  # Qt takes none
        (self.as_table if self._view == TABLE else self.as_grid).setChecked(True)
        self.show_list()
        if self._view == GRID:
            self.cards.refresh()
        if had:
            self.cards.setFocus()

    @property
    def view(self) -> str:
        return self._view

    def show_list(self) -> None:
        """The tasks that fit the window's filter."""
        board, wanted = self.host.board, self.host.filter
        ids = board.select(wanted, self.host.now())
        self.cards.set_ids(ids)
        self.table.set_ids(self.cards.ids, self.cards.selected_id)
        self.show_filter()
        self.empty.setText(self._why_empty())
        listed = self.table if self._view == TABLE else self.cards
        had = self._list.currentWidget()
        focused = had is not None and had.hasFocus()
        self._list.setCurrentWidget(listed if ids else self.empty)
        if focused and ids:
            self.cards.setFocus()
        number = f"{len(ids):,} task{'' if len(ids) == 1 else 's'}".replace(",", " ")
        if self.count.text() != number:
            self.count.setText(number)
            self.count.updateGeometry()
        self._show_marks()

    def _why_empty(self) -> str:
        if self.host.filter.place is Place.ARCHIVED:
            return "Archived tasks are kept at the server. Here are only those not sent yet."
        if self.host.board.views:
            return "No task fits these filters."
        return "No tasks yet: assign one."

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        board, now = self.host.board, self.host.now()
        self.show_list()
        if changes is None or changes.everything:  # a large board is read by and by
            self.marks.keep(board.views)
        else:
            self.marks.keep(board.views, changes.tasks)
        changed = None if changes is None else ids
        if self._view == TABLE:
            self.table.refresh(changed)
        self.cards.refresh(changed)
        counts = board.counts(now)
        for place, counter in self.counters.items():
            counter.set_value(f"{counts[place]:,}".replace(",", " "))
        staff = [p for p in board.people.values() if p.active and p.role is Role.EMPLOYEE]
        live = sum(self._is_live(person.id, now) for person in staff)
        self.online.set_value(f"{live} / {len(staff)}")
        if changes is None or changes.people or changes.everything:
            self._offer()

    def _offer(self) -> None:
        """The people, teams and projects there are now."""
        board = self.host.board

        def by_name(one: tuple[str, object]) -> str:
            return one[0].casefold()

        people = sorted(((p.display_name, p.id) for p in board.people.values() if p.active),
                        key=by_name)  # fmt: skip
        self.person.set_options([("All people", None), *people])
        teams = sorted(((t.name, t.id) for t in board.teams.values() if not t.archived),
                       key=by_name)  # fmt: skip
        self.team.set_options([("All teams", None), *teams])
        self._lay_out()
        projects = sorted(((p.name, p.id) for p in board.projects.values() if not p.archived),
                          key=by_name)  # fmt: skip
        self.project.set_options([("All projects", None), *projects])

    def _is_live(self, user_id: str, now: int) -> bool:
        presence = self.host.board.presence.get(user_id)
        heard = presence.last_heard_at if presence else None
        return heard is not None and heard > now - LIVE_MS

    def show_age(self, age: str) -> None:
        """How old the data is, beside whether it is kept fresh."""
        word = "on" if self.auto.isChecked() else "off"
        whole = f"Auto-refresh {word} · {age}"
        self.auto.setText(word.capitalize() if self._is_narrow else whole)
        self.auto.setAccessibleName(whole)
        self.auto.setToolTip(whole if self._is_narrow else "")
        self.auto.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        """What is seen of the controls in the room there is, so that the list has some too."""
        narrow = self.width() < _NARROW
        compact = narrow or self.height() < _SHORT
        for counter in (*self.counters.values(), self.online):
            counter.set_low(narrow)
        wanted = self.host.filter
        chosen = sum(value is not None for value in (
            wanted.person, wanted.team, wanted.project, wanted.priority,
        )) + (wanted.place is not Place.ALL)  # fmt: skip
        words = f"Filters · {chosen}" if chosen else "Filters"
        if words != self.more.text():
            self.more.setText(words)
            self.more.setAccessibleName(words)
            self.more.updateGeometry()
        self._see(self.more, compact)
        opened = not compact or self.more.isChecked()
        for choice in self._choices:
            self._see(choice, opened and (choice is not self.team or len(choice.offered) > 1))
        marked = bool(self.marks)
        self._see(self.count, not marked and not narrow)
        self._see(self._space, not marked)
        self._see(self.clear, wanted.narrows and not marked)
        for part in (self.sort, self.way):
            self._see(part, not marked)
        for part in (self.as_grid, self.as_table, self.auto):
            self._see(part, not (marked and narrow))
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            self.host.show_ages()

    _is_narrow = False

    def _see(self, part: QWidget, seen: bool) -> None:
        """What has the keyboard and goes hands it to the list."""
        focused = self.window().focusWidget()
        if not seen and (part is focused or part.isAncestorOf(focused)):
            self.cards.setFocus()
        if part.isHidden() is seen:
            part.setVisible(seen)

    # -- marks -----------------------------------------------------------------------------

    def _marks_changed(self, ids: Collection[str]) -> None:
        every = len(self.marks) == 0 or len(self.marks) == len(ids)  # boxes come or go everywhere
        self.cards.refresh(None if every else ids)
        self._show_marks()

    _listed: tuple[object, frozenset[str]] = (None, frozenset())

    def _show_marks(self) -> None:
        if not self.marks and self.bar.isHidden():
            return
        self._lay_out()
        if self._listed[0] is not self.cards.ids:
            self._listed = self.cards.ids, frozenset(self.cards.ids)
        self.bar.show_marks(self._listed[1])

    # -- the last updates ------------------------------------------------------------------

    def _ask_updates(self, task_id: str) -> None:
        if self._view == GRID:
            self._asked.add(task_id)
            self._counting.start()

    def _count_updates(self) -> None:
        """Of the cards that are seen by now: one read for all."""
        asked, self._asked = self._asked, set()
        seen = [
            card for card in self.cards.cards()
            if isinstance(card, MonitorCard) and card.card_id in asked and card.isVisible()
        ]  # fmt: skip
        counted = self.host.count_updates([card.card_id or "" for card in seen])
        for card in seen:
            card.show_updates(counted.get(card.card_id or "", 0))

    def show_updates(self, task_id: str) -> None:
        """Beside the card, or the line, of the task."""
        card = self.cards.card(task_id)
        if self._view == GRID and isinstance(card, MonitorCard) and card.isVisible():
            place = card.updates_place()
            place.moveTopLeft(card.mapToGlobal(place.topLeft()))
        else:
            line = self.table.visualRect(self.table.currentIndex())
            viewport = self.table.viewport()
            place = QRect(viewport.mapToGlobal(line.topLeft()), line.size())
            place.setWidth(min(viewport.width(), 420))
        self.host.open_updates(task_id, place)

    def keep(self) -> bool:
        self._counting.stop()
        return True
