"""Line icons from bundled SVG, drawn in any colour."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from tracker.ui.theme import tokens

_FOLDER = Path(__file__).parent / "icons"


@functools.cache
def _source(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def app_icon(dot: str = "") -> QIcon:
    """The program's own, for windows, task bars and the tray; with a dot in the colour of this
    token where something is to be looked at. A tray may be light or dark, so the dot has a rim."""
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128):
        drawn = pixmap("app", tokens.LIGHT.accent, size, 1.0)
        made.addPixmap(_dotted(drawn, getattr(tokens.DARK, dot)) if dot else drawn)
    return made


def _dotted(drawn: QPixmap, colour: str) -> QPixmap:
    made = QPixmap(drawn)
    side = made.width() * 0.44
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.LIGHT.text), max(1.0, made.width() / 16)))
    painter.setBrush(QColor(colour))
    rim = made.width() / 32
    painter.drawEllipse(QRectF(made.width() - side - rim, rim, side, side))
    painter.end()
    return made


@functools.lru_cache(maxsize=256)
def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """The icon `size` logical pixels wide for a screen of that pixel ratio."""
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    svg = QByteArray(_source(name).replace("currentColor", colour).encode())
    QSvgRenderer(svg).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return made
