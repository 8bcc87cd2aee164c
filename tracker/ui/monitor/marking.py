"""What can be done with the marked tasks, in one row: what has no room there is in a menu, so that
the list below never moves while somebody marks."""

from __future__ import annotations

from collections.abc import Set

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from tracker.services.bulk_words import counted
from tracker.ui.monitor.bulk_forms import ASKS
from tracker.ui.theme import tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, label
from tracker.ui.widgets.marks import Marks

_GAP = 6
_TALL = 36


class MarkingBar(QWidget):
    """`wanted` carries the words of what is to be done; `gone` says that the bar goes and had the
    keyboard."""

    wanted = Signal(str)
    gone = Signal()

    def __init__(self, marks: Marks, parent: QWidget) -> None:
        super().__init__(parent)
        self._marks = marks
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.words = label("", tokens.BODY, bold=True)
        self.words.setParent(self)
        self.words.setWordWrap(False)
        self.buttons: dict[str, Button] = {}
        for words in ASKS:
            button = self._button(words, f"{words.rstrip('…')} the marked tasks")
            button.clicked.connect(lambda _c=False, w=words: self.wanted.emit(w))
            self.buttons[words] = button
        self.more = self._button("More", "More to do with the marked tasks", chevron=True)
        self.more.clicked.connect(self._open_more)
        self.clear = self._button("Clear", "Mark no task any more")
        self.clear.setToolTip("Esc")
        self.clear.clicked.connect(marks.clear)
        self.hide()

    def _button(self, words: str, name: str, *, chevron: bool = False) -> Button:
        made = Button(words, self, small=True, chevron=chevron)
        made.setAccessibleName(name)
        return made

    def show_marks(self, shown: Set[str]) -> None:
        """`shown` are the ids of the list: what is marked and not in it must not be forgotten."""
        number = len(self._marks)
        hidden = len(self._marks.ids - shown)
        words = f"{counted(number)} selected"
        if hidden:
            words += f", {counted(hidden)} not shown"
        if words != self.words.text():
            self.words.setText(words)
            self.updateGeometry()
        if not number and self.isAncestorOf(self.window().focusWidget()):
            self.gone.emit()
        self.setVisible(number > 0)
        self._place()

    def _words_wide(self) -> int:
        return paint.width_of(self.words.text(), tokens.BODY, bold=True) + 6

    def sizeHint(self) -> QSize:
        """The least it needs; it takes what there is."""
        always = (self.more, self.clear)
        wide = self._words_wide() + sum(one.sizeHint().width() + _GAP for one in always)
        return QSize(wide, _TALL)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _place(self) -> None:
        left = self.width() - self.sizeHint().width() + self.more.sizeHint().width() + _GAP
        wide = {words: one.sizeHint().width() + _GAP for words, one in self.buttons.items()}
        all_fit = sum(wide.values()) <= left
        left -= 0 if all_fit else self.more.sizeHint().width() + _GAP
        x = self._words_wide()
        self.words.setGeometry(0, 0, x, _TALL)
        x += _GAP
        full = False
        for words, button in self.buttons.items():
            full = full or wide[words] > left
            if not full:
                left -= wide[words]
                self._put(button, x)
                x += wide[words]
            self._offer(button, not full)
        self._offer(self.more, full)
        if full:
            self._put(self.more, x)
            x += self.more.sizeHint().width() + _GAP
        self._put(self.clear, x)

    def _offer(self, button: Button, fits: bool) -> None:
        if not fits and button is self.window().focusWidget():
            self.clear.setFocus()
        button.setVisible(fits)

    def _put(self, button: Button, x: int) -> None:
        size = button.sizeHint()
        button.setGeometry(x, (_TALL - size.height()) // 2, size.width(), size.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _open_more(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, button in self.buttons.items():
            if button.isHidden():
                action = QAction(words, menu)
                action.triggered.connect(lambda _c=False, w=words: self.wanted.emit(w))
                menu.addAction(action)
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height() + 4)))
