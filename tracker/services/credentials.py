"""Where the tokens are: the OS keyring, TRACKER_TOKEN, or memory. Never a plain file."""

from __future__ import annotations

import json
import os
import threading

from tracker.config import Profile
from tracker.domain.errors import EnvironmentFault
from tracker.sync.ports import Credentials, Tokens

SERVICE = "Tracker"
VARIABLE = "TRACKER_TOKEN"


class InEnvironment:
    """A token that does not rotate, given by whoever started the program."""

    def __init__(self, token: str) -> None:
        self._tokens = Tokens(token)

    def read(self) -> Tokens | None:
        return self._tokens

    reread = read

    def write(self, tokens: Tokens | None) -> None:
        """The environment is not ours to change."""


class InMemory:
    """For this run only; the person is told so."""

    def __init__(self) -> None:
        self._tokens: Tokens | None = None

    def read(self) -> Tokens | None:
        return self._tokens

    reread = read

    def write(self, tokens: Tokens | None) -> None:
        self._tokens = tokens


class InKeyring:
    """The keyring entry of a profile. Read once; written through."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tokens: Tokens | None = None

    def read(self) -> Tokens | None:
        if self._tokens is None:
            import keyring  # loads every backend it finds: 100 ms on some machines
            from keyring.errors import KeyringError

            try:
                stored = keyring.get_password(SERVICE, self._name)
            except KeyringError as error:
                raise EnvironmentFault("E1007", str(error)) from error
            self._tokens = _tokens(stored) if stored else None
        return self._tokens

    def reread(self) -> Tokens | None:
        """As it is now: a command may have signed in again beside the open window."""
        self._tokens = None
        return self.read()

    def write(self, tokens: Tokens | None) -> None:
        import keyring
        from keyring.errors import KeyringError, PasswordDeleteError

        self._tokens = tokens
        try:
            if tokens is None:
                keyring.delete_password(SERVICE, self._name)
            else:
                stored = {"access": tokens.access, "refresh": tokens.refresh}
                keyring.set_password(SERVICE, self._name, json.dumps(stored))
        except PasswordDeleteError:
            return  # was not there: signed out already
        except KeyringError as error:
            raise EnvironmentFault("E1007", str(error)) from error


class WhenAsked:
    """The keyring if one works, else memory: found out with the first question. It takes 100 ms,
    and the sync thread is the first to ask, after the window is there. For several threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._chosen: Credentials | None = None
        self._choosing = threading.Lock()

    @property
    def chosen(self) -> Credentials:
        with self._choosing:
            if self._chosen is None:
                self._chosen = credentials_for(self._name)
            return self._chosen

    def read(self) -> Tokens | None:
        return self.chosen.read()

    def reread(self) -> Tokens | None:
        return self.chosen.reread()

    def write(self, tokens: Tokens | None) -> None:
        self.chosen.write(tokens)


def outlive_the_run(credentials: Credentials) -> bool:
    """Whether tokens written there are there the next time."""
    chosen = credentials.chosen if isinstance(credentials, WhenAsked) else credentials
    return not isinstance(chosen, InMemory)


def _tokens(stored: str) -> Tokens | None:
    """The tokens of an entry; None for one that was not written here. Signing in mends it."""
    try:
        found = json.loads(stored)
        return Tokens(str(found["access"]), found["refresh"])
    except (ValueError, KeyError, TypeError):
        return None


def keyring_works() -> bool:
    """False where keyring found nothing better than its failing placeholder."""
    import keyring

    return float(getattr(keyring.get_keyring(), "priority", 0)) > 0


def credentials_for(profile_name: str) -> Credentials:
    """TRACKER_TOKEN if set, else the keyring, else memory for this run."""
    token = os.environ.get(VARIABLE)
    if token:
        return InEnvironment(token)
    return InKeyring(profile_name) if keyring_works() else InMemory()


def for_profile(profile: Profile) -> Credentials:
    """TRACKER_TOKEN if set, else the keyring or memory, which is found out when it is asked."""
    token = os.environ.get(VARIABLE)
    return InEnvironment(token) if token else WhenAsked(profile.secret_name)
