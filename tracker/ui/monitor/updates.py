"""The last updates of a task, beside its card."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QAccessible, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from tracker.domain.task import HistoryEntry
from tracker.services import wording
from tracker.services.board import Board
from tracker.ui.detail import parts
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import label
from tracker.ui.widgets.rows import Line

WIDTH = 340


class Updates(QFrame):
    """Goes away on any press beside it, Escape, and the key it came by."""

    spoken_role = QAccessible.Role.List

    def __init__(
        self, title: str, entries: Sequence[HistoryEntry], board: Board, now: int, parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Last updates: {title}")
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_4, SPACE_4, SPACE_2)
        column.setSpacing(SPACE_2)
        column.addWidget(label(wording.breakable(title), tokens.BODY, bold=True))
        self.lines = [Line(self) for _ in entries]
        for line, row in zip(self.lines, parts.history(entries, board, now), strict=True):
            line.bind(row)
            column.addWidget(line)
        if not entries:
            column.addWidget(label("Nothing has happened yet.", muted=True))
        self.setFixedWidth(WIDTH)

    def show_at(self, place: QRect) -> None:
        """Below that place of the screen, or above it where there is no room; `place` is global."""
        layout = self.layout()
        assert layout is not None
        self.resize(WIDTH, layout.totalHeightForWidth(WIDTH))
        screen = self.screen().availableGeometry()
        x = min(max(screen.left(), place.right() - WIDTH), screen.right() - WIDTH)
        y = place.bottom() + 4
        if y + self.height() > screen.bottom():
            y = max(screen.top(), place.top() - 4 - self.height())
        self.move(QPoint(x, y))
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_U, Qt.Key.Key_Return):
            self.close()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        paint.rounded(painter, QRectF(self.rect()), t.surface, t.control_line, 0)
