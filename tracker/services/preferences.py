"""What a person wants to be told, how and when: kept at the server, for all their devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.config import Profile
from tracker.domain.notification import Preferences
from tracker.services.asking import connected
from tracker.sync.ports import Credentials


@dataclass(frozen=True, slots=True)
class Kept:
    """As they were read; `tag` names this content, so that nothing is overwritten unseen."""

    preferences: Preferences
    tag: str


def read(profile: Profile, credentials: Credentials) -> Kept:
    """Raises what `Asking` does."""
    with connected(profile, credentials) as server:
        return Kept(*server.ask(lambda s: s.preferences()))


def write(
    profile: Profile, credentials: Credentials, changes: Mapping[str, object], tag: str
) -> Kept:
    """Other values of some, by name. E2050 for quiet hours without their times, E5062 where they
    were changed meanwhile."""
    with connected(profile, credentials) as server:
        return Kept(*server.ask(lambda s: s.choose(changes, tag)))
