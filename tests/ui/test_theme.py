"""Contrast is computed, not judged by eye, and icons and themes are there."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tracker.ui.theme import icons, theme, tokens
from tracker.ui.theme.tokens import CONTRAST, DARK, LIGHT, Tokens

TEXT = ("text", "muted", "accent", "low", "medium", "high", "urgent", "pending", "in_progress",
        "held", "done", "danger")  # fmt: skip


THEMES = [pytest.param(one, id=name) for name, one in
          (("light", LIGHT), ("dark", DARK), ("contrast", CONTRAST))]  # fmt: skip


def luminance(colour: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    c = QColor(colour)
    return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF())


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, 1.4.3."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def tinted(colour: str, ground: str, share: float = 0.10) -> str:
    top, below = QColor(colour), QColor(ground)
    mixed = [
        round(a * share + b * (1 - share))
        for a, b in zip(top.getRgb()[:3], below.getRgb()[:3], strict=True)  # type: ignore[index]
    ]
    return QColor(*mixed).name()


@pytest.mark.parametrize("t", THEMES)
@pytest.mark.parametrize("name", TEXT)
def test_words_are_readable_on_cards(t: Tokens, name: str) -> None:
    assert contrast(getattr(t, name), t.surface) >= 4.5


@pytest.mark.parametrize("t", THEMES)
def test_words_are_readable_on_every_other_ground(t: Tokens) -> None:
    for word, ground in (
        (t.text, t.background), (t.muted, t.background), (t.text, t.rail), (t.muted, t.rail),
        (t.accent, t.accent_weak), (t.text, t.accent_weak), (t.on_accent, t.accent),
        (t.warning, t.warning_ground), (t.danger, t.background),
        *((getattr(t, name), tinted(getattr(t, name), t.surface))
          for name in ("low", "medium", "high", "urgent")),
    ):  # fmt: skip
        assert contrast(word, ground) >= 4.5, (word, ground)


@pytest.mark.parametrize("t", THEMES)
def test_controls_are_seen(t: Tokens) -> None:
    for control in (t.control_line, t.accent, t.done, t.held):
        assert contrast(control, t.surface) >= 3, control
    assert contrast(t.accent, t.track) >= 3


@pytest.mark.parametrize("t", THEMES)
def test_tokens_are_found_again_in_the_palette(t: Tokens) -> None:
    assert tokens.tokens_of(tokens.palette(t)) is t
    assert all(QColor(getattr(t, f.name)).isValid() for f in fields(t))


def test_the_theme_can_be_switched_live(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for name, expected in (("dark", DARK), ("light", LIGHT)):
        theme.apply(app, name)
        assert tokens.tokens_of(app.palette()) is expected


def test_a_switch_of_the_systems_scheme_is_followed(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = QGuiApplication.styleHints()
    theme.follow(qapp, "system")
    assert tokens.tokens_of(qapp.palette()) is LIGHT
    monkeypatch.setattr(theme, "is_dark", lambda _theme: True)
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert tokens.tokens_of(qapp.palette()) is DARK
    hints.colorSchemeChanged.disconnect()
    monkeypatch.undo()
    theme.apply(qapp, "light")


@pytest.mark.parametrize(
    "name", ["check", "clock", "alert", "warning", "search", "chevron", "refresh"]
)
def test_icons_take_the_asked_colour(qtbot: QtBot, name: str) -> None:
    image = icons.pixmap(name, "#ff0000", 16, 2.0).toImage()
    colours = {
        QColor(image.pixelColor(x, y)).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 250
    }
    assert colours == {"#ff0000"}
