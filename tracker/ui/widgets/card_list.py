"""The one card list: real widgets, of which only the visible ones exist.

Cards are recycled while scrolling, so cost does not grow with the number of tasks: about 20 cards
serve 100,000 tasks (1,000 cards in a layout take 785 ms to make). One column with an opened card
for the employee, several columns for the monitor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from tracker.ui.theme.tokens import SPACE_2, SPACE_4
from tracker.ui.widgets.controls import ScrollBar, in_order
from tracker.ui.widgets.marks import Marks


class CardWidget(QWidget):
    """Base of cards. `bind` shows a task; `open_height` is what it needs when opened."""

    spoken_role = QAccessible.Role.ListItem

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.card_id: str | None = None

    def bind(self, card_id: str, *, selected: bool) -> None:
        raise NotImplementedError

    def open_height(self, width: int) -> int:
        raise NotImplementedError

    def is_on_box(self, where: QPoint) -> bool:
        """Whether a press there marks the task."""
        return False

    def let_go(self) -> None:
        """The card is about to show another task, or none: a movement under way ends here."""

    def tab_stops(self) -> Sequence[QWidget]:
        """What the Tab key visits inside, in order."""
        return ()


class CardList(QAbstractScrollArea):
    """Shows `ids` in order. `selected` carries the id whenever another card became the selected
    one, and "" when there is none any more; `activated` the id that was chosen once again."""

    spoken_role = QAccessible.Role.List
    selected = Signal(str)
    activated = Signal(str)

    def __init__(
        self,
        make_card: Callable[[QWidget], CardWidget],
        height: int,
        parent: QWidget | None = None,
        *,
        min_width: int = 0,
        opens: bool = True,
        marks: Marks | None = None,
    ) -> None:
        super().__init__(parent)
        self._make_card, self._height, self._min_width = make_card, height, min_width
        self._opens, self._marks = opens, marks
        self._ids: tuple[str, ...] = ()
        self._rows: dict[str, int] = {}
        self._idle: list[CardWidget] = []
        self._shown: dict[str, CardWidget] = {}
        self._selected = ""
        self._chain: list[QWidget] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Tasks")
        self.viewport().setAutoFillBackground(False)
        self.setVerticalScrollBar(ScrollBar(self))
        self.verticalScrollBar().valueChanged.connect(self._place)
        self.verticalScrollBar().setSingleStep(40)

    # -- content ---------------------------------------------------------------------------

    @property
    def ids(self) -> Sequence[str]:
        return self._ids

    @property
    def selected_id(self) -> str:
        return self._selected

    def set_ids(self, ids: Sequence[str]) -> None:
        """Another order or another set; the first visible card stays where it is."""
        new = tuple(ids)  # of a tuple it is the same one, which is compared at no cost
        if new is self._ids or new == self._ids:
            return
        anchor = self._anchor()
        self._ids, self._rows = new, {}
        if self._selected and self._row(self._selected) < 0:
            self._selected = ""
            self.selected.emit("")
        self._measure()
        if anchor is not None and (row := self._row(anchor[0])) >= 0:
            self.verticalScrollBar().setValue(self._top(row) - anchor[1])
        self._place()

    def refresh(self, ids: Iterable[str] | None = None) -> None:
        """Binds the visible ones of `ids` again (None: all visible)."""
        for card_id, card in self._shown.items():
            if ids is None or card_id in ids:
                card.bind(card_id, selected=card_id == self._selected)
        if ids is None or self._selected in ids:
            self._measure()
            self._place()

    def select(self, card_id: str) -> None:
        """Selects a card ("" for none) and brings it into view."""
        if card_id == self._selected or (card_id and self._row(card_id) < 0):
            return
        old, self._selected = self._selected, card_id
        for changed in (old, card_id):
            if changed in self._shown:
                self._shown[changed].bind(changed, selected=changed == card_id)
        # The listener fills the opened part first: how tall the card gets depends on it.
        self.selected.emit(card_id)
        self._measure()
        self._place()
        if card_id:
            self._reveal(card_id)

    def card(self, card_id: str) -> CardWidget | None:
        """The widget that shows the id now, if it is visible."""
        return self._shown.get(card_id)

    def cards(self) -> list[CardWidget]:
        return list(self._shown.values())

    def _row(self, card_id: str) -> int:
        """Which one of `ids` it is, -1 if none: looked for once, as a map of 100,000 takes 10 ms
        to make and few are asked for."""
        if card_id not in self._rows:
            self._rows[card_id] = self._ids.index(card_id) if card_id in self._ids else -1
        return self._rows[card_id]

    # -- geometry --------------------------------------------------------------------------

    def _columns(self) -> int:
        if not self._min_width:
            return 1
        return max(1, (self.viewport().width() + SPACE_4) // (self._min_width + SPACE_4))

    def _gap(self) -> int:
        return SPACE_4 if self._min_width else SPACE_2

    def _card_width(self) -> int:
        columns = self._columns()
        return (self.viewport().width() - SPACE_2 - (columns - 1) * self._gap()) // columns

    def _opened(self) -> tuple[int, int]:
        """Row of the opened card and how much taller it is than a closed one."""
        if not self._opens or not self._selected:
            return -1, 0
        card = self._shown.get(self._selected) or next(iter(self._shown.values()), None)
        tall = card.open_height(self._card_width()) if card else self._height
        return self._row(self._selected), tall - self._height

    def _top(self, index: int) -> int:
        opened, extra = self._opened_at
        top = index // self._columns() * (self._height + self._gap())
        return top + (extra if 0 <= opened < index else 0)

    def _measure(self) -> None:
        self._opened_at = self._opened()
        rows = -(-len(self._ids) // self._columns())
        total = rows * (self._height + self._gap()) + self._opened_at[1]
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, total - self.viewport().height()))
        bar.setPageStep(self.viewport().height())

    def _anchor(self) -> tuple[str, int] | None:
        bottom = self.viewport().height()
        visible = {
            card_id: card.y()
            for card_id, card in self._shown.items()
            if card.y() < bottom and card.y() + card.height() > 0
        }
        if not visible:
            return None
        held = (
            self._selected if self._selected in visible else min(visible, key=visible.__getitem__)
        )
        return held, visible[held]

    def _reveal(self, card_id: str) -> None:
        row = self._row(card_id)
        opened, extra = self._opened_at
        top, tall = self._top(row), self._height + (extra if row == opened else 0)
        bar = self.verticalScrollBar()
        if top < bar.value():
            bar.setValue(top)
        elif top + tall > bar.value() + self.viewport().height():
            bar.setValue(top + tall - self.viewport().height())

    def _place(self) -> None:
        """Gives each visible row a card, taking cards from rows that went out of view."""
        step = self._height + self._gap()
        columns, width = self._columns(), self._card_width()
        offset, bottom = self.verticalScrollBar().value(), self.viewport().height()
        opened, extra = self._opened_at
        first = max(0, (offset - (extra if opened >= 0 else 0)) // step * columns)
        last = min(len(self._ids), ((offset + bottom) // step + 1) * columns)
        wanted = {
            card_id: index
            for index, card_id in enumerate(self._ids[first:last], first)
            if self._top(index) - offset < bottom
            and self._top(index) + self._height + (extra if index == opened else 0) > offset
        }
        self._rows.update(wanted)
        if self._selected:
            # The card somebody types in is never taken away; it waits beyond the edge.
            wanted[self._selected] = self._row(self._selected)
        for gone in [card_id for card_id in self._shown if card_id not in wanted]:
            card = self._shown.pop(gone)
            card.let_go()
            self.take_focus_from(card)
            self._idle.append(card)
        for card_id, index in wanted.items():
            if card_id not in self._shown:
                card = self._idle.pop() if self._idle else self._new_card()
                self._shown[card_id] = card
                card.bind(card_id, selected=card_id == self._selected)
            card = self._shown[card_id]
            tall = self._height + (extra if index == opened else 0)
            x = index % columns * (width + self._gap())
            y = min(bottom, max(-tall, self._top(index) - offset))
            card.setGeometry(x, y, width, tall)
            card.show()
        for card in self._idle:
            card.hide()
            card.card_id = None
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Tab goes through the cards as they lie: recycled ones were made in another order."""
        rows = sorted(self._shown, key=self._row)
        chain = [self, *(stop for row in rows for stop in self._shown[row].tab_stops())]
        if chain != self._chain:
            self._chain = chain
            in_order(*chain)

    def take_focus_from(self, part: QWidget) -> None:
        """To be called before a part of a card is hidden. Qt would hand the focus to the next bar,
        and the arrow keys would change another task."""
        focused = self.window().focusWidget()  # None where nothing ever had it
        if part is focused or part.isAncestorOf(focused):
            self.setFocus()

    def _new_card(self) -> CardWidget:
        made = self._make_card(self.viewport())
        made.installEventFilter(self)
        return made

    # -- events ----------------------------------------------------------------------------

    _opened_at: tuple[int, int] = (-1, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        kept = self._selected if self._selected in self._shown else ""
        self._measure()
        self._place()
        if kept:
            self._reveal(kept)

    def paintEvent(self, event: QPaintEvent) -> None:
        pass  # the cards paint themselves on the window's ground

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            isinstance(watched, CardWidget)
            and isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonPress
            and watched.card_id
        ):
            again = watched.card_id == self._selected
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            if self._marks is not None and self._mark_by_mouse(self._marks, watched, event):
                return True
            self.select(watched.card_id)
            if again:
                self.activated.emit(watched.card_id)
        return super().eventFilter(watched, event)

    def _mark_by_mouse(self, marks: Marks, card: CardWidget, event: QMouseEvent) -> bool:
        """Ctrl, Shift and a press on the card's box mark; whether it was one of these."""
        assert card.card_id is not None
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            marks.anchor = marks.anchor or self._selected
            marks.add_up_to(card.card_id, self._ids)
            return True
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or card.is_on_box(
            event.position().toPoint()
        ):
            marks.toggle(card.card_id)
            return True
        marks.anchor = card.card_id
        return False

    def _mark_by_key(self, marks: Marks, event: QKeyEvent) -> bool:
        if event.matches(QKeySequence.StandardKey.SelectAll):
            marks.add(self._ids)
        elif event.key() == Qt.Key.Key_Space and self._selected:
            marks.toggle(self._selected)
        elif event.key() == Qt.Key.Key_Escape and marks:
            marks.clear()
        else:
            return False
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        QApplication.sendEvent(self.verticalScrollBar(), event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._marks is not None and self._mark_by_key(self._marks, event):
            return
        before = self._selected
        columns = self._columns()
        row = self._row(self._selected) if self._selected else -1
        page = max(1, self.viewport().height() // (self._height + self._gap())) * columns
        target = {
            Qt.Key.Key_Down: row + columns if row >= 0 else 0,
            Qt.Key.Key_Up: row - columns,
            Qt.Key.Key_Right: row + 1 if columns > 1 else None,
            Qt.Key.Key_Left: row - 1 if columns > 1 else None,
            Qt.Key.Key_PageDown: row + page,
            Qt.Key.Key_PageUp: row - page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._ids) - 1,
        }.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected:
            self.activated.emit(self._selected)
        elif event.key() == Qt.Key.Key_Escape and self._selected:
            self.select("")
        elif target is not None and self._ids:
            self.select(self._ids[min(len(self._ids) - 1, max(0, target))])
            if self._marks is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._marks.anchor = self._marks.anchor or before
                self._marks.add_up_to(self._selected, self._ids)
            elif self._marks is not None:
                self._marks.anchor = self._selected
        else:
            super().keyPressEvent(event)
