"""Putting an engine together for a profile, and the lock that keeps it to one process."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from filelock import FileLock, Timeout

from tracker.config import Profile
from tracker.domain.task import Occupancy
from tracker.services.workspace import Workspace, device_clock, open_workspace
from tracker.sync.engine import Engine, Report
from tracker.sync.ports import Credentials

RECEIPT_PATIENCE = 5.0
"""Seconds a command waits for the window that holds the profile to deliver its action."""
_LOOK_EVERY = 0.05


def profile_lock(profile: Profile) -> FileLock:
    """Held by whoever pulls, pushes or refreshes for this profile."""
    return FileLock(profile.folder / "profile.lock", timeout=0, thread_local=False)


@dataclass(frozen=True, slots=True)
class Running:
    """An engine with the connections it owns."""

    engine: Engine
    workspace: Workspace
    hang_up: Callable[[], None]
    """Ends the request under way as if the line were dead, and all later ones; from any thread."""
    listen: Callable[[Callable[[], None]], None]
    """Starts hearing of news between polls; each calls what is handed over."""
    end: Callable[[], None]

    def close(self) -> None:
        """Not while the engine runs in another thread."""
        self.end()
        self.workspace.close()


def make_engine(
    profile: Profile,
    credentials: Credentials,
    on_sending: Callable[[int, int], None] = lambda _done, _total: None,
    occupancy: Callable[[], Occupancy | None] = lambda: None,
    holds: Callable[[], bool] | None = None,
) -> Running:
    """An engine on its own connections; `occupancy` is what its polls say of the person, `holds`
    is the engine's. Imports the network: call it off the first paint's way."""
    from tracker.sync.transport import Wakeups, connect

    workspace = open_workspace(profile)
    server = connect(
        profile.server_url, credentials, profile.server_id, profile.user_id, occupancy=occupancy
    )
    engine = Engine(
        workspace.outbox,
        workspace.confirmed,
        server,
        profile.scope,
        device_clock,
        random.Random(),
        on_sending,
        holds,
    )
    hearing: list[Wakeups] = []

    def listen(wake: Callable[[], None]) -> None:
        url, server_id, user_id = profile.server_url, profile.server_id, profile.user_id
        hearing.append(Wakeups(url, credentials, server_id, user_id, profile.scope, wake))
        hearing[-1].start()

    def hang_up() -> None:
        server.hang_up()
        for one in hearing:
            one.hang_up()

    def end() -> None:
        for one in hearing:
            one.stop()
        server.close()

    return Running(engine, workspace, hang_up, listen, end)


class Turns:
    """Runs under the profile's lock. The engine stays from one to the next, as it is what notices
    that nothing moves; after a turn of another process it is a new one."""

    def __init__(self, profile: Profile, credentials: Credentials) -> None:
        self._profile, self._credentials = profile, credentials
        self._running: Running | None = None

    def run_once(self) -> Report | None:
        """None if another process holds the lock."""
        lock = profile_lock(self._profile)
        try:
            lock.acquire()
        except Timeout:
            self.close()
            return None
        try:
            self._running = self._running or make_engine(self._profile, self._credentials)
            return self._running.engine.run_once()
        finally:
            lock.release()

    def close(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.close()


def sync_once(profile: Profile, credentials: Credentials) -> Report | None:
    """One run under the profile's lock; None if another process holds it."""
    with closing(Turns(profile, credentials)) as turns:
        return turns.run_once()


def wait_for_receipts(workspace: Workspace, op_ids: set[str]) -> bool:
    """Waits for the lock's holder to deliver; True when every one has its receipt."""
    return wait_for(lambda: all(workspace.outbox.receipt_of(op_id) for op_id in op_ids))


def wait_for(done: Callable[[], bool]) -> bool:
    """Waits for what the lock's holder does; True when it is done."""
    until = time.monotonic() + RECEIPT_PATIENCE
    while time.monotonic() < until:
        if done():
            return True
        time.sleep(_LOOK_EVERY)
    return False
