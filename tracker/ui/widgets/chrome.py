"""The parts around the list: rail, sync chip, banner, toasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QColor, QGuiApplication, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from tracker.services import status as saying
from tracker.services.status import Says, SyncStatus
from tracker.sync.engine import State
from tracker.ui.theme import theme, tokens
from tracker.ui.theme.tokens import SPACE_2, SPACE_3, SPACE_4, tokens_of
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import Button, Panel, Pressable, Scrolling, label
from tracker.ui.widgets.spoken import announce

TOAST_MS = 5_000
RAIL_WIDTH = 240
_BESIDE = 440
"""What a banner needs beside its headline: 240 for the sentence, 200 for the buttons."""


class RailRow(Pressable):
    """One row of the rail with its count."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(name, parent)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setFixedHeight(34)
        self._count: int | None = None
        self.set_count(None)

    def set_count(self, count: int | None) -> None:
        self._count = count
        self.setAccessibleName(self.text() if count is None else f"{self.text()}, {count}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        rect = QRectF(self.rect())
        chosen = self.isChecked()
        if chosen:
            paint.rounded(painter, rect, t.accent_weak, None)
        colour = t.accent if chosen else t.text
        inner = self.rect().adjusted(10, 0, -10, 0)
        paint.text(
            painter, inner.adjusted(0, 0, -36, 0), self.text(), colour, tokens.BODY, bold=chosen
        )
        if self._count is not None:
            paint.text(
                painter, inner, f"{self._count:,}".replace(",", " "),
                colour if chosen else t.muted, tokens.SMALL + 1, bold=chosen,
                align=Qt.AlignmentFlag.AlignRight,
            )  # fmt: skip
        if self.hasFocus():
            paint.rounded(painter, rect, None, t.accent, width=2.0)


class Rail(Panel):
    """The left rail: title, groups of rows, and who is signed in. `chosen` carries the row."""

    chosen = Signal(str)

    def __init__(self, title: str, groups: Sequence[Sequence[str]], parent: QWidget) -> None:
        super().__init__("rail", parent, border="right")
        self.setFixedWidth(RAIL_WIDTH)
        self.rows: dict[str, RailRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_3, SPACE_4, SPACE_3, SPACE_3)
        column.setSpacing(1)
        heading = label(title, tokens.HEADING, bold=True)
        heading.setContentsMargins(10, 4, 0, SPACE_3)
        column.addWidget(heading)
        column.addWidget(self._make_rows(groups), 1)
        self._foot = column

    def _make_rows(self, groups: Sequence[Sequence[str]]) -> Scrolling:
        """They scroll in a window that is too low for all of them."""
        area = Scrolling("Pages", self)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        ground = QWidget()
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, 0, 0, SPACE_2)
        column.setSpacing(1)
        for index, names in enumerate(groups):
            if index:
                line = Panel("line")
                line.setFixedHeight(1)
                column.addSpacing(SPACE_3)
                column.addWidget(line)
                column.addSpacing(SPACE_3)
            for name in names:
                row = RailRow(name, ground)
                row.clicked.connect(lambda _c=False, n=name: self.chosen.emit(n))
                column.addWidget(row)
                self.rows[name] = row
        column.addStretch(1)
        area.set_ground(ground)
        return area

    def add_foot(self, widget: QWidget) -> None:
        self._foot.addWidget(widget)

    def choose(self, name: str) -> None:
        """Marks the row of the page that is open; none for a page that has no row."""
        if name in self.rows:
            self.rows[name].setChecked(True)
            return
        for row in self.rows.values():
            row.setAutoExclusive(False)
            row.setChecked(False)
            row.setAutoExclusive(True)


class Who(Pressable):
    """Avatar, name, and a line about the person; pressed, it opens the menu of their account. The
    dot and the first words of the line say what is reported of them."""

    def __init__(self, name: str, about: str, parent: QWidget) -> None:
        super().__init__("Account", parent)
        self._name, self._about = name, about
        self._state, self._dot = "", ""
        self.setFixedHeight(52)
        self.show_state("", "")

    def show_state(self, words: str, dot: str) -> None:
        """`dot` names a token; both are empty where nothing is reported."""
        self._state, self._dot = words, dot
        self.setAccessibleName(f"Account of {self._name}, {self.line}")
        self.setToolTip("Your account, and what is reported of you")
        self.update()

    @property
    def line(self) -> str:
        return " · ".join(part for part in (self._state, self._about) if part)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        if self.hasFocus() or self.underMouse():
            line = t.accent if self.hasFocus() else None
            ground = QRectF(self.rect()).adjusted(-2, 2, 0, -2)
            paint.rounded(painter, ground, t.accent_weak, line, width=2.0)
        dot = getattr(t, self._dot) if self._dot else None
        paint.avatar(painter, QRectF(4, 10, 32, 32), self._name, t, dot)
        inner = self.rect().adjusted(46, 8, -20, 0)
        inner.setHeight(18)
        paint.text(painter, inner, self._name, t.text, tokens.BODY, bold=True)
        paint.text(painter, inner.translated(0, 18), self.line, t.muted, tokens.SMALL + 1)
        paint.icon(painter, self, "chevron", t.muted, self.width() - 20, 18)


class TimerPill(Pressable):
    """The timer that runs, on whatever page; pressed, it goes to its task."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", parent)
        self.setAccessibleName("Timer")
        self.setFixedHeight(34)
        self.hide()

    def show_timer(self, worked: str, title: str) -> None:
        self.setText(f"{worked} · {title}")
        self.setAccessibleName(f"Timer: {self.text()}")
        self.setToolTip("Go to the task whose timer runs")
        self.show()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        line = t.accent if self.hasFocus() else t.in_progress
        paint.rounded(painter, QRectF(self.rect()), t.accent_weak, line, 17)
        paint.icon(painter, self, "clock", t.accent, 11, 9)
        inner = self.rect().adjusted(34, 0, -12, 0)
        paint.text(painter, inner, self.text(), t.text, tokens.SMALL + 1, bold=True)


class SyncChip(Pressable):
    """One truthful sentence about synchronising; pressing it tries now, or shows what is stuck."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Checking", parent)
        self.setFixedHeight(34)
        self.setToolTip("Synchronise now")
        self._status = SyncStatus()

    def show_status(self, status: SyncStatus, now: int) -> None:
        more_parked = status.parked > self._status.parked
        self._status = status
        self.setText(saying.chip(status, now))
        self.setAccessibleName(f"Synchronisation: {self.text()}")
        does = "Look at Waiting to send" if saying.leads_to_waiting(status) else "Synchronise now"
        self.setToolTip(status.fault or does)
        self.setAccessibleDescription(does)
        if more_parked:
            announce(self, saying.parked(status))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        line = t.accent if self.hasFocus() else t.control_line
        paint.rounded(painter, QRectF(self.rect()), t.surface, line, 17)
        status, offline = self._status, self._status.state is State.OFFLINE
        bad = status.tray or status.parked or status.is_stuck
        good = status.state is State.SYNCED and not bad
        name, colour = ("check", t.done) if good else ("alert", t.warning)
        if status.sending or status.state is None or (offline and not status.is_stuck):
            name, colour = "clock", t.warning if offline else t.muted
        paint.icon(painter, self, name, colour, 11, 9)
        inner = self.rect().adjusted(34, 0, -8, 0)
        paint.text(painter, inner, self.text(), t.text, tokens.SMALL + 1)

    def sizeHint(self) -> QSize:
        return QSize(180, 34)


class Banner(QWidget):
    """A sentence across the top with one thing to do; can be put away until the state changes."""

    spoken_role = QAccessible.Role.Notification
    pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_4, SPACE_2, SPACE_2, SPACE_2)
        row.setSpacing(SPACE_3)
        self.headline = label("", bold=True)
        self.headline.setWordWrap(False)
        self.sentence = label("")
        self.button = Button("Retry now", self, small=True)
        self.button.clicked.connect(self.pressed)
        self.away = Button("Put away", self, small=True)
        self.away.clicked.connect(self._put_away)
        self._words = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._words.setSpacing(SPACE_3)
        self._words.addWidget(self.headline)
        self._words.addWidget(self.sentence, 1)
        row.addLayout(self._words, 1)
        row.addWidget(self.button)
        row.addWidget(self.away)
        self._put_away_for = ""
        self._announced = ""
        self.hide()

    def say(self, told: Says | None) -> None:
        if told is None or told.headline != self._put_away_for:
            self._put_away_for = ""
        if told is None or told.headline == self._put_away_for:
            self._announced = ""
            self.hide()
            return
        self.headline.setText(told.headline)
        self.sentence.setText(told.sentence)
        self.button.setText(told.button)
        self.button.setAccessibleName(self.button.text())
        self.button.updateGeometry()
        self._colour()
        self._lay_out()
        self.setAccessibleName(f"{told.headline} {told.sentence}")
        if told.headline != self._announced:
            announce(self, self.accessibleName())
        self._announced = told.headline
        self.show()

    def _lay_out(self) -> None:
        """The sentence goes below the headline where it would be squeezed into a narrow column."""
        room = self.contentsRect().width()
        fits = room >= self.headline.sizeHint().width() + _BESIDE
        way = QBoxLayout.Direction
        self._words.setDirection(way.LeftToRight if fits else way.TopToBottom)
        self._words.setSpacing(SPACE_3 if fits else 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _colour(self) -> None:
        warning = QColor(tokens_of(self.palette()).warning)
        for part in (self.headline, self.sentence):
            coloured = part.palette()
            if coloured.color(coloured.ColorRole.WindowText) != warning:
                coloured.setColor(coloured.ColorRole.WindowText, warning)
                part.setPalette(coloured)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _put_away(self) -> None:
        self._put_away_for = self.headline.text()
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        paint.rounded(QPainter(self), QRectF(self.contentsRect()), t.warning_ground, None)


class Toast(QWidget):
    """One message at the lower right for 5 s, with at most one thing to do about it."""

    spoken_role = QAccessible.Role.AlertMessage

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        column = QHBoxLayout(self)
        column.setContentsMargins(SPACE_4, SPACE_3, SPACE_3, SPACE_3)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.headline = label("", bold=True)
        self.sentence = label("", muted=True)
        words.addWidget(self.headline)
        words.addWidget(self.sentence)
        column.addLayout(words, 1)
        self.button = Button("Undo", self, small=True)
        self.button.clicked.connect(self._pressed)
        # An error is sent to somebody who can help: its code and its sentence, as they stand there.
        self.copy = Button("Copy", self, small=True)
        self.copy.setAccessibleName("Copy what the error says")
        self.copy.clicked.connect(self._copy)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._do: Callable[[], None] | None = None
        self._bad = False
        self._about = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TOAST_MS)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    def say(
        self,
        headline: str,
        sentence: str = "",
        *,
        bad: bool = False,
        action: tuple[str, Callable[[], None]] | None = None,
        about: str = "",
    ) -> None:
        """`about` is the id of what a question is about."""
        self._bad, self._about = bad, about
        self.headline.setText(headline)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self._do = action[1] if action else None
        self.copy.setVisible(bad)
        self.button.setVisible(action is not None)
        if action:
            self.button.setText(action[0])
            self.button.setAccessibleName(action[0])
            self.button.updateGeometry()
        self.setAccessibleName(f"{headline} {sentence}".strip())
        announce(self, self.accessibleName(), at_once=bad)
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    def asks_about(self, key: str) -> bool:
        return self.isVisible() and self._about == key

    def undo(self) -> None:
        """Ctrl+Z: presses the button while it is one that undoes."""
        if self.isVisible() and self._do is not None and self.button.text() == "Undo":
            self._pressed()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.accessibleName())
        self._timer.start()  # it stays for whoever is busy with it

    def _pressed(self) -> None:
        do, self._do = self._do, None
        self.hide()
        if do is not None:
            do()

    def _place(self) -> None:
        window = self._window
        width = min(430, window.width() - 2 * SPACE_4)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(width, layout.totalHeightForWidth(width))
        self.move(window.width() - width - SPACE_4, window.height() - self.height() - SPACE_4)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens_of(self.palette())
        painter = QPainter(self)
        edge = t.danger if self._bad else t.accent
        paint.card_frame(painter, QRectF(self.rect()), t, edge, selected=False)


class Empty(QLabel):
    """What to do where a list has nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(tokens.HEADING))
        self.setForegroundRole(self.palette().ColorRole.PlaceholderText)
