"""A table of things with a row each: virtual, as five hundred rows are no reason for five hundred
widgets. The owner says what a cell says and, where words are not enough, how it is painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, Tokens, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import ScrollBar

LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
Index = QModelIndex | QPersistentModelIndex
_RETURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)

Draw = Callable[[QPainter, QRect, str, Tokens], None]


@dataclass(frozen=True, slots=True)
class Column:
    """`words` says what a row's cell says, by the row's id; so do `tip` and `draw` where there is
    more to see. The first column takes the room that the others leave; the others are `width`
    wide. Where there is too little, those with the least `need` are left out."""

    head: str
    words: Callable[[str], str]
    width: int
    need: int = 9
    align: Qt.AlignmentFlag = LEFT
    draw: Draw | None = None
    tip: Callable[[str], str] | None = None
    about: str = ""
    """What the column counts, as the tool tip of its headline."""


class _Rows(QAbstractTableModel):
    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = columns
        self.ids: list[str] = []

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column, row = self.columns[index.column()], self.ids[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.words(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.head}: {column.words(row) or 'none'}"
        if role == Qt.ItemDataRole.ToolTipRole and column.tip is not None:
            return column.tip(row)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].head
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].about or None
        return None

    def show_ids(self, ids: list[str]) -> None:
        """The same rows in another order keep what points at them; others are a new table."""
        if ids == self.ids:
            if ids:
                self.dataChanged.emit(
                    self.index(0, 0), self.index(len(ids) - 1, len(self.columns) - 1)
                )
            return
        if len(ids) == len(self.ids) and set(ids) == set(self.ids):
            self.layoutAboutToBeChanged.emit()
            places = {row: place for place, row in enumerate(ids)}
            before = self.persistentIndexList()
            after = [self.index(places[self.ids[one.row()]], one.column()) for one in before]
            self.ids = ids
            self.changePersistentIndexList(before, after)
            self.layoutChanged.emit()
            return
        self.beginResetModel()
        self.ids = ids
        self.endResetModel()


class _Cells(QStyledItemDelegate):
    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        table = self._table
        t = tokens_of(table.palette())
        column, row = table.columns[index.column()], table.ids[index.row()]
        room: QRect = option.rect
        chosen = index.row() == table.currentIndex().row()
        painter.save()
        painter.setClipRect(room)
        painter.fillRect(room, QColor(t.accent_weak if chosen else t.surface))
        painter.fillRect(room.x(), room.bottom(), room.width(), 1, QColor(t.line))
        if chosen:
            self._mark(painter, room, t, index)
        inner = room.adjusted(SPACE_3, 0, -SPACE_2, 0)
        if column.draw is not None:
            column.draw(painter, inner, row, t)
        else:
            paint.text(painter, inner, column.words(row), t.text, tokens.BODY, align=column.align)
        painter.restore()

    def _mark(self, painter: QPainter, room: QRect, t: Tokens, index: Index) -> None:
        """The chosen row has an edge, and a line around it while it has the keyboard."""
        table, colour = self._table, QColor(t.accent)
        first, last = table.ends()
        if index.column() == first:
            painter.fillRect(room.x(), room.y(), 3, room.height(), colour)
        if not table.hasFocus():
            return
        painter.fillRect(room.x(), room.y(), room.width(), 2, colour)
        painter.fillRect(room.x(), room.bottom() - 1, room.width(), 2, colour)
        if index.column() == last:
            painter.fillRect(room.right() - 1, room.y(), 2, room.height(), colour)


class _Head(QHeaderView):
    def __init__(self, table: Table) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._table = table
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(40)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), 30)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        t = tokens_of(self._table.palette())
        column = self._table.columns[section]
        painter.save()
        painter.fillRect(rect, QColor(t.background))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, QColor(t.line))
        sorts = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        inner = rect.adjusted(SPACE_3, 0, -SPACE_2, 0)
        colour = t.text if sorts else t.muted
        if sorts and column.align is RIGHT:
            inner.adjust(0, 0, -14, 0)
        used = paint.text(
            painter, inner, column.head, colour, tokens.SMALL + 1, bold=sorts, align=column.align
        )
        if sorts:
            x = inner.right() + 2 if column.align is RIGHT else inner.x() + used + 2
            self._draw_arrow(painter, x, rect.center().y(), colour)
        painter.restore()

    def _draw_arrow(self, painter: QPainter, x: int, y: int, colour: str) -> None:
        painter.translate(x, y)
        if self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder:
            painter.scale(1, -1)
        paint.icon(painter, self, "chevron", colour, 0, -8)


def in_order(*parts: QWidget) -> None:
    """The keyboard goes through them as they are read, in whatever order they were made."""
    for first, second in pairwise(parts):
        QWidget.setTabOrder(first, second)


class Table(QTableView):
    """`chosen` carries the id of the row that is current, `opened` one that Return or a double
    click opened, `ordered` the headline that was pressed."""

    chosen = Signal(str)
    opened = Signal(str)
    ordered = Signal(int)

    def __init__(
        self, name: str, columns: Sequence[Column], parent: QWidget, *, row_height: int = 44,
        heads: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.columns = columns
        self._rows = _Rows(columns, self)
        self._silent = False
        self.setAccessibleName(name)
        self.setModel(self._rows)
        self.setItemDelegate(_Cells(self))
        self.setHorizontalHeader(_Head(self))
        self.horizontalHeader().setVisible(heads)
        self.horizontalHeader().sectionClicked.connect(self.ordered)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(row_height)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBar(ScrollBar(self))
        self.doubleClicked.connect(lambda index: self.opened.emit(self.ids[index.row()]))

    @property
    def ids(self) -> list[str]:
        return self._rows.ids

    @property
    def current(self) -> str:
        """The id of the current row; empty for none."""
        row = self.currentIndex().row()
        return self.ids[row] if 0 <= row < len(self.ids) else ""

    def words(self, row: str, head: str) -> str:
        """What the cell under a headline says."""
        column = next(column for column in self.columns if column.head == head)
        return column.words(row)

    def show_ids(self, ids: list[str]) -> None:
        """These rows, in this order, with what they say now. What is current stays so, and where
        it was scrolled to; `chosen` is said if it is not there any more."""
        was, place = self.current, self.verticalScrollBar().value()
        self._silent = True
        self._rows.show_ids(ids)
        self.choose(was, scroll=False)
        self._silent = False
        self.verticalScrollBar().setValue(place)
        if was != self.current:
            self.chosen.emit(self.current)

    def choose(self, row: str, *, scroll: bool = True) -> None:
        if row == self.current and row:
            return
        if row not in self.ids:
            self.setCurrentIndex(QModelIndex())
            return
        index = self._rows.index(self.ids.index(row), self.ends()[0])
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        if scroll:
            self.scrollTo(index)

    def show_order(self, section: int, *, down: bool) -> None:
        """The arrow at the headline; the owner brings the rows into the order."""
        head = self.horizontalHeader()
        head.setSortIndicatorShown(True)
        way = Qt.SortOrder
        head.setSortIndicator(section, way.DescendingOrder if down else way.AscendingOrder)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.viewport().update()  # whole rows change, and those before and after
        if not self._silent and current.row() != previous.row():
            self.chosen.emit(self.current)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _RETURN and self.current:
            self.opened.emit(self.current)
        elif event.key() == Qt.Key.Key_Home and self.ids:
            self.choose(self.ids[0])
        elif event.key() == Qt.Key.Key_End and self.ids:
            self.choose(self.ids[-1])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        """Somebody who comes by the keyboard sees where they are."""
        super().focusInEvent(event)
        if not self.current and self.ids and event.reason() in (
            Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        ):  # fmt: skip
            self.choose(self.ids[0])
        self.viewport().update()

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # -- room ------------------------------------------------------------------------------

    def ends(self) -> tuple[int, int]:
        """The first and the last column that is shown."""
        shown = [n for n in range(len(self.columns)) if not self.isColumnHidden(n)]
        return shown[0], shown[-1]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        room = self.viewport().width()
        kept: set[int] = set()
        used = 0
        for n, column in sorted(enumerate(self.columns), key=lambda one: -one[1].need):
            if not kept or used + column.width <= room:
                kept.add(n)
                used += column.width
        for n, column in enumerate(self.columns):
            self.setColumnHidden(n, n not in kept)
            self.setColumnWidth(n, column.width)
        first = min(kept)
        self.setColumnWidth(first, max(60, self.columns[first].width + room - used))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        t = tokens_of(self.palette())
        painter.fillRect(self.viewport().rect(), QColor(t.background))
        painter.end()
        super().paintEvent(event)
