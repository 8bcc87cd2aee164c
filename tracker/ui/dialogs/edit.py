"""Editing a change that waits unsent or was refused: its words, its number, its title."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import describe
from tracker.services.tasks import read_percent
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, Field, TextBox, label
from tracker.ui.widgets.spoken import announce

_WORDS = {"percent": "Progress in %", "note": "Note", "text": "Comment", "title": "Title"}
_OF_ONE_LINE = ("percent", "title")


class EditDialog(QDialog):
    """`values` are the arguments by name; `save` gets those that differ. What was typed stays until
    the window accepts it, so that nothing is lost when it was sent meanwhile."""

    def __init__(
        self,
        title: str,
        values: Mapping[str, Any],
        save: Callable[[Mapping[str, object]], None],
        words: str,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Edit change")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._values, self._save = values, save
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        column.setSpacing(SPACE_2)
        column.addWidget(label(title, tokens.TITLE, bold=True))
        self.fields: dict[str, Field | TextBox] = {}
        for name, value in values.items():
            column.addWidget(label(_WORDS[name], tokens.SMALL + 1, muted=True))
            self.fields[name] = self._field(name, str(value))
            column.addWidget(self.fields[name])
        self.problem = label("")
        red = self.problem.palette()
        red.setColor(red.ColorRole.WindowText, red.color(red.ColorRole.BrightText))
        self.problem.setPalette(red)
        column.addWidget(self.problem)
        column.addSpacing(SPACE_4)
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = Button("Cancel", self)
        cancel.clicked.connect(self.reject)
        self.button = Button(words, self, primary=True)
        self.button.clicked.connect(self._pressed)
        row.addWidget(cancel)
        row.addWidget(self.button)
        column.addLayout(row)
        self.setMinimumWidth(440)
        next(iter(self.fields.values())).setFocus()

    def say(self, code: str, info: str) -> None:
        """Why it was not saved."""
        words = describe(code, info)
        self.problem.setText(words)
        announce(self.problem, words, at_once=True)

    def _field(self, name: str, value: str) -> Field | TextBox:
        if name in _OF_ONE_LINE:
            line = Field(_WORDS[name], self)
            line.edit.setText(value)
            line.edit.returnPressed.connect(self._pressed)
            return line
        box = TextBox(_WORDS[name], "surface", 96, self)
        box.setPlainText(value)
        box.submitted.connect(self._pressed)
        return box

    def _typed(self, name: str) -> object:
        field = self.fields[name]
        text = field.toPlainText() if isinstance(field, TextBox) else field.edit.text()
        return read_percent(text.strip()) if name == "percent" else text

    def _pressed(self) -> None:
        typed = {name: self._typed(name) for name in self.fields}
        self._save({n: value for n, value in typed.items() if value != self._values[n]})
