"""The drawer: one task's details, what an admin can do, comments and the audit timeline."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QAccessible, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from tracker.cache.projection import TaskView, Trail
from tracker.domain.access import Actor, may
from tracker.domain.change import Kind
from tracker.domain.lifecycle import allows
from tracker.domain.task import OPEN, Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board
from tracker.ui.detail.parts import said_of
from tracker.ui.monitor.card import data_age
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_1, SPACE_2, SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, Panel, ScrollBar, label

WIDTH = 330


class Moment(QWidget):
    """One line of the timeline with its dot."""

    spoken_role = QAccessible.Role.ListItem

    def __init__(self, what: str, who: str, note: str, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 0, 0, SPACE_2)
        column.setSpacing(1)
        self.setAccessibleName(", ".join(part for part in (what, who, note) if part))
        column.addWidget(label(what, bold=True))
        column.addWidget(label(who, tokens.SMALL + 1, muted=True))
        if note:
            column.addWidget(label(f"“{note}”"))

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        paint.rounded(painter, QRectF(3, 12, 2, self.height()), t.line, None, 1)
        paint.rounded(painter, QRectF(0, 4, 8, 8), t.accent, None, 4)


class Drawer(Panel):
    """`acted` carries (task id, kind); `closed` says that the person is done reading."""

    acted = Signal(str, object)
    closed = Signal()

    def __init__(
        self,
        actor: Actor,
        board: Board,
        trail: Callable[[str], Trail],
        now: Callable[[], int],
        parent: QWidget,
    ) -> None:
        super().__init__("surface", parent, border="left")
        self._actor, self._board, self._trail, self._now = actor, board, trail, now
        self._task_id = ""
        self._lines: list[tuple[str, str, str, str]] = []
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, 0)
        column.setSpacing(SPACE_2)
        self.title = label("", tokens.HEADING, bold=True)
        self.about = label("", muted=True)
        self.due = label("", bold=True)
        self.description = label("")
        self.close_button = Button("Close", self, small=True)
        self.close_button.setAccessibleName("Close the details")
        self.close_button.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        for widget in (self.about, self.due, self.description):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.buttons: dict[Kind, Button] = {}
        for words, kind in (
            ("Hold", Kind.HOLD),
            ("Resume", Kind.RESUME),
            ("Reopen", Kind.REOPEN),
            ("Cancel task", Kind.CANCEL),
        ):
            button = Button(words, self, small=True)
            button.clicked.connect(lambda _c=False, k=kind: self.acted.emit(self._task_id, k))
            row.addWidget(button)
            self.buttons[kind] = button
        row.addStretch(1)
        column.addLayout(row)
        line = Panel("line", self)
        line.setFixedHeight(1)
        column.addWidget(line)
        column.addWidget(label("History", bold=True))
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setVerticalScrollBar(ScrollBar(self._scroll))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        column.addWidget(self._scroll, 1)
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def show_task(self, view: TaskView) -> None:
        task, now = view.task, self._now()
        self._task_id = task.id
        self.title.setText(task.title)
        who = self._board.assignee(view)
        age = data_age(self._board, who, now)
        name = self._board.name_of(who) if who else "nobody"
        self.about.setText(
            f"{wording.STATUS_WORDS[task.status]} · {task.progress} % · "
            f"{task.priority.value.lower()} · {name}{f' ({age})' if age else ''}"
        )
        due = wording.due(task, now)
        self.due.setText(due)
        self.due.setVisible(bool(due))
        role = self.due.palette().ColorRole
        self.due.setForegroundRole(role.BrightText if is_overdue(task, now) else role.WindowText)
        self.description.setText(task.description[:1000])
        self.description.setVisible(bool(task.description))
        legal = {
            Kind.HOLD: allows(task.status, Status.ON_HOLD),
            Kind.RESUME: task.status is Status.ON_HOLD,
            Kind.REOPEN: task.status in (Status.COMPLETED, Status.CANCELLED),
            Kind.CANCEL: task.status in OPEN,
        }
        for kind, button in self.buttons.items():
            button.setVisible(legal[kind] and may(self._actor, kind, view.state))
        self._show_timeline(now)

    def _show_timeline(self, now: int) -> None:
        """Builds the lines anew where one differs; who reads far down stays where they are."""
        entries = self._trail(self._task_id).history[::-1]
        lines = [(self._task_id, *said_of(entry, self._board, now)) for entry in entries]
        if lines == self._lines:
            return
        bar = self._scroll.verticalScrollBar()
        at = bar.value() if self._lines and lines[:1] and self._lines[0][0] == lines[0][0] else 0
        self._lines = lines
        ground = QWidget()
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, SPACE_1, SPACE_2, SPACE_4)
        column.setSpacing(SPACE_2)
        self.moments = [Moment(what, who, note, ground) for _, what, who, note in lines]
        for moment in self.moments:
            column.addWidget(moment)
        column.addStretch(1)
        self._scroll.setWidget(ground)
        if at:
            # Its height is known once the layout ran; the bar would clip the value before.
            column.activate()
            ground.resize(
                self._scroll.viewport().width(),
                column.totalHeightForWidth(self._scroll.viewport().width()),
            )
            bar.setValue(at)
        ground.setAutoFillBackground(False)
