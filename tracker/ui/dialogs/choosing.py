"""Choosing one of many by typing some words: the command palette, a task, an account."""

from __future__ import annotations

import functools
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tracker.cache.projection import TaskView
from tracker.services import wording
from tracker.ui.theme.tokens import SPACE_2, SPACE_4
from tracker.ui.widgets.commands import Commands, found
from tracker.ui.widgets.controls import Button, Field, ScrollBar, label

_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_SLICE = 3_000
"""So many tasks are looked through at a time: some 2 ms."""
_MOST = 200
"""So many are listed; who wants another one types more of it."""


@dataclass(frozen=True, slots=True)
class Option:
    """`beside` is said at the right: keys, a status."""

    words: str
    beside: str
    take: Callable[[], object]


class OptionList(QTreeWidget):
    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(ScrollBar(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def show_options(self, options: Sequence[tuple[str, str]]) -> None:
        self.clear()
        for words, beside in options:
            item = QTreeWidgetItem([words, beside])
            item.setSizeHint(0, QSize(0, 28))
            item.setForeground(1, self.palette().placeholderText())
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{words} {beside}".strip())
            self.addTopLevelItem(item)
        first = self.topLevelItem(0)
        if first is not None:
            self.setCurrentItem(first)

    def follow(self, field: Field) -> None:
        """Up and down move in the list while the words keep the keyboard."""
        field.edit.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() is QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in _MOVES
        ):
            self.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)


class Chooser(QDialog):
    """Type some words, press Return."""

    def __init__(
        self, title: str, placeholder: str, options: Sequence[Option], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offered = options
        self._listed: list[Option] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        column.setSpacing(SPACE_2)
        self.field = Field(title, self, placeholder=placeholder)
        self.field.changed.connect(self._narrow)
        self.field.edit.returnPressed.connect(self._take)
        self.list = OptionList(title, self)
        self.list.follow(self.field)
        self.list.itemActivated.connect(lambda *_: self._take())
        self.list.itemClicked.connect(lambda *_: self._take())
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self.resize(520, 420)
        self._narrow("")
        self.field.setFocus()

    def _narrow(self, words: str) -> None:
        places = found(words, [option.words for option in self._offered])
        self._listed = [self._offered[place] for place in places[:_MOST]]
        self.list.show_options([(option.words, option.beside) for option in self._listed])

    def _take(self) -> None:
        """Once: a click on a row of the list says it twice on some systems."""
        row = self.list.currentIndex().row()
        if self.isVisible() and 0 <= row < len(self._listed):
            self.accept()
            self._listed[row].take()


class TaskChooser(Chooser):
    """One of thousands of tasks, by words of its title or its number. They are looked through in
    slices between which the window goes on: all of 50,000 at once would hold it up."""

    _views: Sequence[TaskView] = ()
    _scan: Iterator[None] | None = None
    _waits = False

    def __init__(
        self, title: str, views: Sequence[TaskView], then: Callable[[str], object], parent: QWidget
    ) -> None:
        """`views` in the order they were made in; the newest are listed where too many fit."""
        super().__init__(title, "Some words of its title, or its number", (), parent)
        self._views, self._then = views, then
        self._turn = QTimer(self)
        self._turn.timeout.connect(self._go_on)
        self._narrow("")

    def _narrow(self, words: str) -> None:
        if self._views:
            self._scan = self._look(words.casefold().split(), words.strip().removeprefix("#"))
            self._turn.start(0)
            self._go_on()  # a few thousand are there at once
        else:
            self.list.show_options([])

    def _look(self, words: Sequence[str], number: str) -> Iterator[None]:
        found: list[tuple[bool, str, TaskView]] = []
        for place, view in enumerate(reversed(self._views), 1):
            if place % _SLICE == 0:
                yield
            title = view.task.title.casefold()
            if all(word in title for word in words) or number == str(view.task.number):
                found.append((not title.startswith(" ".join(words)), title, view))
                if len(found) == _MOST and not words:
                    break
        found = heapq.nsmallest(_MOST, found, key=lambda one: one[:2])
        self._listed = [self._option(view) for _, _, view in found]
        self.list.show_options([(option.words, option.beside) for option in self._listed])

    def _option(self, view: TaskView) -> Option:
        task = view.task
        number = f"#{task.number} · " if task.number else ""
        beside = f"{number}{wording.STATUS_WORDS[task.status]}"
        return Option(task.title, beside, functools.partial(self._then, task.id))

    def _go_on(self) -> None:
        if self._scan is not None and next(self._scan, self) is None:
            return
        self._scan = None
        self._turn.stop()
        if self._waits:
            self._waits = False
            self._take()

    def _take(self) -> None:
        """Return before the list is there takes what will be its first."""
        if self._scan is not None:
            self._waits = True
        else:
            super()._take()

    def done(self, result: int) -> None:
        self._turn.stop()
        super().done(result)


def _keys(shortcut: QKeySequence) -> str:
    return shortcut.toString(QKeySequence.SequenceFormat.NativeText)


def palette(commands: Commands, parent: QWidget) -> Chooser:
    """Everything the window can do now."""
    options = [
        Option(action.text(), _keys(action.shortcut()), action.trigger)
        for action in commands.listed()
    ]
    return Chooser("Commands", "What do you want to do?", options, parent)


class Keys(QDialog):
    """What every key does; nothing here changes anything."""

    _FIXED = (
        ("Move among the cards", "↑ ↓ Page Home End"),
        ("Open the card, then write its note", "Return"),
        ("Move the progress by 5 %, with Shift by 1 %", "← →"),
        ("Send the note", "Ctrl+Return"),
        ("Leave the card or a dialog", "Esc"),
    )

    def __init__(self, commands: Commands, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        column.setSpacing(SPACE_2)
        column.addWidget(label("Tab goes from control to control; Space or Return presses one."))
        self.list = OptionList("Keyboard shortcuts", self)
        own = [(action.text(), _keys(action.shortcut())) for action in commands.with_keys()]
        self.list.show_options([*own, *self._FIXED])
        column.addWidget(self.list, 1)
        close = Button("Close", self)
        close.clicked.connect(self.accept)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(520, 560)
        self.list.setFocus()
