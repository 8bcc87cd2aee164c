"""Making a task for oneself, and changing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.task import Task
from tracker.services.board import Board
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_5
from tracker.ui.widgets.controls import Button, label
from tracker.ui.widgets.task_fields import TaskFields


class TaskDialog(QDialog):
    """`save` gets the values of all fields by name, each of them checked; of a `task` only those
    that the person changed."""

    def __init__(
        self,
        board: Board,
        save: Callable[[dict[str, Any]], None],
        parent: QWidget,
        task: Task | None = None,
    ) -> None:
        super().__init__(parent)
        words = "Edit the task" if task else "New task"
        self.setWindowTitle(words)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._save, self._edits = save, task is not None
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        column.setSpacing(SPACE_2)
        column.addWidget(label(words, tokens.TITLE, bold=True))
        self.fields = TaskFields(board, self)
        column.addWidget(self.fields)
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = Button("Cancel", self)
        cancel.clicked.connect(self.reject)
        self.button = Button("Save" if task else "Make the task", self, primary=True)
        self.button.clicked.connect(self._pressed)
        row.addWidget(cancel)
        row.addWidget(self.button)
        column.addLayout(row)
        for field in (self.fields.title, self.fields.due, self.fields.estimate):
            field.edit.returnPressed.connect(self._pressed)
        self.fields.description.submitted.connect(self._pressed)
        self.setMinimumWidth(520)
        if task is not None:
            self.fields.show_task(task)
        self.fields.title.setFocus()

    def _pressed(self) -> None:
        values = self.fields.values()
        if values is not None:
            self.accept()
            self._save(self.fields.changed(values) if self._edits else values)
