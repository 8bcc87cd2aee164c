"""Half-typed text, held here until it is on the disk: its field may show another task by then."""

from __future__ import annotations

from tracker.cache.outbox import Outbox
from tracker.services.workspace import device_clock

Key = tuple[str, str]
"""The task's id, and the draft's name."""


class Drafts:
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.unsaved: dict[Key, str] = {}
        self._kept: dict[Key, str] = {}  # as they were last read from the disk or written

    def read(self, key: Key) -> str:
        if key in self.unsaved:
            return self.unsaved[key]
        self._kept[key] = self._outbox.draft(*key)
        return self._kept[key]

    def change(self, key: Key, text: str) -> None:
        self.unsaved[key] = text

    def sent(self, key: Key) -> None:
        """The text went out with an action, which took the draft along."""
        self.unsaved.pop(key, None)

    def save(self) -> list[Key]:
        """Writes what is held; returns those whose text is another now, as words that were given
        up came back into the draft meanwhile. E3001 and its like: then it is still held."""
        other = []
        for key, text in list(self.unsaved.items()):
            known = self._kept.get(key)
            kept = self._outbox.save_draft(*key, text, device_clock(), known)
            self._kept[key] = kept
            del self.unsaved[key]
            if kept != text:
                other.append(key)
        return other
