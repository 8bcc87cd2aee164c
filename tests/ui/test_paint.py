"""Words are cut where Qt would cut them, also when their width is known from before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tracker.ui.theme import theme, tokens
from tracker.ui.widgets import paint
from tracker.ui.widgets.controls import OneLine, label

WORDS = ("", "saved", "Replace pump seal 000123, station 45", "Füllstand 测试 prüfen", "a" * 300)


@pytest.fixture
def painter() -> Iterator[QPainter]:
    image = QImage(400, 40, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    made = QPainter(image)
    yield made
    made.end()


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("pixels", [tokens.SMALL, tokens.BODY, tokens.TITLE])
def test_the_width_of_what_is_drawn(painter: QPainter, pixels: int, bold: bool) -> None:
    metrics = QFontMetrics(theme.font(pixels, bold=bold))
    for _ in ("asked for the first time", "known from before"):
        for words in WORDS:
            assert paint.width_of(words, pixels, bold=bold) == metrics.horizontalAdvance(words)
            for room in (10, 60, metrics.horizontalAdvance(words), 400):
                rect = QRect(0, 0, room, 20)
                cut = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
                width = paint.text(painter, rect, words, "#000000", pixels, bold=bold)
                assert width == metrics.horizontalAdvance(cut)


def test_a_shared_colour_stays_what_it_is(painter: QPainter) -> None:
    paint.badge(painter, 0, 0, "HIGH", "#ff0000")  # its ground is a tint of the same colour
    paint.avatar(painter, QRectF(60, 0, 30, 30), "Ana Moreno", tokens.LIGHT)
    for name in ("#ff0000", tokens.LIGHT.accent_weak):
        assert paint._colour(name) == QColor(name)


TURNED = "\u202eevil\u202c"


def painted(words: str) -> QImage:
    image = QImage(200, 30, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    made = QPainter(image)
    paint.text(made, QRect(0, 0, 200, 30), words, "#000000", tokens.BODY)
    made.end()
    return image


def shown(widget: QWidget) -> QImage:
    widget.resize(200, 30)
    image = QImage(widget.size(), QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    widget.render(image)
    return image


def test_no_character_turns_the_order_of_letters_around(qtbot: QtBot) -> None:
    assert painted("evil") != painted("live")
    assert painted(TURNED) == painted("evil")
    width = paint.width_of("evil", tokens.BODY)
    assert paint.width_of(TURNED, tokens.BODY) == width

    line, other = OneLine(tokens.BODY), OneLine(tokens.BODY)
    line.set_words(TURNED)
    other.set_words("evil")
    late = label("")
    late.setText(TURNED)
    for widget, plain in ((label(TURNED), label("evil")), (late, label("evil")), (line, other)):
        qtbot.addWidget(widget)
        qtbot.addWidget(plain)
        assert shown(widget) == shown(plain)
