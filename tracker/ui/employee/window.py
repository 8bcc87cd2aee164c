"""The employee's window: rail, search, cards; it works the same with and without network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tracker.cache.drafts import NOTE_DRAFT
from tracker.domain import access
from tracker.domain.change import Kind
from tracker.domain.page import Changes
from tracker.domain.task import Priority
from tracker.services.board import Board, Filter, Place, Sort
from tracker.services.tasks import Done
from tracker.services.workspace import Workspace, device_clock
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4
from tracker.ui.widgets.border import border
from tracker.ui.widgets.card_body import CardBody
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Choice
from tracker.ui.widgets.settling import Settling
from tracker.ui.widgets.shell import ATTENTION, WAITING
from tracker.ui.widgets.task_card import CLOSED_HEIGHT, TaskCard

_PLACES = (Place.ALL, Place.TODAY, Place.OVERDUE, Place.IN_PROGRESS, Place.ON_HOLD, Place.DONE,
           Place.WATCHING)  # fmt: skip
AGE_REFRESH_MS = 30_000


class EmployeeWindow(Settling):
    """Its own pages: the cards under each place of the rail."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        title = f"Tracker · {workspace.profile.display_name}"
        super().__init__(workspace, board, title, AGE_REFRESH_MS)
        self._page = Place.ALL.value
        self._unsaved: dict[str, str] = {}  # half-typed notes that the disk did not take yet
        self._kept: dict[str, str] = {}  # notes as they were last read from the disk or written
        self._told_unsaved = False
        self.setMinimumSize(760, 480)
        self.resize(1080, 760)
        self._build()
        self._restore()
        self.cards.setFocus()
        self.show_changes(None)

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        groups = ([place.value for place in _PLACES], [WAITING, ATTENTION])
        self.rail = self._make_rail("Tracker", groups, self._work.profile.tenant)
        self.rail.rows[Place.ALL.value].setText("My tasks")
        self.body = CardBody(
            self._work.actor,
            self.board,
            self._work.projection.trail,
            self._work.projection.overtaken,
            self._draft,
            self._now,
        )
        self.body.acted.connect(self._acted)
        self.body.draft_changed.connect(self._draft_changed)
        self.cards = CardList(self._make_card, CLOSED_HEIGHT, self)
        self.body.setParent(self.cards)
        self.body.hide()
        self.body.going.connect(self.cards.take_focus_from)
        self.cards.selected.connect(self._selected)
        self.cards.activated.connect(lambda _id: self.body.note.setFocus())
        self.empty = Empty(self)
        self._stack = QStackedWidget(self)
        for page in (self.cards, self.empty, self.waiting_page, self.tray_page):
            self._stack.addWidget(page)
        main = QVBoxLayout()
        main.setContentsMargins(SPACE_4 + 2, 14, SPACE_4 - 6, 0)
        main.setSpacing(SPACE_3)
        main.addLayout(self._build_top())
        banner_row = QHBoxLayout()
        banner_row.setContentsMargins(0, 0, SPACE_2, 0)
        banner_row.addWidget(self.banner)
        main.addLayout(banner_row)
        main.addWidget(self._stack, 1)
        ground = QWidget(self)
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(main, 1)
        self.setCentralWidget(ground)
        self._bind_keys(("Ctrl+1", lambda: self.open_page(Place.ALL.value)))

    def _build_top(self) -> QHBoxLayout:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, SPACE_2, 0)
        top.setSpacing(10)
        self._make_filters()
        self.sort = Choice("Sort", [(sort.value, sort) for sort in Sort], self)
        self.sort.chosen.connect(lambda value: self._narrow(sort=value))
        top.addWidget(self.search, 1)
        top.addWidget(self.priority)
        top.addWidget(self.sort)
        return top

    def _make_card(self, parent: QWidget) -> TaskCard:
        actor = self._work.actor
        card = TaskCard(
            parent,
            self.board,
            self.body,
            self._now,
            lambda view: access.may(actor, Kind.SET_PROGRESS, view.state),
        )
        card.committed.connect(
            lambda task_id, percent: self._acted(task_id, Kind.SET_PROGRESS, percent)
        )
        return card

    # -- showing ---------------------------------------------------------------------------

    def _list_page(self) -> str:
        return self._filter.place.value

    @border("open the page")
    def open_page(self, name: str) -> None:
        """Goes to a row of the rail."""
        self._page = name
        self.rail.choose(name)
        if name in (WAITING, ATTENTION):
            self._show_lists()
            self._stack.setCurrentWidget(self.waiting_page if name == WAITING else self.tray_page)
        else:
            self._narrow(place=Place(name))

    @border("narrow the list")
    def _narrow(self, /, **changes: Any) -> None:
        self._filter = replace(self._filter, **changes)
        if self._page in (WAITING, ATTENTION) and "place" not in changes:
            self._page = self._filter.place.value
            self.rail.choose(self._page)
        self._show_cards()

    def _show_cards(self) -> None:
        ids = self.board.select(self._filter, self._now())
        self.cards.set_ids(ids)
        if self._page in (WAITING, ATTENTION):
            return
        self.empty.setText(self._why_empty())
        self._stack.setCurrentWidget(self.cards if ids else self.empty)

    def _why_empty(self) -> str:
        if self._filter.text or self._filter.priority:
            return "No task fits. Clear the search or the filter to see all."
        if not self.board.views:
            if self.status.synced_at is None:
                return "Your tasks appear here as soon as the server answers."
            return "No tasks yet. When somebody assigns you one, it appears here within seconds."
        return f"Nothing under “{self._page}”."

    @border("show what changed")
    def show_changes(self, changes: Changes | None) -> None:
        """Refreshes what `changes` names; None says ages and counts anew without reading."""
        ids = self.board.refresh(changes) if changes else frozenset()
        now = self._now()
        self._show_cards()
        self.cards.refresh(None if changes is None else ids)
        chosen = self.cards.selected_id
        if chosen and (ids is None or changes is None or chosen in ids):
            self.body.show_task(self.board.views[chosen])
            self.cards.refresh({chosen})
        for place, count in self.board.counts(now).items():
            if place.value in self.rail.rows:
                self.rail.rows[place.value].set_count(count)
        self._show_lists()
        self._show_status()

    def _take_changes(self, changes: Changes) -> None:
        super()._take_changes(changes)
        self.body.keep_draft()

    # -- doing -----------------------------------------------------------------------------

    @border("open the task")
    def _selected(self, task_id: str) -> None:
        if task_id:
            self.body.show_task(self.board.views[task_id])
            self.cards.refresh({task_id})
        else:
            self.body.hide()

    @border("save the change")
    def _acted(self, task_id: str, kind: Kind, percent: int | None) -> None:
        """Sends along what the opened card's note says now, also when it is done again."""
        opened = task_id == self.cards.selected_id
        note = self.body.note.toPlainText() if opened else ""
        if opened:
            self._draft_changed(task_id, note)
        if kind is Kind.SET_PROGRESS:
            done = self._tasks.set_progress(task_id, percent, note)
        elif kind is Kind.COMMENT:
            done = self._tasks.comment(task_id, note)
        else:
            done = self._tasks.move(kind, task_id, note)
        if isinstance(done, Done) and opened:
            # Before the card may leave the page: one that goes keeps what is written as a draft.
            self.body.clear_note(note)
            self._unsaved.pop(task_id, None)
        self._after(done, kind, lambda: self._acted(task_id, kind, percent))

    def _show_withdrawn(self, changes: Changes) -> None:
        super()._show_withdrawn(changes)
        self.body.read_draft(changes.tasks)

    def _draft(self, task_id: str) -> str:
        if task_id in self._unsaved:
            return self._unsaved[task_id]
        self._kept[task_id] = self._work.outbox.draft(task_id, NOTE_DRAFT)
        return self._kept[task_id]

    def _draft_changed(self, task_id: str, text: str) -> None:
        self._unsaved[task_id] = text
        self._save_drafts()

    @border("save the note")
    def _save_drafts(self) -> None:
        """Each is held here until it is on the disk: its field may show another task by then. What
        was given up comes back into the draft whenever the server agrees, and into the field."""
        for task_id, text in list(self._unsaved.items()):
            known = self._kept.get(task_id)
            kept = self._work.outbox.save_draft(task_id, NOTE_DRAFT, text, device_clock(), known)
            self._kept[task_id] = kept
            del self._unsaved[task_id]
            if kept != text:
                self.body.read_draft({task_id})
        self._told_unsaved = False

    # -- the window itself -----------------------------------------------------------------

    def _restore(self) -> None:
        self._restore_geometry()
        place = str(self._settings.value("place", Place.ALL.value))
        kept = str(self._settings.value("sort"))
        self.sort.set_value(Sort(kept) if kept in set(Sort) else Sort.DUE)
        narrowed = str(self._settings.value("priority"))
        self.priority.set_value(Priority(narrowed) if narrowed in set(Priority) else None)
        self._filter = Filter(
            priority=self.priority.value,  # type: ignore[arg-type]
            sort=self.sort.value,  # type: ignore[arg-type]
        )
        self.open_page(place if place in self.rail.rows else Place.ALL.value)
        chosen = str(self._settings.value("selected", ""))
        if chosen in self.board.views:
            QTimer.singleShot(0, self, lambda: self.cards.select(chosen))

    def _keep_state(self) -> bool:
        if self.cards.selected_id:
            self._draft_changed(self.cards.selected_id, self.body.note.toPlainText())
        self._settings.setValue("place", self._page)
        self._settings.setValue("sort", self._filter.sort.value)
        self._settings.setValue("priority", self._filter.priority or "")
        self._settings.setValue("selected", self.cards.selected_id)
        told, self._told_unsaved = self._told_unsaved, bool(self._unsaved)
        return told or not self._unsaved
