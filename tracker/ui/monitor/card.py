"""One task in the monitor's grid: status, priority, progress, who does it and how fresh that is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from tracker.cache.projection import Mark, TaskView
from tracker.domain.occupancy import LIVE_MS
from tracker.domain.task import Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_3, Tokens, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.card_list import CardWidget
from tracker.ui.widgets.progress_track import ProgressTrack

HEIGHT = 152
MIN_WIDTH = 248


def data_age(board: Board, user_id: str | None, now: int) -> str:
    """How fresh a person's data is: `live`, `last heard 11:58, 4 unsent then`, `never heard`."""
    presence = board.presence.get(user_id or "")
    if presence is None or presence.last_heard_at is None:
        return "never heard" if user_id else ""
    if presence.last_heard_at > now - LIVE_MS:
        return f"live, {presence.unsent} unsent" if presence.unsent else "live"
    heard = f"last heard {wording.clock(presence.last_heard_at, now)}"
    return f"{heard}, {presence.unsent} unsent then" if presence.unsent else heard


class MonitorCard(CardWidget):
    def __init__(self, parent: QWidget, board: Board, now: Callable[[], int]) -> None:
        super().__init__(parent)
        self._board, self._now = board, now
        self._view: TaskView | None = None
        self._selected = False
        self.track = ProgressTrack(self)
        self.track.editable = False
        self.track.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.track.setToolTip("")
        self.track.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def bind(self, card_id: str, *, selected: bool) -> None:
        view = self._board.views[card_id]
        self.card_id, self._view, self._selected = card_id, view, selected
        task = view.task
        fill = {Status.COMPLETED: "done", Status.IN_PROGRESS: "in_progress"}.get(
            task.status, "held"
        )
        self.track.show_progress(task.progress, fill)
        who = self._board.assignee(view)
        self.setAccessibleName(
            f"{task.title}, {wording.STATUS_WORDS[task.status]}, {task.progress} %, "
            f"{self._board.name_of(who) if who else 'nobody'}, {wording.due(task, self._now())}"
        )
        self.update()

    def open_height(self, width: int) -> int:
        return HEIGHT

    def resizeEvent(self, _event: object) -> None:
        self.track.setGeometry(SPACE_3, 64, self.width() - 2 * SPACE_3, 22)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._view is None:
            return
        view, task, now = self._view, self._view.task, self._now()
        t = tokens_of(self.palette())
        painter = QPainter(self)
        colour = t.status(task.status)
        rect = QRectF(self.rect())
        paint.card_frame(painter, rect, t, colour, selected=self._selected, top=True)
        width = self.width() - 2 * SPACE_3
        word = task.priority.value
        pill = paint.width_of(word, tokens.SMALL, bold=True) + 18
        paint.badge(painter, self.width() - SPACE_3 - pill, 14, word, t.priority(task.priority))
        status = wording.STATUS_WORDS[task.status]
        if view.mark is not Mark.SAVED:
            status = f"{status} · {view.mark.value}"
        line = QRect(SPACE_3, 14, width - pill - 8, 20)
        self._dot(painter, colour, SPACE_3, 20)
        paint.text(painter, line.adjusted(14, 0, 0, 0), status, colour, tokens.SMALL, bold=True)
        title = QRect(SPACE_3, 38, width, 22)
        paint.text(painter, title, task.title, t.text, tokens.BODY + 1, bold=True)
        self._paint_person(painter, view, t, now, width)
        foot = QRect(SPACE_3, 122, width, 20)
        due = wording.due(task, now) or status
        late = is_overdue(task, now)
        x = 0
        if late:
            paint.icon(painter, self, "warning", t.danger, SPACE_3, 124)
            x = 20
        colour = t.danger if late else t.muted
        place = foot.adjusted(x, 0, 0, 0)
        used = paint.text(painter, place, due, colour, tokens.SMALL + 1, bold=late)
        project = self._board.project_of(task)
        rest = foot.adjusted(x + used + 16, 0, 0, 0)
        paint.text(
            painter, rest, project, t.muted, tokens.SMALL + 1, align=Qt.AlignmentFlag.AlignRight
        )

    def _dot(self, painter: QPainter, colour: str, x: int, y: int) -> None:
        paint.rounded(painter, QRectF(x, y, 8, 8), colour, None, 4)

    def _paint_person(
        self, painter: QPainter, view: TaskView, t: Tokens, now: int, width: int
    ) -> None:
        who = self._board.assignee(view)
        if who is None:
            paint.text(painter, QRect(SPACE_3, 92, width, 24), "nobody", t.muted, tokens.BODY)
            return
        age = data_age(self._board, who, now)
        live = age.startswith("live")
        name = self._board.name_of(who)
        dot = t.done if live else t.held
        paint.avatar(painter, QRectF(SPACE_3, 91, 26, 26), name, t, dot)
        age_width = min(paint.width_of(age, tokens.SMALL + 1), width // 2 + 10)
        room = QRect(SPACE_3 + 36, 92, width - 36 - age_width - 8, 24)
        paint.text(painter, room, name, t.text, tokens.BODY)
        where = QRect(self.width() - SPACE_3 - age_width, 92, age_width + 1, 24)
        paint.text(painter, where, age, t.muted, tokens.SMALL + 1)
