"""The employee's window: rail, search, cards; it works the same with and without network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from tracker.cache.outbox import TrayEntry
from tracker.domain import access
from tracker.domain.change import Kind
from tracker.domain.errors import Refusal, entry_of
from tracker.domain.page import Changes
from tracker.domain.task import Priority
from tracker.services import wording
from tracker.services.board import Board, Filter, Place, Sort
from tracker.services.status import SyncStatus
from tracker.services.tasks import NOTE_DRAFT, Done, Tasks
from tracker.services.workspace import Workspace, device_clock
from tracker.sync.engine import Report
from tracker.ui.employee import pages
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4
from tracker.ui.widgets.card_body import CardBody
from tracker.ui.widgets.card_list import CardList
from tracker.ui.widgets.chrome import Banner, Empty, Rail, SyncChip, Toast, Who
from tracker.ui.widgets.controls import Choice, Search
from tracker.ui.widgets.rows import RowPage
from tracker.ui.widgets.task_card import CLOSED_HEIGHT, TaskCard

WAITING, ATTENTION = "Waiting to send", "Needs attention"
_PLACES = (Place.ALL, Place.TODAY, Place.OVERDUE, Place.IN_PROGRESS, Place.ON_HOLD, Place.DONE,
           Place.WATCHING)  # fmt: skip
_UNDOABLE = {Kind.COMPLETE: "Completed", Kind.HOLD: "On hold", Kind.CANCEL: "Cancelled"}
AGE_REFRESH_MS = 30_000
"""How often ages and "due in" are said anew."""


class EmployeeWindow(QMainWindow):
    """Everything a person does goes through `Tasks` to the outbox; rows come from the board.

    `sync_wanted` asks for synchronising now, `sign_in_wanted` for the sign-in dialog.
    """

    sync_wanted = Signal()
    sign_in_wanted = Signal()
    closed = Signal()

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__()
        self._work, self.board, self._tasks = workspace, board, Tasks(workspace)
        self._filter = Filter()
        self._page = Place.ALL.value
        self.status = SyncStatus(synced_at=workspace.confirmed.position().pulled_at)
        profile = workspace.profile
        self.setWindowTitle(f"Tracker · {profile.display_name}")
        self.setMinimumSize(760, 480)
        self.resize(1080, 760)
        self._settings = QSettings(str(profile.folder / "window.ini"), QSettings.Format.IniFormat)
        self._build()
        self.toast = Toast(self)
        self._restore()
        self.cards.setFocus()
        self._ages = QTimer(self)
        self._ages.setInterval(AGE_REFRESH_MS)
        self._ages.timeout.connect(lambda: self.show_changes(None))
        self._ages.start()
        self.show_changes(None)

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        profile = self._work.profile
        groups = ([place.value for place in _PLACES], [WAITING, ATTENTION])
        self.rail = Rail("Tracker", groups, self)
        self.rail.rows[Place.ALL.value].setText("My tasks")
        self.rail.chosen.connect(self.open_page)
        self.rail.add_foot(Who(profile.display_name, f"{profile.tenant}", self))
        self.chip = SyncChip(self)
        self.chip.clicked.connect(self._chip_pressed)
        self.rail.add_foot(self.chip)
        self.banner = Banner(self)
        self.banner.pressed.connect(self._chip_pressed)
        self.body = CardBody(
            self._work.actor,
            self.board,
            self._work.projection.trail,
            lambda task_id: self._work.outbox.draft(task_id, NOTE_DRAFT),
            self._now,
        )
        self.body.acted.connect(self._acted)
        self.body.draft_changed.connect(self._draft_changed)
        self.cards = CardList(self._make_card, CLOSED_HEIGHT, self)
        self.body.setParent(self.cards)
        self.body.hide()
        self.cards.selected.connect(self._selected)
        self.cards.activated.connect(lambda _id: self.body.note.setFocus())
        self.empty = Empty(self)
        self.waiting_page = RowPage("Everything has been delivered.", self)
        self.tray_page = RowPage("Nothing needs your attention.", self)
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
        for keys, do in (
            ("Ctrl+F", self.search.setFocus),
            ("F5", self.sync_wanted.emit),
            ("Ctrl+1", lambda: self.open_page(Place.ALL.value)),
            ("Ctrl+L", self.cards.setFocus),
        ):
            QShortcut(QKeySequence(keys), self, do)

    def _build_top(self) -> QHBoxLayout:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, SPACE_2, 0)
        top.setSpacing(10)
        self.search = Search("Search tasks and projects   Ctrl+F", self)
        self.search.searched.connect(lambda text: self._narrow(text=text))
        priorities = [("All priorities", None), *((p.value.capitalize(), p) for p in Priority)]
        self.priority = Choice("", priorities, self)
        self.priority.chosen.connect(lambda value: self._narrow(priority=value))
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
        card.committed.connect(self._bar_moved)
        return card

    def _now(self) -> int:
        return self._work.server_now()

    # -- showing ---------------------------------------------------------------------------

    def open_page(self, name: str) -> None:
        """Goes to a row of the rail."""
        self._page = name
        self.rail.choose(name)
        if name in (WAITING, ATTENTION):
            self._show_lists()
            self._stack.setCurrentWidget(self.waiting_page if name == WAITING else self.tray_page)
        else:
            self._narrow(place=Place(name))

    def _narrow(self, **changes: object) -> None:
        known = {name: getattr(self._filter, name) for name in Filter.__slots__}
        self._filter = Filter(**{**known, **changes})
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

    def _show_lists(self) -> None:
        now = self._now()
        waiting, tray = self._work.outbox.waiting(), self._work.outbox.tray()
        self.rail.rows[WAITING].set_count(len(waiting))
        self.rail.rows[ATTENTION].set_count(len(tray))
        self.waiting_page.show_rows(
            [pages.waiting_row(item, now, self._withdraw) for item in waiting]
        )
        self.tray_page.show_rows(
            [
                pages.tray_row(entry, now, self._retry, self._send_as_comment, self._discard)
                for entry in tray
            ]
        )

    def _show_status(self) -> None:
        now = device_clock()
        self.chip.show_status(self.status, now)
        self.banner.show_status(self.status, now)

    def show_report(self, report: Report) -> None:
        """A run of the engine ended: rows first, then what it says about itself."""
        refused_before = self.status.tray
        self.status = self.status.after(report)
        if report.changes:
            self.show_changes(report.changes)
        else:
            self._show_status()
        if report.tray > refused_before:
            self._tell_refusal()

    def show_sending(self, done: int, total: int) -> None:
        self.status = replace(self.status, sending=(done, total))
        self._show_status()

    def _tell_refusal(self) -> None:
        newest = self._work.outbox.tray()[-1]
        code = newest.receipt.code or "E5008"
        self.toast.say(
            wording.attempt(newest.action.kind, code),
            entry_of(code).message,
            bad=True,
            action=("Look", lambda: self.open_page(ATTENTION)),
        )

    # -- doing -----------------------------------------------------------------------------

    def _selected(self, task_id: str) -> None:
        if task_id:
            self.body.show_task(self.board.views[task_id])
            self.cards.refresh({task_id})
        else:
            self.body.hide()

    def _bar_moved(self, task_id: str, percent: int) -> None:
        note = self.body.note.toPlainText() if task_id == self.cards.selected_id else ""
        self._acted(task_id, Kind.SET_PROGRESS, percent, note)

    def _acted(self, task_id: str, kind: Kind, percent: int | None, note: str) -> None:
        if task_id == self.cards.selected_id:
            self._draft_changed(task_id, note)
        if kind is Kind.SET_PROGRESS:
            done = self._tasks.set_progress(task_id, percent, note)
        elif kind is Kind.COMMENT:
            done = self._tasks.comment(task_id, note)
        else:
            done = self._tasks.move(kind, task_id, note)
        self._after(done, kind, lambda: self._acted(task_id, kind, percent, note))
        if isinstance(done, Done) and task_id == self.cards.selected_id:
            self.body.clear_note()

    def _after(self, done: Done | Refusal, kind: Kind, again: Callable[[], None]) -> bool:
        """Shows what happened: the card at once, an undo where there is one, or why not."""
        if isinstance(done, Refusal):
            self.toast.say(
                wording.attempt(kind, done.code), done.message, bad=True, action=("Retry", again)
            )
            self.show_changes(None)
            return False
        self.show_changes(done.changes)
        self.sync_wanted.emit()
        if done.kind in _UNDOABLE:
            title = self.board.views[done.task_id].task.title
            undo = ("Undo", lambda: self._undo(done))
            self.toast.say(f"{_UNDOABLE[done.kind]}: {title}", action=undo)
        return True

    def _undo(self, done: Done) -> None:
        undone = self._tasks.undo(done)
        if isinstance(undone, Changes):
            self.show_changes(undone)
        else:
            self._after(undone, Kind.REOPEN, lambda: self._undo(done))

    def _withdraw(self, op_id: str) -> None:
        self.show_changes(self._tasks.withdraw(op_id))

    def _retry(self, entry: TrayEntry) -> None:
        self._after(self._tasks.retry(entry), entry.action.kind, lambda: self._retry(entry))

    def _send_as_comment(self, entry: TrayEntry) -> None:
        done = self._tasks.send_as_comment(entry)
        if self._after(done, Kind.COMMENT, lambda: self._send_as_comment(entry)):
            self.toast.say("Sent as a comment.")

    def _discard(self, entry: TrayEntry) -> None:
        self.show_changes(self._tasks.discard(entry))

    def _draft_changed(self, task_id: str, text: str) -> None:
        self._work.outbox.save_draft(task_id, NOTE_DRAFT, text, device_clock())

    def _chip_pressed(self) -> None:
        if self.status.state == "sign in":
            self.sign_in_wanted.emit()
        else:
            self.sync_wanted.emit()

    # -- the window itself -----------------------------------------------------------------

    def _restore(self) -> None:
        geometry = self._settings.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        place = str(self._settings.value("place", Place.ALL.value))
        self.sort.set_value(Sort(str(self._settings.value("sort", Sort.DUE.value))))
        self._filter = Filter(sort=self.sort.value)  # type: ignore[arg-type]
        self.open_page(place if place in self.rail.rows else Place.ALL.value)
        chosen = str(self._settings.value("selected", ""))
        if chosen in self.board.views:
            QTimer.singleShot(0, self, lambda: self.cards.select(chosen))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.cards.selected_id:
            self._draft_changed(self.cards.selected_id, self.body.note.toPlainText())
        self._settings.setValue("geometry", self.saveGeometry())
        self._settings.setValue("place", self._page)
        self._settings.setValue("sort", self._filter.sort.value)
        self._settings.setValue("selected", self.cards.selected_id)
        self._settings.sync()
        self._ages.stop()
        super().closeEvent(event)
        self.closed.emit()
