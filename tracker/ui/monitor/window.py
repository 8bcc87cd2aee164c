"""The monitor: every task of the tenant, live, on the same engine, cache and card list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from tracker.cache.projection import Mark
from tracker.domain.page import Changes
from tracker.domain.task import Role
from tracker.services import wording
from tracker.services.board import Board, Filter, Place
from tracker.services.workspace import Workspace, device_clock
from tracker.ui.detail.hosting import Detailing
from tracker.ui.monitor.page import Page
from tracker.ui.monitor.tasks_page import TasksPage
from tracker.ui.surroundings import Surroundings
from tracker.ui.theme.tokens import SPACE_3, SPACE_4
from tracker.ui.widgets.account import Account
from tracker.ui.widgets.border import border
from tracker.ui.widgets.shell import ATTENTION, WAITING

MONITOR, ASSIGN, STATISTICS, PEOPLE, PROJECTS = (
    "Monitor", "Assign", "Statistics", "People", "Projects",
)  # fmt: skip
AGE_REFRESH_MS = 10_000


def _assign(window: MonitorWindow) -> Page:
    from tracker.ui.monitor.assign import AssignPage

    return AssignPage(window)


def _people(window: MonitorWindow) -> Page:
    from tracker.ui.monitor.people.page import PeoplePage

    return PeoplePage(window)


def _projects(window: MonitorWindow) -> Page:
    from tracker.ui.monitor.projects import ProjectsPage

    return ProjectsPage(window)


_MAKE: dict[str, Callable[[MonitorWindow], Page]] = {
    MONITOR: TasksPage,
    ASSIGN: _assign,
    PEOPLE: _people,
    PROJECTS: _projects,
}
"""Pages are imported and made when they are first opened."""


class MonitorWindow(Detailing):
    """For admins and owners."""

    def __init__(
        self, workspace: Workspace, board: Board, around: Surroundings | None = None
    ) -> None:
        title = f"Tracker Monitor · {workspace.profile.tenant}"
        super().__init__(workspace, board, title, AGE_REFRESH_MS, around)
        self._held_back: Changes = Changes()
        self._made: dict[str, Page] = {}
        self._page = MONITOR
        self.setMinimumSize(980, 560)
        self.resize(1440, 900)
        self._build()
        self._restore_geometry()
        self.open_page(MONITOR)
        self._show_lists()
        self._show_status()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        profile = self.work.profile
        about = f"{profile.role.value.capitalize()} · {profile.tenant}"
        self.rail = self._make_rail("Tracker · Monitor", ([*_MAKE], [WAITING, ATTENTION]), about)
        self._make_pane(for_admins=True)
        self.pane.closed.connect(self._close_pane)
        self._stack = QStackedWidget(self)
        for page in (self.waiting_page, self.tray_page):
            self._stack.addWidget(page)
        self.grid = self._made[MONITOR] = TasksPage(self)
        self._stack.addWidget(self.grid)
        self.cards = self.grid.cards
        self.cards.selected.connect(lambda _id: self._show_pane())
        self.grid.auto.toggled.connect(self._auto_toggled)
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
        self._add_commands()

    # -- pages -----------------------------------------------------------------------------

    def _list_page(self) -> str:
        return MONITOR

    def page(self, name: str) -> Page:
        """One of the window's own pages, made if it was not yet."""
        if name not in self._made:
            self._made[name] = _MAKE[name](self)
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
        if name in _MAKE:
            page = self.page(name)
            page.show_changes(None, None)
            self._stack.setCurrentWidget(page)
            page.opened()
        else:
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
        for choice in (self.priority, self.grid.person, self.grid.project):
            choice.set_value(None)
        self.grid.counters[Place.ALL].setChecked(True)
        self._filter = Filter(sort=self._filter.sort)
        self.grid.show_list()

    def show_tasks(self, person: str | None = None, project: str | None = None) -> None:
        """The list of tasks, narrowed to these and by nothing else."""
        self.show_all_tasks()
        board = self.board
        if person is not None:
            self.grid.person.set_options([(board.people[person].display_name, person)])
            self.grid.person.set_value(person)
        if project is not None:
            self.grid.project.set_options([(board.projects[project].name, project)])
            self.grid.project.set_value(project)
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
        self._show_lists()
        self._show_status()

    def _show_status(self) -> None:
        super()._show_status()
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

    # -- the window itself -----------------------------------------------------------------

    def _keep_state(self) -> bool:
        told = bool(self.drafts.unsaved)
        self.pane.keep_draft()
        self._filling.stop()
        if self.drafts.unsaved and not told:
            return False
        kept = [
            page.keep() for page in self._made.values()
        ]  # each of them, whatever the others say
        return all(kept)
