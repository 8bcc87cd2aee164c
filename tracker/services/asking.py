"""Asking the server something beside synchronising: what a device does not keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from filelock import Timeout

from tracker.config import Profile
from tracker.domain.errors import EnvironmentFault, SignInNeeded
from tracker.services.syncing import profile_lock
from tracker.sync.ports import Credentials

if TYPE_CHECKING:
    from tracker.sync.remote import RemoteServer

_LOCK_SECONDS = 8.0
_LOOK_EVERY = 0.2
_T = TypeVar("_T")


class Asking:
    """A connection to the profile's server."""

    def __init__(self, profile: Profile, credentials: Credentials, server: RemoteServer) -> None:
        self._profile, self._credentials, self._server = profile, credentials, server

    def ask(self, question: Callable[[RemoteServer], _T]) -> _T:
        """The answer. An ended session is refreshed once, under the lock like every refresh.
        ServerFault's children where there is no answer, E3005 where a session that is over cannot
        be renewed because another process holds the profile."""
        try:
            return question(self._server)
        except SignInNeeded:
            self._renew()
            return question(self._server)

    def _renew(self) -> None:
        """Whoever holds the profile, most often the window itself, refreshes with its next poll:
        then there are other tokens."""
        used, until = self._credentials.read(), time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                with profile_lock(self._profile).acquire(timeout=_LOOK_EVERY):
                    self._server.refresh()
                return
            except Timeout:
                if self._credentials.reread() != used:
                    return
                if time.monotonic() > until:
                    raise EnvironmentFault("E3005") from None


@contextmanager
def connected(profile: Profile, credentials: Credentials) -> Iterator[Asking]:
    from tracker.sync.transport import connect  # httpx takes 140 ms to import

    server = connect(profile.server_url, credentials, profile.server_id, profile.user_id)
    try:
        yield Asking(profile, credentials, server)
    finally:
        server.close()
