"""Signing in and out of a profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tracker.config import Profile, Scope, check_server_url, profile_folder, save_profile
from tracker.domain.access import Actor
from tracker.domain.errors import EnvironmentFault, InputError, SignInNeeded, TrackerError
from tracker.services import credentials as keeping
from tracker.services.credentials import InEnvironment, InMemory
from tracker.sync.ports import Credentials


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`remembered` is False where no keyring could keep the session beyond this run."""

    profile: Profile
    credentials: Credentials
    remembered: bool


def sign_in(
    root: Path,
    url: str,
    name: str,
    password: str | None,
    scope: Scope,
    credentials: Credentials | None = None,
    expected: Profile | None = None,
) -> SignedIn:
    """Signs in and makes the profile the current one.

    With TRACKER_TOKEN set no password is needed: the token proves who it is. `expected` is the
    profile of an open window that goes on with the new session. InputError for a bad address,
    ServerFault when the server refuses or cannot be reached, E1008 for anybody else than is
    expected; nothing is saved then.
    """
    from tracker.sync.transport import connect  # httpx takes 140 ms to import

    url = check_server_url(url)
    name = name.strip().lower()
    folder = profile_folder(root, url, name, scope)
    credentials = credentials or keeping.credentials_for(folder.name)
    # What is kept already stays until the new session is known to be the right one.
    trial = credentials if isinstance(credentials, InEnvironment) else InMemory()
    server = connect(url, trial)
    try:
        if isinstance(credentials, InEnvironment):
            me = server.me()
        elif password is None:
            raise InputError("E2017", field="password")
        else:
            me = server.sign_in(name, password).me
    finally:
        server.close()
    if me.name != name or (
        expected and (me.user_id, me.server_id) != (expected.user_id, expected.server_id)
    ):
        raise EnvironmentFault("E1008", f"It is {me.name}'s.")
    profile = Profile(
        folder=folder,
        scope=scope,
        server_url=url,
        server_id=me.server_id,
        user_id=me.user_id,
        name=me.name,
        display_name=me.display_name,
        role=me.role,
        tenant=me.tenant,
    )
    if scope == "monitor" and not Actor(me.user_id, me.role).is_admin:
        raise InputError("E1006")
    if expected:
        profile = replace(profile, folder=expected.folder, server_url=expected.server_url)
    save_profile(root, profile)
    try:
        credentials.write(trial.read())
    except EnvironmentFault:  # E1007: the keyring is there and does not take it
        return SignedIn(profile, credentials if expected else trial, remembered=False)
    return SignedIn(profile, credentials, keeping.outlive_the_run(credentials))


def sign_out(
    root: Path, profile: Profile, credentials: Credentials | None = None
) -> TrackerError | None:
    """Forgets the token here, and at the server if it answers. Unsent changes stay. Returns what
    kept the server from being told, if anything did."""
    from tracker.sync.transport import connect

    credentials = credentials or keeping.for_profile(profile)
    server = connect(profile.server_url, credentials, profile.server_id, profile.user_id)
    fault: TrackerError | None = None
    try:
        if not isinstance(credentials, InEnvironment):
            server.sign_out()
    except SignInNeeded:
        pass  # over already, which is what was wanted
    except TrackerError as error:
        fault = error
    finally:
        server.close()
    credentials.write(None)
    (root / f"current-{profile.scope}.json").unlink(missing_ok=True)
    return fault
