"""The assign page: a task for others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import InputError
from tracker.domain.page import Changes
from tracker.domain.task import Part, Role
from tracker.services.tasks import Done, NewTask
from tracker.ui.monitor.page import Page
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, Check, Scrolling, label
from tracker.ui.widgets.task_fields import TaskFields

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow


class AssignPage(Page):
    """`submitted` carries a NewTask whose every field was checked."""

    submitted = Signal(object)

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self._board = board = window.board
        self.submitted.connect(self._create)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        area = Scrolling("Assign a task", self)
        whole.addWidget(area)
        ground = QWidget()
        outer = QHBoxLayout(ground)
        column = QVBoxLayout()
        holder = QWidget()
        holder.setMaximumWidth(640)
        holder.setLayout(column)
        outer.addWidget(holder, 1)
        outer.addStretch(0)
        column.addWidget(label("Assign a task", tokens.TITLE, bold=True))
        column.addSpacing(SPACE_2)
        self.fields = TaskFields(board, self, {"people": self._chosen_people})
        self.title, self.description = self.fields.title, self.fields.description
        self.priority, self.project = self.fields.priority, self.fields.project
        self.due, self.estimate = self.fields.due, self.fields.estimate
        self.problem = self.fields.problem
        self.people: dict[str, Check] = {}
        self._people_row = QVBoxLayout()
        between = self.fields.between
        between.addWidget(label("Who does it", tokens.SMALL + 1, muted=True))
        between.addLayout(self._people_row)
        between.addWidget(self.fields.problem_label("people"))
        column.addWidget(self.fields)
        row = QHBoxLayout()
        self.button = Button("Assign task", self, primary=True)
        self.button.clicked.connect(self._submit)
        row.addWidget(self.button)
        row.addStretch(1)
        column.addSpacing(SPACE_4)
        column.addLayout(row)
        column.addSpacing(SPACE_5)
        column.addStretch(1)
        area.set_ground(ground)
        self.refresh()

    def opened(self) -> None:
        self.title.setFocus()

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        if changes is None or changes.people or changes.everything:
            self.refresh()

    def refresh(self) -> None:
        """People and projects as they are now. What is chosen stays chosen, except for people
        who can do nothing any more."""
        staff = {
            person.id: person
            for person in self._board.people.values()
            if person.role is Role.EMPLOYEE and person.active
        }
        for person in staff.values():
            if person.id not in self.people:
                box = Check("", self)
                box.toggled.connect(lambda _on: self.fields.check({"people"}))
                self._people_row.addWidget(box)
                self.people[person.id] = box
            self.people[person.id].set_words(person.display_name)
        for user_id, box in self.people.items():
            box.setEnabled(user_id in staff)
            if user_id not in staff:
                box.setChecked(False)
        self.fields.refresh()

    def _chosen_people(self) -> list[tuple[str, Part, int]]:
        chosen = [user_id for user_id, box in self.people.items() if box.isChecked()]
        if not chosen:
            raise InputError("E2016", field="people")
        share = 100 // len(chosen)
        return [(user_id, Part.ASSIGNEE, share) for user_id in chosen]

    def _submit(self) -> None:
        values = self.fields.values()
        if values is not None:
            self.submitted.emit(NewTask(**values))

    def _create(self, new: NewTask) -> None:
        self.host.create_task(new, lambda done: self._created(new, done))

    def _created(self, new: NewTask, done: Done) -> None:
        self.clear()
        names = ", ".join(self._board.name_of(user_id) for user_id, _, _ in new.people)
        self.host.offer_undo(f"Assigned to {names}: {new.title}", done)

    def clear(self) -> None:
        """After success: ready for the next task of the same people and project."""
        self.fields.clear()
