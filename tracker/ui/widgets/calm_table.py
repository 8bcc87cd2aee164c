"""What all our tables have in common: the headline, the ground of a cell and the frame of the row
that is current. None of their rows is a widget, and what one says is asked for when it is painted.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import Tokens, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import ScrollBar

Index = QModelIndex | QPersistentModelIndex
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
BEFORE, AFTER, ARROW = 10, 8, 14
"""Room beside the words of a cell, and for the arrow of a headline."""


class Rows(QAbstractTableModel):
    """`heads` over a row for each of `ids`."""

    def __init__(self, heads: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self.heads = heads
        self.ids: Sequence[str] = ()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT
        return self.heads[section] if role == Qt.ItemDataRole.DisplayRole else None


class Head(QHeaderView):
    """Names over a line; an arrow at the one that the table is sorted by, up where it grows."""

    tall = 34

    def __init__(self, table: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self.setAccessibleName("Columns")
        self.setHighlightSections(False)
        self.setMinimumSectionSize(40)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.tall)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        t = tokens_of(self.palette())
        said = self.model().headerData
        words = str(said(section, self.orientation()) or "")
        align = said(section, self.orientation(), Qt.ItemDataRole.TextAlignmentRole)
        sorts = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        painter.save()
        painter.fillRect(rect, QColor(t.surface))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, QColor(t.control_line))
        inner = rect.adjusted(BEFORE, 0, -AFTER - ARROW if sorts else -AFTER, 0)
        colour = t.text if sorts else t.muted
        used = self.paint_words(painter, inner, words, colour, align)
        if sorts:
            used = inner.width() if align is RIGHT else min(used, inner.width())
            y = rect.y() + (rect.height() - 16) // 2
            up = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            name = "up" if up else "down"
            paint.icon(painter, self, name, t.text, inner.x() + used, y)
        painter.restore()

    def paint_words(
        self, painter: QPainter, room: QRect, words: str, colour: str, align: Qt.AlignmentFlag
    ) -> int:
        """Returns the width that they took."""
        return paint.text(painter, room, words, colour, tokens.SMALL + 1, bold=True, align=align)


class Cells(QStyledItemDelegate):
    """The row that is current is tinted and has an edge, and a line around it while it has the
    keyboard."""

    def __init__(self, table: CalmTable) -> None:
        super().__init__(table)
        self._view = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        t = tokens_of(self._view.palette())
        whole: QRect = option.rect
        painter.save()
        painter.setClipRect(whole)
        painter.fillRect(whole, QColor(t.accent_weak if self.is_tinted(index) else t.surface))
        painter.fillRect(whole.x(), whole.bottom(), whole.width(), 1, QColor(t.line))
        self.paint_cell(painter, whole.adjusted(BEFORE, 0, -AFTER, 0), index, t)
        if self.is_current(index):
            self._frame(painter, whole, index, QColor(t.accent))
        painter.restore()

    def paint_cell(self, painter: QPainter, room: QRect, index: Index, t: Tokens) -> None:
        across, role = Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole
        align = index.model().headerData(index.column(), across, role)
        paint.text(painter, room, str(index.data()), t.text, tokens.BODY, align=align)

    def is_current(self, index: Index) -> bool:
        return index.row() == self._view.currentIndex().row()

    def is_tinted(self, index: Index) -> bool:
        return self.is_current(index)

    def has_line_around(self) -> bool:
        return self._view.hasFocus()

    def ends(self, index: Index) -> tuple[bool, bool]:
        """Whether what is current begins and ends in this cell."""
        first, last = self._view.ends()
        return index.column() == first, index.column() == last

    def _frame(self, painter: QPainter, whole: QRect, index: Index, colour: QColor) -> None:
        """Cell by cell."""
        begins, ends = self.ends(index)
        if begins:
            painter.fillRect(whole.x(), whole.y(), 3, whole.height(), colour)
        if not self.has_line_around():
            return
        painter.fillRect(whole.x(), whole.y(), whole.width(), 2, colour)
        painter.fillRect(whole.x(), whole.bottom() - 1, whole.width(), 2, colour)
        if ends:
            painter.fillRect(whole.right() - 1, whole.y(), 2, whole.height(), colour)


class CalmTable(QTableView):
    """Rows of one height, read only, without lines of Qt's and without its headers."""

    def __init__(
        self, name: str, model: QAbstractTableModel, row_height: int, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._row_height = row_height
        model.setParent(self)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setHorizontalHeader(Head(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        for corner in self.findChildren(QAbstractButton):  # Qt's own, and never seen
            corner.setAccessibleName("Corner")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # Else a press on a headline would go to another row.
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBar(ScrollBar(self))
        self.setHorizontalScrollBar(ScrollBar(self, Qt.Orientation.Horizontal))
        self.setCornerWidget(QWidget(self))  # else Qt paints its own where the bars meet
        upright = self.verticalHeader()
        upright.hide()
        upright.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        upright.setMinimumSectionSize(row_height)
        upright.setDefaultSectionSize(row_height)

    def ends(self) -> tuple[int, int]:
        """The first and the last column that is shown."""
        shown = [n for n in range(self.model().columnCount()) if not self.isColumnHidden(n)]
        return shown[0], shown[-1]

    def paint_rows(self, *rows: int) -> None:
        """Qt paints the cells that changed; a frame is around whole rows."""
        for row in rows:
            if row >= 0:
                y = self.rowViewportPosition(row)
                self.viewport().update(0, y, self.viewport().width(), self._row_height)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.paint_rows(current.row(), previous.row())
