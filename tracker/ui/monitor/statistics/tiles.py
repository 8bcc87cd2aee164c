"""Numbers in boxes, and boxes in even rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QAccessible, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from tracker.services.figures_out import Tile
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_3, tokens_of
from tracker.ui.widgets import paint

_TILE = QSize(150, 82)


class TileBox(QWidget):
    spoken_role = QAccessible.Role.StaticText

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tile: Tile | None = None
        self.setFixedHeight(_TILE.height())
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Not counted yet")

    def sizeHint(self) -> QSize:
        return _TILE

    def show_tile(self, tile: Tile) -> None:
        if tile == self.tile:
            return
        self.tile = tile
        self.setAccessibleName(f"{tile.name}: {tile.words} {tile.about}".strip())
        self.setToolTip(tile.hint)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        paint.rounded(painter, QRectF(self.rect()), t.surface, t.line)
        if self.tile is None:
            return
        line = self.rect().adjusted(14, 10, -8, 0)
        line.setHeight(18)
        colour = getattr(t, self.tile.colour) if self.tile.colour != "text" else t.muted
        paint.text(painter, line, self.tile.name, colour, tokens.BODY)
        line.translate(0, 19)
        line.setHeight(26)
        paint.text(painter, line, self.tile.words, t.text, tokens.TITLE, bold=True)
        line.translate(0, 26)
        line.setHeight(16)
        paint.text(painter, line, self.tile.about, t.muted, tokens.SMALL)


class Even(QWidget):
    """Lays its boxes out in as many columns as fit, of the numbers it may choose from."""

    def __init__(self, columns: Sequence[int], least: int, parent: QWidget) -> None:
        """`columns` from the most to the fewest; each box is `least` pixels wide, or more."""
        super().__init__(parent)
        self._columns, self._least = columns, least
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_3)
        self._boxes: Sequence[QWidget] = ()
        self._now = 0

    def set_boxes(self, boxes: Sequence[QWidget]) -> None:
        self._boxes = boxes
        self._now = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        room = self.width() + SPACE_3
        fitting = (n for n in self._columns if n * (self._least + SPACE_3) <= room)
        columns = next(fitting, self._columns[-1])
        if columns == self._now:
            return
        self._now = columns
        for number, box in enumerate(self._boxes):
            self._grid.removeWidget(box)
            self._grid.addWidget(box, number // columns, number % columns)
        for column in range(self._columns[0]):
            self._grid.setColumnStretch(column, int(column < columns))
