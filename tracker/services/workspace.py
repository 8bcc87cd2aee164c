"""One open profile: its outbox, its confirmed rows, and the projection of both."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tracker.cache.confirmed import Confirmed
from tracker.cache.eviction import MOST_FINISHED, MOST_OF_A_TENANT
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Projection
from tracker.config import Profile, private_folder
from tracker.domain.access import Actor
from tracker.domain.errors import describe


def device_clock() -> int:
    """The device's clock in ms. Recorded with an action, never trusted."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Workspace:
    """Each thread opens its own: connections are not shared between the screen and the sync."""

    profile: Profile
    outbox: Outbox
    confirmed: Confirmed
    projection: Projection

    @property
    def actor(self) -> Actor:
        return Actor(self.profile.user_id, self.profile.role)

    def server_now(self) -> int:
        """The server's time as far as this device knows it, in ms."""
        return device_clock() + (self.confirmed.position().clock_offset or 0)

    def close(self) -> None:
        self.outbox.close()
        self.confirmed.close()


def open_workspace(profile: Profile) -> Workspace:
    folder = private_folder(profile.folder)
    outbox = Outbox(folder)
    if outbox.rescued is not None:
        import logging  # rare, and a millisecond that every command would pay

        told = describe("E3011", f"{outbox.rescued} changes are there again.")
        logging.getLogger(__name__).error(told)
    most = MOST_OF_A_TENANT if profile.scope == "monitor" else MOST_FINISHED
    confirmed = Confirmed(folder, most)
    actor = Actor(profile.user_id, profile.role)
    return Workspace(profile, outbox, confirmed, Projection(confirmed, outbox, actor))
