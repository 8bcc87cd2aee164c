"""Rows with a headline, sentences and buttons: as cards on a page (waiting and refused changes,
notifications), and as plain lines in the sections of the detail pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAccessible, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tracker.services import wording
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, SPACE_3, SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.chrome import Empty
from tracker.ui.widgets.controls import Button, Scrolling, in_order, label


@dataclass(frozen=True, slots=True)
class Row:
    """`lines` are (what, words), shown as two columns; `buttons` are (words, what to do). `edge`
    names the token of the colour at its side."""

    key: str
    title: str
    lines: Sequence[tuple[str, str]]
    buttons: Sequence[tuple[str, Callable[[], None]]] = ()
    bad: bool = False
    edge: str = "warning"

    def said(self) -> tuple[object, ...]:
        """What a person can see of it."""
        words = (words for words, _ in self.buttons)
        return (self.title, self.bad, self.edge, *self.lines, *words)


class RowWidget(QWidget):
    spoken_role = QAccessible.Role.ListItem

    def __init__(self, row: Row, parent: QWidget) -> None:
        super().__init__(parent)
        self.key, self._edge = row.key, "danger" if row.bad else row.edge
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
        edge = getattr(t, self._edge)
        paint.card_frame(QPainter(self), QRectF(self.rect()), t, edge, selected=False)


class Line(QWidget):
    """A row without a frame, which can be bound again: a section of the pane shows another task's
    in a fraction of the time that making them takes."""

    spoken_role = QAccessible.Role.ListItem

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.row: Row | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, SPACE_1)
        column.setSpacing(1)
        head = QHBoxLayout()
        head.setSpacing(SPACE_2)
        self.title = label("", bold=True)
        head.addWidget(self.title, 1)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(SPACE_1)
        head.addLayout(self._foot)
        column.addLayout(head)
        self._column = column
        self._words: list[QLabel] = []
        self.buttons: dict[str, Button] = {}

    def bind(self, row: Row) -> None:
        if self.row is not None and self.row.said() == row.said() and self.row.key == row.key:
            self.row = row
            return
        self.row = row
        self.title.setText(wording.breakable(row.title))
        self.title.setVisible(bool(row.title))
        for place, (what, words) in enumerate(row.lines):
            if place == len(self._words):
                # The second line and those after it are what is said of the first.
                self._words.append(label("", tokens.BODY if place == 0 else tokens.SMALL + 1))
                if place:
                    self._words[-1].setForegroundRole(self.palette().ColorRole.PlaceholderText)
                self._column.addWidget(self._words[-1])
            said = f"{what}: {words}" if what else words
            self._words[place].setText(wording.breakable(said))
            self._words[place].show()
        for unused in self._words[len(row.lines) :]:
            unused.hide()
        if list(self.buttons) != [words for words, _ in row.buttons]:
            self._make_buttons([words for words, _ in row.buttons])
        for words, button in self.buttons.items():
            button.setAccessibleName(f"{words}: {row.title or row.lines[0][1]}")
        self.setAccessibleName(", ".join(filter(None, [row.title, *(b for _, b in row.lines)])))

    def _make_buttons(self, names: Sequence[str]) -> None:
        for old in self.buttons.values():
            old.hide()
            old.deleteLater()
        self.buttons = {}
        for words in names:
            button = Button(words, self, small=True)
            button.clicked.connect(lambda _c=False, w=words: self._press(w))
            self._foot.addWidget(button)
            self.buttons[words] = button

    def _press(self, words: str) -> None:
        assert self.row is not None
        next(do for name, do in self.row.buttons if name == words)()


class Section(QWidget):
    """A headline and lines below it; hidden while there are none and nothing else is in it."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, SPACE_2, 0, SPACE_2)
        self.column.setSpacing(SPACE_1)
        self.head = QHBoxLayout()
        self.title = label(title, bold=True)
        self.head.addWidget(self.title, 1)
        self.column.addLayout(self.head)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(SPACE_1)
        self.column.addLayout(self._lines)
        self.lines: list[Line] = []

    def show_rows(self, rows: Sequence[Row]) -> None:
        held = self._held()
        while len(self.lines) < len(rows):
            line = Line(self)
            self._lines.addWidget(line)
            self.lines.append(line)
        for line, row in zip(self.lines, rows, strict=False):
            line.bind(row)
            line.show()
        if held is not None:
            self._move_focus(rows, *held)
        for unused in self.lines[len(rows) :]:
            unused.hide()
        self.shown = len(rows)

    def _held(self) -> tuple[str, str] | None:
        """The row and the words of the button that has the keyboard."""
        focused = self.window().focusWidget()
        for line in self.lines[: self.shown]:
            for words, button in line.buttons.items():
                if button is focused and line.row is not None:
                    return line.row.key, words
        return None

    def _move_focus(self, rows: Sequence[Row], key: str, words: str) -> None:
        """To the same button of the same row, else to what scrolls: lines are bound again, and the
        next key must not settle the row that came into the place of another."""
        for line, row in zip(self.lines, rows, strict=False):
            if row.key == key and words in line.buttons:
                line.buttons[words].setFocus()
                return
        area = self.parentWidget()
        while area is not None and not isinstance(area, Scrolling):
            area = area.parentWidget()
        if area is not None:
            area.setFocus()

    shown = 0


class RowPage(Scrolling):
    """Shows rows, or a sentence where there are none. A hundred are made, and so many more each
    time that the last line is pressed."""

    spoken_role = QAccessible.Role.List
    MOST = 100

    def __init__(self, name: str, empty: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self._ground = QWidget()
        self._column = QVBoxLayout(self._ground)
        self._column.setContentsMargins(0, 0, SPACE_2, 0)
        self._column.setSpacing(SPACE_2)
        self._empty = Empty(self._ground)
        self._empty.setText(empty)
        self.more = Button(f"Show {self.MOST} more", self._ground, small=True)
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self.rows: list[RowWidget] = []
        self._all: Sequence[Row] = ()
        self._most = self.MOST
        self._shown: dict[str, tuple[object, ...]] = {}
        self.set_ground(self._ground)
        self._column.addWidget(self._empty, 1)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """A row that says the same keeps its widget, and with it the keyboard."""
        said = {row.key: row.said() for row in rows}
        if list(said.items()) == list(self._shown.items()):
            return
        before, self._shown, self._all = self._shown, said, rows
        if len(rows) <= self.MOST:
            self._most = self.MOST
        self._arrange(rows, before)

    def _show_more(self) -> None:
        """The keyboard goes on to the first of those that came, whose place the button had."""
        known = len(self.rows)
        self._most += self.MOST
        self._arrange(self._all, self._shown)
        buttons = [*self.rows[known].buttons.values()]
        self.rows[known].show()
        (buttons[0] if buttons else self).setFocus()

    def _arrange(self, rows: Sequence[Row], before: Mapping[str, tuple[object, ...]]) -> None:
        """`before` is what was said when the rows were made that are there."""
        said = self._shown
        old = {widget.key: widget for widget in self.rows}
        self.rows = [
            old[row.key]
            if row.key in old and before[row.key] == said[row.key]
            else RowWidget(row, self._ground)
            for row in rows[: self._most]
        ]
        self._move_focus(old)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if isinstance(widget, RowWidget) and widget not in self.rows:
                widget.hide()
                widget.deleteLater()
        for widget in self.rows:
            self._column.addWidget(widget)
        self._offer_more(len(rows) - len(self.rows))
        self._empty.setVisible(not rows)
        if rows:
            self._column.addStretch(1)
        else:
            self._column.addWidget(self._empty, 1)
        buttons = [button for widget in self.rows for button in widget.buttons.values()]
        in_order(*buttons, self.more)

    def _offer_more(self, left: int) -> None:
        if not left and self.window().focusWidget() is self.more:
            self.setFocus()  # before it hides, as Qt would choose the next thing
        if left:
            words = f"Show {min(left, self.MOST)} more"
            self.more.setText(words)
            self.more.setAccessibleName(f"{words} of {left} that are not shown")
            self.more.updateGeometry()
            self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        self.more.setVisible(left > 0)

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
