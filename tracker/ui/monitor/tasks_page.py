"""The monitor's first page: counters, filters, and every task of the tenant as a grid of cards."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tracker.domain.occupancy import LIVE_MS
from tracker.domain.page import Changes
from tracker.domain.task import Role
from tracker.services.board import Place
from tracker.ui.monitor.card import HEIGHT, MIN_WIDTH, MonitorCard
from tracker.ui.monitor.page import Page
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, Choice, Pressable

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

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
        if value == self._value:
            return
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


class TasksPage(Page):
    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self.cards = CardList(
            lambda parent: MonitorCard(parent, window.board, window.now),
            HEIGHT, self, min_width=MIN_WIDTH, opens=False,
        )  # fmt: skip
        self.empty = Empty(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_3)
        column.addLayout(self._build_counters())
        column.addLayout(self._build_filters())
        self._list = QStackedWidget(self)
        self._list.addWidget(self.cards)
        self._list.addWidget(self.empty)
        column.addWidget(self._list, 1)

    def _build_counters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, SPACE_2, 0)
        row.setSpacing(10)
        self.counters: dict[Place, Counter] = {}
        for name, place, colour in _COUNTERS:
            counter = Counter(name, colour, self)
            counter.setCheckable(True)
            counter.setAutoExclusive(True)
            counter.clicked.connect(lambda _c=False, p=place: self.host.narrow(place=p))
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
        window = self.host
        window.make_filters()
        self.person = Choice("Person", [("All people", None)], self, named=False)
        self.person.chosen.connect(lambda value: window.narrow(person=value))
        self.project = Choice("Project", [("All projects", None)], self, named=False)
        self.project.chosen.connect(lambda value: window.narrow(project=value))
        self.auto = Button("Auto-refresh on", self, icon="refresh")
        self.auto.setCheckable(True)
        self.auto.setChecked(True)
        row.addWidget(window.search, 1)
        for widget in (self.person, self.project, window.priority, self.auto):
            row.addWidget(widget)
        return row

    # -- showing ---------------------------------------------------------------------------

    def opened(self) -> None:
        self.cards.setFocus()

    def show_list(self) -> None:
        """The tasks that fit the window's filter."""
        board = self.host.board
        ids = board.select(self.host.filter, self.host.now())
        self.cards.set_ids(ids)
        words = "No task fits these filters." if board.views else "No tasks yet: assign one."
        self.empty.setText(words)
        self._list.setCurrentWidget(self.cards if ids else self.empty)

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        self.show_list()
        self.cards.refresh(None if changes is None else ids)
        board, now = self.host.board, self.host.now()
        counts = board.counts(now)
        for place, counter in self.counters.items():
            counter.set_value(f"{counts[place]:,}".replace(",", " "))
        staff = [p for p in board.people.values() if p.active and p.role is Role.EMPLOYEE]
        live = sum(self._is_live(person.id, now) for person in staff)
        self.online.set_value(f"{live} / {len(staff)}")
        if changes is None or changes.people or changes.everything:
            people = [(p.display_name, p.id) for p in board.people.values() if p.active]
            self.person.set_options([("All people", None), *people])
            projects = [(p.name, p.id) for p in board.projects.values() if not p.archived]
            self.project.set_options([("All projects", None), *projects])

    def _is_live(self, user_id: str, now: int) -> bool:
        presence = self.host.board.presence.get(user_id)
        heard = presence.last_heard_at if presence else None
        return heard is not None and heard > now - LIVE_MS

    def show_age(self, age: str) -> None:
        """How old the data is, beside whether it is kept fresh."""
        word = "on" if self.auto.isChecked() else "off"
        self.auto.setText(f"Auto-refresh {word} · {age}")
        self.auto.setAccessibleName(self.auto.text())
        self.auto.updateGeometry()
