"""What tells the first, second and third of a chart's things apart beside their colours."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from tracker.services.figures_out import Form

PATTERNS = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.HorPattern,
    Qt.BrushStyle.CrossPattern,
)
DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
MARKS = ("o", "s", "t1", "d")
"""In pyqtgraph's words: a circle, a square, a triangle that stands, a diamond."""
WIDTH = 22


def draw(painter: QPainter, form: Form, number: int, colour: QColor, x: float, y: float) -> None:
    """The sample of a legend, WIDTH wide, around the height `y`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if form is not Form.LINES:
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QBrush(colour, PATTERNS[number]))
        painter.drawRect(QRectF(x + 4.5, y - 5.5, 12, 11))
        return
    painter.setPen(QPen(colour, 2, DASHES[number]))
    painter.drawLine(QPointF(x, y), QPointF(x + WIDTH - 2, y))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    centre = QPointF(x + WIDTH / 2 - 1, y)
    if number == 0:
        painter.drawEllipse(centre, 3.5, 3.5)
    elif number == 1:
        painter.drawRect(QRectF(centre.x() - 3, centre.y() - 3, 6, 6))
    else:
        points = (QPointF(-4, 3.5), QPointF(4, 3.5), QPointF(0, -4))
        painter.drawPolygon(QPolygonF([centre + point for point in points]))
