"""What the opened card adds: description, quick buttons, note, the buttons, the last history.

There is one body for the whole list; it moves into whichever card is opened. Half-typed notes are
drafts in the outbox, so they outlive refreshes, restarts and signing out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from tracker.cache.projection import TaskView, Trail
from tracker.domain import access
from tracker.domain.access import Actor
from tracker.domain.change import Kind
from tracker.domain.lifecycle import allows
from tracker.domain.overtaken import Overtaken
from tracker.domain.task import OPEN, HistoryEntry, Status
from tracker.services import wording
from tracker.services.board import Board
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3
from tracker.ui.widgets.controls import Button, OneLine, TextBox, label

HISTORY_SHOWN = 5
DRAFT_DELAY_MS = 400
ROOM_FOR_FOOT, ROOM_FOR_QUICK = 640, 580
"""What history needs with the buttons beside it, and the quick buttons with the others."""
_QUICK = (("+10", None), ("25", 25), ("50", 50), ("75", 75), ("100", 100))


class CardBody(QWidget):
    """`acted` carries (task id, kind, percent or None), `timed` a task whose timer is to start or
    stop; `going` a part that is about to be hidden and may have the focus."""

    acted = Signal(str, object, object)
    timed = Signal(str)
    draft_changed = Signal(str, str)
    going = Signal(QWidget)

    def __init__(
        self,
        actor: Actor,
        board: Board,
        trail: Callable[[str], Trail],
        overtaken: Callable[[Sequence[HistoryEntry]], Overtaken | None],
        draft: Callable[[str], str],
        now: Callable[[], int],
        timer_of: Callable[[str], int | None] = lambda _task_id: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._actor, self._board, self._trail, self._overtaken, self._draft, self._now = (
            actor, board, trail, overtaken, draft, now,
        )  # fmt: skip
        self._timer_of = timer_of
        self._view: TaskView | None = None
        self._task_id = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._draft_timer = QTimer(self)
        self._draft_timer.setSingleShot(True)
        self._draft_timer.setInterval(DRAFT_DELAY_MS)
        self._draft_timer.timeout.connect(self.keep_draft)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_2)
        self._description = label("", muted=True)
        column.addWidget(self._description)
        column.addLayout(self._build_quick())
        self.note = TextBox("Note", "background", 60, self)
        self.note.setPlaceholderText("Note: what was done, what is missing (Ctrl+Enter sends)")
        self.note.textChanged.connect(self._keep_soon)
        self.note.submitted.connect(self._update)
        column.addWidget(self.note)
        column.addLayout(self._build_overtaken())
        column.addLayout(self._build_foot())

    def _build_quick(self) -> QBoxLayout:
        both = self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        both.setSpacing(SPACE_2)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self.quick: list[Button] = []
        for words, percent in _QUICK:
            button = Button(words, self, small=True)
            button.setAccessibleName(f"Progress {words} %" if percent else "Progress plus 10 %")
            button.clicked.connect(lambda _c=False, p=percent: self._quick_pressed(p))
            row.addWidget(button)
            self.quick.append(button)
        row.addStretch(1)
        both.addLayout(row, 1)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        row.addStretch(1)
        both.addLayout(row)
        self._worked = OneLine(tokens.BODY, muted=True)
        row.addWidget(self._worked)
        self.timer = Button("Start timer", self, small=True)
        self.timer.clicked.connect(lambda: self.timed.emit(self._task_id))
        row.addWidget(self.timer)
        self.start = self._status_button("Start", Kind.START, row)
        self.hold = self._status_button("Hold", Kind.HOLD, row)
        self.resume = self._status_button("Resume", Kind.RESUME, row)
        self.reopen = self._status_button("Reopen", Kind.REOPEN, row)
        return both

    def _status_button(self, words: str, kind: Kind, row: QHBoxLayout) -> Button:
        button = Button(words, self, small=True)
        button.clicked.connect(lambda: self._act(kind))
        row.addWidget(button)
        return button

    def _build_overtaken(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        self._came_after = label("", muted=True)
        self.again = Button("Set again", self, small=True)
        self.again.clicked.connect(self._set_again)
        self._lost: int | None = None
        row.addWidget(self._came_after, 1)
        row.addWidget(self.again)
        return row

    def _build_foot(self) -> QBoxLayout:
        row = self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setSpacing(SPACE_3)
        history = QVBoxLayout()
        history.setSpacing(2)
        self._lines: list[OneLine] = []
        for _ in range(HISTORY_SHOWN):
            line = OneLine(tokens.SMALL + 1)
            history.addWidget(line)
            self._lines.append(line)
        row.addLayout(history, 1)
        self.comment = Button("Comment", self)
        self.comment.clicked.connect(self._comment)
        self.update_button = Button("Update", self)
        self.update_button.clicked.connect(self._update)
        self.complete = Button("Mark complete", self, primary=True, icon="check")
        self.complete.clicked.connect(lambda: self._act(Kind.COMPLETE))
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_3)
        buttons.addStretch(1)
        for button in (self.comment, self.update_button, self.complete):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        row.addLayout(buttons)
        return row

    def _lay_out(self, width: int) -> None:
        """What would be squeezed beside others goes below them."""
        way = QBoxLayout.Direction
        for layout, room in ((self._foot, ROOM_FOR_FOOT), (self._row, ROOM_FOR_QUICK)):
            layout.setDirection(way.LeftToRight if width >= room else way.TopToBottom)

    # -- showing ---------------------------------------------------------------------------

    def show_task(self, view: TaskView) -> None:
        """Shows the task; what is being typed is left alone."""
        if view.task.id != self._task_id:
            self.keep_draft()
            self._task_id = view.task.id
            self.read_draft({self._task_id})
        self._view = view
        task = view.task
        self._description.setText(task.description[:400])
        self._description.setVisible(bool(task.description))
        open_task = task.status in OPEN
        shown = {
            **dict.fromkeys(self.quick, Kind.SET_PROGRESS if open_task else None),
            self.start: Kind.START if task.status is Status.PENDING else None,
            self.hold: Kind.HOLD if allows(task.status, Status.ON_HOLD) else None,
            self.resume: Kind.RESUME if task.status is Status.ON_HOLD else None,
            self.reopen: None if open_task or task.status is Status.ARCHIVED else Kind.REOPEN,
            self.update_button: Kind.SET_PROGRESS if open_task else None,
            self.complete: Kind.COMPLETE if open_task else None,
            self.timer: Kind.LOG_TIME if open_task else None,
            self.comment: Kind.COMMENT,
        }
        for button, kind in shown.items():
            fits = kind is not None and self._may(kind)
            if not fits:
                self.going.emit(button)
            button.setVisible(fits)
        self.show_timer()
        self._show_history()

    def show_timer(self) -> None:
        """Time worked, and what a running timer has counted."""
        if self._view is None:
            return
        running, task = self._timer_of(self._task_id), self._view.task
        said = [wording.worked(task.actual_minutes)] if task.actual_minutes else []
        if running is not None:
            said.append(wording.stopwatch(running))
        self._worked.set_words(" + ".join(said))
        self._worked.setAccessibleName(f"Time worked: {self._worked.text()}" if said else "")
        words = "Start timer" if running is None else "Stop timer"
        if self.timer.text() != words:
            self.timer.setText(words)
            self.timer.setAccessibleName(words)
            self.timer.updateGeometry()

    def tab_stops(self) -> Sequence[QWidget]:
        """As they lie: the quick buttons, the note, the offer, the foot."""
        return (
            *self.quick, self.timer, self.start, self.hold, self.resume, self.reopen, self.note,
            self.again, self.comment, self.update_button, self.complete,
        )  # fmt: skip

    def read_draft(self, tasks: Collection[str]) -> None:
        """Shows the kept note of the task if it is one of `tasks`."""
        if self._task_id in tasks:
            self._draft_timer.stop()
            self.note.blockSignals(True)
            self.note.setPlainText(self._draft(self._task_id))
            self.note.blockSignals(False)

    def clear_note(self, sent: str) -> None:
        """Empties the field if it says what was sent and nothing else."""
        if self.note.toPlainText() != sent:
            return
        self.note.blockSignals(True)
        self.note.clear()
        self.note.blockSignals(False)
        self._draft_timer.stop()

    def _may(self, kind: Kind) -> bool:
        return self._view is not None and access.may(self._actor, kind, self._view.state)

    def _show_history(self) -> None:
        trail = self._trail(self._task_id)
        self._offer_again(self._overtaken(trail.history))
        entries = trail.history[-HISTORY_SHOWN:][::-1]
        names = self._board.names()
        before = sum(line.isVisibleTo(self) for line in self._lines)
        for index, line in enumerate(self._lines):
            line.setVisible(index < len(entries))
            if index < len(entries):
                entry = entries[index]
                note = f" · “{' '.join(entry.note.split())}”" if entry.note else ""
                waits = " · waiting" if entry.received_at is None else ""
                who = self._board.name_of(entry.user_id)
                line.set_words(
                    f"{who}: {wording.happened(entry, names)}{note}{waits}",
                    wording.clock(entry.made_at, self._now()),
                )
        if before != len(entries):
            self.updateGeometry()

    def _offer_again(self, lost: Overtaken | None) -> None:
        """The later arrival stands; what it replaced unseen can be set again with one press."""
        assert self._view is not None
        fits = self._view.task.status in OPEN and self._may(Kind.SET_PROGRESS)
        self._lost = lost.percent if lost and fits else None
        if self._lost is None:
            self.going.emit(self.again)
        elif lost is not None:
            who = self._board.names().get(lost.user_id, "someone")
            words = f"{self._view.task.progress} % came after {lost.percent} % by {who}."
            self._came_after.setText(words)
            self.again.setText(f"Set {lost.percent} % again")
            self.again.setAccessibleName(f"{words} {self.again.text()}")
            self.again.updateGeometry()
        if self.again.isVisibleTo(self) != (self._lost is not None):
            for part in (self._came_after, self.again):
                part.setVisible(self._lost is not None)
            self.updateGeometry()

    # -- doing -----------------------------------------------------------------------------

    def _quick_pressed(self, percent: int | None) -> None:
        if self._view is not None:
            now = self._view.task.progress
            self._emit(Kind.SET_PROGRESS, min(100, now + 10) if percent is None else percent)

    def _set_again(self) -> None:
        self._emit(Kind.SET_PROGRESS, self._lost)

    def _act(self, kind: Kind) -> None:
        self._emit(kind, None)

    def _update(self) -> None:
        """Sends the note with the progress as it stands."""
        if self._view is not None and self._may(Kind.SET_PROGRESS):
            self._emit(Kind.SET_PROGRESS, self._view.task.progress)

    def _comment(self) -> None:
        self._emit(Kind.COMMENT, None)

    def _emit(self, kind: Kind, percent: int | None) -> None:
        self._draft_timer.stop()
        self.acted.emit(self._task_id, kind, percent)

    def _keep_soon(self) -> None:
        """Who types without a rest has it kept every so often all the same."""
        if not self._draft_timer.isActive():
            self._draft_timer.start()

    def keep_draft(self) -> None:
        """Says what the field holds, before its delay is over."""
        self._draft_timer.stop()
        if self._task_id:
            self.draft_changed.emit(self._task_id, self.note.toPlainText())

    def hideEvent(self, event: QHideEvent) -> None:
        self.keep_draft()
        self.going.emit(self)
        super().hideEvent(event)

    def heightForWidth(self, width: int) -> int:
        self._lay_out(width)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        if layout.hasHeightForWidth():
            return layout.totalHeightForWidth(width)
        return layout.totalSizeHint().height()
