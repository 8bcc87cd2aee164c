"""Line icons from bundled SVG, drawn in any colour."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from tracker.ui.theme import tokens

_FOLDER = Path(__file__).parent / "icons"


@functools.cache
def _source(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def app_icon() -> QIcon:
    """The program's own, for windows, task bars and the tray."""
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128):
        made.addPixmap(pixmap("app", tokens.LIGHT.accent, size, 1.0))
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
