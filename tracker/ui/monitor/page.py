"""What the monitor's pages have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tracker.domain.page import Changes
from tracker.ui.theme import tokens
from tracker.ui.theme.tokens import SPACE_2
from tracker.ui.widgets.controls import label

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow


MARGINS = (18, 14, 10, 0)


class Page(QWidget):
    """One row of the rail. The window makes a page when it is first opened, and tells only the page
    that is shown what changed: one that is opened shows everything anew."""

    to_the_edges = False
    """Whether the page leaves the `MARGINS` around itself."""

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self.host = window

    def head(self, title: str, *buttons: QWidget) -> tuple[QHBoxLayout, QLabel]:
        """The title with buttons beside it, and the line below it."""
        row = QHBoxLayout()
        row.setSpacing(SPACE_2)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(title, tokens.TITLE, bold=True))
        below = label("", tokens.SMALL + 1, muted=True)
        words.addWidget(below)
        row.addLayout(words, 1)
        for button in buttons:
            row.addWidget(button)
        return row, below

    def opened(self) -> None:
        """It is shown now; the keyboard goes to where a person begins."""

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        """The board has read what `changes` names: the tasks `ids`, all of them where that is None.
        `changes` of None means that only time went by, or that the page was just opened."""

    def keep(self) -> bool:
        """The window closes. False if something could not be kept and the person has yet to hear of
        it."""
        return True
