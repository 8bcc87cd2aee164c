"""One task in the monitor's grid: status, priority, progress, who does it and how fresh that is,
and how many updates there were last."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from tracker.cache.projection import Mark, TaskView
from tracker.domain.task import Status, is_overdue
from tracker.services import wording
from tracker.services.board import Board
from tracker.services.freshness import freshness
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_3, Tokens, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.card_list import CardWidget
from tracker.ui.widgets.marks import Marks
from tracker.ui.widgets.progress_track import ProgressTrack

HEIGHT = 152
MIN_WIDTH = 248
_BOX = QRect(0, 4, 36, 34)
"""Where a press marks the task: larger than the box that is painted there."""
_FOOT = 116
"""From here down a press on the right half asks for the updates."""


def updates_words(number: int) -> str:
    return f"{number} update{'' if number == 1 else 's'}"


class MonitorCard(CardWidget):
    """`asked` carries the id of a task whose number of updates is not known, `updates_wanted` that
    of one whose updates are to be shown."""

    asked = Signal(str)
    updates_wanted = Signal(str)

    def __init__(self, parent: QWidget, board: Board, now: Callable[[], int], marks: Marks) -> None:
        super().__init__(parent)
        self._board, self._now, self._marks = board, now, marks
        self._view: TaskView | None = None
        self._selected = False
        self._updates: int | None = None
        self.setMouseTracking(True)
        self.track = ProgressTrack(self)
        self.track.editable = False
        self.track.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.track.setToolTip("")
        self.track.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def bind(self, card_id: str, *, selected: bool) -> None:
        view = self._board.views[card_id]
        if view is not self._view:
            if card_id != self.card_id:
                self._updates = None
            self.asked.emit(card_id)
        self.card_id, self._view, self._selected = card_id, view, selected
        task = view.task
        fill = {Status.COMPLETED: "done", Status.IN_PROGRESS: "in_progress"}.get(
            task.status, "held"
        )
        self.track.show_progress(task.shown_progress, fill)
        self._say()
        self.update()

    def show_updates(self, number: int) -> None:
        """How many of its last updates can be shown."""
        if number != self._updates:
            self._updates = number
            self._say()
            self.update()

    def _say(self) -> None:
        assert self._view is not None
        task, now = self._view.task, self._now()
        who = self._board.assignee(self._view)
        person = self._board.name_of(who) if who else "nobody"
        fresh = freshness(self._board.presence.get(who), now).said() if who else ""
        parts = [
            "Marked" if task.id in self._marks else "",
            task.title, wording.STATUS_WORDS[task.status], f"{task.shown_progress} %",
            f"{task.priority.value.lower()} priority", person, fresh, wording.due(task, now),
            updates_words(self._updates) if self._updates else "",
        ]  # fmt: skip
        self.setAccessibleName(", ".join(part for part in parts if part))

    def open_height(self, width: int) -> int:
        return HEIGHT

    def resizeEvent(self, _event: object) -> None:
        self.track.setGeometry(SPACE_3, 64, self.width() - 2 * SPACE_3, 22)

    # -- pressing --------------------------------------------------------------------------

    def is_on_box(self, where: QPoint) -> bool:
        return _BOX.contains(where)

    def updates_place(self) -> QRect:
        """Where the number of updates stands."""
        half = self.width() // 2
        return QRect(half, _FOOT, half, HEIGHT - _FOOT)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.card_id and self._updates and self._is_on_updates(event):
            self.updates_wanted.emit(self.card_id)
        super().mouseReleaseEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        hand = self.is_on_box(where) or (bool(self._updates) and self._is_on_updates(event))
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)

    def _is_on_updates(self, event: QMouseEvent) -> bool:
        where = event.position().toPoint()
        return self.updates_place().contains(where) and where.x() > self.width() - 110

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(event.pos()), self)
            return True
        return super().event(event)

    def _tip(self, where: QPoint) -> str:
        if self._view is None:
            return ""
        if self.is_on_box(where):
            return "Mark   Space"
        if 88 <= where.y() < _FOOT:
            who = self._board.assignee(self._view)
            if who is None:
                return ""
            said = freshness(self._board.presence.get(who), self._now()).said()
            return f"<p>{escape(f'{self._board.name_of(who)}: {said}')}</p>"
        if where.y() >= _FOOT and where.x() > self.width() - 110:
            return "The last updates   U"
        return f"<p>{escape(wording.straight(self._view.task.title))}</p>"

    # -- painting --------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._view is None:
            return
        view, task, now = self._view, self._view.task, self._now()
        t = tokens_of(self.palette())
        painter = QPainter(self)
        colour = t.status(task.status)
        rect = QRectF(self.rect())
        marked = task.id in self._marks
        paint.card_frame(painter, rect, t, colour, selected=self._selected, top=True, weak=marked)
        width = self.width() - 2 * SPACE_3
        word = task.priority.value
        pill = paint.width_of(word, tokens.SMALL, bold=True) + 18
        paint.badge(painter, self.width() - SPACE_3 - pill, 14, word, t.priority(task.priority))
        status = wording.STATUS_WORDS[task.status]
        if view.mark is not Mark.SAVED:
            status = f"{status} · {view.mark.value}"
        line = QRect(SPACE_3, 14, width - pill - 8, 20)
        boxed = bool(self._marks) or self.underMouse()
        if boxed:
            paint.box(painter, self, QRectF(SPACE_3, 16, 16, 16), t, on=marked)
        else:
            paint.rounded(painter, QRectF(SPACE_3, 20, 8, 8), colour, None, 4)
        start = 22 if boxed else 14
        paint.text(painter, line.adjusted(start, 0, 0, 0), status, colour, tokens.SMALL, bold=True)
        title = QRect(SPACE_3, 38, width, 22)
        paint.text(painter, title, task.title, t.text, tokens.BODY + 1, bold=True)
        self._paint_person(painter, view, t, now, width)
        self._paint_foot(painter, view, t, now, width)

    def _paint_foot(
        self, painter: QPainter, view: TaskView, t: Tokens, now: int, width: int
    ) -> None:
        task, size = view.task, tokens.SMALL + 1
        foot = QRect(SPACE_3, 122, width, 20)
        if self._updates:
            words = updates_words(self._updates)
            taken = paint.width_of(words, size) + 20
            paint.text(
                painter, foot.adjusted(0, 0, -18, 0), words, t.muted, size,
                align=Qt.AlignmentFlag.AlignRight,
            )  # fmt: skip
            paint.icon(painter, self, "chevron", t.muted, self.width() - SPACE_3 - 16, 124)
            foot.adjust(0, 0, -taken - 8, 0)
        late = is_overdue(task, now)
        if late:
            paint.icon(painter, self, "warning", t.danger, SPACE_3, 124)
            foot.adjust(20, 0, 0, 0)
        colour, due = t.danger if late else t.muted, wording.due(task, now)
        used = paint.text(painter, foot, due, colour, size, bold=late)
        project = self._board.project_of(task)
        if project and due:
            paint.text(painter, foot.adjusted(used + 6, 0, 0, 0), "·", t.muted, size)
        rest = foot.adjusted(used + 16 if due else 0, 0, 0, 0)
        if rest.width() > 24:
            paint.text(painter, rest, project, t.muted, size)

    def _paint_person(
        self, painter: QPainter, view: TaskView, t: Tokens, now: int, width: int
    ) -> None:
        who = self._board.assignee(view)
        if who is None:
            paint.text(painter, QRect(SPACE_3, 92, width, 24), "nobody", t.muted, tokens.BODY)
            return
        fresh = freshness(self._board.presence.get(who), now)
        name, dot = self._board.name_of(who), t.occupancy(fresh.state)
        ground = t.surface if view.task.id in self._marks else None
        place = QRectF(SPACE_3, 91, 26, 26)
        paint.avatar(painter, place, name, t, dot, fresh.state, ground)
        size = tokens.SMALL + 1
        most = width - 36 - 8 - min(paint.width_of(name, tokens.BODY), width // 2)
        words = fresh.fitting(lambda said: paint.width_of(said, size) + 2 <= most)
        age_width = min(paint.width_of(words, size) + 2, width // 2 + 10)
        others = sum(row.part is row.part.ASSIGNEE for row in view.people) - 1
        more = f" +{others}" if others > 0 else ""
        room = QRect(SPACE_3 + 36, 92, width - 36 - age_width - 8, 24)
        paint.text(painter, room, f"{name}{more}", t.text, tokens.BODY)
        where = QRect(self.width() - SPACE_3 - age_width, 92, age_width + 1, 24)
        paint.text(
            painter, where, words, t.muted, size,
            align=Qt.AlignmentFlag.AlignRight,
        )  # fmt: skip
