"""Older history than this device keeps: read from the server each time, and not stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial

from filelock import Timeout

from tracker.config import Profile
from tracker.domain.errors import EnvironmentFault, SignInNeeded
from tracker.domain.task import HistoryEntry
from tracker.protocol.history import MOST_ENTRIES, HistoryPage
from tracker.services.syncing import profile_lock
from tracker.sync.ports import Credentials

_LOCK_SECONDS = 5.0


def older(
    profile: Profile, credentials: Credentials, task_id: str, before: int
) -> Iterator[Sequence[HistoryEntry]]:
    """Pages of the entries with an audit number below `before`, newest first. ServerFault's
    children where a page cannot be had, E3005 where a session that is over cannot be renewed
    because another process holds the profile."""
    from tracker.sync.transport import connect

    server = connect(profile.server_url, credentials, profile.server_id, profile.user_id)
    with closing(server):
        more = True
        while more:
            read = partial(server.history, task_id, before, MOST_ENTRIES)
            page = _signed_in(profile, server.refresh, read)
            if not page.entries:
                return
            yield page.entries
            before, more = int(page.entries[-1].id), page.more


def older_page(
    profile: Profile, credentials: Credentials, task_id: str, before: int
) -> Sequence[HistoryEntry]:
    """The first page of `older`; nothing where there is nothing older."""
    with closing(older(profile, credentials, task_id, before)) as pages:  # type: ignore[type-var]
        return next(iter(pages), ())


def _signed_in(
    profile: Profile, refresh: Callable[[], None], read: Callable[[], HistoryPage]
) -> HistoryPage:
    """Reads the page; an ended session is refreshed once, under the lock like every refresh."""
    try:
        return read()
    except SignInNeeded:
        try:
            with profile_lock(profile).acquire(timeout=_LOCK_SECONDS):
                refresh()
        except Timeout:
            raise EnvironmentFault("E3005") from None
        return read()
