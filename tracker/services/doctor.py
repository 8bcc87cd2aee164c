"""Looks at every part of a profile on this machine and says what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tracker.config import Profile
from tracker.services import credentials, wording
from tracker.services.workspace import device_clock, open_workspace


def look(root: Path, profile: Profile | None) -> Iterator[tuple[str, str]]:
    """(what, words), one by one as they are found; the server is not asked."""
    yield "data folder", str(root)
    if profile is None:
        yield "profile", "none: run tracker login"
        return
    yield "profile", f"{profile.name} at {bare(profile.server_url)}, role {profile.role}"
    keyring = credentials.keyring_works()
    yield "keyring", "works" if keyring else "none: sessions last for one run (E1007)"
    with closing(open_workspace(profile)) as workspace:
        tally = workspace.outbox.tally()
        heard = workspace.confirmed.position().pulled_at
        yield "outbox", f"{tally.waiting} waiting, {tally.tray} need attention"
        yield "last heard", wording.age(heard, device_clock())


def bare(address: str) -> str:
    """A server's address without anything that could be secret: who asks, with what password, or
    a query. Signing in takes none of these; a profile may have been written by hand."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def line(what: str, words: str) -> str:
    return f"{what:<14}{words}"
