"""The monitor: every task of the tenant, live, on the same engine, cache and card list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QStackedWidget, QVBoxLayout, QWidget

from tracker.cache.projection import Mark
from tracker.domain.errors import TrackerError
from tracker.domain.page import Changes
from tracker.domain.task import Priority, Role
from tracker.services import updates, wording
from tracker.services.board import Board, Filter, Place, Sort
from tracker.services.workspace import Workspace, device_clock
from tracker.sync.engine import Report
from tracker.ui.bridge import Errand
from tracker.ui.detail.hosting import Detailing
from tracker.ui.monitor.bulk_forms import ASKS, REASSIGN, Ask
from tracker.ui.monitor.page import MARGINS, Page
from tracker.ui.monitor.tasks_page import GRID, TABLE, TasksPage
from tracker.ui.reading_ahead import ReadingAhead, Steps, classes, modules_in
from tracker.ui.surroundings import Surroundings
from tracker.ui.widgets.account import Account
from tracker.ui.widgets.border import border
from tracker.ui.widgets.shell import ATTENTION, WAITING

if TYPE_CHECKING:
    from tracker.services.bulk import Batch, Undone

MONITOR, ASSIGN, STATISTICS, PEOPLE, PROJECTS = (
    "Monitor", "Assign", "Statistics", "People", "Projects",
)  # fmt: skip
AGE_REFRESH_MS = 10_000


_PAGES = {
    MONITOR: ("tasks_page", "TasksPage"),
    ASSIGN: ("assign", "AssignPage"),
    STATISTICS: ("statistics.page", "StatisticsPage"),
    PEOPLE: ("people.page", "PeoplePage"),
    PROJECTS: ("projects", "ProjectsPage"),
}
"""In the order of the rail. Pages are imported and made when they are first opened."""
READ_AHEAD_MS = 700
"""So long after the start the code of all pages is imported: 50 to 300 ms, which a click would
feel. numpy, for the charts, comes only when somebody looks at them."""


def _class_of(name: str) -> type[Page]:
    module, page = _PAGES[name]
    found: type[Page] = getattr(import_module(f"tracker.ui.monitor.{module}"), page)
    return found


def _without_qt() -> list[str]:
    """What the pages are made of but for their widgets."""
    return [*modules_in("tracker.protocol"), *modules_in("tracker.services")]


def _pages() -> Steps:
    yield from classes()
    for name in _PAGES:
        _class_of(name)
        yield


class MonitorWindow(Detailing):
    """For admins and owners. `heard` carries the ids of tasks that may be shown otherwise, None for
    all, also after each run of the engine, which may have brought receipts."""

    heard = Signal(object)

    def __init__(
        self, workspace: Workspace, board: Board, around: Surroundings | None = None
    ) -> None:
        title = f"Tracker Monitor · {workspace.profile.tenant}"
        super().__init__(workspace, board, title, AGE_REFRESH_MS, around)
        self._held_back: Changes = Changes()
        self._made: dict[str, Page] = {}
        self._page = MONITOR
        self._puts_off = False
        self.setMinimumSize(980, 560)
        self.resize(1440, 900)
        self._build()
        self._restore()
        self._show_lists()
        self._show_status()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        profile = self.work.profile
        about = f"{profile.role.value.capitalize()} · {profile.tenant}"
        self.rail = self._make_rail("Tracker · Monitor", ([*_PAGES], [WAITING, ATTENTION]), about)
        self._make_pane(for_admins=True)
        self.pane.closed.connect(self._close_pane)
        self.pane.reassigned.connect(lambda task_id: self._ask_bulk(REASSIGN, [task_id]))
        self._stack = QStackedWidget(self)
        for page in (self.waiting_page, self.tray_page):
            self._stack.addWidget(page)
        self.grid = self._made[MONITOR] = TasksPage(self)
        self._stack.addWidget(self.grid)
        self.cards = self.grid.cards
        self.cards.selected.connect(lambda _id: self._show_pane())
        self.grid.auto.toggled.connect(self._auto_toggled)
        main, self._room = QVBoxLayout(), QVBoxLayout()
        main.setSpacing(0)
        self.banner.setContentsMargins(*MARGINS)
        main.addWidget(self.banner)
        self._room.setContentsMargins(*MARGINS)
        self._room.addWidget(self._stack)
        main.addLayout(self._room, 1)
        ground = QWidget(self)
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(main, 1)
        row.addWidget(self.pane)
        self.setCentralWidget(ground)
        self.account = Account(self, reports=False)
        self.commands.add("Assign a task", lambda: self.open_page(ASSIGN), "Ctrl+N")
        self.commands.add("New project", lambda: self._on(PROJECTS, "new_project"))
        self.commands.add(
            "New person",
            lambda: self._on(PEOPLE, "new_person"),
            may=lambda: self.work.profile.role is Role.OWNER,
        )
        self.commands.add(
            "Edit the task",
            lambda: self.edit_task(self.cards.selected_id),
            "Ctrl+E",
            lambda: bool(self.cards.selected_id) and self._page == MONITOR,
        )
        self._add_grid_commands()
        self._add_commands()

    def _add_grid_commands(self) -> None:
        add, grid = self.commands.add, self.grid

        def is_open() -> bool:
            return self._page == MONITOR

        def marked() -> bool:
            return is_open() and bool(grid.marks)

        add("Show the last updates", lambda: grid.show_updates(self.cards.selected_id), "U",
            lambda: is_open() and bool(self.cards.selected_id))  # fmt: skip
        add("Show the grid or the table", self._other_view, "Ctrl+T", is_open)
        add("Clear the filters", self.show_all_tasks, "Ctrl+Shift+L",
            lambda: is_open() and self._filter.narrows)  # fmt: skip
        add("Mark all tasks of the list", lambda: grid.marks.add(self.cards.ids), may=is_open)
        add("Mark no task any more", grid.marks.clear, may=marked)
        for words in ASKS:
            name = f"{words.rstrip('…')} the marked tasks…"
            add(name, lambda w=words: self.open_bulk(w), may=marked)  # type: ignore[misc]
        for sort in Sort:
            add(f"Sort by {sort.value}", lambda s=sort: self.narrow(sort=s, backwards=False),  # type: ignore[misc]
                may=is_open)  # fmt: skip
        add("Sort the other way round",
            lambda: self.narrow(backwards=not self._filter.backwards), may=is_open)  # fmt: skip

    def _other_view(self) -> None:
        self.grid.show_as(TABLE if self.grid.view == GRID else GRID)

    def begin(self) -> None:
        super().begin()
        timer = QTimer(self)
        timer.setSingleShot(True)
        # What cannot be imported is in the log, and is told when its page is opened.
        timer.timeout.connect(
            lambda: ReadingAhead(self, _without_qt, _pages(), lambda _outcome: None)
        )
        self.closed.connect(timer.stop)
        timer.start(READ_AHEAD_MS)

    # -- pages -----------------------------------------------------------------------------

    def _list_page(self) -> str:
        return MONITOR

    def page(self, name: str) -> Page:
        """One of the window's own pages, made if it was not yet."""
        if name not in self._made:
            self._made[name] = _class_of(name)(self)
            self._stack.addWidget(self._made[name])
        return self._made[name]

    def _on(self, name: str, deed: str) -> None:
        """Goes to a page and begins what it can do."""
        self.open_page(name)
        getattr(self.page(name), deed)()

    def _go_to(self, part: QWidget) -> None:
        """Searching on a page with a list of its own is about that list."""
        own = getattr(self._made.get(self._page), "search", None)
        if part is self.search and isinstance(own, QWidget):
            own.setFocus()
        else:
            super()._go_to(part)

    @border("open the page")
    def open_page(self, name: str) -> None:
        self.rail.choose(name)
        self._page = name
        self._show_lists()
        if name in _PAGES:
            page = self.page(name)
            self._room.setContentsMargins(*(0, 0, 0, 0) if page.to_the_edges else MARGINS)
            page.show_changes(None, None)
            self._stack.setCurrentWidget(page)
            page.opened()
        else:
            self._room.setContentsMargins(*MARGINS)
            self._stack.setCurrentWidget(self.waiting_page if name == WAITING else self.tray_page)
        self._show_pane()

    @property
    def filter(self) -> Filter:
        """What narrows the list of tasks."""
        return self._filter

    @border("narrow the list")
    def narrow(self, /, **changes: Any) -> None:
        self._filter = replace(self._filter, **changes)
        self.grid.show_list()

    def show_all_tasks(self) -> None:
        self.search.show_words("")
        self._filter = Filter(sort=self._filter.sort, backwards=self._filter.backwards)
        self.grid.show_list()

    def show_tasks(self, person: str | None = None, project: str | None = None) -> None:
        """The list of tasks, narrowed to these and by nothing else."""
        self.show_all_tasks()
        self.narrow(person=person, project=project)
        self.open_page(MONITOR)

    # -- showing ---------------------------------------------------------------------------

    @border("show what changed")
    def show_changes(self, changes: Changes | None) -> None:
        """Refreshes what `changes` names; None says ages and counts anew without reading."""
        ids = self.board.refresh(changes) if changes else frozenset()
        if self._page in self._made:
            self._made[self._page].show_changes(changes, ids)
        chosen = self.cards.selected_id
        if chosen and chosen not in self.board.views:
            self.cards.select("")
        elif chosen and (changes is None or ids is None or chosen in ids):
            self._show_pane()
        if changes is None:
            self._store_view()
        self._show_lists()
        self._show_status()
        self._tell_heard(changes)

    def _tell_heard(self, changes: Changes | None) -> None:
        """Which tasks changed; all may have once a large board has read what it had put off."""
        had_put_off, self._puts_off = self._puts_off, self.board.is_reading
        everything = changes is not None and (changes.everything or changes.people)
        if everything or (had_put_off and not self._puts_off):
            self.heard.emit(None)
        else:
            self.heard.emit(changes.tasks if changes else frozenset())

    def show_report(self, report: Report) -> None:
        super().show_report(report)
        self.heard.emit(frozenset())

    def _show_status(self) -> None:
        super()._show_status()
        self.show_ages()

    def show_ages(self) -> None:
        self.grid.show_age(wording.age(self.status.synced_at, device_clock()))

    def _take_changes(self, changes: Changes) -> None:
        """With auto-refresh off the changes are kept until it is on again, except for what
        became of one's own actions."""
        if self.grid.auto.isChecked():
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

    # -- the details -----------------------------------------------------------------------

    def _wants_details(self) -> bool:
        """The selected task beside the grid, and beside nothing else."""
        return self._page == MONITOR and bool(self.cards.selected_id)

    def _close_pane(self) -> None:
        self.cards.setFocus()  # the pane takes its own buttons along
        self.cards.select("")

    def go_to_details(self) -> None:
        """The keyboard goes to the details of the selected task."""
        if self.pane.isVisible():
            self.pane.area.setFocus()

    # -- many tasks at once ----------------------------------------------------------------

    def open_bulk(self, words: str) -> None:
        """Asks what is to become of the marked tasks, and does it."""
        marked = self.grid.marks.ids
        shown = [one for one in self.cards.ids if one in marked]
        self._ask_bulk(ASKS[words], [*shown, *(set(marked) - set(shown))])

    def _ask_bulk(self, ask: Ask, ids: Iterable[str]) -> None:
        from tracker.ui.monitor.bulk import BulkDialog

        BulkDialog(self, ask, ids).open()

    def took(self, changes: Changes) -> None:
        """Something was saved in another thread."""
        if self._is_open:
            self.show_changes(changes)
            self.acted.emit()

    def offer_bulk_undo(self, batch: Batch) -> None:
        from tracker.services import bulk_words

        self.grid.marks.clear()
        said = bulk_words.done(batch.deed, len(batch.items))
        self.toast.say(said, action=("Undo", lambda: self._undo_bulk(batch)))

    def _undo_bulk(self, batch: Batch) -> None:
        from tracker.services import bulk, bulk_words

        profile = self.work.profile

        def undone(outcome: Undone | Exception) -> None:
            if not self._is_open:
                return
            if isinstance(outcome, TrackerError):
                self.tell_fault("take it back", outcome, lambda: self._undo_bulk(batch))
            elif isinstance(outcome, Exception):
                self.tell_bug("take it back", outcome)
            else:
                self.took(outcome.batch.changes)
                said = bulk_words.undone(outcome.results)
                self.toast.say("Undone.", f"{said}{bulk_words.noted(batch.deed)}")

        Errand(self, lambda: bulk.undo_apart(profile, batch), undone)

    # -- the last updates ------------------------------------------------------------------

    def count_updates(self, ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}

        @border("count the updates")
        def count(window: MonitorWindow) -> None:
            found.update(updates.counts(window.work, window.board, ids))

        count(self)
        return found

    @border("show the last updates")
    def open_updates(self, task_id: str, place: QRect) -> None:
        """`place` of the screen is what they are about."""
        from tracker.ui.monitor.updates import Updates

        view = self.board.views.get(task_id)
        if view is not None:
            entries = updates.latest(self.work, task_id)
            Updates(view.task.title, entries, self.board, self.now(), self).show_at(place)

    # -- the window itself -----------------------------------------------------------------

    def _restore(self) -> None:
        """As it was left; what is gone since narrows nothing."""
        self._restore_geometry()
        stored, board = self._settings, self.board

        def kept(name: str, among: Collection[str]) -> str | None:
            value = str(stored.value(name, ""))
            return value if value in among else None

        self._filter = Filter(
            place=Place(kept("place", set(Place)) or Place.ALL),
            text=str(stored.value("search", "")),
            priority=Priority(found) if (found := kept("priority", set(Priority))) else None,
            person=kept("person", board.people),
            project=kept("project", board.projects),
            sort=Sort(kept("sort", set(Sort)) or Sort.DUE),
            backwards=stored.value("backwards") == "true",
            team=kept("team", board.teams),
            overdue=stored.value("overdue") == "true",
        )
        self.search.show_words(self._filter.text)
        grid = self.grid
        grid.table.restore_columns(stored.value("columns"))
        grid.show_as(str(stored.value("view", GRID)))
        self.open_page(MONITOR)
        chosen = str(stored.value("selected", ""))
        if chosen in board.views:
            QTimer.singleShot(0, self, lambda: self.cards.select(chosen))
        with suppress(ValueError):
            at = int(str(stored.value("scroll", "0")))
            QTimer.singleShot(0, self, lambda: self._scrolled().setValue(at))

    def _scrolled(self) -> QScrollBar:
        grid = self.grid
        return (grid.table if grid.view == TABLE else grid.cards).verticalScrollBar()

    def _store_view(self) -> None:
        """Where the person is, for the next start: also of a program that is ended by force."""
        wanted = self._filter
        for name, value in (
            ("place", wanted.place.value),
            ("overdue", "true" if wanted.overdue else "false"),
            ("priority", wanted.priority or ""),
            ("person", wanted.person or ""),
            ("team", wanted.team or ""),
            ("project", wanted.project or ""),
            ("search", wanted.text),
            ("sort", wanted.sort.value),
            ("backwards", "true" if wanted.backwards else "false"),
            ("view", self.grid.view),
            ("selected", self.cards.selected_id),
            ("scroll", self._scrolled().value()),
            ("columns", self.grid.table.keep_columns()),
        ):
            self._settings.setValue(name, value)

    def _keep_state(self) -> bool:
        self._store_view()
        told = bool(self.drafts.unsaved)
        self.pane.keep_draft()
        self._filling.stop()
        if self.drafts.unsaved and not told:
            return False
        kept = [
            page.keep() for page in self._made.values()
        ]  # each of them, whatever the others say
        return all(kept)
