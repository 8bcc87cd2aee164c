"""Other tasks that a form names: the one above it, or those it waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.domain.errors import InputError
from tracker.domain.task import Status
from tracker.services import wording
from tracker.services.board import Board
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2
from tracker.ui.widgets.controls import Button, OneLine, in_order


class Chooses(Protocol):
    def choose_task(
        self, title: str, without: str, then: Callable[[str], None], but: Sequence[str] = ()
    ) -> None: ...


class _Pick(QWidget):
    spoken_role = QAccessible.Role.ListItem

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_2)
        self.words = OneLine(tokens.BODY)
        self.remove = Button("Remove", self, small=True)
        row.addWidget(self.words, 1)
        row.addWidget(self.remove)

    def show_task(self, title: str, beside: str) -> None:
        said = f"{title} · {beside}" if beside else title
        if said != self.words.text():
            self.words.set_words(said)
            self.setAccessibleName(said)
            self.remove.setAccessibleName(f"Remove {title}")


class TaskPicks(QWidget):
    """At most `most` tasks. `changed` says that one came or went."""

    changed = Signal()

    def __init__(
        self,
        host: Chooses,
        board: Board,
        words: str,
        ask: str,
        most: int,
        after: QWidget,
        parent: QWidget,
    ) -> None:
        """Tab comes here from `after`."""
        super().__init__(parent)
        self._before = after
        self._host, self._board, self._ask, self._most = host, board, ask, most
        self.picks: dict[str, _Pick] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_1)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_1)
        column.addLayout(self._list)
        self.button = Button(words, self, icon="plus")
        self.button.clicked.connect(self.choose)
        column.addWidget(self.button)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.picks)

    def choose(self) -> None:
        self._host.choose_task(self._ask, "", self._taken, self.ids)

    def _taken(self, task_id: str) -> None:
        self.show_tasks([*self.ids, task_id])
        if self.button.isVisibleTo(self):
            self.button.setFocus()
        else:
            self.picks[task_id].remove.setFocus()

    def show_tasks(self, task_ids: Sequence[str]) -> None:
        wanted = list(dict.fromkeys(task_ids))[: self._most]
        for task_id in set(self.picks) - set(wanted):
            pick = self.picks.pop(task_id)
            if pick.isAncestorOf(self.window().focusWidget()):
                self.button.show()
                self.button.setFocus()
            pick.hide()
            self._list.removeWidget(pick)
            pick.deleteLater()
        for task_id in wanted:
            if task_id not in self.picks:
                pick = self.picks[task_id] = _Pick(self)
                pick.remove.clicked.connect(lambda _c=False, i=task_id: self.remove(i))
                self._list.addWidget(pick)
                pick.show()
        buttons = [pick.remove for pick in self.picks.values()]
        in_order(self._before, *buttons, self.button)
        self.button.setVisible(len(self.picks) < self._most)
        self.refresh()
        self.changed.emit()

    def remove(self, task_id: str) -> None:
        self.show_tasks([one for one in self.ids if one != task_id])

    def refresh(self) -> None:
        """The tasks as they are called now."""
        for task_id, pick in self.picks.items():
            view = self._board.views.get(task_id)
            if view is None:
                pick.show_task("A task that is not there any more", "")
            else:
                pick.show_task(view.task.title, wording.STATUS_WORDS[view.task.status])

    def read(self) -> tuple[str, ...]:
        """E5030 for one that went meanwhile."""
        for task_id in self.ids:
            view = self._board.views.get(task_id)
            if view is None or view.task.status is Status.ARCHIVED:
                raise InputError("E5030", field="needs_id")
        return self.ids
