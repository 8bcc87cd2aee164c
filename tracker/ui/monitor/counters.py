"""Numbers across the top of the monitor, each of which filters when it is pressed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Pressable

TALL, LOW = 70, 34
_MOST = 110
"""A low one is no wider, and its name is cut off."""


class Counter(Pressable):
    """In a window without room for its two lines it has one."""

    def __init__(self, name: str, colour: str, parent: QWidget, short: str = "") -> None:
        """`short` is its name where there is little room."""
        super().__init__(name, parent)
        self._short = short or name
        self._colour = colour
        self._value = ""
        self._low = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def value(self) -> str:
        return self._value

    def set_value(self, value: str) -> None:
        if value == self._value:
            return
        self._value = value
        self.setAccessibleName(f"{self.text()}: {value}")
        self.setToolTip(self.accessibleName())
        self.updateGeometry()
        self.update()

    def set_low(self, low: bool) -> None:
        if low != self._low:
            self._low = low
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        if self._low:
            name = paint.width_of(self._short, tokens.SMALL + 1)
            value = paint.width_of(self._value, tokens.BODY, bold=True)
            return QSize(min(_MOST, name + value + 24), LOW)
        name = paint.width_of(self.text(), tokens.BODY)
        return QSize(max(name, paint.width_of(self._value, tokens.TITLE, bold=True)) + 24, TALL)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        strong = self.isChecked() or self.hasFocus()
        line = t.accent if strong else t.control_line
        paint.rounded(painter, QRectF(self.rect()), t.surface, line, width=2.0 if strong else 1.0)
        colour = getattr(t, self._colour)
        if self._low:
            inner = self.rect().adjusted(8, 0, -6, 0)
            used = paint.text(painter, inner, self._value, t.text, tokens.BODY, bold=True)
            inner.adjust(used + 6, 0, 0, 0)
            paint.text(painter, inner, self._short, colour, tokens.SMALL + 1)
            return
        inner = self.rect().adjusted(12, 10, -6, 0)
        inner.setHeight(20)
        paint.text(painter, inner, self.text(), colour, tokens.BODY)
        inner.translate(0, 22)
        inner.setHeight(28)
        paint.text(painter, inner, self._value, t.text, tokens.TITLE, bold=True)
