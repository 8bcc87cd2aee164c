"""What our dialogs have in common: margins, a heading, a row of buttons at the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, label

if TYPE_CHECKING:
    from tracker.ui.widgets.shell import Shell


class Dialog(QDialog):
    """`column` takes the parts, `foot` the buttons at its end."""

    def __init__(self, title: str, parent: QWidget | None, width: int = 440) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(width)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        outer.setSpacing(SPACE_2)
        outer.addWidget(label(title, tokens.TITLE, bold=True))
        self.column = QVBoxLayout()
        self.column.setSpacing(SPACE_2)
        outer.addLayout(self.column, 1)
        outer.addSpacing(SPACE_4)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(SPACE_2)
        self.foot.addStretch(1)
        outer.addLayout(self.foot)

    def end_with(self, window: Shell) -> None:
        """It closes when the window does, whose workspace is closed then too."""
        window.closed.connect(self.window_closed)

    def window_closed(self) -> None:
        self.close()

    def add_button(self, words: str, *, primary: bool = False) -> Button:
        made = Button(words, self, primary=primary)
        self.foot.addWidget(made)
        return made

    def heading(self, words: str) -> None:
        """Begins a part of the dialog."""
        self.column.addSpacing(SPACE_2)
        self.column.addWidget(label(words, bold=True))
