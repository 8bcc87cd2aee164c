"""A page of rows with a headline, sentences and buttons: waiting changes, refused changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAccessible, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, ScrollBar, label


@dataclass(frozen=True, slots=True)
class Row:
    """`lines` are (what, words), shown as two columns; `buttons` are (words, what to do)."""

    key: str
    title: str
    lines: Sequence[tuple[str, str]]
    buttons: Sequence[tuple[str, Callable[[], None]]] = ()
    bad: bool = False


class RowWidget(QWidget):
    spoken_role = QAccessible.Role.ListItem

    def __init__(self, row: Row, parent: QWidget) -> None:
        super().__init__(parent)
        self.key, self._bad = row.key, row.bad
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_3, SPACE_4, SPACE_3)
        column.setSpacing(SPACE_2)
        column.addWidget(label(row.title, tokens.BODY + 1, bold=True))
        for what, words in row.lines:
            line = QHBoxLayout()
            line.setSpacing(SPACE_3)
            head = label(what, muted=True)
            head.setFixedWidth(110)
            line.addWidget(head, 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(label(words), 1)
            column.addLayout(line)
        self.buttons: dict[str, Button] = {}
        if row.buttons:
            foot = QHBoxLayout()
            foot.setSpacing(SPACE_2)
            foot.addStretch(1)
            for words, do in row.buttons:
                button = Button(words, self, small=True)
                button.setAccessibleName(f"{words}: {row.title}")
                button.clicked.connect(lambda _c=False, d=do: d())
                foot.addWidget(button)
                self.buttons[words] = button
            column.addLayout(foot)
        self.setAccessibleName(", ".join([row.title, *(f"{a}: {b}" for a, b in row.lines)]))

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        edge = t.danger if self._bad else t.warning
        paint.card_frame(QPainter(self), QRectF(self.rect()), t, edge, selected=False)


class RowPage(QScrollArea):
    """Shows rows, or a sentence where there are none. A hundred at most are made."""

    spoken_role = QAccessible.Role.List
    MOST = 100

    def __init__(self, name: str, empty: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(ScrollBar(self))
        self._ground = QWidget()
        self._column = QVBoxLayout(self._ground)
        self._column.setContentsMargins(0, 0, SPACE_2, 0)
        self._column.setSpacing(SPACE_2)
        self._empty = Empty(self._ground)
        self._empty.setText(empty)
        self.rows: list[RowWidget] = []
        self._shown: dict[str, tuple[object, ...]] = {}
        self.setWidget(self._ground)
        self._column.addWidget(self._empty, 1)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """A row that says the same keeps its widget, and with it the keyboard."""
        said: dict[str, tuple[object, ...]] = {
            row.key: (row.title, *row.lines, *(words for words, _ in row.buttons)) for row in rows
        }
        if list(said.items()) == list(self._shown.items()):
            return
        before, self._shown = self._shown, said
        old = {widget.key: widget for widget in self.rows}
        self.rows = [
            old[row.key]
            if row.key in old and before[row.key] == said[row.key]
            else RowWidget(row, self._ground)
            for row in rows[: self.MOST]
        ]
        self._move_focus(old)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget is not self._empty and widget not in self.rows:
                widget.hide()
                widget.deleteLater()
        for widget in self.rows:
            self._column.addWidget(widget)
        if len(rows) > self.MOST:
            self._column.addWidget(label(f"… and {len(rows) - self.MOST} more", muted=True))
        self._empty.setVisible(not rows)
        if rows:
            self._column.addStretch(1)
        else:
            self._column.addWidget(self._empty, 1)
        buttons = [button for widget in self.rows for button in widget.buttons.values()]
        for first, second in pairwise(buttons):
            QWidget.setTabOrder(first, second)

    def _move_focus(self, old: Mapping[str, RowWidget]) -> None:
        """From a button that goes to the same one of the row that comes for it, else to the page.
        Qt would choose the next button, and the next key would settle another row."""
        focused = self.window().focusWidget()
        for key, widget in old.items():
            if widget in self.rows or not widget.isAncestorOf(focused):
                continue
            words = next((w for w, button in widget.buttons.items() if button is focused), "")
            heir = next((new for new in self.rows if new.key == key and words in new.buttons), None)
            if heir is None:
                self.setFocus()
            else:
                heir.show()
                heir.buttons[words].setFocus()
