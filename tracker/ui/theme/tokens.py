"""Colours, spacing and type sizes: the one place for each. A test computes every contrast."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette

from tracker.domain.task import Occupancy, Priority, Status

SPACE_1, SPACE_2, SPACE_3, SPACE_4, SPACE_5 = 4, 8, 12, 16, 24
RADIUS = 8
SMALL, BODY, HEADING, TITLE = 11, 13, 15, 20
"""Type sizes in pixels."""


@dataclass(frozen=True, slots=True)
class Tokens:
    background: str
    surface: str
    rail: str
    line: str
    control_line: str
    text: str
    muted: str
    accent: str
    accent_weak: str
    on_accent: str
    low: str
    medium: str
    high: str
    urgent: str
    pending: str
    in_progress: str
    held: str
    done: str
    warning: str
    warning_ground: str
    danger: str
    track: str

    def priority(self, priority: Priority) -> str:
        return {
            Priority.LOW: self.low,
            Priority.MEDIUM: self.medium,
            Priority.HIGH: self.high,
            Priority.URGENT: self.urgent,
        }[priority]

    def status(self, status: Status) -> str:
        return {
            Status.PENDING: self.pending,
            Status.IN_PROGRESS: self.in_progress,
            Status.COMPLETED: self.done,
        }.get(status, self.held)

    def occupancy(self, state: Occupancy) -> str:
        return {Occupancy.ACTIVE: self.done, Occupancy.IDLE: self.pending}.get(state, self.held)


# Pending is darker than the design's #b7791f: as a word on white that had 3.6:1.
LIGHT = Tokens(
    background="#f6f7f9", surface="#ffffff", rail="#eef0f4", line="#dfe3ea",
    control_line="#7d8798", text="#1b2130", muted="#5c667a", accent="#2563d9",
    accent_weak="#e6eefe", on_accent="#ffffff", low="#2a742e", medium="#9c5205", high="#b92424",
    urgent="#7b1fa2", pending="#8f5e12", in_progress="#2563d9", held="#5c667a", done="#2a742e",
    warning="#7a4b00", warning_ground="#fff4dc", danger="#b92424", track="#dfe3ea",
)  # fmt: skip
DARK = Tokens(
    background="#14171e", surface="#1c212b", rail="#181c24", line="#2c3340",
    control_line="#737e92", text="#e8ebf2", muted="#9aa5b8", accent="#6f9dff",
    accent_weak="#24324f", on_accent="#0e1626", low="#7bc67f", medium="#f0a94b", high="#ff8a80",
    urgent="#d59bf0", pending="#e0b252", in_progress="#6f9dff", held="#9aa5b8", done="#7bc67f",
    warning="#f5cf7f", warning_ground="#3a2f14", danger="#ff8a80", track="#2c3340",
)  # fmt: skip


# Everything at 7:1 or more on black; lines and tracks are drawn in full strength.
CONTRAST = Tokens(
    background="#000000", surface="#0a0a0a", rail="#000000", line="#8f8f8f",
    control_line="#ffffff", text="#ffffff", muted="#e0e0e0", accent="#ffe14d",
    accent_weak="#2b2b00", on_accent="#000000", low="#9dff9d", medium="#ffc266", high="#ff9e94",
    urgent="#e3b0ff", pending="#ffd86b", in_progress="#8fd0ff", held="#e0e0e0", done="#9dff9d",
    warning="#ffe14d", warning_ground="#2b2b00", danger="#ff9e94", track="#4d4d4d",
)  # fmt: skip
_OF_RAIL = {QColor(one.rail).rgb(): one for one in (LIGHT, DARK, CONTRAST)}


def palette(tokens: Tokens) -> QPalette:
    """The application's palette; every widget finds its tokens again from it."""
    made = QPalette()
    role = QPalette.ColorRole
    for where, colour in (
        (role.Window, tokens.background),
        (role.WindowText, tokens.text),
        (role.Base, tokens.surface),
        (role.AlternateBase, tokens.rail),
        (role.Text, tokens.text),
        (role.Button, tokens.surface),
        (role.ButtonText, tokens.text),
        (role.BrightText, tokens.danger),
        (role.PlaceholderText, tokens.muted),
        (role.Highlight, tokens.accent),
        (role.HighlightedText, tokens.on_accent),
        (role.ToolTipBase, tokens.surface),
        (role.ToolTipText, tokens.text),
        (role.Link, tokens.accent),
        (role.Light, tokens.surface),
        (role.Midlight, tokens.line),
        (role.Mid, tokens.line),
        (role.Dark, tokens.control_line),
        (role.Shadow, tokens.line),
    ):
        made.setColor(where, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(disabled, where, QColor(tokens.control_line))
    return made


def tokens_of(found: QPalette) -> Tokens:
    """The tokens a palette was made from; so a live switch needs nothing but setPalette."""
    return _OF_RAIL[found.color(QPalette.ColorRole.AlternateBase).rgb()]
