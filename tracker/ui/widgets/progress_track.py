"""The progress bar of a card: click, drag, or move it with the keys."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QWidget

from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import tokens_of
from tracker.ui.widgets import paint

_NUMBER = 56
"""Pixels to the right for "100 %"."""
_ARROWS: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class ProgressTrack(QAbstractSlider):
    """0–100. `committed` is emitted once, when the person lets go of the button or the key; arrows
    move 5 %, with shift 1 %. A slider to screen readers."""

    committed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setRange(0, 100)
        self.setAccessibleName("Progress")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click or drag; arrow keys move 5 %, with Shift 1 %")
        self.valueChanged.connect(self._value_changed)
        self._fill = "accent"
        self._shown = 0
        self._by_key = False
        self.editable = True

    def show_progress(self, percent: int, fill: str) -> None:
        """Sets what is shown without reporting it as the person's doing. `fill` names a token, so
        that a live switch of the theme needs nothing here."""
        self._shown = percent
        self._fill = fill
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if self.editable else Qt.CursorShape.ArrowCursor
        )
        if not self.isSliderDown():
            self.setValue(percent)  # equal to what is shown, so nothing is committed
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        width = max(1, self.width() - _NUMBER)
        y = (self.height() - 8) / 2
        paint.rounded(painter, QRectF(0, y, width, 8), t.track, None, 4)
        if self.value():
            filled = max(8.0, width * self.value() / 100)
            paint.rounded(painter, QRectF(0, y, filled, 8), getattr(t, self._fill), None, 4)
        where = self.rect().adjusted(width + 8, 0, 0, 0)
        paint.text(
            painter, where, f"{self.value()} %", t.text, tokens.BODY, bold=True,
            align=Qt.AlignmentFlag.AlignRight,
        )  # fmt: skip
        if self.hasFocus():
            ring = QRectF(0, y - 4, width, 16)
            paint.rounded(painter, ring, None, t.accent, 6, 2.0)

    def _at(self, x: float) -> int:
        return round(100 * min(1.0, max(0.0, x / max(1, self.width() - _NUMBER))))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.editable or event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.setSliderDown(True)
        self.setValue(self._at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setValue(self._at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setSliderDown(False)
            self._commit(self._at(event.position().x()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # it scrolls the list; a number is never changed in passing

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = 1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 5
        move = _ARROWS.get(event.key())
        if move is None or not self.editable:
            event.ignore()
            return
        # A key that is held repeats: as long as it is down it moves the bar and nothing else.
        self._by_key = True
        self.setSliderDown(True)
        self.setValue(min(100, max(0, self.value() + move * step)))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS and self._by_key:
            if not event.isAutoRepeat():
                self._end_keys()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The release of a key goes to whoever has the focus then."""
        if self._by_key:
            self._end_keys()
        super().focusOutEvent(event)

    def _end_keys(self) -> None:
        self._by_key = False
        self.setSliderDown(False)
        self._commit(self.value())

    def let_go(self) -> None:
        """Ends a movement without a commit: the bar is about to show another task."""
        self._by_key = False
        self.setSliderDown(False)

    def _value_changed(self, percent: int) -> None:
        """Assistive technology sets the value directly; a drag commits when it ends."""
        self.update()
        if self.isSliderDown():
            return
        if self.editable:
            self._commit(percent)
        else:
            self.setValue(self._shown)

    def _commit(self, percent: int) -> None:
        if percent != self._shown:
            self._shown = percent
            self.setValue(percent)
            self.committed.emit(percent)
