"""Older history of one task, asked for by a person; the 20 latest entries come with every pull."""

from __future__ import annotations

from tracker.domain.task import HistoryEntry
from tracker.protocol.base import Answer

MOST_ENTRIES = 200


class HistoryPage(Answer):
    """Newest first; `more` says that there are entries older than the last of these."""

    entries: list[HistoryEntry]
    more: bool
