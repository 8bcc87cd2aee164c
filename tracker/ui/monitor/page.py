"""What the monitor's pages have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from tracker.domain.page import Changes

if TYPE_CHECKING:
    from tracker.ui.monitor.window import MonitorWindow


class Page(QWidget):
    """One row of the rail. The window makes a page when it is first opened, and tells only the page
    that is shown what changed: one that is opened shows everything anew."""

    def __init__(self, window: MonitorWindow) -> None:
        super().__init__(window)
        self.host = window

    def opened(self) -> None:
        """It is shown now; the keyboard goes to where a person begins."""

    def show_changes(self, changes: Changes | None, ids: Collection[str] | None) -> None:
        """The board has read what `changes` names: the tasks `ids`, all of them where that is None.
        `changes` of None means that only time went by, or that the page was just opened."""

    def keep(self) -> bool:
        """The window closes. False if something could not be kept and the person has yet to hear of
        it."""
        return True
