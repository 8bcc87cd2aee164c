"""The projects page: how far each is, and what admins do with them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from tracker.domain.page import Changes
from tracker.domain.task import Project
from tracker.services import organising, roster
from tracker.services.roster import ByProject
from tracker.ui.monitor import deeds
from tracker.ui.monitor.counting import Counting
from tracker.ui.monitor.page import Page
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, Tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.calm_table import RIGHT
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, Check, Choice, Search, in_order
from tracker.ui.widgets.tables import Column, Table

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow

MEAN = "The mean of what its tasks show, without those that were cancelled"
_DOWN_FIRST = frozenset({ByProject.TASKS, ByProject.OPEN, ByProject.OVERDUE})


class ProjectsPage(Page):
    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self._counting = Counting.of(window)
        self._counting.counted.connect(self._show_if_open)
        self._text, self._by, self._down = "", ByProject.NAME, False
        self.table = Table("Projects", self._columns(), self)
        self.table.chosen.connect(lambda _id: self._enable())
        self.table.opened.connect(lambda project_id: window.show_tasks(project=project_id))
        self.table.ordered.connect(self._ordered)
        self.empty = Empty(self)
        self._list = QStackedWidget(self)
        self._list.addWidget(self.table)
        self._list.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, SPACE_2, 0)
        column.setSpacing(SPACE_3)
        column.addLayout(self._build_head())
        column.addLayout(self._build_filters())
        column.addWidget(self._list, 1)
        column.addLayout(self._build_foot())
        self._tell_order()
        in_order(
            self.new, self.search.edit, self.archived, self.sort, self.table, self.show_tasks,
            self.rename, self.archive,
        )  # fmt: skip

    def _build_head(self) -> QHBoxLayout:
        self.new = Button("New project…", self, icon="plus")
        self.new.clicked.connect(self.new_project)
        row, self.source = self.head("Projects", self.new)
        return row

    def _build_filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_3)
        self.search = Search("Search projects", self)
        self.search.edit.setAccessibleName("Search projects")
        self.search.searched.connect(self._searched)
        self.archived = Check("Archived ones too", self)
        self.archived.toggled.connect(lambda _on: self.show_list())
        self.sort = Choice("Sort", [(by.value, by) for by in ByProject], self)
        self.sort.chosen.connect(
            lambda by: self._ordered(list(ByProject).index(ByProject(str(by))))
        )
        row.addWidget(self.search, 1)
        row.addWidget(self.archived)
        row.addWidget(self.sort)
        return row

    def _build_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, SPACE_3)
        row.setSpacing(SPACE_2)
        self.show_tasks = Button("Show its tasks", self)
        self.show_tasks.clicked.connect(lambda: self.host.show_tasks(project=self.table.current))
        self.rename = Button("Rename…", self)
        self.rename.clicked.connect(self.rename_project)
        self.archive = Button("Archive", self)
        self.archive.clicked.connect(self._archive)
        for button in (self.show_tasks, self.rename, self.archive):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _columns(self) -> list[Column]:
        return [
            Column(ByProject.NAME, self._name, 180, 9, tip=self._name),
            Column(ByProject.TASKS, self._tasks, 90, 5, RIGHT, about="Those that are not archived"),
            Column(ByProject.OPEN, self._open, 90, 6, RIGHT, about="Those that are not finished"),
            Column(ByProject.OVERDUE, self._overdue, 96, 7, RIGHT, draw=self._draw_overdue,
                   about="Those whose due is past"),
            Column(ByProject.PROGRESS, self._progress, 220, 8, draw=self._draw_progress,
                   about=MEAN, tip=lambda one: f"{MEAN}: {self._progress(one)}"),
        ]  # fmt: skip

    # -- words and painting ----------------------------------------------------------------

    def _name(self, project_id: str) -> str:
        project = self.host.board.projects[project_id]
        return f"{project.name} (archived)" if project.archived else project.name

    def _tasks(self, project_id: str) -> str:
        return _number(self._counting.workload.project(project_id).tasks)

    def _open(self, project_id: str) -> str:
        return _number(self._counting.workload.project(project_id).open)

    def _overdue(self, project_id: str) -> str:
        return _number(self._counting.workload.project(project_id).overdue(self.host.now()))

    def _progress(self, project_id: str) -> str:
        mean = self._counting.workload.project(project_id).progress
        return "–" if mean is None else f"{int(mean)} %"

    def _draw_overdue(self, painter: QPainter, room: QRect, project_id: str, t: Tokens) -> None:
        count = self._overdue(project_id)
        late = count != "0"
        colour = t.danger if late else t.muted
        align = Qt.AlignmentFlag.AlignRight
        paint.text(painter, room, count, colour, tokens.BODY, bold=late, align=align)

    def _draw_progress(self, painter: QPainter, room: QRect, project_id: str, t: Tokens) -> None:
        mean = self._counting.workload.project(project_id).progress
        words = room.adjusted(room.width() - 52, 0, 0, 0)
        align = Qt.AlignmentFlag.AlignRight
        paint.text(painter, words, self._progress(project_id), t.text, tokens.BODY, align=align)
        bar = QRectF(room.x(), room.y() + room.height() / 2 - 4, room.width() - 62, 8)
        paint.rounded(painter, bar, t.track, None, 4)
        if mean:
            done = QRectF(bar)
            done.setWidth(max(8.0, bar.width() * mean / 100))
            paint.rounded(painter, done, t.done if mean >= 100 else t.in_progress, None, 4)

    # -- showing ---------------------------------------------------------------------------

    def opened(self) -> None:
        self.table.setFocus()

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        self._counting.look(changes)
        self.show_list()

    def _show_if_open(self) -> None:
        if self.isVisible():
            self.show_list()

    def show_list(self) -> None:
        """Those that fit, in order, with how far they are now."""
        projects = self.host.board.projects
        ids = roster.select_projects(
            projects, self._counting.workload, self.host.now(), self._text,
            archived=self.archived.isChecked(), by=self._by, down=self._down,
        )  # fmt: skip
        self.table.show_ids(ids)
        words = "No project fits." if projects else "No projects yet: make the first one."
        self.empty.setText(words)
        self._list.setCurrentWidget(self.table if ids else self.empty)
        hidden = 0 if self.archived.isChecked() else sum(p.archived for p in projects.values())
        parts = [f"{_number(len(ids))} project{'' if len(ids) == 1 else 's'}"]
        parts += [f"{hidden} archived"] if hidden else []
        offline = deeds.connection(self.host, "changing projects")
        parts += [offline] if offline else []
        parts += [] if self._counting.workload.is_whole else ["counting tasks…"]
        self.source.setText(" · ".join(parts))
        self._enable()

    def _enable(self) -> None:
        project = self.host.board.projects.get(self.table.current)
        for button in (self.show_tasks, self.rename, self.archive):
            button.setEnabled(project is not None)
        words = "Bring back" if project and project.archived else "Archive"
        if self.archive.text() != words:
            self.archive.setText(words)
            self.archive.updateGeometry()
        for button in (self.show_tasks, self.rename, self.archive):
            named = f"{button.text()}: {project.name}" if project else button.text()
            button.setAccessibleName(named)

    def _searched(self, text: str) -> None:
        self._text = text
        self.show_list()

    def _ordered(self, section: int) -> None:
        by = list(ByProject)[section]
        self._down = not self._down if by is self._by else by in _DOWN_FIRST
        self._by = by
        self._tell_order()
        self.show_list()

    def _tell_order(self) -> None:
        self.sort.set_value(self._by)
        self.table.show_order(list(ByProject).index(self._by), down=self._down)

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]
        self.search.stop()

    # -- doing -----------------------------------------------------------------------------

    def _epoch(self) -> str:
        return self.host.work.confirmed.position().epoch or ""

    def new_project(self) -> None:
        from tracker.ui.monitor.asking_dialog import NameDialog

        NameDialog(
            self.host, "New project", "make the project", "Make the project",
            organising.new_project, self._made,
        ).open()  # fmt: skip

    def _made(self, project: Project) -> None:
        self.host.toast.say(f"Made: {project.name}")
        if project.id not in self.table.ids:
            self.search.show_words("")
            self._searched("")
        self.table.choose(project.id)

    def rename_project(self) -> None:
        from tracker.ui.monitor.asking_dialog import NameDialog

        project, epoch = self.host.board.projects[self.table.current], self._epoch()

        def then(new: Project) -> None:
            self.host.toast.say(f"Renamed: {new.name}")

        NameDialog(
            self.host, "Rename the project", "rename the project", "Rename",
            lambda name: organising.change(project, epoch, name=name), then, project.name,
        ).open()  # fmt: skip

    def _archive(self) -> None:
        project = self.host.board.projects[self.table.current]
        self._set_archived(project, not project.archived)

    def _set_archived(self, project: Project, archived: bool) -> None:
        deed = organising.change(project, self._epoch(), archived=archived)

        def then(new: Project) -> None:
            self.host.toast.say(
                f"{'Archived' if new.archived else 'Back again'}: {new.name}",
                "Its tasks stay as they are; no new one gets it." if new.archived else "",
                action=("Undo", lambda: self._set_archived(new, not new.archived)),
            )

        tried = "archive the project" if archived else "bring the project back"
        deeds.do_or_tell(self.host, tried, deed, then)


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")
