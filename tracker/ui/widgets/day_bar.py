"""A day of activity as one bar: what was reported, in its place; a gap where nothing was."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tracker.domain.occupancy import Interval
from tracker.domain.task import Occupancy
from tracker.services import wording
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, tokens_of
from tracker.ui.widgets import paint

COLOURS = {
    Occupancy.ACTIVE: "done",
    Occupancy.IDLE: "pending",
    Occupancy.OFFLINE: "held",
    Occupancy.UNKNOWN: "control_line",
}
_HOURS = 6
"""Between two marks of the clock below the bar."""
_LINE = 22
"""Pixels between two lines of the legend."""


class DayBar(QWidget):
    """`words` names the states; they stand beside their colours in the legend."""

    spoken_role = QAccessible.Role.Chart

    def __init__(self, words: dict[Occupancy, str], parent: QWidget) -> None:
        super().__init__(parent)
        self._words = words
        self._intervals: Sequence[Interval] = ()
        self._span = (0, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Activity of the last 24 hours")

    def sizeHint(self) -> QSize:
        lines = max([line for _, line, _, _ in self._places()], default=0)
        return QSize(320, 84 + lines * _LINE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def _places(self) -> list[tuple[int, int, Occupancy, str]]:
        """Where each of the legend stands: how far right, on which line."""
        found, x, line = [], 0, 0
        for state, words in self.legend().items():
            width = paint.width_of(words, tokens.SMALL + 1) + 20
            if x and x + width > self.width():
                x, line = 0, line + 1
            found.append((x, line, state, words))
            x += width + 2 * SPACE_2
        return found

    def show_day(self, intervals: Sequence[Interval], start: int, end: int) -> None:
        self._intervals, self._span = intervals, (start, end)
        self.setAccessibleDescription(", ".join(self.legend().values()) or "Nothing was reported")
        self.updateGeometry()
        self.update()

    def legend(self) -> dict[Occupancy, str]:
        """Each state that occurs, with its length."""
        lengths: dict[Occupancy, int] = {}
        for one in self._intervals:
            lengths[one.state] = lengths.get(one.state, 0) + one.ended_at - one.started_at
        return {
            state: f"{self._words[state]} {wording.worked(round(lengths[state] / wording.MINUTE))}"
            for state in Occupancy
            if state in lengths
        }

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        start, end = self._span
        width = self.width() - 2
        bar = QRectF(1, 4, width, 22)
        paint.rounded(painter, bar, t.track, t.line, 4)
        for one in self._intervals:
            left = 1 + width * (one.started_at - start) / (end - start)
            right = 1 + width * (one.ended_at - start) / (end - start)
            colour = QColor(getattr(t, COLOURS[one.state]))
            painter.fillRect(QRectF(left, 5, max(1.0, right - left), 20), colour)
        for hours in range(0, 25, _HOURS):
            at = start + hours * wording.HOUR
            words = wording.time_of_day(at)
            room = QRect(round(1 + width * hours / 24) - 24, 30, 48, 16)
            room.moveLeft(min(max(0, room.left()), self.width() - 48))
            align = (Qt.AlignmentFlag.AlignLeft if hours == 0 else
                     Qt.AlignmentFlag.AlignRight if hours == 24 else
                     Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
            paint.text(painter, room, words, t.muted, tokens.SMALL, align=align)
        for x, line, state, words in self._places():
            y = 54 + line * _LINE
            colour = getattr(t, COLOURS[state])
            paint.rounded(painter, QRectF(x + 1, y + 5, 12, 12), colour, None, 3)
            room = QRect(x + 20, y, max(20, self.width() - x - 20), 22)
            paint.text(painter, room, words, t.text, tokens.SMALL + 1)
