"""A chart in its card: headline, legend, the drawing, and its values one by one for keys, pointer
and screen readers.

The card is there at once; what draws in it comes when pyqtgraph has been imported. The donut needs
none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QBrush,
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tracker.services.figures_out import Form, Picture
from tracker.ui.monitor.statistics import signs
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4, Tokens, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.spoken import announce

if TYPE_CHECKING:
    from tracker.ui.monitor.statistics.plots import Plot

HEIGHT = 296
_HEAD = 62
"""Down to where a legend begins: headline and what it is of."""
_LEGEND = 22
_KEYS = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1,
}  # fmt: skip


class ChartCard(QWidget):
    """Arrow keys go from value to value, as resting the pointer on one does."""

    spoken_role = QAccessible.Role.Chart
    stale = Signal()
    """It is to be drawn anew, as its colours changed; whoever has the plots does so."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.plot: Plot | None = None
        self._place: int | None = None
        self.is_stale = False
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Chart")

    def sizeHint(self) -> QSize:
        return QSize(420, HEIGHT)

    @property
    def needs_plot(self) -> bool:
        """Whether there is something to draw that this card cannot draw by itself."""
        picture = self.picture
        return picture is not None and not picture.empty and picture.form is not Form.DONUT

    def show_picture(self, picture: Picture) -> bool:
        """Whether it is another one than was shown. It is stale then until it has a plot, and
        `draw` has brought it in there."""
        if picture == self.picture:
            return False
        self.picture = picture
        self.is_stale = self.needs_plot
        if self.plot is not None:
            self.plot.view.setVisible(self.needs_plot)
        self._place = None
        self.setAccessibleName(f"{picture.title}: {picture.said}")
        self.setAccessibleDescription(picture.about)
        self.update()
        return True

    def set_plot(self, plot: Plot) -> None:
        """Draws with it."""
        self.plot = plot
        self.draw()

    def draw(self) -> None:
        """The picture as it is, in the colours of the moment."""
        self.is_stale = False
        if self.plot is None or self.picture is None or not self.needs_plot:
            return
        self.plot.view.setGeometry(self._ground())
        self.plot.show(self.picture, tokens_of(self.palette()))
        self.plot.view.show()

    # -- values one by one -------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        picture = self.picture
        if picture is None or picture.empty or not picture.places:
            super().keyPressEvent(event)
            return
        last, key = len(picture.places) - 1, Qt.Key(event.key())
        if key in _KEYS:
            step = _KEYS[key]
            at = (0 if step > 0 else last) if self._place is None else self._place + step
            self._read_out(min(max(at, 0), last))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._read_out(0 if key == Qt.Key.Key_Home else last)
        else:
            super().keyPressEvent(event)

    def _read_out(self, place: int) -> None:
        assert self.picture is not None
        self._place = place
        words = self.picture.reading(place)
        QToolTip.showText(self.mapToGlobal(self.point_of(place)), words, self)
        announce(self, words)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._place = None
        QToolTip.hideText()
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self.place_at(event.pos())
            if place is None or self.picture is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.picture.reading(place), self)
            return True
        return super().event(event)

    def place_at(self, at: QPoint) -> int | None:
        """Which value is at that point of the card."""
        picture = self.picture
        ground = self._ground()
        if picture is None or picture.empty or not ground.contains(at):
            return None
        if picture.form is Form.DONUT:
            row = (at.y() - self._legend_top(ground, len(picture.places))) // _ROW
            return row if 0 <= row < len(picture.places) else None
        if self.plot is None:
            return None
        inside = at - ground.topLeft()
        return self.plot.place_at(inside.x(), inside.y(), len(picture.places))

    def point_of(self, place: int) -> QPoint:
        """Where in the card that value is."""
        assert self.picture is not None
        ground, many = self._ground(), len(self.picture.places)
        if self.picture.form is Form.DONUT:
            return QPoint(ground.center().x(), self._legend_top(ground, many) + place * _ROW)
        if self.plot is None:
            return ground.topLeft()
        x, y = self.plot.point_of(place, many)
        return ground.topLeft() + QPoint(round(x), round(y))

    # -- looks -------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.is_stale = self.needs_plot
            self.update()
            self.stale.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.plot is not None:
            self.plot.view.setGeometry(self._ground())

    def _ground(self) -> QRect:
        """What is left for the drawing."""
        top = _HEAD + (_LEGEND if self._has_legend() else 0)
        return QRect(SPACE_3, top, self.width() - 2 * SPACE_3, self.height() - top - SPACE_2)

    def _has_legend(self) -> bool:
        return self.picture is not None and not self.picture.empty and len(self.picture.series) > 1

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        line, width = (t.accent, 2.0) if self.hasFocus() else (t.line, 1.0)
        paint.rounded(painter, QRectF(self.rect()), t.surface, line, width=width)
        picture = self.picture
        if picture is None:
            return
        inner = QRect(SPACE_4, SPACE_3, self.width() - 2 * SPACE_4, 20)
        paint.text(painter, inner, picture.title, t.text, tokens.BODY + 1, bold=True)
        paint.text(painter, inner.translated(0, 21), picture.about, t.muted, tokens.SMALL + 1)
        if picture.empty:
            middle = Qt.AlignmentFlag.AlignHCenter
            paint.text(painter, self._ground(), picture.empty, t.muted, tokens.BODY, align=middle)
        elif picture.form is Form.DONUT:
            _donut(painter, self._ground(), picture, t)
        elif self._has_legend():
            self._paint_legend(painter, picture, t)

    def _paint_legend(self, painter: QPainter, picture: Picture, t: Tokens) -> None:
        x, y = SPACE_4, _HEAD + 8
        for number, series in enumerate(picture.series):
            colour = QColor(getattr(t, series.sign))
            signs.draw(painter, picture.form, number, colour, x, y)
            room = QRect(x + signs.WIDTH + 4, y - 10, 180, 20)
            x += 4 + signs.WIDTH + paint.text(painter, room, series.name, t.text, tokens.SMALL + 1)
            x += SPACE_4

    def _legend_top(self, ground: QRect, rows: int) -> int:
        return ground.center().y() - rows * _ROW // 2


_ROW = 34
"""A line of the donut's legend."""


def _donut(painter: QPainter, ground: QRect, picture: Picture, t: Tokens) -> None:
    """A ring at the left, its parts clockwise from the top, and their words at the right."""
    (series,) = picture.series
    side = min(ground.height() - 12, ground.width() // 2, 180)
    ring = QRectF(ground.left() + 8, ground.center().y() - side / 2, side, side)
    hole = ring.adjusted(side * 0.2, side * 0.2, -side * 0.2, -side * 0.2)
    whole = sum(value or 0 for value in series.values)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    turned = 90.0
    for number, value in enumerate(series.values):
        angle = -360.0 * (value or 0) / whole
        colour = QColor(getattr(t, picture.signs[number]))
        path = QPainterPath()
        path.arcMoveTo(ring, turned)
        path.arcTo(ring, turned, angle)
        path.arcTo(hole, turned + angle, -angle)
        path.closeSubpath()
        if abs(angle) > 359.9:  # an arc of a whole turn has no beginning
            path = QPainterPath()
            path.addEllipse(ring)
            path.addEllipse(hole)
        painter.setPen(QPen(QColor(t.surface), 1.5))
        painter.setBrush(QBrush(colour, signs.PATTERNS[number]))
        painter.drawPath(path)
        if number:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 1))
            painter.drawPath(path)
        turned += angle
    middle = Qt.AlignmentFlag.AlignHCenter
    centre = hole.toRect()
    upper = QRect(centre.left(), centre.center().y() - 18, centre.width(), 22)
    paint.text(painter, upper, picture.middle, t.text, tokens.HEADING, bold=True, align=middle)
    lower = upper.translated(0, 20)
    paint.text(
        painter, lower, picture.places[0].lower(), t.muted, tokens.SMALL, align=middle
    )  # fmt: skip
    left = round(ring.right()) + SPACE_4
    y = ground.center().y() - len(picture.places) * _ROW // 2
    for number, (name, words) in enumerate(zip(picture.places, series.words, strict=True)):
        colour = QColor(getattr(t, picture.signs[number]))
        signs.draw(painter, picture.form, number, colour, left, y + _ROW / 2)
        room = QRect(left + signs.WIDTH + 4, y, ground.right() - left - signs.WIDTH - 4, 18)
        paint.text(painter, room, name, t.text, tokens.BODY, bold=True)
        paint.text(painter, room.translated(0, 16), words, t.muted, tokens.SMALL + 1)
        y += _ROW
