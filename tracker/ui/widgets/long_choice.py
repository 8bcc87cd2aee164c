"""A choice among so many that they have to be searched."""

from __future__ import annotations

import functools

from tracker.services import wording
from tracker.ui.widgets.controls import Choice

A_MENU = 12
"""So many fit a menu."""


class LongChoice(Choice):
    """A menu while there are few, a list to type in where there are more."""

    def offer_too(self, value: object, words: str) -> None:
        """Something is narrowed by it, so it has to be said, also if it is not offered otherwise:
        a person who was disabled."""
        if value not in self.offered:
            self._options.append((words, value))

    def _open(self) -> None:
        if len(self._options) <= A_MENU:
            super()._open()
            return
        from tracker.ui.dialogs.choosing import Chooser, Option  # not for the first paint

        options = [
            Option(
                wording.straight(words), "chosen" if value == self.value else "",
                functools.partial(self._pick, value),
            )
            for words, value in self._options
        ]  # fmt: skip
        Chooser(self._label, "Type to search", options, self.window()).open()
