"""Fusion with our palette and font, light or dark."""

from __future__ import annotations

import functools

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QApplication

from tracker.ui.theme import tokens

CARET_MS = 1_000

_PREFERRED = ("Segoe UI Variable Text", "Segoe UI", "SF Pro Text", "Inter", "Cantarell",
              "Noto Sans", "DejaVu Sans")  # fmt: skip


def is_dark(theme: str) -> bool:
    """`theme` is one of `config.THEMES`."""
    if theme == "system":
        return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return theme in ("dark", "contrast")


def tokens_for(theme: str) -> tokens.Tokens:
    if theme == "contrast" or (theme == "system" and _wants_contrast()):
        return tokens.CONTRAST
    return tokens.DARK if is_dark(theme) else tokens.LIGHT


def _wants_contrast() -> bool:
    """Whether the system is set to high contrast; known from Qt 6.10 on."""
    hints = QGuiApplication.styleHints()
    if not hasattr(hints, "accessibility"):
        return False
    return bool(hints.accessibility().contrastPreference() is Qt.ContrastPreference.HighContrast)


def apply(app: QApplication, theme: str) -> None:
    """Sets style, palette and font; may be called again for a live switch."""
    app.setStyle("Fusion")
    app.setPalette(tokens.palette(tokens_for(theme)))
    app.setFont(font(tokens.BODY))


_followed: list[str] = []
"""The theme that was asked for last."""


def follow(app: QApplication, theme: str, *, reduced_motion: bool = False) -> None:
    """Applies the theme; "system" goes on following what the person chooses there. With reduced
    motion no menu fades or slides, and the caret does not blink: nothing else here moves."""
    apply(app, theme)
    for effect in (Qt.UIEffect.UI_AnimateMenu, Qt.UIEffect.UI_FadeMenu, Qt.UIEffect.UI_AnimateCombo,
                   Qt.UIEffect.UI_AnimateTooltip, Qt.UIEffect.UI_FadeTooltip):  # fmt: skip
        QApplication.setEffectEnabled(effect, not reduced_motion)
    QApplication.setCursorFlashTime(0 if reduced_motion else CARET_MS)
    if not _followed:
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _new: _follow_system(app))
    _followed[:] = [theme]


def _follow_system(app: QApplication) -> None:
    if _followed == ["system"]:
        apply(app, "system")


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
