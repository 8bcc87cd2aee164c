"""The list on paper and as PDF: one document, drawn page by page on whatever takes it.

What people wrote is escaped, so it is never markup. A document belongs to the thread that makes it;
a PDF may be made in any, a printer is the window's.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
    QTextTable,
)

from tracker.domain.errors import EnvironmentFault
from tracker.services import wording
from tracker.services.export import Row, Sheet
from tracker.ui.theme import theme, tokens

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

_LETTER = frozenset({
    QLocale.Country.Belize, QLocale.Country.Canada, QLocale.Country.Chile,
    QLocale.Country.Colombia, QLocale.Country.CostaRica, QLocale.Country.Guatemala,
    QLocale.Country.Mexico, QLocale.Country.Nicaragua, QLocale.Country.Panama,
    QLocale.Country.Philippines, QLocale.Country.PuertoRico, QLocale.Country.ElSalvador,
    QLocale.Country.UnitedStates, QLocale.Country.Venezuela,
})  # fmt: skip
"""Where paper is Letter; A4 elsewhere (Unicode CLDR, `paperSize`)."""
_MARGIN = 15.0
_FOOT = 24.0
"""In millimetres and in points."""
DPI = 300
INK = tokens.LIGHT
"""Paper is white, whatever the window is."""
_HEAD = (("No.", 6), ("Task", 36), ("Status", 12), ("Progress", 9), ("Priority", 10), ("Due", 15),
         ("Who", 12))  # fmt: skip
"""Columns and their widths in per cent."""
_STYLE = f"""
body, td, th {{ color: {INK.text}; font-size: 9pt; }}
.title {{ font-size: 17pt; font-weight: 600; }}
.muted {{ color: {INK.muted}; }}
.small {{ color: {INK.muted}; font-size: 8pt; }}
.late {{ color: {INK.danger}; font-weight: 600; }}
th {{ color: {INK.muted}; font-size: 8pt; font-weight: 600; text-align: left; }}
"""


def paper_of(locale: QLocale) -> QPageSize.PageSizeId:
    """The paper that printers have where the person lives."""
    letter = locale.territory() in _LETTER
    return QPageSize.PageSizeId.Letter if letter else QPageSize.PageSizeId.A4


def pdf(sheet: Sheet, paper: QPageSize.PageSizeId) -> bytes:
    """The whole file. From any thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(DPI)
    writer.setTitle(sheet.title)
    writer.setCreator("Tracker")
    set_up(writer, paper)
    draw(sheet, writer, writer.newPage)
    buffer.close()
    return bytes(buffer.data().data())


def prepare(printer: QPrinter, sheet: Sheet, paper: QPageSize.PageSizeId) -> None:
    """What the dialog starts with; the person may choose otherwise there."""
    printer.setDocName(sheet.title)
    printer.setCreator("Tracker")
    set_up(printer, paper)


def print_on(printer: QPrinter, sheet: Sheet) -> None:
    """The pages the person asked for, in the window's thread. E3016 where nothing takes them."""
    draw(sheet, printer, printer.newPage, printer.fromPage(), printer.toPage())


def set_up(
    device: QPagedPaintDevice,
    paper: QPageSize.PageSizeId,
    orientation: QPageLayout.Orientation = QPageLayout.Orientation.Portrait,
) -> None:
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    device.setPageLayout(
        QPageLayout(QPageSize(paper), orientation, margins, QPageLayout.Unit.Millimeter)
    )


def draw(
    sheet: Sheet,
    device: QPaintDevice,
    new_page: Callable[[], bool],
    first: int = 0,
    last: int = 0,
) -> int:
    """Draws the pages `first` to `last`, counted from 1 (0: all of them), and returns how many the
    sheet has. E3016 when the device does not take them."""
    painter = QPainter()
    if not painter.begin(device):
        raise EnvironmentFault("E3016")
    try:
        point = device.logicalDpiY() / 72
        page = QRectF(0, 0, device.width(), device.height())
        pages = paginate(sheet, device, body_of(device))
        count = len(pages)
        wanted = range(max(1, first), (min(last, count) or count) + 1)
        for number in wanted:
            if number > wanted.start and not new_page():
                raise EnvironmentFault("E3016")
            _draw_page(painter, lay_out(sheet, pages[number - 1], device, page.width()))
            _draw_foot(painter, page, point, sheet, f"Page {number} of {count}")
        return count
    finally:
        painter.end()


def body_of(device: QPaintDevice) -> QSizeF:
    """What is left of a page above its foot."""
    return QSizeF(device.width(), device.height() - _FOOT * device.logicalDpiY() / 72)


def paginate(sheet: Sheet, device: QPaintDevice, body: QSizeF) -> list[range]:
    """Which rows are on which page; no row is on two. A document for each page instead of one for
    all: laying out holds Python's lock, for seconds with thousands of rows and for 20 ms with
    those of a page, and the window goes on in between."""
    pages: list[range] = []
    start, guess = 0, 40
    while not pages or start < len(sheet.rows):
        tried = range(start, min(start + guess, len(sheet.rows)))
        fitting = _fitting(lay_out(sheet, tried, device, body.width()), body.height())
        if fitting == len(tried) and tried.stop < len(sheet.rows):
            guess *= 2
            continue
        pages.append(range(start, min(start + max(1, fitting), len(sheet.rows))))
        start, guess = pages[-1].stop, fitting + 6
    return pages


def _fitting(document: QTextDocument, height: float) -> int:
    """How many rows of the document's table end above `height`."""
    layout = document.documentLayout()
    if document.size().height() <= height:
        return _table(document).rows() - 1
    table = _table(document)
    for row in range(1, table.rows()):
        cells = [table.cellAt(row, column) for column in range(table.columns())]
        blocks = [cell.lastCursorPosition().block() for cell in cells]
        bottom = max(layout.blockBoundingRect(block).bottom() for block in blocks)
        if bottom + table.format().cellPadding() * layout.paintDevice().logicalDpiY() / 96 > height:
            return row - 1
    return table.rows() - 1


def _table(document: QTextDocument) -> QTextTable:
    (table,) = document.rootFrame().childFrames()
    assert isinstance(table, QTextTable)
    return table


def lay_out(sheet: Sheet, rows: range, device: QPaintDevice, width: float) -> QTextDocument:
    document = QTextDocument()
    document.documentLayout().setPaintDevice(device)
    document.setUseDesignMetrics(True)  # glyphs stand as far apart on paper as they are wide
    document.setDocumentMargin(0)
    document.setDefaultFont(font_of(9))
    document.setDefaultStyleSheet(_STYLE)
    document.setTextWidth(width)
    document.setHtml(html(sheet, rows))
    return document


def _draw_page(painter: QPainter, document: QTextDocument) -> None:
    context = QAbstractTextDocumentLayout.PaintContext()
    # Text without a colour of its own takes the application's: white, where the window is dark.
    context.palette.setColor(QPalette.ColorRole.Text, QColor(INK.text))
    document.documentLayout().draw(painter, context)


def _draw_foot(painter: QPainter, page: QRectF, point: float, sheet: Sheet, number: str) -> None:
    painter.save()
    foot = QRectF(page.left(), page.bottom() - 14 * point, page.width(), 14 * point)
    painter.fillRect(QRectF(foot.left(), foot.top() - 2 * point, foot.width(), point / 2), INK.line)
    painter.setFont(font_of(8))
    painter.setPen(QColor(INK.muted))
    low = Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextSingleLine
    painter.drawText(foot, low | Qt.AlignmentFlag.AlignLeft, f"{sheet.person} · {sheet.made_at}")
    painter.drawText(foot, low | Qt.AlignmentFlag.AlignRight, number)
    painter.restore()


def font_of(points: float) -> QFont:
    """Of paper, whose pixels are as small as its device wants them."""
    made = QFont(theme.font(tokens.BODY).families())
    made.setPointSizeF(points)
    return made


_GAP = '<p style="margin:0; font-size:6pt">&nbsp;</p>'
"""An empty line: Qt makes margins of pixels, which are tiny on paper."""


def html(sheet: Sheet, rows: range) -> str:
    """A page with these rows, as Qt's rich text; the first says also whose list it is."""
    many = f"{len(sheet.rows)} task{'' if len(sheet.rows) == 1 else 's'}"
    about = (sheet.person, sheet.made_at, sheet.narrowed, many)
    top = (
        f'<p class="title" style="margin:0">{escape(sheet.title)}</p>'
        f'<p class="muted" style="margin:0">{escape(" · ".join(about))}</p>{_GAP}'
    )
    heads = "".join(f'<th width="{width}%">{name}</th>' for name, width in _HEAD)
    lines = "".join(_row(sheet.rows[number]) for number in rows)
    return (
        f"{top if rows.start == 0 else ''}"
        '<table width="100%" cellspacing="0" cellpadding="4" border="0">'
        f'<tr bgcolor="{INK.rail}">{heads}</tr>{lines}</table>'
    )


def _row(row: Row) -> str:
    about = f'<br><span class="small">{escape(row.about)}</span>' if row.about else ""
    line = f"border-bottom: 0.5px solid {INK.line};"
    cells = (
        f'<span class="muted">{row.number}</span>',
        f"{_words(row.title)}{about}",
        _coloured(wording.STATUS_WORDS[row.status], INK.status(row.status)),
        f"{row.progress} %",
        _coloured(row.priority.value.capitalize(), INK.priority(row.priority)),
        f'<span class="late">{escape(row.due)}</span>' if row.late else escape(row.due),
        _words(row.people),
    )
    return "<tr>" + "".join(f'<td style="{line}">{cell}</td>' for cell in cells) + "</tr>"


def _coloured(words: str, colour: str) -> str:
    return f'<span style="color:{colour}">{words}</span>'


def _words(text: str) -> str:
    return escape(text).replace("\n", "<br>")
