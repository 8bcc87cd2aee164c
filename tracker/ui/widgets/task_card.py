"""One task as the employee sees it: a closed card, or the opened one with everything to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from tracker.cache.projection import Mark, TaskView
from tracker.domain.task import OPEN, Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.card_body import CardBody
from tracker.ui.widgets.card_list import CardWidget
from tracker.ui.widgets.progress_track import ProgressTrack

CLOSED_HEIGHT = 70
_LEFT = 18
_PROJECT_WIDTH = 160
_BLOCKED = "BLOCKED"
_MARKS = {
    Mark.SAVED: ("check", "saved"),
    Mark.WAITING: ("clock", "waiting"),
    Mark.REJECTED: ("alert", "needs attention"),
}


class TaskCard(CardWidget):
    """`committed` carries (task id, percent) when the bar was moved by the person."""

    committed = Signal(str, int)

    def __init__(
        self,
        parent: QWidget,
        board: Board,
        body: CardBody,
        now: Callable[[], int],
        may_move: Callable[[TaskView], bool],
    ) -> None:
        super().__init__(parent)
        self._board, self._body, self._now, self._may_move = board, body, now, may_move
        self._view: TaskView | None = None
        self._selected = False
        self.track = ProgressTrack(self)
        self.track.committed.connect(self._moved)

    def bind(self, card_id: str, *, selected: bool) -> None:
        view = self._board.views[card_id]
        self.card_id, self._view, self._selected = card_id, view, selected
        task = view.task
        self.track.editable = task.status in OPEN and self._may_move(view)
        held = task.status is Status.ON_HOLD
        fill = "done" if task.status is Status.COMPLETED else "held" if held else "accent"
        self.track.show_progress(task.progress, fill)
        self.track.setAccessibleName(f"Progress of {task.title}")
        due = wording.due(task, self._now())
        parts = (
            task.title, f"priority {task.priority.value.lower()}",
            wording.STATUS_WORDS[task.status], "blocked" if task.is_blocked else "",
            f"{task.progress} %", due, wording.comments(task.comment_count), self._mark(view)[1],
        )  # fmt: skip
        self.setAccessibleName(", ".join(part for part in parts if part))
        if selected:
            self._take_body()
        elif self._body.parent() is self:
            self._body.hide()
        self._arrange()
        self.update()

    def let_go(self) -> None:
        self.track.let_go()

    def tab_stops(self) -> Sequence[QWidget]:
        return [self.track, *(self._body.tab_stops() if self._selected else ())]

    def open_height(self, width: int) -> int:
        return 84 + self._body.heightForWidth(width - _LEFT - SPACE_4) + SPACE_4

    def _take_body(self) -> None:
        if self._body.parent() is not self:
            self._body.setParent(self)
        self._body.show()

    def _moved(self, percent: int) -> None:
        if self.card_id:
            self.committed.emit(self.card_id, percent)

    def resizeEvent(self, _event: object) -> None:
        self._arrange()

    def _arrange(self) -> None:
        right = self.width() - SPACE_4
        if self._selected:
            self.track.setGeometry(_LEFT, 56, right - _LEFT, 24)
            self._body.setGeometry(_LEFT, 84, right - _LEFT, self.height() - 84 - 12)
        else:
            x = _LEFT + _PROJECT_WIDTH
            self.track.setGeometry(x, 36, right - x, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._view is None:
            return
        view, task = self._view, self._view.task
        t = tokens_of(self.palette())
        painter = QPainter(self)
        edge = t.priority(task.priority)
        paint.card_frame(painter, QRectF(self.rect()), t, edge, selected=self._selected)
        right = self._paint_right(painter, view)
        word = task.priority.value
        badge_width = paint.width_of(word, tokens.SMALL, bold=True) + 18
        blocked_width = paint.width_of(_BLOCKED, tokens.SMALL, bold=True) + 18
        room = right - _LEFT - badge_width - 24
        room -= blocked_width + 6 if task.is_blocked else 0
        title = QRect(_LEFT, 11, max(40, room), 22)
        used = paint.text(painter, title, task.title, t.text, tokens.BODY + 1, bold=True)
        x = _LEFT + used + 10
        x += paint.badge(painter, x, 12, word, edge) + 6
        if task.is_blocked and x + blocked_width <= right:
            paint.badge(painter, x, 12, _BLOCKED, t.danger)
        project = self._board.project_of(task) or wording.STATUS_WORDS[task.status]
        if self._selected:
            about = QRect(_LEFT, 33, self.width() - _LEFT - SPACE_4, 20)
            paint.text(painter, about, self._about(view), t.muted, tokens.BODY)
        else:
            where = QRect(_LEFT, 37, _PROJECT_WIDTH - 12, 22)
            paint.text(painter, where, project, t.muted, tokens.BODY)

    def _mark(self, view: TaskView) -> tuple[str, str]:
        """Icon and words for the state of this card; one without changes says its age when old."""
        age, stale = self._board.freshness()
        return ("clock", age) if stale and view.mark is Mark.SAVED else _MARKS[view.mark]

    def _about(self, view: TaskView) -> str:
        task = view.task
        others = [
            f"with {self._board.name_of(row.user_id)} ({row.part.value.lower()})"
            for row in view.people
            if row.user_id != self._board.me
        ]
        synced = f"synced {self._board.freshness()[0]}"
        parts = [self._board.project_of(task), wording.STATUS_WORDS[task.status], *others]
        parts += [wording.comments(task.comment_count), synced]
        return " · ".join(part for part in parts if part)

    def _paint_right(self, painter: QPainter, view: TaskView) -> int:
        """Due and sync mark from the right edge; returns where they begin."""
        t = tokens_of(self.palette())
        task, now = view.task, self._now()
        x = self.width() - SPACE_4
        name, words = self._mark(view)
        colour = t.danger if view.mark is Mark.REJECTED else t.muted
        width = paint.width_of(words, tokens.BODY)
        x -= width
        paint.text(painter, QRect(x, 11, width + 2, 22), words, colour, tokens.BODY)
        x -= 20
        paint.icon(painter, self, name, colour, x, 14)
        if task.comment_count and not self._selected:
            said = str(task.comment_count)
            width = paint.width_of(said, tokens.BODY)
            x -= width + 14
            paint.text(painter, QRect(x, 11, width + 2, 22), said, t.muted, tokens.BODY)
            x -= 20
            paint.icon(painter, self, "comment", t.muted, x, 14)
        due = wording.due(task, now)
        if due:
            late = is_overdue(task, now)
            width = paint.width_of(due, tokens.BODY, bold=late)
            x -= width + 14
            colour = t.danger if late else t.muted
            where = QRect(x, 11, width + 2, 22)
            paint.text(painter, where, due, colour, tokens.BODY, bold=late)
            if late:
                x -= 20
                paint.icon(painter, self, "warning", colour, x, 14)
        return x
