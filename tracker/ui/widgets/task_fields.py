"""The fields of a task, for assigning, making and editing one: they say while typing what is wrong,
and stay filled on an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QDate, QPoint, Qt
from PySide6.QtWidgets import (
    QCalendarWidget,
    QHBoxLayout,
    QLabel,
    QMenu,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from tracker.domain.errors import InputError, entry_of
from tracker.domain.task import Priority, Task
from tracker.services.board import Board
from tracker.services.typed import due_text, read_due, read_minutes, read_title
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2
from tracker.ui.widgets.controls import Button, Choice, Field, TextBox, label


class TaskFields(QWidget):
    """`more` are values that the owner of the form reads beside these, by name."""

    def __init__(
        self, board: Board, parent: QWidget, more: dict[str, Callable[[], object]] | None = None
    ) -> None:
        super().__init__(parent)
        self._board, self._more = board, more or {}
        self._problems: dict[str, QLabel] = {}
        self._shown: dict[str, Any] = {}
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(SPACE_1)
        self.title = self._field("title", "Title", "What is to be done")
        self.column.addWidget(label("Description", tokens.SMALL + 1, muted=True))
        self.description = TextBox("Description", "surface", 96, self)
        self.column.addWidget(self.description)
        self.column.addSpacing(SPACE_2)
        self.between = QVBoxLayout()
        self.between.setSpacing(SPACE_1)
        self.column.addLayout(self.between)
        choices = QHBoxLayout()
        choices.setSpacing(SPACE_2)
        self.priority = Choice("Priority", [(p.value.capitalize(), p) for p in Priority], self)
        self.priority.set_value(Priority.MEDIUM)
        self.project = Choice("Project", [("none", None)], self)
        choices.addWidget(self.priority)
        choices.addWidget(self.project)
        choices.addStretch(1)
        self.column.addLayout(choices)
        self.column.addSpacing(SPACE_2)
        self.due = self._field("due", "Due", "2026-12-31, 2026-12-31 17:00, tomorrow, fri 16:00")
        self.pick = Button("Pick…", self, small=True)
        self.pick.setAccessibleName("Pick the due day in a calendar")
        self.pick.clicked.connect(self._open_calendar)
        self.due.add_button(self.pick)
        self.estimate = self._field("estimate", "Estimate in minutes", "120, or 1h 30")
        self.refresh()

    def _field(self, key: str, words: str, example: str) -> Field:
        self.column.addWidget(label(words, tokens.SMALL + 1, muted=True))
        made = Field(words, self, placeholder=example)
        made.changed.connect(lambda _text: self.check({key}))
        self.column.addWidget(made)
        self.column.addWidget(self.problem_label(key))
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
        fields = {"title": self.title, "due": self.due, "estimate": self.estimate}
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
            if key in fields:
                fields[key].set_bad(bool(words))
                fields[key].edit.setAccessibleDescription(words)
        return good

    def values(self) -> dict[str, Any] | None:
        """The values by the names of a task's fields, and of `more`; None when something is wrong,
        which is said then, and the first such field has the keyboard."""
        good = self.check()
        wrong = [key for key in ("title", *self._more, "due", "estimate") if key not in good]
        if wrong:
            field = getattr(self, wrong[0], None)
            if isinstance(field, Field):
                field.setFocus()
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
        for field in (self.title, self.due, self.estimate):
            field.edit.clear()
        self.description.clear()
        for field in (self.title, self.due, self.estimate):
            field.set_bad(False)
        for words in self._problems.values():
            words.setText("")
        self.title.setFocus()

    def _open_calendar(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        calendar = QCalendarWidget(menu)
        calendar.setAccessibleName("Due day")
        calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        kept = self._kept_day()
        if kept is not None:
            calendar.setSelectedDate(kept)
        calendar.activated.connect(lambda day: self._picked(menu, day))
        calendar.clicked.connect(lambda day: self._picked(menu, day))
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(calendar)
        menu.addAction(holder)
        menu.popup(self.pick.mapToGlobal(QPoint(0, self.pick.height() + 4)))
        calendar.setFocus()

    def _kept_day(self) -> QDate | None:
        try:
            due_at, due_date = read_due(self.due.edit.text())
        except InputError:
            return None
        if due_at is not None:
            due_date = datetime.fromtimestamp(due_at / 1000, UTC).astimezone().date().isoformat()
        return QDate.fromString(due_date, "yyyy-MM-dd") if due_date else None

    def _picked(self, menu: QMenu, day: QDate) -> None:
        """Another day; a time of day that was typed stays."""
        _, _, clock = self.due.edit.text().strip().partition(" ")
        self.due.edit.setText(f"{day.toString('yyyy-MM-dd')} {clock}".strip())
        menu.close()
        self.due.setFocus()
