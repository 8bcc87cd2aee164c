"""The assign page: a form that says while typing what is wrong, and stays filled on an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tracker.domain.change import MINUTES_LIMIT, TITLE_LIMIT
from tracker.domain.errors import InputError, entry_of
from tracker.domain.reading import storable
from tracker.domain.task import Part, Priority, Role
from tracker.services.board import Board
from tracker.services.tasks import NewTask
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, Check, Choice, Field, ScrollBar, TextBox, label


def read_due(text: str) -> tuple[int | None, str | None]:
    """(instant in ms, None) for `2026-12-31 17:00` in the viewer's zone, (None, day) for
    `2026-12-31`, two Nones for nothing. E2004 for anything else."""
    text = text.strip()
    if not text:
        return None, None
    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= 10:
            return None, moment.date().isoformat()
        return int(moment.astimezone(UTC).timestamp() * 1000), None
    except (ValueError, OverflowError):  # no date, or beyond the calendar in the viewer's zone
        raise InputError("E2004", field="due") from None


def read_minutes(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (
        len(text) < 10 and text.isascii() and text.isdigit() and 1 <= int(text) <= MINUTES_LIMIT
    ):
        raise InputError("E2015", field="estimate")
    return int(text)


def read_title(text: str) -> str:
    text = text.strip()
    if not text:
        raise InputError("E2001", field="title")
    if len(text) > TITLE_LIMIT:
        raise InputError("E2002", f"At most {TITLE_LIMIT}.", field="title")
    if not storable(text):
        raise InputError("E2008", field="title")
    return text


class AssignPage(QScrollArea):
    """`submitted` carries a NewTask whose every field was checked."""

    submitted = Signal(object)

    def __init__(self, board: Board, parent: QWidget) -> None:
        super().__init__(parent)
        self._board = board
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(ScrollBar(self))
        ground = QWidget()
        outer = QHBoxLayout(ground)
        column = QVBoxLayout()
        column.setSpacing(SPACE_1)
        holder = QWidget()
        holder.setMaximumWidth(640)
        holder.setLayout(column)
        outer.addWidget(holder, 1)
        outer.addStretch(0)
        self._problems: dict[str, QLabel] = {}
        column.addWidget(label("Assign a task", tokens.TITLE, bold=True))
        column.addSpacing(SPACE_2)
        self.title = self._field(column, "title", "Title", "What is to be done")
        column.addWidget(label("Description", tokens.SMALL + 1, muted=True))
        self.description = TextBox("Description", "surface", 96, self)
        column.addWidget(self.description)
        column.addSpacing(SPACE_2)
        column.addWidget(label("Who does it", tokens.SMALL + 1, muted=True))
        self._people_row = QVBoxLayout()
        self.people: dict[str, Check] = {}
        column.addLayout(self._people_row)
        self._problems["people"] = self._problem(column)
        choices = QHBoxLayout()
        choices.setSpacing(SPACE_2)
        priorities = [(p.value.capitalize(), p) for p in Priority]
        self.priority = Choice("Priority", priorities, self)
        self.priority.set_value(Priority.MEDIUM)
        self.project = Choice("Project", [("none", None)], self)
        choices.addWidget(self.priority)
        choices.addWidget(self.project)
        choices.addStretch(1)
        column.addLayout(choices)
        column.addSpacing(SPACE_2)
        self.due = self._field(column, "due", "Due", "2026-12-31 or 2026-12-31 17:00")
        self.estimate = self._field(column, "estimate", "Estimate in minutes", "120")
        row = QHBoxLayout()
        self.button = Button("Assign task", self, primary=True)
        self.button.clicked.connect(self._submit)
        row.addWidget(self.button)
        row.addStretch(1)
        column.addSpacing(SPACE_4)
        column.addLayout(row)
        column.addSpacing(SPACE_5)
        column.addStretch(1)
        self.setWidget(ground)
        self.refresh()

    def _field(self, column: QVBoxLayout, key: str, words: str, example: str) -> Field:
        column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self, placeholder=example)
        made.changed.connect(lambda _text: self._check({key}))
        column.addWidget(made)
        self._problems[key] = self._problem(column)
        return made

    def _problem(self, column: QVBoxLayout) -> QLabel:
        made = label("", tokens.SMALL + 1)
        made.setForegroundRole(made.palette().ColorRole.BrightText)
        made.setMinimumHeight(18)
        column.addWidget(made)
        return made

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
                box.toggled.connect(lambda _on: self._check({"people"}))
                self._people_row.addWidget(box)
                self.people[person.id] = box
            self.people[person.id].set_words(person.display_name)
        for user_id, box in self.people.items():
            box.setEnabled(user_id in staff)
            if user_id not in staff:
                box.setChecked(False)
        projects = [p for p in self._board.projects.values() if not p.archived]
        self.project.set_options([("none", None), *((p.name, p.id) for p in projects)])

    def _read(self) -> dict[str, Callable[[], object]]:
        return {
            "title": lambda: read_title(self.title.edit.text()),
            "people": self._chosen_people,
            "due": lambda: read_due(self.due.edit.text()),
            "estimate": lambda: read_minutes(self.estimate.edit.text()),
        }

    def _chosen_people(self) -> list[tuple[str, Part, int]]:
        chosen = [user_id for user_id, box in self.people.items() if box.isChecked()]
        if not chosen:
            raise InputError("E2016", field="people")
        share = 100 // len(chosen)
        return [(user_id, Part.ASSIGNEE, share) for user_id in chosen]

    def _check(self, keys: set[str]) -> dict[str, Any]:
        """Reads the fields and shows what is wrong with each; returns the good values."""
        fields = {"title": self.title, "due": self.due, "estimate": self.estimate}
        good: dict[str, Any] = {}
        for key, read in self._read().items():
            if key not in keys:
                continue
            try:
                good[key] = read()
                words = ""
            except InputError as error:
                entry = entry_of(error.code)
                words = f"{entry.message} {entry.remedy} ({error.code})"
            self._problems[key].setText(words)
            if key in fields:
                fields[key].set_bad(bool(words))
                fields[key].edit.setAccessibleDescription(words)
        return good

    def problem(self, key: str) -> str:
        return self._problems[key].text()

    def _submit(self) -> None:
        good = self._check(set(self._read()))
        if len(good) < len(self._read()):
            return
        due_at, due_date = good["due"]
        self.submitted.emit(
            NewTask(
                title=good["title"],
                description=self.description.toPlainText(),
                priority=self.priority.value,  # type: ignore[arg-type]
                project_id=self.project.value,  # type: ignore[arg-type]
                due_at=due_at,
                due_date=due_date,
                estimated_minutes=good["estimate"],
                people=good["people"],
            )
        )

    def clear(self) -> None:
        """After success: ready for the next task of the same people and project."""
        for field in (self.title, self.due, self.estimate):
            field.edit.clear()
        self.description.clear()
        for field in (self.title, self.due, self.estimate):
            field.set_bad(False)
        for words in self._problems.values():
            words.setText("")
        self.title.setFocus()
