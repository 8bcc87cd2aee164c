"""Buttons, fields and labels in our own calm style, painted from the palette."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from itertools import pairwise

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAction,
    QColor,
    QEnterEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QWidget,
)

from tracker.services import wording
from tracker.ui.theme import theme, tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, tokens_of
from tracker.ui.widgets import paint

SEARCH_DELAY_MS = 300
_MENU_MOST = 25
"""With more choices than these one is searched for."""
_LEAD = 68
"""Pixels for a time before a line: "Thu 16:20"."""


class Pressable(QAbstractButton):
    """Base of everything that is pressed: by mouse, Space or Return, of which Qt knows two."""

    def __init__(self, text: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.click()


class Button(Pressable):
    """A push button. `primary` is the one thing to do here; `small` for rows of quick buttons;
    `chevron` says that a menu opens."""

    def __init__(
        self,
        text: str,
        parent: QWidget | None = None,
        *,
        primary: bool = False,
        small: bool = False,
        icon: str = "",
        chevron: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._primary, self._small = primary, small
        self._icon, self._chevron = icon, chevron

    def show_icon(self, icon: str) -> None:
        self._icon = icon
        self.update()

    def sizeHint(self) -> QSize:
        side = 10 if self._small else 12
        width = paint.width_of(self.text(), tokens.BODY, bold=self._primary) + 2 * side
        width += 20 if self._icon else 0
        width += 18 if self._chevron else 0
        return QSize(width, 26 if self._small else 36)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        rect = QRectF(self.rect())
        fill = t.accent if self._primary else t.surface
        if self.isDown() or self.isChecked():
            fill = t.accent_weak if not self._primary else t.accent
        elif self.underMouse() and self.isEnabled() and not self._primary:
            fill = t.accent_weak
        if not self.isEnabled() and self._primary:
            fill = t.track
        paint.rounded(painter, rect, fill, None if self._primary else t.control_line)
        colour = t.on_accent if self._primary else t.text
        if not self.isEnabled():
            colour = t.muted
        inner = self.rect().adjusted(10 if self._small else 12, 0, -8, 0)
        if self._icon:
            paint.icon(painter, self, self._icon, colour, inner.x(), (self.height() - 16) // 2)
            inner.adjust(20, 0, 0, 0)
        paint.text(painter, inner, self.text(), colour, tokens.BODY, bold=self._primary)
        if self._chevron:
            paint.icon(
                painter, self, "chevron", t.muted, self.width() - 24, (self.height() - 16) // 2
            )
        if self.hasFocus():
            if self._primary:
                paint.rounded(painter, rect.adjusted(3, 3, -3, -3), None, t.on_accent, 5, 2.0)
            else:
                paint.rounded(painter, rect, None, t.accent, width=2.0)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()


class Choice(Button):
    """A button with a menu of choices; says what is chosen. `chosen` carries the value. A
    label that is not `named` is for screen readers alone."""

    chosen = Signal(object)

    def __init__(
        self,
        label: str,
        options: Sequence[tuple[str, object]],
        parent: QWidget,
        *,
        named: bool = True,
    ) -> None:
        super().__init__("", parent, chevron=True)
        self._label, self._named = label, named
        self._options: list[tuple[str, object]] = []
        self._value: object = None
        self.set_options(options)
        self.clicked.connect(self._open)

    @property
    def value(self) -> object:
        return self._value

    @property
    def offered(self) -> list[object]:
        return [value for _, value in self._options]

    def set_options(self, options: Sequence[tuple[str, object]]) -> None:
        """What is chosen stays chosen, also when it is offered no more: whoever asked for it
        still narrows by it, and the words must not say otherwise."""
        offered = [value for _, value in options]
        kept = [(w, v) for w, v in self._options if v == self._value and v not in offered]
        self._options = [*options, *kept]
        if not kept and self._value not in offered:
            self._value = options[0][1]
        self._say()

    def set_value(self, value: object) -> None:
        self._value = value
        self._say()

    def _say(self) -> None:
        words = next(words for words, value in self._options if value == self._value)
        self.setAccessibleName(f"{self._label}: {words}")
        self.setText(self.accessibleName() if self._named else words)
        self.updateGeometry()
        self.update()

    def _open(self) -> None:
        if len(self._options) > _MENU_MOST:
            self._open_chooser()
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, value in self._options:
            action = QAction(wording.straight(words), menu)
            action.setCheckable(True)
            action.setChecked(value == self._value)
            action.triggered.connect(lambda _checked=False, v=value: self._pick(v))
            menu.addAction(action)
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def _open_chooser(self) -> None:
        """So many that nobody finds one in a menu: by some of its words."""
        from tracker.ui.dialogs.choosing import Chooser, Option

        options = [
            Option(words, "chosen" if value == self._value else "", partial(self._pick, value))
            for words, value in self._options
        ]
        Chooser(self._label, "Some words of its name", options, self.window()).open()

    def _pick(self, value: object) -> None:
        self.set_value(value)
        self.chosen.emit(value)


def _undoes_nothing(event: QEvent, has_undo: bool) -> bool:
    """Ctrl+Z is the window's where there is nothing typed to undo."""
    return (
        event.type() is QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and event.matches(QKeySequence.StandardKey.Undo)
        and not has_undo
    )


class _Line(QLineEdit):
    def event(self, event: QEvent) -> bool:
        if _undoes_nothing(event, self.isUndoAvailable()):
            event.ignore()
            return False
        return super().event(event)


class Field(QWidget):
    """A rounded one-line field; `problem` puts a sentence below and a red line around."""

    changed = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None, *, placeholder: str = "") -> None:
        super().__init__(parent)
        self.edit = _Line(self)
        self.edit.setFrame(False)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setAccessibleName(name)
        self.edit.textChanged.connect(self.changed)
        self.edit.installEventFilter(self)
        self.setFocusProxy(self.edit)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(SPACE_3, 4, SPACE_3, 4)
        self._row.addWidget(self.edit)
        self._bad = False
        self.setFixedHeight(36)

    def add_button(self, button: Button) -> None:
        """A small one inside, at the end."""
        self._row.setContentsMargins(SPACE_3, 4, 5, 4)
        self._row.addWidget(button)

    def set_bad(self, bad: bool) -> None:
        self._bad = bad
        self.update()

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:  # type: ignore[override]
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        focused = self.edit.hasFocus()
        line = t.danger if self._bad else t.accent if focused else t.control_line
        width = 2.0 if focused or self._bad else 1.0
        paint.rounded(QPainter(self), QRectF(self.rect()), t.surface, line, width=width)


class Search(Field):
    """Says `searched` 300 ms after the last key, and at once when cleared."""

    searched = Signal(str)

    def __init__(self, placeholder: str, parent: QWidget) -> None:
        super().__init__("Search", parent, placeholder=placeholder)
        self.edit.setClearButtonEnabled(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_DELAY_MS)
        self._timer.timeout.connect(lambda: self.searched.emit(self.edit.text()))
        self.changed.connect(self._typed)
        self._row.setContentsMargins(36, 4, SPACE_2, 4)

    def stop(self) -> None:
        """Searches no more for what was typed last."""
        self._timer.stop()

    def show_words(self, words: str) -> None:
        """Without saying so: whoever sets them knows."""
        self.stop()
        self.edit.blockSignals(True)
        self.edit.setText(words)
        self.edit.blockSignals(False)
        self.update()

    def _typed(self, text: str) -> None:
        if text:
            self._timer.start()
        else:
            self.stop()
            self.searched.emit("")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        t = tokens_of(self.palette())
        # While it still waits for more keys the icon is a clock: a sign that it searches.
        name = "clock" if self._timer.isActive() else "search"
        paint.icon(QPainter(self), self, name, t.muted, SPACE_3, 10)


class TextBox(QPlainTextEdit):
    """A rounded field of several lines; Tab leaves it, Ctrl+Enter says `submitted`."""

    submitted = Signal()

    def __init__(self, name: str, ground: str, height: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._ground = ground
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(SPACE_2)
        self.setVerticalScrollBar(ScrollBar(self))
        self.setFixedHeight(height)

    def event(self, event: QEvent) -> bool:
        if _undoes_nothing(event, self.document().isUndoAvailable()):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if ctrl and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submitted.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self.viewport())
        line = t.accent if self.hasFocus() else t.control_line
        paint.rounded(painter, QRectF(self.viewport().rect()), getattr(t, self._ground), line)
        painter.end()
        super().paintEvent(event)


class Check(QCheckBox):
    """A check box whose box is seen in both themes."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.set_words(text)
        self.setMinimumHeight(26)

    def set_words(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)

    def sizeHint(self) -> QSize:
        return QSize(paint.width_of(self.text(), tokens.BODY) + 34, 26)

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        y = (self.height() - 18) // 2
        box = QRectF(1, y, 18, 18)
        on = self.isChecked()
        fill, line = (t.accent, None) if on else (t.surface, t.control_line)
        paint.rounded(painter, box, fill, line, 4, 1.5)
        if on:
            paint.icon(painter, self, "check", t.on_accent, 2, y + 1)
        if self.hasFocus():
            paint.rounded(painter, box.adjusted(-1, -1, 1, 1), None, t.accent, 5, 2.0)
        colour = t.text if self.isEnabled() else t.muted
        paint.text(painter, self.rect().adjusted(28, 0, 0, 0), self.text(), colour, tokens.BODY)


class ScrollBar(QScrollBar):
    """A slim bar without arrows, drawn from the palette."""

    def __init__(self, parent: QWidget, way: Qt.Orientation = Qt.Orientation.Vertical) -> None:
        super().__init__(way, parent)
        if way is Qt.Orientation.Vertical:
            self.setFixedWidth(12)
        else:
            self.setFixedHeight(12)

    def paintEvent(self, _event: QPaintEvent) -> None:
        span = self.maximum() - self.minimum()
        if span <= 0:
            return
        t = tokens_of(self.palette())
        upright = self.orientation() is Qt.Orientation.Vertical
        length = (self.height() if upright else self.width()) - 4
        long = max(28.0, length * self.pageStep() / (span + self.pageStep()))
        start = 2 + (length - long) * (self.value() - self.minimum()) / span
        colour = t.muted if self.isSliderDown() or self.underMouse() else t.control_line
        rect = QRectF(4, start, 6, long) if upright else QRectF(start, 4, long, 6)
        paint.rounded(QPainter(self), rect, colour, None, 3)


class Scrolling(QScrollArea):
    """A ground that scrolls up and down, with our bar and nothing drawn behind."""

    spoken_role = QAccessible.Role.Grouping

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(ScrollBar(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    def set_ground(self, ground: QWidget) -> None:
        self.setWidget(ground)
        ground.setAutoFillBackground(False)  # setWidget has just switched it on


class Label(QLabel):
    """A label that shows letters in their own order, whatever is among them."""

    def setText(self, text: str) -> None:
        super().setText(wording.straight(text))


def label(
    text: str, pixels: int = tokens.BODY, *, bold: bool = False, muted: bool = False
) -> QLabel:
    """A plain-text label; what people wrote is never read as markup."""
    made = Label(wording.straight(text))
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(theme.font(pixels, bold=bold))
    made.setWordWrap(True)
    if muted:
        made.setForegroundRole(made.palette().ColorRole.PlaceholderText)
    return made


def in_order(*parts: QWidget) -> None:
    """The keyboard goes through them as they are read, in whatever order they were made."""
    for first, second in pairwise(parts):
        QWidget.setTabOrder(first, second)


class OneLine(Label):
    """One line of plain text. What does not fit is cut with an ellipsis and is in the tool tip."""

    def __init__(self, pixels: int, *, muted: bool = False) -> None:
        super().__init__()
        self._pixels, self._muted = pixels, muted
        self._lead = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(pixels))
        self.setMinimumWidth(60)

    def set_words(self, words: str, lead: str = "") -> None:
        """`lead` stands before them in a column of its own: a time."""
        self._lead = lead
        self.setText(words)
        self.setAccessibleName(f"{lead} {words}".strip())
        self._tell_rest()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell_rest()

    def _tell_rest(self) -> None:
        cut = paint.width_of(self.text(), self._pixels) > self.width() - self._lead_width()
        # Escaped: a tool tip reads as markup what looks like it, and people wrote this.
        self.setToolTip(f"<p>{escape(self.text())}</p>" if cut else "")

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        colour = t.muted if self._muted else t.text
        painter, lead = QPainter(self), self._lead_width()
        if lead:
            paint.text(painter, self.rect(), self._lead, t.muted, self._pixels)
        rest = self.rect().adjusted(lead, 0, 0, 0)
        paint.text(painter, rest, self.text(), colour, self._pixels)

    def _lead_width(self) -> int:
        return _LEAD if self._lead else 0


class Panel(QWidget):
    """A plain ground in one of the palette's colours."""

    def __init__(self, colour: str, parent: QWidget | None = None, *, border: str = "") -> None:
        super().__init__(parent)
        self._colour, self._border = colour, border

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(getattr(t, self._colour)))
        if self._border == "right":
            painter.fillRect(self.width() - 1, 0, 1, self.height(), QColor(t.line))
        if self._border == "left":
            painter.fillRect(0, 0, 1, self.height(), QColor(t.line))
