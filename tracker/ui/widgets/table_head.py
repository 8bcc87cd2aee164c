"""The headline of a table in our own calm style, and what our tables have in common."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableView,
    QWidget,
)

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import ScrollBar

_TALL = 34


class Head(QHeaderView):
    """Names over a line; an arrow at the one that the table is sorted by."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self.setAccessibleName("Columns")
        self.setHighlightSections(False)
        self.setMinimumSectionSize(40)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _TALL)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        t = tokens_of(self.palette())
        painter.save()
        painter.fillRect(rect, QColor(t.surface))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, QColor(t.control_line))
        words = str(self.model().headerData(section, self.orientation()) or "")
        sorted_by = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        inner = rect.adjusted(10, 0, -26 if sorted_by else -8, 0)
        colour = t.text if sorted_by else t.muted
        used = paint.text(painter, inner, words, colour, tokens.SMALL + 1, bold=True)
        if sorted_by:
            falls = self.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
            x = inner.x() + min(used, inner.width()) + 4
            y = rect.y() + (rect.height() - 16) // 2
            paint.icon(painter, self, "up" if falls else "down", t.text, x, y)
        painter.restore()


def calm(table: QTableView, row: int) -> Head:
    """Rows of that height, without lines of Qt's and without its header; returns ours."""
    head = Head(table)
    table.setHorizontalHeader(head)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setCornerButtonEnabled(False)
    for corner in table.findChildren(QAbstractButton):  # Qt's own, and never seen
        corner.setAccessibleName("Corner")
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setVerticalScrollBar(ScrollBar(table))
    table.setHorizontalScrollBar(ScrollBar(table, Qt.Orientation.Horizontal))
    table.setCornerWidget(QWidget(table))  # else Qt paints its own where the bars meet
    upright = table.verticalHeader()
    upright.hide()
    upright.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    upright.setMinimumSectionSize(row)
    upright.setDefaultSectionSize(row)
    return head
