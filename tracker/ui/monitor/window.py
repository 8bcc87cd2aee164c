"""The monitor: every task of the tenant, live, on the same engine, cache and card list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tracker.cache.projection import Mark
from tracker.domain.change import Kind
from tracker.domain.occupancy import LIVE_MS
from tracker.domain.page import Changes
from tracker.domain.task import Role
from tracker.services import wording
from tracker.services.board import Board, Place
from tracker.services.tasks import Done, NewTask
from tracker.services.workspace import Workspace, device_clock
from tracker.ui.monitor.assign import AssignPage
from tracker.ui.monitor.card import HEIGHT, MIN_WIDTH, MonitorCard
from tracker.ui.monitor.drawer import Drawer
from tracker.ui.surroundings import Surroundings
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.account import Account
from tracker.ui.widgets.border import border
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, Choice, Pressable
from tracker.ui.widgets.settling import Settling
from tracker.ui.widgets.shell import ATTENTION, WAITING

MONITOR, ASSIGN = "Monitor", "Assign"
_PAGES = (MONITOR, ASSIGN, WAITING, ATTENTION)
AGE_REFRESH_MS = 10_000
_COUNTERS = (
    ("Total", Place.ALL, "muted"),
    ("Pending", Place.PENDING, "pending"),
    ("In progress", Place.IN_PROGRESS, "in_progress"),
    ("Completed", Place.DONE, "done"),
    ("Overdue", Place.OVERDUE, "danger"),
)


class Counter(Pressable):
    """A number that filters the grid when pressed."""

    def __init__(self, name: str, colour: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self._colour = colour
        self._value = ""
        self.setFixedHeight(70)
        self.setMinimumWidth(96)

    @property
    def value(self) -> str:
        return self._value

    def set_value(self, value: str) -> None:
        self._value = value
        self.setAccessibleName(f"{self.text()}: {value}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        strong = self.isChecked() or self.hasFocus()
        line = t.accent if strong else t.control_line
        paint.rounded(painter, QRectF(self.rect()), t.surface, line, width=2.0 if strong else 1.0)
        inner = self.rect().adjusted(14, 10, -8, 0)
        inner.setHeight(20)
        paint.text(painter, inner, self.text(), getattr(t, self._colour), tokens.BODY)
        inner.translate(0, 22)
        inner.setHeight(28)
        paint.text(painter, inner, self._value, t.text, tokens.TITLE, bold=True)


class MonitorWindow(Settling):
    """For admins and owners; its own pages are the grid and the assign form."""

    def __init__(
        self, workspace: Workspace, board: Board, around: Surroundings | None = None
    ) -> None:
        title = f"Tracker Monitor · {workspace.profile.tenant}"
        super().__init__(workspace, board, title, AGE_REFRESH_MS, around)
        self._held_back: Changes = Changes()
        self.setMinimumSize(980, 560)
        self.resize(1440, 900)
        self._build()
        self._restore_geometry()
        self.open_page(MONITOR)
        self.cards.setFocus()
        self.show_changes(None)

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        profile = self.work.profile
        about = f"{profile.role.value.capitalize()} · {profile.tenant}"
        groups = ([MONITOR, ASSIGN], [WAITING, ATTENTION])
        self.rail = self._make_rail("Tracker · Monitor", groups, about)
        self.cards = CardList(
            lambda parent: MonitorCard(parent, self.board, self.now),
            HEIGHT, self, min_width=MIN_WIDTH, opens=False,
        )  # fmt: skip
        self.cards.selected.connect(self._selected)
        self.empty = Empty(self)
        grid = QWidget(self)
        column = QVBoxLayout(grid)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_3)
        column.addLayout(self._build_counters())
        column.addLayout(self._build_filters())
        self._list = QStackedWidget(self)
        self._list.addWidget(self.cards)
        self._list.addWidget(self.empty)
        column.addWidget(self._list, 1)
        self.assign = AssignPage(self.board, self)
        self.assign.submitted.connect(self._assign)
        self._stack = QStackedWidget(self)
        for page in (grid, self.assign, self.waiting_page, self.tray_page):
            self._stack.addWidget(page)
        self.drawer = Drawer(
            self.work.actor, self.board, self.work.projection.trail, self.now, self
        )
        self.drawer.acted.connect(self._acted)
        self.drawer.closed.connect(self._close_drawer)
        main = QVBoxLayout()
        main.setContentsMargins(SPACE_4 + 2, 14, SPACE_4 - 6, 0)
        main.setSpacing(SPACE_3)
        main.addWidget(self.banner)
        main.addWidget(self._stack, 1)
        ground = QWidget(self)
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(main, 1)
        row.addWidget(self.drawer)
        self.setCentralWidget(ground)
        self.account = Account(self, reports=False)
        self.commands.add("Assign a task", lambda: self.open_page(ASSIGN), "Ctrl+N")
        self._add_commands()

    def _build_counters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, SPACE_2, 0)
        row.setSpacing(10)
        self.counters: dict[Place, Counter] = {}
        for name, place, colour in _COUNTERS:
            counter = Counter(name, colour, self)
            counter.setCheckable(True)
            counter.setAutoExclusive(True)
            counter.clicked.connect(lambda _c=False, p=place: self._narrow(place=p))
            row.addWidget(counter, 1)
            self.counters[place] = counter
        self.counters[Place.ALL].setChecked(True)
        self.online = Counter("People online", "muted", self)
        self.online.setToolTip("Heard of within about a minute")
        row.addWidget(self.online, 1)
        return row

    def _build_filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, SPACE_2, 0)
        row.setSpacing(10)
        self._make_filters()
        self.person = Choice("Person", [("All people", None)], self, named=False)
        self.person.chosen.connect(lambda value: self._narrow(person=value))
        self.project = Choice("Project", [("All projects", None)], self, named=False)
        self.project.chosen.connect(lambda value: self._narrow(project=value))
        self.auto = Button("Auto-refresh on", self, icon="refresh")
        self.auto.setCheckable(True)
        self.auto.setChecked(True)
        self.auto.toggled.connect(self._auto_toggled)
        row.addWidget(self.search, 1)
        for widget in (self.person, self.project, self.priority, self.auto):
            row.addWidget(widget)
        return row

    # -- showing ---------------------------------------------------------------------------

    def _list_page(self) -> str:
        return MONITOR

    @border("open the page")
    def open_page(self, name: str) -> None:
        self.rail.choose(name)
        self._page = name
        self._show_lists()
        self._stack.setCurrentIndex(_PAGES.index(name))
        self._show_drawer()
        if name == ASSIGN:
            self.assign.title.setFocus()

    @border("narrow the list")
    def _narrow(self, /, **changes: Any) -> None:
        self._filter = replace(self._filter, **changes)
        self._show_cards()

    def _show_cards(self) -> None:
        ids = self.board.select(self._filter, self.now())
        self.cards.set_ids(ids)
        words = "No task fits these filters." if self.board.views else "No tasks yet: assign one."
        self.empty.setText(words)
        self._list.setCurrentWidget(self.cards if ids else self.empty)

    @border("show what changed")
    def show_changes(self, changes: Changes | None) -> None:
        """Refreshes what `changes` names; None says ages and counts anew without reading."""
        ids = self.board.refresh(changes) if changes else frozenset()
        now = self.now()
        self._show_cards()
        self.cards.refresh(None if changes is None else ids)
        chosen = self.cards.selected_id
        if chosen and (changes is None or ids is None or chosen in ids):
            self._show_drawer()
        counts = self.board.counts(now)
        for place, counter in self.counters.items():
            counter.set_value(f"{counts[place]:,}".replace(",", " "))
        staff = [p for p in self.board.people.values() if p.active and p.role is Role.EMPLOYEE]
        live = sum(self._is_live(person.id, now) for person in staff)
        self.online.set_value(f"{live} / {len(staff)}")
        if changes is None or changes.people or changes.everything:
            self._show_people()
        self._show_lists()
        self._show_status()

    def _is_live(self, user_id: str, now: int) -> bool:
        presence = self.board.presence.get(user_id)
        heard = presence.last_heard_at if presence else None
        return heard is not None and heard > now - LIVE_MS

    def _show_people(self) -> None:
        people = [(p.display_name, p.id) for p in self.board.people.values() if p.active]
        self.person.set_options([("All people", None), *people])
        projects = [(p.name, p.id) for p in self.board.projects.values() if not p.archived]
        self.project.set_options([("All projects", None), *projects])
        self.assign.refresh()

    def _show_status(self) -> None:
        super()._show_status()
        word = "on" if self.auto.isChecked() else "off"
        age = wording.age(self.status.synced_at, device_clock())
        self.auto.setText(f"Auto-refresh {word} · {age}")
        self.auto.setAccessibleName(self.auto.text())
        self.auto.updateGeometry()

    def _take_changes(self, changes: Changes) -> None:
        """With auto-refresh off the changes are kept until it is on again, except for what
        became of one's own actions."""
        if self.auto.isChecked():
            self.show_changes(changes)
            return
        self._held_back |= changes
        views = self.board.views
        own = {t for t in changes.tasks if t in views and views[t].mark is not Mark.SAVED}
        if own:
            self.show_changes(Changes(frozenset(own)))

    @border("show what changed")
    def _auto_toggled(self, on: bool) -> None:
        if on:
            held, self._held_back = self._held_back, Changes()
            self.show_changes(held or None)
            self.sync_wanted.emit()
        else:
            self._show_status()

    # -- doing -----------------------------------------------------------------------------

    @border("open the task")
    def _selected(self, task_id: str) -> None:
        self._show_drawer()

    def _close_drawer(self) -> None:
        self.cards.setFocus()  # the drawer takes its own buttons along
        self.cards.select("")

    def _show_drawer(self) -> None:
        """The selected task beside the grid, and beside nothing else."""
        task_id = self.cards.selected_id
        if task_id:
            self.drawer.show_task(self.board.views[task_id])
        self.drawer.setVisible(self._page == MONITOR and bool(task_id))

    @border("save the change")
    def _acted(self, task_id: str, kind: Kind) -> None:
        done = self.tasks.move(kind, task_id)
        self._after(done, kind, lambda: self._acted(task_id, kind))

    @border("create the task")
    def _assign(self, new: NewTask) -> None:
        done = self.tasks.create(new)
        if not self._after(done, Kind.CREATE_TASK, lambda: self._assign(new)):
            return
        assert isinstance(done, Done)
        self.assign.clear()
        names = ", ".join(self.board.name_of(user_id) for user_id, _, _ in new.people)
        self.offer_undo(f"Assigned to {names}: {new.title}", done)
