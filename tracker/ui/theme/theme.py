"""Fusion with our palette and font, light or dark."""

from __future__ import annotations

import functools

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QApplication

from tracker.ui.theme import tokens

_PREFERRED = ("Segoe UI Variable Text", "Segoe UI", "SF Pro Text", "Inter", "Cantarell",
              "Noto Sans", "DejaVu Sans")  # fmt: skip


def is_dark(theme: str) -> bool:
    """`theme` is light, dark or system."""
    if theme == "system":
        return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return theme == "dark"


def apply(app: QApplication, theme: str) -> None:
    """Sets style, palette and font; may be called again for a live switch."""
    app.setStyle("Fusion")
    app.setPalette(tokens.palette(tokens.DARK if is_dark(theme) else tokens.LIGHT))
    app.setFont(font(tokens.BODY))


def follow(app: QApplication, theme: str) -> None:
    """Applies the theme; "system" goes on following what the person chooses there."""
    apply(app, theme)
    if theme == "system":
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _new: apply(app, theme))


@functools.cache
def _families() -> list[str]:
    # Asking the font database takes milliseconds; painting asks for fonts all the time.
    installed = set(QFontDatabase.families())
    return [name for name in _PREFERRED if name in installed] or ["sans-serif"]


@functools.cache
def font(pixels: int, *, bold: bool = False) -> QFont:
    """A shared font of a token size; callers do not change it."""
    made = QFont(_families())
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


@functools.cache
def metrics(pixels: int, *, bold: bool = False) -> QFontMetrics:
    """How wide and tall things are in that font."""
    return QFontMetrics(font(pixels, bold=bold))
