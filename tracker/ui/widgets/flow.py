"""Controls side by side, in as many rows as they need: in a narrow window nothing is cut off."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

GAP = 10


class Flow(QWidget):
    """Its width is given, its height follows. Parts that grow share what is left of their row; with
    `even` all parts are equally wide, and the rows equally full."""

    def __init__(self, parent: QWidget, *, even: bool = False, gap: int = GAP) -> None:
        super().__init__(parent)
        self._even, self._gap = even, gap
        self._parts: list[tuple[QWidget, bool]] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, part: QWidget, *, grows: bool = False) -> None:
        part.setParent(self)
        self._parts.append((part, grows))

    def rows(self) -> list[list[QWidget]]:
        """The parts that are seen, as they lie."""
        return [[part for part, _ in row] for row in self._rows()]

    def sizeHint(self) -> QSize:
        return QSize(self.width(), self._needed())

    def minimumSizeHint(self) -> QSize:
        widest = max((_wish(part).width() for part, _ in self._seen()), default=0)
        return QSize(widest, self._needed())

    def _seen(self) -> list[tuple[QWidget, bool]]:
        return [(part, grows) for part, grows in self._parts if not part.isHidden()]

    def _rows(self) -> list[list[tuple[QWidget, bool]]]:
        rows: list[list[tuple[QWidget, bool]]] = [[]]
        used, seen = 0, self._seen()
        most = len(seen)
        if self._even and seen:
            widest = max(_wish(part).width() for part, _ in seen)
            fit = max(1, (self.width() + self._gap) // (widest + self._gap))
            most = -(-len(seen) // -(-len(seen) // fit))
        for part, grows in seen:
            wish = _wish(part).width()
            full = used + wish > self.width() if not self._even else len(rows[-1]) == most
            if rows[-1] and full:
                rows.append([])
                used = 0
            rows[-1].append((part, grows))
            used += wish + self._gap
        return rows

    def _needed(self) -> int:
        rows = self._rows()
        tall = sum(max((_wish(part).height() for part, _ in row), default=0) for row in rows)
        return tall + self._gap * (len(rows) - 1)

    def _place(self) -> None:
        rows, y = self._rows(), 0
        columns = max(len(row) for row in rows)
        for row in rows:
            tall = max((_wish(part).height() for part, _ in row), default=0)
            spare = self.width() - sum(_wish(part).width() for part, _ in row)
            spare -= self._gap * (len(row) - 1)
            growing = sum(grows for _, grows in row)
            x = 0
            for part, grows in row:
                wish = _wish(part)
                width = wish.width() + (max(0, spare) // growing if grows else 0)
                if self._even:  # rounded where it ends, so that the last one ends at the edge
                    place = row.index((part, grows)) + 1
                    width = (self.width() + self._gap) * place // columns - self._gap - x
                part.setGeometry(x, y + (tall - wish.height()) // 2,
                                 min(width, self.width()), wish.height())  # fmt: skip
                x += width + self._gap
            y += tall + self._gap
        if self.height() != self._needed():
            self.setFixedHeight(self._needed())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        # A part came, went, or says something else; that is not told while nobody sees it.
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        return super().event(event)


def _wish(part: QWidget) -> QSize:
    hint = part.sizeHint().expandedTo(part.minimumSizeHint())
    return hint.expandedTo(part.minimumSize()).boundedTo(part.maximumSize())
