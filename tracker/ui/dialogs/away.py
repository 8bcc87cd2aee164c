"""Time that a running timer counted while nobody was there: the person says what it was."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, SPACE_5
from tracker.ui.widgets.controls import Button, label


class AwayDialog(QDialog):
    """`ways` are (words, what to do); one is taken, and closing the dialog is the first of them."""

    def __init__(
        self,
        headline: str,
        sentence: str,
        ways: list[tuple[str, Callable[[], None]]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Timer")
        self.setModal(False)
        self._default = ways[0][1]
        self._taken = False
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_5, SPACE_5, SPACE_5, SPACE_5)
        column.setSpacing(SPACE_2)
        column.addWidget(label(headline, tokens.HEADING, bold=True))
        column.addWidget(label(sentence, muted=True))
        column.addSpacing(SPACE_4)
        self.buttons: dict[str, Button] = {}
        for words, do in ways:
            button = Button(words, self, primary=not self.buttons)
            button.clicked.connect(lambda _c=False, d=do: self._take(d))
            column.addWidget(button)
            self.buttons[words] = button
        self.setMinimumWidth(420)

    def _take(self, do: Callable[[], None]) -> None:
        self._taken = True
        self.accept()
        do()

    def done(self, result: int) -> None:
        super().done(result)
        if not self._taken:
            self._taken = True
            self._default()
        self.deleteLater()
