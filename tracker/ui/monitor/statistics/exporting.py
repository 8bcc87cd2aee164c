"""The statistics as a file: CSV, a picture of the whole page, a report on paper.

Widgets can be drawn in the window's thread only, so charts are drawn one each turn of the event
loop. Putting the file together and writing it is done in the pool, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QMenu, QWidget

from tracker.services import figures_out
from tracker.services.figures_out import Report
from tracker.ui.bridge import busy
from tracker.ui.monitor.statistics.charts import HEIGHT, ChartCard
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_4, tokens_of
from tracker.ui.widgets import paint

if TYPE_CHECKING:
    from tracker.ui.monitor.statistics.page import StatisticsPage

SCALE = 2
"""Pixels of a picture for each of the screen's."""
_HEAD = 74
_TRIED = "export the statistics"
PAPER_CARD = (520, HEIGHT)
"""A chart's size on paper, in the pixels that its words are 11 of."""
PAPER_SCALE = 3
_KINDS = {
    "CSV": ("CSV, for spreadsheets (*.csv)", "csv"),
    "PNG": ("Picture (*.png)", "png"),
    "PDF": ("PDF (*.pdf)", "pdf"),
}


class Exporting(QObject):
    """Of one page. One picture or report at a time."""

    def __init__(self, page: StatisticsPage) -> None:
        super().__init__(page)
        self._page = page
        self._steps: Iterator[None] | None = None
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._step)

    def kinds(self) -> list[tuple[str, Callable[[], None]]]:
        return [(kind, lambda kind=kind: self.ask(kind)) for kind in _KINDS]  # type: ignore[misc]

    def open_menu(self) -> None:
        button = self._page.export
        menu = QMenu(button)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for kind, do in self.kinds():
            menu.addAction(f"{kind}…", do)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    def ask(self, kind: str) -> None:
        """Where to write; what is written is what is shown when that was answered."""
        window = self._page.host
        if self._page.report() is None:
            window.toast.say("There are no figures to export yet.")
            return
        names, suffix = _KINDS[kind]
        window.papers.ask_file(
            f"Export the statistics as {kind}", names, suffix,
            lambda path: self.write(kind, path), "statistics",
        )  # fmt: skip

    def write(self, kind: str, path: Path) -> None:
        report = self._page.report()
        assert report is not None  # there was one when it was asked where to
        papers = self._page.host.papers
        if kind == "CSV":
            papers.write(_TRIED, lambda: figures_out.as_csv(report), path)
            return
        self.stop()
        self._steps = self._picture(report, path) if kind == "PNG" else self._paper(report, path)
        self._turn.start()
        self._page.draw_on()

    @property
    def is_drawing(self) -> bool:
        return self._steps is not None

    def stop(self) -> None:
        """Gives up what is being drawn."""
        self._turn.stop()
        if self._steps is not None:
            self._steps.close()  # type: ignore[attr-defined]
            self._steps = None

    def _step(self) -> None:
        if self._steps is not None and next(self._steps, self) is not self:
            return
        self._turn.stop()
        self._steps = None

    # -- a picture ---------------------------------------------------------------------------

    def _picture(self, report: Report, path: Path) -> Iterator[None]:
        """All of the page, also what is scrolled away, as it looks now."""
        while self._page.is_drawing:
            yield
        ground = self._page.ground
        t = tokens_of(ground.palette())
        size = ground.size()
        size.setHeight(size.height() + _HEAD)
        size.setWidth(size.width() + SPACE_4)
        image = QImage(size * SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(SCALE)
        image.fill(QColor(t.background))
        yield
        painter = QPainter(image)
        try:
            room = QRect(SPACE_4, 12, size.width() - 2 * SPACE_4, 26)
            paint.text(painter, room, report.title, t.text, tokens.TITLE, bold=True)
            room.translate(0, 26)
            paint.text(painter, room, " · ".join(report.about), t.muted, tokens.SMALL + 1)
            for part in self._parts():
                at = part.mapTo(ground, QPoint(SPACE_4, _HEAD))
                part.render(painter, at)
                yield
        finally:
            painter.end()
        from tracker.ui.monitor.statistics.paper import png

        self._page.host.papers.draw(_TRIED, lambda: png(image), path)

    def _parts(self) -> list[QWidget]:
        page = self._page
        return [*page.groups, *page.charts, *page.tables]

    # -- paper -------------------------------------------------------------------------------

    def _paper(self, report: Report, path: Path) -> Iterator[None]:
        """Charts are drawn for white paper, whatever colours the window has."""
        while self._page.is_drawing:
            yield
        images: list[QImage] = []
        for picture in report.shown.pictures:
            card = ChartCard(self._page)
            try:
                card.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                card.setPalette(tokens.palette(tokens.LIGHT))
                card.setGeometry(-2 * PAPER_CARD[0], 0, *PAPER_CARD)  # nobody sees it
                card.show_picture(picture)
                if self._page.plots is not None and card.needs_plot:
                    card.set_plot(self._page.plots.Plot(card))
                card.show()
                yield  # what it is made of is laid out now
                image = QImage(
                    PAPER_CARD[0] * PAPER_SCALE, PAPER_CARD[1] * PAPER_SCALE,
                    QImage.Format.Format_RGB32,
                )  # fmt: skip
                image.setDevicePixelRatio(PAPER_SCALE)
                image.fill(Qt.GlobalColor.white)
                card.render(image)
                images.append(image)
                yield
            finally:
                card.hide()
                card.deleteLater()
        from tracker.ui import printing
        from tracker.ui.monitor.statistics.paper import pdf

        size = printing.paper_of(QLocale.system())

        def make() -> bytes:
            with busy():
                return pdf(report, images, size)

        self._page.host.papers.draw(_TRIED, make, path)
