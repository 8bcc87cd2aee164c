"""Charts drawn by pyqtgraph. This is the only file that imports it, with numpy behind it, so it is
imported when the statistics are first open, in the pool (`page.py`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QPen, QTransform
from PySide6.QtWidgets import QFrame, QWidget

from tracker.services.figures_out import Form, Picture, Series
from tracker.ui.monitor.statistics.signs import DASHES, MARKS, PATTERNS
from tracker.ui.theme import theme, tokens
from tracker.ui.theme.tokens import Tokens

_MARKED_UP_TO = 45
"""Days of a trend that have a mark each: more of them would touch."""
_NAMES = 8
"""So many names along an axis of days or hours."""


class Plot:
    """One chart. It takes no mouse and no keys, so the wheel scrolls the page; its card does."""

    def __init__(self, parent: QWidget) -> None:
        # Put together by hand: a PlotItem makes menus and a form of its own, which are windows that
        # nobody sees and half of the time that making it takes.
        self.view = pg.GraphicsLayoutWidget(parent)
        self.view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        for part in (self.view, self.view.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self._box.disableAutoRange()
        self.axes = {side: pg.AxisItem(side) for side in ("left", "bottom")}
        whole = self.view.ci
        whole.layout.setSpacing(0)
        whole.setContentsMargins(2, 2, 10, 2)
        whole.addItem(self.axes["left"], 0, 0)
        whole.addItem(self._box, 0, 1)
        whole.addItem(self.axes["bottom"], 1, 1)
        for axis in self.axes.values():
            axis.linkToView(self._box)
        # Hatching would be stretched with the axes.
        self._box.sigTransformChanged.connect(self._even_out)
        self._hatched: list[tuple[Any, QBrush]] = []
        self._flat = False
        """Whether the values run along the lower axis."""
        self._dressed: tuple[Tokens, str, str] | None = None

    def show(self, picture: Picture, t: Tokens) -> None:
        self._box.clear()
        self._hatched = []
        self._flat = picture.form is Form.ROWS
        self._dress(picture, t)
        draw = _DRAW[picture.form]
        draw(self, picture, t)
        self._even_out()

    def place_at(self, x: float, y: float, places: int) -> int | None:
        """Which of the places is at that point of the view; None beside all of them."""
        at = self._box.mapSceneToView(self.view.mapToScene(round(x), round(y)))
        found = places - 1 - round(at.y()) if self._flat else round(at.x())
        return found if 0 <= found < places else None

    def point_of(self, place: int, places: int) -> tuple[float, float]:
        """Where in the view that place is, at the beginning of its values."""
        on_axis = float(self._at(place, places))
        at = self._box.mapViewToScene(QPointF(*((0, on_axis) if self._flat else (on_axis, 0))))
        found = self.view.mapFromScene(at)
        return found.x(), found.y()

    # -- axes --------------------------------------------------------------------------------

    def _dress(self, picture: Picture, t: Tokens) -> None:
        """Once for a theme: laying out the names of the axes is half of what drawing takes."""
        if self._dressed == (t, picture.across, picture.up):
            return
        self._dressed = (t, picture.across, picture.up)
        self.view.setBackground(t.surface)
        for side, words in (("bottom", picture.across), ("left", picture.up)):
            axis = self.axes[side]
            axis.enableAutoSIPrefix(False)
            axis.setPen(QPen(QColor(t.control_line)))
            axis.setTextPen(QColor(t.muted))
            axis.setStyle(
                tickFont=theme.font(tokens.SMALL), tickLength=-4, hideOverlappingLabels=False
            )
            axis.setLabel(words, **{"color": t.muted, "font-size": f"{tokens.SMALL}px"})

    def _axes(
        self, along: Sequence[str], most: float, room: float, t: Tokens, *, whole: bool = True
    ) -> None:
        """The names of the places on one axis, values up to `most` and some `room` on the other.
        Lines go from the values to behind all that is drawn: those of an axis would hide its 0."""
        steps = ticks(most, whole=whole)
        end = max(most, steps[-1]) * room
        named = [(self._at(place, len(along)), words) for place, words in thinned(along)]
        values = [(step, f"{step:,.10g}".replace(",", " ")) for step in steps]
        names, numbers = ("left", "bottom") if self._flat else ("bottom", "left")
        self.axes[names].setTicks([named])
        self.axes[numbers].setTicks([values])
        # From a little below 0, or the tick of 0 is beyond the axis.
        places, span = (-0.6, len(along) - 0.4), (-end / 500, end)
        ends = [end for _ in steps for end in places]
        at = [step for step in steps for _ in places]
        lines = pg.PlotCurveItem(
            *((at, ends) if self._flat else (ends, at)), connect="pairs", pen=_line(t.line)
        )
        lines.setZValue(-1)
        self._add(lines)
        across, up = (span, places) if self._flat else (places, span)
        self._box.setRange(xRange=across, yRange=up, padding=0)

    def _at(self, place: int, places: int) -> int:
        """Rows are read from the top."""
        return places - 1 - place if self._flat else place

    # -- forms -------------------------------------------------------------------------------

    def _columns(self, picture: Picture, t: Tokens) -> None:
        (series,) = picture.series
        self._axes(picture.places, _most(picture), 1.14, t)
        brushes = [_brush(getattr(t, sign), 0) for sign in _signs(picture, series)]
        self._add(
            pg.BarGraphItem(
                x=[*range(len(picture.places))], height=[value or 0 for value in series.values],
                width=0.62, brushes=brushes, pen=_none(),
            )
        )  # fmt: skip
        for place, (value, words) in enumerate(zip(series.values, series.words, strict=True)):
            self._say(words, place, value or 0, (0.5, 1.0), t)

    def _rows(self, picture: Picture, t: Tokens) -> None:
        many = len(picture.places)
        most = _most(picture)
        self._axes(picture.places, most, 1.16 if picture.most else 1.3, t)
        thick = (0.66 if len(picture.series) == 1 else 0.84) / len(picture.series)
        for number, series in enumerate(picture.series):
            shift = (len(picture.series) - 1) * thick / 2 - number * thick
            ys = [many - 1 - place + shift for place in range(many)]
            widths = [value or 0 for value in series.values]
            signs = _signs(picture, series)
            item = pg.BarGraphItem(
                x0=[0] * many, y=ys, width=widths, height=thick * 0.9,
                brushes=[_brush(getattr(t, sign), number) for sign in signs],
                pens=[
                    _line(getattr(t, sign)) if value else _none()
                    for sign, value in zip(signs, series.values, strict=True)
                ],
            )  # fmt: skip
            self._add(item)
            if number:
                self._hatched.append((item, _brush(getattr(t, series.sign), number)))
            for y, width, words in zip(ys, widths, series.words, strict=True):
                self._say(words, width, y, (0.0, 0.5), t)

    def _lines(self, picture: Picture, t: Tokens) -> None:
        self._axes(picture.places, _most(picture), 1.06, t)
        places = [*range(len(picture.places))]
        for number, series in enumerate(picture.series):
            colour = QColor(getattr(t, series.sign))
            pen = QPen(colour, 2)
            pen.setCosmetic(True)
            pen.setStyle(DASHES[number])
            marked = len(places) <= _MARKED_UP_TO
            self._add(
                pg.PlotDataItem(
                    places, [value or 0 for value in series.values], pen=pen, antialias=True,
                    symbol=MARKS[number] if marked else None, symbolSize=6,
                    symbolBrush=QBrush(colour), symbolPen=_none(),
                )
            )  # fmt: skip

    def _stacked(self, picture: Picture, t: Tokens) -> None:
        many = len(picture.places)
        below = [0.0] * many
        for number, series in enumerate(picture.series):
            heights = [value or 0.0 for value in series.values]
            colour = getattr(t, series.sign)
            brush = _brush(colour, number)
            item = pg.BarGraphItem(
                x=[*range(many)], y0=below, height=heights, width=0.8, brush=brush,
                pen=_line(colour),
            )  # fmt: skip
            self._add(item)
            if number:
                self._hatched.append((item, brush))
            below = [one + more for one, more in zip(below, heights, strict=True)]
        self._axes(picture.places, max(below, default=0), 1.06, t, whole=False)

    def _add(self, item: Any) -> None:
        self._box.addItem(item, ignoreBounds=True)

    def _say(self, words: str, x: float, y: float, anchor: tuple[float, float], t: Tokens) -> None:
        item = pg.TextItem(words, color=QColor(t.text), anchor=anchor)
        item.setFont(theme.font(tokens.SMALL))
        self._add(item)
        item.setPos(x, y)

    def _even_out(self, *_told: object) -> None:
        """Patterns as they are on the screen, whatever a unit of each axis is long."""
        if not self._hatched:
            return
        wide, tall = self._box.viewPixelSize()
        if not (math.isfinite(wide) and math.isfinite(tall)):
            return
        for item, brush in self._hatched:
            brush.setTransform(QTransform.fromScale(wide, tall))
            item.setOpts(brush=brush, brushes=None)


_DRAW: dict[Form, Callable[[Plot, Picture, Tokens], None]] = {
    Form.COLUMNS: Plot._columns,
    Form.ROWS: Plot._rows,
    Form.LINES: Plot._lines,
    Form.STACKED: Plot._stacked,
}


def thinned(names: Sequence[str]) -> list[tuple[int, str]]:
    """At most so many of the names as have room, evenly, with their places."""
    step = max(1, math.ceil(len(names) / _NAMES))
    return [(place, names[place]) for place in range(0, len(names), step)]


def ticks(most: float, *, whole: bool) -> list[float]:
    """Round numbers from 0 up to the first that is `most` or above; about five of them."""
    if most <= 0:
        return [0, 1]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
    if whole:
        step = max(1, math.ceil(step))
    return [round(step * number, 10) for number in range(math.ceil(most / step - 1e-9) + 1)]


def _most(picture: Picture) -> float:
    if picture.most is not None:
        return picture.most
    return max((value or 0 for one in picture.series for value in one.values), default=0)


def _signs(picture: Picture, series: Series) -> Sequence[str]:
    return picture.signs or [series.sign] * len(picture.places)


def _brush(colour: str, number: int) -> QBrush:
    return QBrush(QColor(colour), PATTERNS[number])


def _line(colour: str) -> QPen:
    made = QPen(QColor(colour), 1)
    made.setCosmetic(True)
    return made


def _none() -> QPen:
    return QPen(Qt.PenStyle.NoPen)
