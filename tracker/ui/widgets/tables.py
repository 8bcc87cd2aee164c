"""A table of things with a row each: virtual, as five hundred rows are no reason for five hundred
widgets. The owner says what a cell says and, where words are not enough, how it is painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import Tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.calm_table import LEFT, CalmTable, Cells, Index, Rows

_RETURN = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_BY_KEYS = (
    Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)  # fmt: skip

Draw = Callable[[QPainter, QRect, str, Tokens], None]


def muted(_row: str) -> str:
    """The colour of what is not read first."""
    return "muted"


@dataclass(frozen=True, slots=True)
class Column:
    """`words` says what a row's cell says, by the row's id; so do `tip`, `colour` (a token's name)
    and `draw` where there is more to see. Columns are `width` wide; the one with the most `need`
    takes the room that the others leave, and where there is too little, those with the least are
    left out."""

    head: str
    words: Callable[[str], str]
    width: int
    need: int = 9
    align: Qt.AlignmentFlag = LEFT
    draw: Draw | None = None
    tip: Callable[[str], str] | None = None
    about: str = ""
    """What the column counts, as the tool tip of its headline."""
    colour: Callable[[str], str] | None = None


class _Rows(Rows):
    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__([column.head for column in columns], parent)
        self._columns = columns

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column, row = self._columns[index.column()], self.ids[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.words(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.head}: {column.words(row) or 'none'}"
        if role == Qt.ItemDataRole.ToolTipRole and column.tip and (tip := column.tip(row)):
            # Escaped: a tool tip reads as markup what looks like it, and people wrote this.
            return f"<p>{escape(tip)}</p>"
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return self._columns[section].align
            if role == Qt.ItemDataRole.ToolTipRole:
                return self._columns[section].about or None
        return super().headerData(section, orientation, role)

    def show_ids(self, ids: Sequence[str]) -> None:
        """The same rows in another order keep what points at them; others are a new table."""
        if ids == self.ids:
            if ids:
                last = self.index(len(ids) - 1, len(self.heads) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
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


class _Cells(Cells):
    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table

    def paint_cell(self, painter: QPainter, room: QRect, index: Index, t: Tokens) -> None:
        column, row = self._table.columns[index.column()], self._table.ids[index.row()]
        if column.draw is not None:
            column.draw(painter, room, row, t)
            return
        colour = getattr(t, column.colour(row) if column.colour else "text")
        paint.text(painter, room, column.words(row), colour, tokens.BODY, align=column.align)


class Table(CalmTable):
    """`chosen` carries the id of the row that is current, `opened` one that Return or a double
    click opened, `ordered` the headline that was pressed."""

    chosen = Signal(str)
    opened = Signal(str)
    ordered = Signal(int)
    _silent = False

    def __init__(
        self, name: str, columns: Sequence[Column], parent: QWidget, *, row_height: int = 44,
        heads: bool = True,
    ) -> None:  # fmt: skip
        rows = _Rows(columns, parent)
        super().__init__(name, rows, row_height, parent)
        self._rows, self.columns = rows, columns
        self.setItemDelegate(_Cells(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for n, column in enumerate(columns):
            self.setColumnWidth(n, column.width)
        self._by_need = sorted(range(len(columns)), key=lambda n: -columns[n].need)
        head = self.horizontalHeader()
        head.setVisible(heads)
        head.setSectionResizeMode(self._by_need[0], QHeaderView.ResizeMode.Stretch)
        head.sectionClicked.connect(self.ordered)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.ids[index.row()]))

    @property
    def ids(self) -> Sequence[str]:
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

    def show_ids(self, ids: Sequence[str]) -> None:
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
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        way = Qt.SortOrder
        head.setSortIndicator(section, way.DescendingOrder if down else way.AscendingOrder)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if not self._silent and current.row() != previous.row():
            self.chosen.emit(self.current)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _RETURN and self.current:
            self.opened.emit(self.current)
        elif event.key() == Qt.Key.Key_Home and self.ids:
            self.choose(self.ids[0])
        elif event.key() == Qt.Key.Key_End and self.ids:
            self.choose(self.ids[-1])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Somebody who comes by the keyboard sees where they are."""
        super().focusInEvent(event)
        if not self.current and self.ids and event.reason() in _BY_KEYS:
            self.choose(self.ids[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, used = self.viewport().width(), 0
        for n in self._by_need:
            fits = not used or used + self.columns[n].width <= room
            used += self.columns[n].width if fits else 0
            self.setColumnHidden(n, not fits)
