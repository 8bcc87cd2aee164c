"""The bar that appears while tasks are marked: what can be done with all of them."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from tracker.services.bulk_words import tasks
from tracker.ui.monitor.bulk_forms import ASKS
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import Button, label
from tracker.ui.widgets.flow import Flow
from tracker.ui.widgets.marks import Marks


class MarkingBar(Flow):
    """`wanted` carries the words of what is to be done."""

    wanted = Signal(str)

    def __init__(self, marks: Marks, parent: QWidget) -> None:
        super().__init__(parent, gap=SPACE_2 - 2)
        self._marks = marks
        self.words = label("", tokens.BODY, bold=True)
        self.words.setWordWrap(False)
        self.words.setMinimumHeight(36)
        self.add(self.words)
        self.buttons: dict[str, Button] = {}
        for words in ASKS:
            button = Button(words, self, small=True)
            button.setAccessibleName(f"{words.rstrip('…')} the marked tasks")
            button.clicked.connect(lambda _c=False, w=words: self.wanted.emit(w))
            self.buttons[words] = button
            self.add(button)
        self.clear = Button("Clear", self, small=True)
        self.clear.setAccessibleName("Mark no task any more")
        self.clear.setToolTip("Esc")
        self.clear.clicked.connect(marks.clear)
        self.add(self.clear)
        self.hide()

    def show_marks(self, shown: Collection[str]) -> None:
        """`shown` are the ids of the list: what is marked and not in it must not be forgotten."""
        number = len(self._marks)
        hidden = sum(one not in shown for one in self._marks.ids) if number else 0
        words = f"{number:,} selected".replace(",", " ")
        if hidden:
            words += f", {hidden:,} not shown".replace(",", " ")
        self.words.setText(words)
        self.words.setToolTip(f"<p>{escape(tasks(number))}</p>")
        self.words.updateGeometry()
        if not number and self.isAncestorOf(self.window().focusWidget()):
            self.gone.emit()
        self.setVisible(number > 0)

    gone = Signal()
    """The bar goes and had the keyboard."""
