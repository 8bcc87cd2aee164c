"""Small things that several widgets paint."""

from __future__ import annotations

import functools

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from tracker.domain.people import initials
from tracker.domain.task import Occupancy
from tracker.services import wording
from tracker.ui.theme import icons, theme, tokens
from tracker.ui.theme.tokens import RADIUS, Tokens


def rounded(
    painter: QPainter, rect: QRectF, fill: str | None, line: str | None, radius: float = RADIUS,
    width: float = 1.0,
) -> None:  # fmt: skip
    """A rounded box whose line lies inside the rectangle."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(_colour(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_colour(line), width) if line else Qt.PenStyle.NoPen)
    inset = width / 2 if line else 0
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), radius, radius)


def card_frame(
    painter: QPainter, rect: QRectF, t: Tokens, edge: str, *, selected: bool, top: bool = False,
    weak: bool = False,
) -> None:  # fmt: skip
    """A card: surface (`weak`ly coloured, if it is marked), hairline, a coloured edge (left, or top
    in the grid), accent if selected."""
    rounded(painter, rect, t.accent_weak if weak else t.surface, t.line)
    clip = QPainterPath()
    clip.addRoundedRect(rect, RADIUS, RADIUS)
    painter.save()
    painter.setClipPath(clip)
    strip = (
        QRectF(rect.x(), rect.y(), rect.width(), 4)
        if top
        else QRectF(rect.x(), rect.y(), 4, rect.height())
    )
    painter.fillRect(strip, _colour(edge))
    painter.restore()
    if selected:
        rounded(painter, rect, None, t.accent, width=2.0)


def text(
    painter: QPainter, rect: QRect, content: str, colour: str, pixels: int, *, bold: bool = False,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> int:  # fmt: skip
    """One line, elided to the rectangle; returns the width it took."""
    content = wording.straight(content)
    painter.setFont(theme.font(pixels, bold=bold))
    painter.setPen(_colour(colour))
    if width_of(content, pixels, bold=bold) >= rect.width():  # rounded: Qt knows the fraction
        elided = Qt.TextElideMode.ElideRight
        content = theme.metrics(pixels, bold=bold).elidedText(content, elided, rect.width())
    painter.drawText(rect, _flags(align), content)
    return width_of(content, pixels, bold=bold)


@functools.lru_cache(4096)
def width_of(content: str, pixels: int, *, bold: bool = False) -> int:
    """Kept, as a frame asks for 80 and most are those of the frame before."""
    return theme.metrics(pixels, bold=bold).horizontalAdvance(wording.straight(content))


@functools.cache
def _flags(align: Qt.AlignmentFlag) -> int:
    return int(align | Qt.AlignmentFlag.AlignVCenter)


@functools.cache
def _colour(token: str) -> QColor:
    """Shared: callers do not change it."""
    return QColor(token)


def badge(painter: QPainter, x: int, y: int, word: str, colour: str) -> int:
    """A pill with a word; returns its width."""
    width = width_of(word, tokens.SMALL, bold=True) + 18
    rect = QRectF(x, y, width, 20)
    tint = QColor(colour)
    tint.setAlphaF(0.10)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(tint)
    painter.setPen(QPen(QColor(colour), 1))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 9.5, 9.5)
    text(
        painter, rect.toRect(), word, colour, tokens.SMALL, bold=True,
        align=Qt.AlignmentFlag.AlignHCenter,
    )  # fmt: skip
    return width


def icon(painter: QPainter, widget: QWidget, name: str, colour: str, x: int, y: int) -> None:
    drawn = icons.pixmap(name, colour, 16, widget.devicePixelRatioF())
    painter.drawPixmap(QPointF(x, y), drawn)


def avatar(
    painter: QPainter, rect: QRectF, name: str, t: Tokens, dot: str | None = None,
    state: Occupancy = Occupancy.ACTIVE, ground: str | None = None,
) -> None:  # fmt: skip
    """Initials in a circle, with a dot for what is known of the person: its shape says it as well
    as its colour does. `ground` is another colour than the usual one behind them."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ground or t.accent_weak))
    painter.drawEllipse(rect)
    text(
        painter, rect.toRect(), initials(wording.straight(name)), t.accent, tokens.SMALL, bold=True,
        align=Qt.AlignmentFlag.AlignHCenter,
    )  # fmt: skip
    if dot:
        occupancy(painter, QRectF(rect.right() - 9, rect.bottom() - 9, 10, 10), t, dot, state)


def occupancy(painter: QPainter, rect: QRectF, t: Tokens, colour: str, state: Occupancy) -> None:
    """Active is a disc, idle half a one, offline a ring; an empty place is nothing known."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(t.surface), 2))
    painter.setBrush(QColor(colour if state is Occupancy.ACTIVE else t.surface))
    painter.drawEllipse(rect)
    if state is Occupancy.ACTIVE:
        return
    inner = rect.adjusted(1.75, 1.75, -1.75, -1.75)
    pen = QPen(QColor(colour), 1.5)
    if state is Occupancy.UNKNOWN:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(inner)
    if state is Occupancy.IDLE:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawPie(inner, 90 * 16, 180 * 16)


def box(painter: QPainter, widget: QWidget, rect: QRectF, t: Tokens, *, on: bool) -> None:
    """A box to mark something with, 16 pixels wide."""
    fill, line = (t.accent, None) if on else (t.surface, t.control_line)
    rounded(painter, rect, fill, line, 4, 1.5)
    if on:
        icon(painter, widget, "check", t.on_accent, round(rect.x()), round(rect.y()))
