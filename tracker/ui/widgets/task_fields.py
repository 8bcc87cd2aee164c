"""The fields of a task, for assigning, making and editing one: they say while typing what is wrong,
and stay filled on an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tracker.domain.errors import InputError, entry_of
from tracker.domain.task import Priority, Task
from tracker.services.board import Board
from tracker.services.typed import due_text, read_due, read_minutes, read_title
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, SPACE_5
from tracker.ui.widgets.controls import Button, Choice, Field, TextBox, label
from tracker.ui.widgets.moment import pick_moment


class TaskFields(QWidget):
    """`more` are values that the owner of the form reads beside these, by name. `wrong` carries the
    name of the first that keeps the form from being sent."""

    wrong = Signal(str)

    def __init__(
        self, board: Board, parent: QWidget, more: dict[str, Callable[[], object]] | None = None
    ) -> None:
        super().__init__(parent)
        self._board, self._more = board, more or {}
        self._problems: dict[str, QLabel] = {}
        self._shown: dict[str, Any] = {}
        self._fields: dict[str, Field] = {}
        self._halves = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._halves.setContentsMargins(0, 0, 0, 0)
        self._halves.setSpacing(0)
        self.column, self.side = QVBoxLayout(), QVBoxLayout()
        for half in (self.column, self.side):
            half.setSpacing(SPACE_1)
            self._halves.addLayout(half, 1)
        self.title = self.field("title", "Title", "What is to be done", self.column)
        self.column.addWidget(label("Description", tokens.SMALL + 1, muted=True))
        self.description = TextBox("Description", "surface", 96, self)
        self.column.addWidget(self.description)
        self.column.addSpacing(SPACE_2)
        self.between = QVBoxLayout()
        self.between.setSpacing(SPACE_1)
        self.column.addLayout(self.between)
        self.side.addWidget(label("Priority and project", tokens.SMALL + 1, muted=True))
        choices = QHBoxLayout()
        choices.setSpacing(SPACE_2)
        self.priority = Choice("Priority", [(p.value.capitalize(), p) for p in Priority], self)
        self.priority.set_value(Priority.MEDIUM)
        self.project = Choice("Project", [("none", None)], self)
        choices.addWidget(self.priority)
        choices.addWidget(self.project)
        choices.addStretch(1)
        self.side.addLayout(choices)
        self.side.addSpacing(SPACE_2)
        example = "2026-12-31 17:00, tomorrow, fri 16:00, in 3 days"
        self.due = self.field("due", "Due", example, self.side)
        self.pick = self.calendar_button(self.due, "Pick the due day and time in a calendar")
        self.estimate = self.field("estimate", "Estimate in minutes", "120, or 1h 30", self.side)
        self.refresh()

    def set_wide(self, wide: bool) -> None:
        """The two halves beside each other, or one below the other."""
        way = QBoxLayout.Direction
        self._halves.setDirection(way.LeftToRight if wide else way.TopToBottom)
        self._halves.setSpacing(SPACE_5 if wide else 0)

    def field(self, key: str, words: str, example: str, column: QVBoxLayout) -> Field:
        """A field with its name above and what is wrong with it below."""
        column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self, placeholder=example)
        made.changed.connect(lambda _text: self.check({key}))
        column.addWidget(made)
        column.addWidget(self.problem_label(key))
        self._fields[key] = made
        return made

    def calendar_button(self, field: Field, name: str) -> Button:
        made = Button("Pick…", self, small=True)
        made.setAccessibleName(name)
        made.clicked.connect(lambda: pick_moment(field, made))
        field.add_button(made)
        return made

    def problem_label(self, key: str) -> QLabel:
        """Where what is wrong with a field is said."""
        made = label("", tokens.SMALL + 1)
        made.setForegroundRole(made.palette().ColorRole.BrightText)
        made.setMinimumHeight(18)
        self._problems[key] = made
        return made

    def problem(self, key: str) -> str:
        return self._problems[key].text()

    def refresh(self) -> None:
        """Projects as they are now; what is chosen stays chosen."""
        projects = [p for p in self._board.projects.values() if not p.archived]
        self.project.set_options([("none", None), *((p.name, p.id) for p in projects)])

    def check(self, keys: set[str] | None = None) -> dict[str, Any]:
        """Reads the fields (all, or these) and shows what is wrong with each; returns the good
        values."""
        readers: dict[str, Callable[[], object]] = {
            "title": lambda: read_title(self.title.edit.text()),
            **self._more,
            "due": lambda: read_due(self.due.edit.text()),
            "estimate": lambda: read_minutes(self.estimate.edit.text()),
        }
        good: dict[str, Any] = {}
        for key, read in readers.items():
            if keys is not None and key not in keys:
                continue
            try:
                good[key] = read()
                words = ""
            except InputError as error:
                entry = entry_of(error.code)
                words = f"{entry.message} {entry.remedy} ({error.code})"
            self._problems[key].setText(words)
            if key in self._fields:
                self._fields[key].set_bad(bool(words))
                self._fields[key].edit.setAccessibleDescription(words)
        return good

    def values(self) -> dict[str, Any] | None:
        """The values by the names of a task's fields, and of `more`; None when something is wrong,
        which is said then, and the first such field has the keyboard."""
        good = self.check()
        wrong = [key for key in ("title", *self._more, "due", "estimate") if key not in good]
        if wrong:
            self.wrong.emit(wrong[0])
            if wrong[0] in self._fields:
                self._fields[wrong[0]].setFocus()
            return None
        return self._named(good)

    def changed(self, values: dict[str, Any]) -> dict[str, Any]:
        """Those of `values` that are not as `show_task` showed them. What a field cannot show whole
        (the seconds of a due, a project that is archived) is no change by the person."""
        new = {name for name in values if values[name] != self._shown.get(name, ...)}
        if new & {"due_at", "due_date"}:
            new |= {"due_at", "due_date"}
        return {name: value for name, value in values.items() if name in new}

    def _named(self, good: dict[str, Any]) -> dict[str, Any]:
        due = good.pop("due", None)
        estimate = {"estimated_minutes": good.pop("estimate")} if "estimate" in good else {}
        return {
            "description": self.description.toPlainText(),
            "priority": self.priority.value,
            "project_id": self.project.value,
            **(dict(zip(("due_at", "due_date"), due, strict=True)) if due else {}),
            **estimate,
            **good,
        }

    def show_task(self, task: Task) -> None:
        self.title.edit.setText(task.title)
        self.description.setPlainText(task.description)
        self.priority.set_value(task.priority)
        self.refresh()
        self.project.set_value(task.project_id if task.project_id in self.project.offered else None)
        self.due.edit.setText(due_text(task.due_at, task.due_date))
        minutes = task.estimated_minutes
        self.estimate.edit.setText("" if minutes is None else str(minutes))
        self._shown = self._named(self.check())

    def clear(self) -> None:
        """Ready for the next task of the same project."""
        for field in self._fields.values():
            field.edit.clear()
        self.description.clear()
        self.forget_problems()
        self.title.setFocus()

    def forget_problems(self) -> None:
        """An empty form is no wrong one, before somebody wants it to be sent."""
        for field in self._fields.values():
            field.set_bad(False)
            field.edit.setAccessibleDescription("")
        for words in self._problems.values():
            words.setText("")
