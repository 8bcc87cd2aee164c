"""The floor of the card list: Qt's own list view, with a delegate that draws as many boxes, words
and icons for a row as a closed card has, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex
HEIGHT = 78
"""A closed card and the gap below it."""


class Rows(QAbstractListModel):
    def __init__(self, titles: list[str]) -> None:
        super().__init__()
        self._titles = titles

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        return self._titles[index.row()] if role == Qt.ItemDataRole.DisplayRole else None


class Drawn(QStyledItemDelegate):
    """Four rounded boxes, a strip, an icon and six texts."""

    def __init__(self) -> None:
        super().__init__()
        self._line, self._fill, self._text = QColor("#dfe3ea"), QColor("#2563d9"), QColor("black")
        self._ground = QColor("white")
        self._icon = QPixmap(16, 16)
        self._icon.fill(self._fill)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        whole: QRect = option.rect.adjusted(0, 0, -8, -8)
        x, y, right = whole.x(), whole.y(), whole.right()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._line)
        painter.setBrush(self._ground)
        painter.drawRoundedRect(whole, 8, 8)
        painter.fillRect(QRect(x, y, 4, whole.height()), self._fill)
        painter.drawRoundedRect(QRectF(right - 460, y + 12, 60, 20), 9, 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._line)
        painter.drawRoundedRect(QRectF(x + 178, y + 44, right - x - 250, 8), 4, 4)
        painter.setBrush(self._fill)
        painter.drawRoundedRect(QRectF(x + 178, y + 44, (right - x - 250) / 2, 8), 4, 4)
        painter.drawPixmap(QPointF(right - 80, y + 14), self._icon)
        painter.setPen(self._text)
        for left, top, width, words in (
            (x + 18, y + 11, right - x - 500, index.data()),
            (right - 455, y + 12, 50, "MEDIUM"),
            (x + 18, y + 37, 148, "Hall B retrofit"),
            (right - 50, y + 37, 50, "40 %"),
            (right - 60, y + 11, 60, "saved"),
            (right - 200, y + 11, 100, "due in 3 d"),
        ):
            painter.drawText(QRect(left, top, width, 22), Qt.AlignmentFlag.AlignVCenter, words)


class Cards(QListView):
    """Rows of one height, laid out without looking at each."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = Drawn()
        self._model = Rows([])
        self.setItemDelegate(self._drawn)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.resize(800, 700)

    def show_rows(self, titles: list[str]) -> None:
        self._model = Rows(titles)
        self.setModel(self._model)

    def change(self, row: int) -> None:
        """Draws one row anew."""
        self.update(self._model.index(row))
