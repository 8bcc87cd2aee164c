"""The report on paper: numbers, charts and tables on as many pages as they take.

From any thread: nothing here is a widget. A page is made of blocks, each of which stands on one
page as a whole; a table's headline comes again on every page that it goes on to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
)

from tracker.domain.errors import EnvironmentFault
from tracker.services import wording
from tracker.services.figures_out import Column, Group, Report, Table
from tracker.ui import printing
from tracker.ui.printing import INK, font_of

_FOOT = 24.0
_GAP = 10.0
"""In points."""
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WRAP = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere


def png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise EnvironmentFault("E3012", "(no memory for the picture)")
    return bytes(buffer.data().data())


def pdf(report: Report, charts: Sequence[QImage], paper: QPageSize.PageSizeId) -> bytes:
    """The whole file; landscape, as the tables are wide."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(printing.DPI)
    writer.setTitle(report.title)
    writer.setCreator("Tracker")
    printing.set_up(writer, paper, QPageLayout.Orientation.Landscape)
    painter = QPainter()
    if not painter.begin(writer):
        raise EnvironmentFault("E3012", "(the report could not be drawn)")
    try:
        pages = Pages(painter, writer.logicalDpiY() / 72, writer.width(), writer.height())
        pages.draw(report, charts, writer.newPage)
    finally:
        painter.end()
    buffer.close()
    return bytes(buffer.data().data())


@dataclass(frozen=True, slots=True)
class Block:
    """`draw` takes where its top is. With `head` it is a line of a table, which has that above it
    on every page; `with_next` must not be the last on a page."""

    height: float
    draw: Callable[[float], None]
    head: Block | None = None
    with_next: bool = False


class Pages:
    """Lengths are in the device's pixels, `point` is so many of them."""

    def __init__(self, painter: QPainter, point: float, width: float, height: float) -> None:
        self._painter, self._point = painter, point
        self._width, self._height = width, height

    def draw(self, report: Report, charts: Sequence[QImage], new_page: Callable[[], bool]) -> int:
        """How many pages it took."""
        pages = self.paginate(self.blocks(report, charts))
        for number, page in enumerate(pages, 1):
            if number > 1 and not new_page():
                raise EnvironmentFault("E3012", "(a page could not be begun)")
            top = 0.0
            for block in page:
                block.draw(top)
                top += block.height
            self._foot(" · ".join((report.title, *report.about)), f"Page {number} of {len(pages)}")
        return len(pages)

    def paginate(self, blocks: Sequence[Block]) -> list[list[Block]]:
        body = self._height - _FOOT * self._point
        pages: list[list[Block]] = [[]]
        used = 0.0
        for number, block in enumerate(blocks):
            after = number + 1
            need = block.height
            while blocks[after - 1].with_next and after < len(blocks):
                need += blocks[after].height
                after += 1
            if pages[-1] and used + need > body:
                pages.append([])
                used = 0.0
                if block.head is not None:
                    pages[-1].append(block.head)
                    used = block.head.height
            pages[-1].append(block)
            used += block.height
        return pages

    # -- blocks ------------------------------------------------------------------------------

    def blocks(self, report: Report, charts: Sequence[QImage]) -> list[Block]:
        found = [
            self._line(report.title, 17, bold=True),
            *(self._line(words, 9, muted=True) for words in report.about),
            self._space(_GAP),
        ]
        for group in report.shown.groups:
            found += [self._line(group.title, 9, muted=True, with_next=True), self._tiles(group),
                      self._space(_GAP)]  # fmt: skip
        for first in range(0, len(charts), 2):
            found += [self._charts(charts[first : first + 2]), self._space(_GAP)]
        for table in report.shown.tables:
            found += self._table(table)
        return found

    def _space(self, points: float) -> Block:
        return Block(points * self._point, lambda _top: None)

    def _line(
        self, words: str, points: float, *, bold: bool = False, muted: bool = False,
        with_next: bool = False,
    ) -> Block:  # fmt: skip
        height = points * 1.6 * self._point

        def draw(top: float) -> None:
            self._text(QRectF(0, top, self._width, height), words, points, _LEFT,
                       INK.muted if muted else INK.text, bold=bold)  # fmt: skip

        return Block(height, draw, with_next=with_next)

    def _tiles(self, group: Group) -> Block:
        height = 50 * self._point
        gap = 6 * self._point
        wide = (self._width - gap * (len(group.tiles) - 1)) / len(group.tiles)

        def draw(top: float) -> None:
            for number, tile in enumerate(group.tiles):
                box = QRectF(number * (wide + gap), top, wide, height)
                self._painter.setPen(QPen(QColor(INK.line), self._point / 2))
                self._painter.setBrush(Qt.BrushStyle.NoBrush)
                self._painter.drawRoundedRect(box, 4 * self._point, 4 * self._point)
                inner = box.adjusted(6 * self._point, 4 * self._point, -4 * self._point, 0)
                for words, points, high, colour in (
                    (tile.name, 8, 11, INK.muted), (tile.words, 14, 19, INK.text),
                    (tile.about, 7, 10, INK.muted),
                ):  # fmt: skip
                    inner.setHeight(high * self._point)
                    self._text(inner, words, points, _LEFT, colour, bold=points == 14)
                    inner.translate(0, (high + 1) * self._point)

        return Block(height, draw)

    def _charts(self, charts: Sequence[QImage]) -> Block:
        gap = 8 * self._point
        wide = (self._width - gap) / 2
        height = wide * charts[0].height() / charts[0].width()

        def draw(top: float) -> None:
            for number, image in enumerate(charts):
                self._painter.drawImage(QRectF(number * (wide + gap), top, wide, height), image)

        return Block(height, draw)

    def _table(self, table: Table) -> list[Block]:
        heads = [column.name for column in table.columns]
        head = self._cells(table.columns, heads, head=True)
        title = self._line(table.title, 12, bold=True, with_next=True)
        if not table.rows:
            return [title, self._line("–", 8), self._space(_GAP)]
        first = Block(head.height, head.draw, with_next=True)
        rows = [
            self._cells(table.columns, [wording.straight(words) for words, _ in row], above=head)
            for row in table.rows
        ]
        return [title, first, *rows, self._space(_GAP)]

    def _cells(
        self, columns: Sequence[Column], words: Sequence[str], *, head: bool = False,
        above: Block | None = None,
    ) -> Block:  # fmt: skip
        """A line of a table, as high as its longest cell."""
        points = 7.5 if head else 8.0
        pad = 3 * self._point
        whole = sum(column.weight for column in columns)
        sides, boxes, left = [], [], 0.0
        for column in columns:
            wide = self._width * column.weight / whole
            boxes.append((left + pad, wide - 2 * pad))
            sides.append(_RIGHT if column.numeric else _LEFT)
            left += wide
        measured = QFontMetricsF(font_of(points), self._painter.device())
        high = max(
            measured.boundingRect(QRectF(0, 0, wide, 1e6), int(side | _WRAP), cell).height()
            for (_, wide), side, cell in zip(boxes, sides, words, strict=True)
        )
        height = high + 2 * pad
        colour = INK.muted if head else INK.text

        def draw(top: float) -> None:
            if head:
                self._painter.fillRect(QRectF(0, top, self._width, height), QColor(INK.rail))
            for (x, wide), side, cell in zip(boxes, sides, words, strict=True):
                self._text(QRectF(x, top, wide, height), cell, points, side, colour, wrap=True)
            self._painter.setPen(QPen(QColor(INK.line), self._point / 2))
            self._painter.drawLine(QPointF(0, top + height), QPointF(self._width, top + height))

        return Block(height, draw, head=above)

    def _text(
        self, box: QRectF, words: str, points: float, side: Qt.AlignmentFlag, colour: str, *,
        bold: bool = False, wrap: bool = False,
    ) -> None:  # fmt: skip
        words = wording.straight(words)
        font = font_of(points)
        font.setBold(bold)
        self._painter.setFont(font)
        self._painter.setPen(QColor(colour))
        flags = int(side | (_WRAP if wrap else Qt.TextFlag.TextSingleLine))
        if not wrap:
            measured = QFontMetricsF(font, self._painter.device())
            words = measured.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
        self._painter.drawText(box, flags, words)

    def _foot(self, words: str, number: str) -> None:
        high = 14 * self._point
        foot = QRectF(0, self._height - high, self._width, high)
        self._painter.fillRect(
            QRectF(0, foot.top() - 2 * self._point, self._width, self._point / 2), QColor(INK.line)
        )
        room = foot.adjusted(0, 0, -70 * self._point, 0)
        self._text(room, words, 8, _LEFT, INK.muted)
        self._text(foot, number, 8, _RIGHT, INK.muted)
