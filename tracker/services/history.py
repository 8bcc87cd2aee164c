"""Older history than this device keeps: read from the server each time, and not stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracker.config import Profile
from tracker.domain.task import HistoryEntry
from tracker.protocol.history import MOST_ENTRIES
from tracker.services.asking import connected
from tracker.sync.ports import Credentials


def older(
    profile: Profile, credentials: Credentials, task_id: str, before: int
) -> Iterator[Sequence[HistoryEntry]]:
    """Pages of the entries with an audit number below `before`, newest first. Raises what `Asking`
    does where a page cannot be had."""
    with connected(profile, credentials) as server:
        more = True
        while more:
            at = before
            page = server.ask(lambda s: s.history(task_id, at, MOST_ENTRIES))  # noqa: B023 - now
            if not page.entries:
                return
            yield page.entries
            before, more = int(page.entries[-1].id), page.more


def older_page(
    profile: Profile, credentials: Credentials, task_id: str, before: int
) -> Sequence[HistoryEntry]:
    """The first page of `older`; nothing where there is nothing older."""
    pages = older(profile, credentials, task_id, before)
    try:
        return next(pages, ())
    finally:
        pages.close()  # type: ignore[attr-defined]
