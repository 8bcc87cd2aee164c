"""The command palette, and the list of keyboard shortcuts: both list the window's own actions."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
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

from tracker.ui.theme.tokens import SPACE_2, SPACE_4
from tracker.ui.widgets.commands import Commands, found
from tracker.ui.widgets.controls import Button, Field, ScrollBar, label

_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class ActionList(QTreeWidget):
    """Actions with their keys."""

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
        self.listed: list[QAction] = []

    def show_actions(self, actions: list[QAction]) -> None:
        self.clear()
        self.listed = actions
        for action in actions:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem([action.text(), keys])
            item.setForeground(1, self.palette().placeholderText())
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{action.text()} {keys}".strip())
            self.addTopLevelItem(item)
        first = self.topLevelItem(0)
        if first is not None:
            self.setCurrentItem(first)

    @property
    def current(self) -> QAction | None:
        row = self.currentIndex().row()
        return self.listed[row] if 0 <= row < len(self.listed) else None


class Palette(QDialog):
    """Type some words, press Return."""

    def __init__(self, commands: Commands, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Commands")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offered = commands.listed()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_4)
        column.setSpacing(SPACE_2)
        self.field = Field("Command", self, placeholder="What do you want to do?")
        self.field.changed.connect(self._narrow)
        self.field.edit.returnPressed.connect(self._run)
        self.field.edit.installEventFilter(self)
        self.list = ActionList("Commands", self)
        self.list.itemActivated.connect(lambda *_: self._run())
        self.list.itemClicked.connect(lambda *_: self._run())
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self.resize(520, 420)
        self._narrow("")
        self.field.setFocus()

    def _narrow(self, words: str) -> None:
        places = found(words, [action.text() for action in self._offered])
        self.list.show_actions([self._offered[place] for place in places])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the words keep the keyboard."""
        if (
            event.type() is QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and Qt.Key(event.key()) in _MOVES
        ):
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _run(self) -> None:
        action = self.list.current
        if action is not None:
            self.accept()
            action.trigger()


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
        self.list = ActionList("Keyboard shortcuts", self)
        self.list.show_actions(commands.with_keys())
        for words, keys in self._FIXED:
            self.list.addTopLevelItem(QTreeWidgetItem([words, keys]))
        column.addWidget(self.list, 1)
        close = Button("Close", self)
        close.clicked.connect(self.accept)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(520, 560)
        self.list.setFocus()
