"""The employee's window: rail, search, cards, details; the same with and without network."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tracker.cache.drafts import NOTE_DRAFT
from tracker.domain import access
from tracker.domain.change import Kind
from tracker.domain.errors import EnvironmentFault
from tracker.domain.page import Changes
from tracker.domain.task import Occupancy, Part, Priority
from tracker.services.board import Board, Filter, Place, Sort
from tracker.services.links import link_to
from tracker.services.tasks import Done, NewTask
from tracker.services.workspace import Workspace
from tracker.ui.detail.hosting import Detailing
from tracker.ui.detail.pane import WIDTH
from tracker.ui.employee.activity_page import ACTIVITY, ActivityPage
from tracker.ui.employee.notices import NOTIFICATIONS, Notices
from tracker.ui.employee.telling import Telling
from tracker.ui.employee.tray import TOLD_TRAY, Tray
from tracker.ui.employee.working import Working
from tracker.ui.surroundings import Surroundings
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4
from tracker.ui.widgets.account import Account
from tracker.ui.widgets.border import border
from tracker.ui.widgets.card_body import CardBody
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import RAIL_WIDTH, Empty
from tracker.ui.widgets.controls import Button, Choice
from tracker.ui.widgets.shell import ATTENTION, WAITING
from tracker.ui.widgets.task_card import CLOSED_HEIGHT, TaskCard

_PLACES = (Place.ALL, Place.TODAY, Place.OVERDUE, Place.IN_PROGRESS, Place.ON_HOLD, Place.DONE,
           Place.WATCHING)  # fmt: skip
log = logging.getLogger(__name__)
AGE_REFRESH_MS = 30_000
PANE_BESIDE = 1120
"""Narrower than this, the window shows the details instead of squeezing the cards."""
ROOM_FOR_ALL, ROOM_FOR_WORDS = 680, 760
"""What the row above the cards needs for the choice of projects, and for words on New task."""

_SORTS = (Sort.DUE, Sort.PRIORITY, Sort.TITLE, Sort.NEWEST)


class EmployeeWindow(Detailing):
    """Its own pages: the cards under each place of the rail."""

    def __init__(
        self, workspace: Workspace, board: Board, around: Surroundings | None = None
    ) -> None:
        title = f"Tracker · {workspace.profile.display_name}"
        super().__init__(workspace, board, title, AGE_REFRESH_MS, around)
        self._page = Place.ALL.value
        self._told_unsaved = False  # that closing now would lose something
        self.setMinimumSize(760, 480)
        self.resize(1080, 760)
        self._build()
        self._restore()
        self.show_changes(None)
        (self.cards if self.cards.ids else self.empty).setFocus()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        groups = ([place.value for place in _PLACES], [NOTIFICATIONS, WAITING, ATTENTION])
        self.rail = self._make_rail("Tracker", groups, self.work.profile.tenant)
        self.rail.rows[Place.ALL.value].setText("My tasks")
        self._make_pane()
        self.working = Working(self)
        self.working.shown.connect(self._show_timer)
        self.account = Account(self, reports=True)
        self.activity_page = ActivityPage(self, self.working)
        self.notices = Notices(self)
        self.telling = Telling(self, self.notices, self._settings)
        self.tray = Tray(self)
        self.body = CardBody(
            self.work.actor,
            self.board,
            self.work.projection.trail,
            self.work.projection.overtaken,
            lambda task_id: self.drafts.read((task_id, NOTE_DRAFT)),
            self.now,
            self.timer_of,
        )
        self.body.acted.connect(self._acted)
        self.body.timed.connect(self.toggle_timer)
        self.body.draft_changed.connect(self._draft_changed)
        self.cards = CardList(self._make_card, CLOSED_HEIGHT, self)
        self.body.setParent(self.cards)
        self.body.hide()
        self.body.going.connect(self.cards.take_focus_from)
        self.cards.selected.connect(self._selected)
        self.cards.activated.connect(lambda _id: self.body.note.setFocus())
        self.pane.closed.connect(lambda: self.show_pane(False))
        self.empty = Empty(self)
        self._stack = QStackedWidget(self)
        self._pages = {
            NOTIFICATIONS: self.notices.page,
            WAITING: self.waiting_page,
            ATTENTION: self.tray_page,
            ACTIVITY: self.activity_page,
        }
        for page in (self.cards, self.empty, *self._pages.values()):
            self._stack.addWidget(page)
        self._main = QWidget(self)
        main = QVBoxLayout(self._main)
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
        row.addWidget(self._main, 1)
        row.addWidget(self.pane)
        self.setCentralWidget(ground)
        self._add_own_commands()
        self._add_commands()

    def _build_top(self) -> QHBoxLayout:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, SPACE_2, 0)
        top.setSpacing(10)
        self.make_filters()
        self.project = Choice("Project", [("All projects", None)], self, named=False)
        self.project.chosen.connect(lambda value: self.narrow(project=value))
        self.sort = Choice("Sort", [(sort.value, sort) for sort in _SORTS], self)
        self.sort.chosen.connect(lambda value: self.narrow(sort=value))
        self.new = Button("New task", self, icon="plus")
        self.new.clicked.connect(self.new_task)
        self.more = Button("", self, icon="command")
        self.more.setAccessibleName("All commands")
        self.more.setToolTip("All commands   Ctrl+K")
        self.more.clicked.connect(self.open_palette)
        top.addWidget(self.search, 1)
        for widget in (self.priority, self.project, self.sort, self.new, self.more):
            top.addWidget(widget)
        return top

    def _add_own_commands(self) -> None:
        """In the order of the palette: what is done with the selected task first."""
        add, body, pane = self.commands.add, self.body, self.pane

        def with_button(name: str, button: Button, keys: str = "") -> None:
            add(name, button.click, keys, lambda: button.isVisibleTo(self) and self._has_task())

        add("New task", self.new_task, "Ctrl+N")
        add(ACTIVITY, lambda: self.open_page(ACTIVITY))
        with_button("Complete the task", body.complete, "Ctrl+Shift+Return")
        with_button("Start or stop the timer", body.timer, "Ctrl+T")
        with_button("Start the task", body.start)
        with_button("Put the task on hold", body.hold)
        with_button("Resume the task", body.resume)
        with_button("Reopen the task", body.reopen)
        with_button("Accept the task", pane.accept)
        with_button("Cancel the task", pane.cancel)
        add(
            "Edit the task",
            self._edit_selected,
            "Ctrl+E",
            self._may_edit,
        )
        add("Write a comment", self._go_to_comment, "Ctrl+M", self._has_task)
        add("Copy a link to the task", self._copy_link, "Ctrl+Shift+C", self._has_task)
        add("Show or hide the details", self._toggle_pane, "Ctrl+D")
        notices = self.notices
        add("Mark all notifications as read", notices.read_all, may=lambda: notices.unread > 0)

    def _make_card(self, parent: QWidget) -> TaskCard:
        actor = self.work.actor
        card = TaskCard(
            parent,
            self.board,
            self.body,
            self.now,
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
        if name in self._pages:
            self._show_lists()
            if name == ACTIVITY:
                self.activity_page.open()
            self._stack.setCurrentWidget(self._pages[name])
            self.notices.refresh(None)
            self._show_pane()
        else:
            self.narrow(place=Place(name))

    @border("narrow the list")
    def narrow(self, /, **changes: Any) -> None:
        self._filter = replace(self._filter, **changes)
        if self._page in self._pages and "place" not in changes:
            self._page = self._filter.place.value
            self.rail.choose(self._page)
        self._show_cards()
        self._show_pane()

    def show_all_tasks(self) -> None:
        """The list without anything that narrows it."""
        self.search.show_words("")
        self.priority.set_value(None)
        self.project.set_value(None)
        self._filter = Filter(sort=self._filter.sort)
        self.open_page(Place.ALL.value)

    def _show_cards(self) -> None:
        ids = self.board.select(self._filter, self.now())
        self.cards.set_ids(ids)
        if self._page in self._pages:
            return
        self.empty.setText(self._why_empty())
        now, other = (self.cards, self.empty) if ids else (self.empty, self.cards)
        had_focus = other.hasFocus()
        self._stack.setCurrentWidget(now)
        if had_focus:  # else it would go to whatever control comes next
            now.setFocus()

    def _why_empty(self) -> str:
        if self._filter.text or self._filter.priority or self._filter.project:
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
        now = self.now()
        self._show_cards()
        self.cards.refresh(None if changes is None else ids)
        chosen = self.cards.selected_id
        if chosen and (ids is None or changes is None or chosen in ids):
            self.body.show_task(self.board.views[chosen])
            self.cards.refresh({chosen})
        if chosen and changes is not None:
            self._filling.start(0)
        for place, count in self.board.counts(now).items():
            if place.value in self.rail.rows:
                self.rail.rows[place.value].set_count(count)
        if changes is None:
            self._store_view()
        if changes is None or changes.people or changes.everything:
            projects = [(p.name, p.id) for p in self.board.projects.values() if not p.archived]
            self.project.set_options([("All projects", None), *projects])
        self._show_lists()
        self.notices.refresh(changes)
        self._show_status()

    def _take_changes(self, changes: Changes) -> None:
        before = self.telling.before(changes)
        super()._take_changes(changes)
        self.body.keep_draft()
        self.telling.tell(before, changes)

    # -- the details -----------------------------------------------------------------------

    def _has_task(self) -> bool:
        return bool(self.cards.selected_id) and self._page == self._list_page()

    def _toggle_pane(self) -> None:
        self.show_pane(not self._wants_pane)

    def show_pane(self, wanted: bool) -> None:
        """The person wants the details beside the cards, or not."""
        if self.pane.isAncestorOf(self.focusWidget()):
            self.cards.setFocus()
        self._wants_pane = wanted
        self._show_pane()

    def _wants_details(self) -> bool:
        return self._wants_pane and self._has_task()

    def _pane_shown(self) -> None:
        self._share_room()

    def _share_room(self) -> None:
        """A narrow window shows the details instead of the cards; the row above the cards gives up
        words before the search field gets too small."""
        beside = self.width() >= PANE_BESIDE
        details_alone = self.pane.isVisibleTo(self) and not beside
        self.pane.set_beside(beside)
        self._main.setVisible(not details_alone)
        pane = WIDTH if beside and self.pane.isVisibleTo(self) else 0
        room = self.width() - RAIL_WIDTH - pane
        self.new.setText("New task" if room >= ROOM_FOR_WORDS else "")
        self.new.updateGeometry()
        self.project.setVisible(room >= ROOM_FOR_ALL or self._filter.project is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _copy_link(self) -> None:
        QGuiApplication.clipboard().setText(link_to(self.cards.selected_id))
        self.toast.say("Link copied.", link_to(self.cards.selected_id))

    def _go_to_comment(self) -> None:
        self._wants_pane = True
        self._fill_pane()
        self.pane.box.setFocus()

    # -- doing -----------------------------------------------------------------------------

    @border("open the task")
    def _selected(self, task_id: str) -> None:
        if task_id:
            self.body.show_task(self.board.views[task_id])
            self.cards.refresh({task_id})
        else:
            self.body.hide()
        self._show_pane()

    @border("save the change")
    def _acted(self, task_id: str, kind: Kind, percent: int | None) -> None:
        """Sends along what the opened card's note says now, also when it is done again."""
        opened = task_id == self.cards.selected_id
        note = self.body.note.toPlainText() if opened else ""
        if opened:
            self._draft_changed(task_id, note)
        if kind is Kind.SET_PROGRESS:
            done = self.tasks.set_progress(task_id, percent, note)
        elif kind is Kind.COMMENT:
            done = self.tasks.comment(task_id, note)
        else:
            done = self.tasks.move(kind, task_id, note)
        if isinstance(done, Done) and opened:
            # Before the card may leave the page: one that goes keeps what is written as a draft.
            self.body.clear_note(note)
            self.drafts.sent((task_id, NOTE_DRAFT))
        self._after(done, kind, lambda: self._acted(task_id, kind, percent))

    def _show_withdrawn(self, changes: Changes) -> None:
        super()._show_withdrawn(changes)
        self.body.read_draft(changes.tasks)

    def new_task(self) -> None:
        """A task for oneself."""
        from tracker.ui.dialogs.task import TaskDialog

        def save(values: dict[str, Any]) -> None:
            new = NewTask(**values, people=[(self.board.me, Part.ASSIGNEE, 100)])
            self.create_task(new, lambda done: self._made(new, done))

        TaskDialog(self.board, save, self).open()

    def _made(self, new: NewTask, done: Done) -> None:
        self.go_to_task(done.task_id)
        self.offer_undo(f"Made: {new.title}", done)

    def _may_edit(self) -> bool:
        view = self.board.views.get(self.cards.selected_id)
        return view is not None and access.may(self.work.actor, Kind.EDIT_FIELDS, view.state)

    def _edit_selected(self) -> None:
        self.edit_task(self.cards.selected_id)

    def timer_of(self, task_id: str) -> int | None:
        return self.working.timer_of(task_id)

    def toggle_timer(self, task_id: str) -> None:
        self.working.toggle(task_id)

    def begin(self) -> None:
        self.working.start()
        self.notices.begin()
        self.tray.begin()
        self.telling.begin()

    def _show_status(self) -> None:
        super()._show_status()
        self.tray.refresh()

    def _stays_in_tray(self) -> bool:
        keeps = self.tray.keeps()
        if keeps and str(self._settings.value(TOLD_TRAY)) != "true":
            self._settings.setValue(TOLD_TRAY, "true")
            self.tray.tell_hidden()
        return keeps

    def occupancy_now(self) -> Occupancy | None:
        return self.working.occupancy

    def _show_timer(self) -> None:
        if self.cards.selected_id:
            self.body.show_timer()
            if self.pane.isVisible():
                self.pane.show_timer()

    # -- drafts ----------------------------------------------------------------------------

    def _draft_changed(self, task_id: str, text: str) -> None:
        self.drafts.change((task_id, NOTE_DRAFT), text)
        self._save_drafts()

    @border("save the note")
    def _save_drafts(self) -> None:
        """What was given up comes back into the draft whenever the server agrees, and into the
        field."""
        for task_id, name in self.drafts.save():
            if name == NOTE_DRAFT:
                self.body.read_draft({task_id})
        self._told_unsaved = False

    # -- the window itself -----------------------------------------------------------------

    def _restore(self) -> None:
        self._restore_geometry()
        stored = self._settings
        place = str(stored.value("place", Place.ALL.value))
        kept = str(stored.value("sort"))
        self.sort.set_value(Sort(kept) if kept in _SORTS else Sort.DUE)
        narrowed = str(stored.value("priority"))
        self.priority.set_value(Priority(narrowed) if narrowed in set(Priority) else None)
        project = str(stored.value("project", ""))
        self._wants_pane = stored.value("pane", "false") == "true"
        self._filter = Filter(
            priority=self.priority.value,  # type: ignore[arg-type]
            project=project if project in self.board.projects else None,
            sort=self.sort.value,  # type: ignore[arg-type]
            text=str(stored.value("search", "")),
        )
        self.search.show_words(self._filter.text)
        if self._filter.project:
            self.project.set_options(
                [("All projects", None), (self.board.projects[project].name, project)]
            )
            self.project.set_value(project)
        self.open_page(place if place in [*self.rail.rows, *self._pages] else Place.ALL.value)
        chosen = str(stored.value("selected", ""))
        if chosen in self.board.views:
            QTimer.singleShot(0, self, lambda: self.cards.select(chosen))
        with suppress(ValueError):
            at = int(str(stored.value("scroll", "0")))
            QTimer.singleShot(0, self, lambda: self.cards.verticalScrollBar().setValue(at))

    def _store_view(self) -> None:
        """Where the person is, for the next start: also of a program that is ended by force."""
        for name, value in (
            ("place", self._page),
            ("sort", self._filter.sort.value),
            ("priority", self._filter.priority or ""),
            ("project", self._filter.project or ""),
            ("selected", self.cards.selected_id),
            ("scroll", self.cards.verticalScrollBar().value()),
            ("pane", "true" if self._wants_pane else "false"),
            ("search", self._filter.text),
        ):
            self._settings.setValue(name, value)

    def _keep_state(self) -> bool:
        told = self._told_unsaved  # read first: a draft that is saved now is no news of the timer
        if self.cards.selected_id:
            self._draft_changed(self.cards.selected_id, self.body.note.toPlainText())
        self.pane.keep_draft()
        self.activity_page.leave()
        self._filling.stop()
        self._store_view()
        if self.drafts.unsaved and not told:
            self._told_unsaved = True
            return False
        try:
            self.working.stop()
        except EnvironmentFault as fault:
            if not told:
                self._told_unsaved = True
                self.tell_fault("keep the timer", fault, self._close_again)
                return False
            log.warning("closed without the timer's last minutes: %s", fault)
            self.working.watch.stop()
        return True

    def _close_again(self) -> None:
        self.close()
