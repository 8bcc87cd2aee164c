"""Tables of figures: sorted by any column with the mouse or keys, copied as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tracker.services import wording
from tracker.services.figures_out import Table, as_text
from tracker.ui.theme import theme, tokens
from tracker.ui.theme.tokens import SPACE_2, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.calm_table import (
    AFTER,
    ARROW,
    BEFORE,
    LEFT,
    RIGHT,
    CalmTable,
    Cells,
    Head,
    Index,
    Rows,
)  # fmt: skip
from tracker.ui.widgets.controls import Button, Choice, label

_ROW, _HEAD, _MOST_ROWS = 30, 44, 12
_LONG = 20
_WIDE = str.maketrans("012356789", "4" * 9)
"""As wide as any figure of that many digits: measuring five hundred takes milliseconds."""
_ROLE = Qt.ItemDataRole
_UP, _DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


class FiguresModel(Rows):
    """A table in some order. What there is no value of comes last, whichever way it is sorted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__((), parent)
        self.table = Table("", (), (), ())
        self.order: list[int] = []
        self._by = (0, _UP)

    def show_table(self, table: Table) -> None:
        """Rows that stay in their place are only drawn anew."""
        order = _order(table, *self._by)
        ids = [table.keys[place] for place in order]
        if table.columns == self.table.columns and ids == self.ids:
            self.table, self.order = table, order
            if order:
                last = self.index(len(order) - 1, len(table.columns) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.table, self.order, self.ids = table, order, ids
        self.heads = [column.name for column in table.columns]
        self.endResetModel()

    # -- Qt ----------------------------------------------------------------------------------

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = self.table.columns[index.column()]
        words = wording.straight(self.table.rows[self.order[index.row()]][index.column()][0])
        if role == _ROLE.DisplayRole:
            return words
        if role == _ROLE.ToolTipRole and not column.numeric and len(words) > _LONG:
            return f"<p>{escape(words)}</p>"  # a tool tip reads as markup what looks like it
        return f"{column.name}: {words}" if role == _ROLE.AccessibleTextRole else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self.table.columns):
            return None
        column = self.table.columns[section]
        if role == _ROLE.ToolTipRole:
            return f"{column.about}. Press to sort.".removeprefix(". ")
        if role == _ROLE.TextAlignmentRole:
            return RIGHT if column.numeric else LEFT
        return super().headerData(section, orientation, role)

    def sort(self, column: int, order: Qt.SortOrder = _UP) -> None:
        if not 0 <= column < len(self.table.columns):
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        keys = [self.ids[index.row()] for index in kept]
        self._by = (column, order)
        self.order = _order(self.table, column, order)
        self.ids = [self.table.keys[place] for place in self.order]
        rows = {key: row for row, key in enumerate(self.ids)}
        moved = [self.index(rows[key], old.column()) for key, old in zip(keys, kept, strict=True)]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()


def _order(table: Table, column: int, order: Qt.SortOrder) -> list[int]:
    places = range(len(table.rows))
    values = [table.rows[place][column][1] for place in places]
    known = [place for place in places if values[place] is not None]
    known.sort(key=lambda place: _key(values[place]), reverse=order is _DOWN)
    return [*known, *(place for place in places if values[place] is None)]


def _key(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


class Headlines(Head):
    """On two lines where a column is narrow, above the side that its cells are at."""

    tall = _HEAD

    def paint_words(
        self, painter: QPainter, room: QRect, words: str, colour: str, align: Qt.AlignmentFlag
    ) -> int:
        painter.setFont(theme.font(tokens.SMALL + 1, bold=True))
        painter.setPen(QColor(colour))
        wrapped = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(room, int(align | wrapped), words)
        return room.width()


class _Cells(Cells):
    """Several rows can be chosen, and one cell has the keyboard: Return sorts by its column."""

    def is_current(self, index: Index) -> bool:
        return index == self._view.currentIndex()

    def is_tinted(self, index: Index) -> bool:
        return self._view.selectionModel().isSelected(index)

    def ends(self, index: Index) -> tuple[bool, bool]:
        return True, True


class FiguresView(CalmTable):
    """Return sorts by the column that has the keyboard, once more the other way around; Ctrl+C
    copies the chosen rows."""

    def __init__(self, name: str, parent: QWidget) -> None:
        figures = FiguresModel(parent)
        super().__init__(name, figures, _ROW, parent)
        self.figures = figures
        self.setItemDelegate(_Cells(self))
        head = Headlines(self)
        head.setSectionsClickable(True)
        self.setHorizontalHeader(head)
        self.setSortingEnabled(True)
        self.sortByColumn(0, _UP)
        self._needs: list[int] = []

    def show_table(self, table: Table) -> None:
        """The row that has the keyboard keeps it wherever it comes to be."""
        current = self.currentIndex()
        key = self.figures.ids[current.row()] if current.isValid() else ""
        self.figures.show_table(table)
        ids = self.figures.ids
        if key in ids and not self.currentIndex().isValid():
            self.setCurrentIndex(self.figures.index(ids.index(key), current.column()))
        needs = [_need(table, column) for column in range(len(table.columns))]
        if needs != self._needs:
            self._needs = needs
            self._spread()
        self._fit()

    def _is_wide(self) -> bool:
        return sum(self._needs) > self.viewport().width()

    def _spread(self) -> None:
        """What is left beside what the columns need goes to all of them by their weight, and what
        is left of that to the first."""
        weights = [column.weight for column in self.figures.table.columns]
        spare = max(0, self.viewport().width() - sum(self._needs))
        more = [spare * weight // sum(weights) for weight in weights]
        more[0] += spare - sum(more)
        for column, (need, wider) in enumerate(zip(self._needs, more, strict=True)):
            self.setColumnWidth(column, need + wider)

    def _fit(self) -> None:
        """As high as its rows, up to some."""
        rows = min(len(self.figures.order), _MOST_ROWS)
        bar = self.horizontalScrollBar().sizeHint().height() if self._is_wide() else 0
        self.setFixedHeight(_HEAD + max(1, rows) * _ROW + bar)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._needs:
            self._spread()
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.figures.order:
            t = tokens_of(self.palette())
            room = self.viewport().rect().adjusted(BEFORE, 0, 0, 0)
            paint.text(QPainter(self.viewport()), room, "None", t.muted, tokens.BODY)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.sort_by(max(0, self.currentIndex().column()))
        else:
            super().keyPressEvent(event)

    def sort_by(self, column: int) -> None:
        """Numbers from the largest, words from A; the other way around the second time."""
        head = self.horizontalHeader()
        numeric = self.figures.table.columns[column].numeric
        order = _DOWN if numeric else _UP
        if head.sortIndicatorSection() == column:
            order = _UP if head.sortIndicatorOrder() is _DOWN else _DOWN
        self.sortByColumn(column, order)

    def copy(self) -> None:
        """The chosen rows, all of them where none is."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        order = self.figures.order
        chosen = [order[row] for row in rows] if rows else order
        QGuiApplication.clipboard().setText(as_text(self.figures.table, chosen))


def _need(table: Table, column: int) -> int:
    """How wide the column has to be: for its longest cell, and for the words of its headline, which
    may be on two lines."""
    name = table.columns[column].name
    cells = (row[column][0] for row in table.rows)
    longest = max(cells, key=len, default="").translate(_WIDE)
    content = paint.width_of(longest, tokens.BODY) + BEFORE + AFTER + 4
    longest = max(name.split(" "), key=len)
    head = paint.width_of(longest, tokens.SMALL + 1, bold=True) + BEFORE + AFTER + ARROW
    most = 160 if table.columns[column].numeric else 180
    return max(min(content, most), head)


class TableSection(QWidget):
    """A table with its headline, how it is sorted, and Copy."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_2)
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        row.addWidget(label(name, tokens.HEADING, bold=True), 1)
        self.sorting = Choice("Sort", [("Name", 0)], self)
        self.sorting.chosen.connect(self._sort)
        self.copying = Button("Copy", self)
        self.copying.setAccessibleName(f"Copy the table: {name}")
        self.view = FiguresView(name, self)
        self.copying.clicked.connect(self.view.copy)
        row.addWidget(self.sorting)
        row.addWidget(self.copying)
        column.addLayout(row)
        column.addWidget(self.view)
        self.view.horizontalHeader().sortIndicatorChanged.connect(self._sorted)

    def show_table(self, table: Table) -> None:
        names: Sequence[tuple[str, object]] = [
            (column.name, place) for place, column in enumerate(table.columns)
        ]
        self.sorting.set_options(names)
        self.view.show_table(table)

    def _sort(self, column: object) -> None:
        assert isinstance(column, int)
        self.view.sort_by(column)

    def _sorted(self, column: int, _order: Qt.SortOrder) -> None:
        if column in self.sorting.offered:
            self.sorting.set_value(column)
