"""Where tokens are kept: the keyring, the environment, or memory; never a plain file."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from tests.support.ring import Ring
from tests.support.server import RunningServer
from tracker.config import Profile, current_profile
from tracker.domain.errors import EnvironmentFault, InputError, SignInNeeded, TrackerError
from tracker.services import credentials as keeping
from tracker.services import session
from tracker.services.credentials import (
    InEnvironment,
    InKeyring,
    InMemory,
    WhenAsked,
    credentials_for,
)
from tracker.sync.ports import Tokens

TOKENS = Tokens("an access token", "a refresh token")


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[KeyringBackend], None]]:
    """Makes a backend keyring's own until the test is over."""
    monkeypatch.delenv("TRACKER_TOKEN", raising=False)
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def ring(use: Callable[[KeyringBackend], None]) -> Ring:
    made = Ring()
    use(made)
    return made


def test_what_was_written_is_read_by_the_next_program(ring: Ring) -> None:
    assert isinstance(credentials_for("ana-desk"), InKeyring)
    credentials_for("ana-desk").write(TOKENS)
    assert credentials_for("ana-desk").read() == TOKENS
    assert credentials_for("jonas-desk").read() is None
    assert list(ring.entries) == [("Tracker", "ana-desk")]


def test_signing_out_takes_the_entry_away_once_or_twice(ring: Ring) -> None:
    kept = credentials_for("ana-desk")
    kept.write(TOKENS)
    for _ in range(2):
        kept.write(None)
        assert kept.read() is None
        assert ring.entries == {}


def test_a_keyring_that_does_not_write_is_a_coded_fault(ring: Ring) -> None:
    ring.fault = KeyringLocked("the keyring is locked")
    with pytest.raises(EnvironmentFault) as fault:
        credentials_for("ana-desk").write(TOKENS)
    assert fault.value.code == "E1007"
    assert "token" not in str(fault.value).split("Set TRACKER_TOKEN")[0]


def test_a_keyring_that_does_not_read_is_a_coded_fault(ring: Ring) -> None:
    ring.fault = KeyringLocked("the keyring is locked")
    with pytest.raises(TrackerError) as fault:
        credentials_for("ana-desk").read()
    assert fault.value.code == "E1007"


@pytest.mark.parametrize("stored", ["", "not JSON", "[]", '{"other": "shape"}'])
def test_an_entry_that_cannot_be_understood_is_none_or_a_coded_fault(
    ring: Ring, stored: str
) -> None:
    """Written by a newer Tracker, or by hand: signing in again mends it."""
    ring.entries["Tracker", "ana-desk"] = stored
    with contextlib.suppress(TrackerError):
        assert credentials_for("ana-desk").read() is None


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_without_a_keyring_tokens_live_for_this_run(
    use: Callable[[KeyringBackend], None], backend: type[KeyringBackend]
) -> None:
    use(backend())
    assert not keeping.keyring_works()
    kept = credentials_for("ana-desk")
    assert isinstance(kept, InMemory)
    kept.write(TOKENS)
    assert kept.read() == TOKENS
    assert credentials_for("ana-desk").read() is None


def test_the_environment_goes_before_the_keyring_and_is_never_written(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_TOKEN", "from outside")
    kept = credentials_for("ana-desk")
    assert isinstance(kept, InEnvironment)
    assert kept.read() == Tokens("from outside", None)
    kept.write(TOKENS)
    kept.write(None)
    assert kept.read() == Tokens("from outside", None)
    assert ring.entries == {}


def test_a_window_does_not_wait_for_the_keyring() -> None:
    """Choosing where a profile's tokens are loads none; the first question does."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tracker.config import Profile\n"
        "from tracker.domain.task import Role\n"
        "from tracker.services.credentials import for_profile\n"
        "profile = Profile(Path('ana'), 'desk', '', '', '', '', '', Role.EMPLOYEE, '')\n"
        "kept = for_profile(profile)\n"
        "print('keyring' in sys.modules, kept.read(), 'keyring' in sys.modules)"
    )
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    without = {name: value for name, value in os.environ.items() if name != "TRACKER_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=without | backend,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["False", "None", "True"]


def test_what_is_found_out_when_asked_is_the_same_from_then_on(
    ring: Ring, use: Callable[[KeyringBackend], None]
) -> None:
    kept = WhenAsked("ana-desk")
    kept.write(TOKENS)
    assert ring.entries != {}
    use(fail.Keyring())
    assert isinstance(kept.chosen, InKeyring)
    assert kept.read() == TOKENS
    assert keeping.outlive_the_run(kept)
    in_memory = WhenAsked("ana-desk")
    in_memory.write(TOKENS)
    use(ring)
    assert (in_memory.read(), in_memory.reread()) == (TOKENS, TOKENS)
    assert not keeping.outlive_the_run(in_memory)


def test_threads_that_ask_at_once_share_what_is_kept(
    use: Callable[[KeyringBackend], None],
) -> None:
    use(fail.Keyring())
    kept = WhenAsked("ana-desk")
    with ThreadPoolExecutor(8) as threads:
        assert len({id(chosen) for chosen in threads.map(lambda _n: kept.chosen, range(64))}) == 1


# Signing in and out


def files_with(root: Path, secret: str) -> list[str]:
    return [
        str(path) for path in root.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]  # fmt: skip


def test_signing_in_remembers_the_profile_and_writes_no_secret_to_a_file(
    server: RunningServer, ring: Ring, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    signed = session.sign_in(root, f" {server.url}/ ", " Ana ", server.password, "desk")
    assert signed.remembered
    assert current_profile(root, "desk") == signed.profile
    assert (signed.profile.user_id, signed.profile.name) == (server.users["ana"], "ana")
    tokens = keeping.for_profile(signed.profile).read()
    assert tokens is not None
    assert tokens.refresh is not None
    for secret in (tokens.access, tokens.refresh, server.password):
        assert files_with(root, secret) == []
    assert session.sign_out(root, signed.profile) is None
    assert ring.entries == {}
    assert current_profile(root, "desk") is None
    row = server.sql("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL")
    assert row == [(1,)]


def test_signing_out_offline_forgets_here_and_says_so(
    server: RunningServer, ring: Ring, tmp_path: Path
) -> None:
    signed = session.sign_in(tmp_path, server.url, "ana", server.password, "desk")
    gone = Profile(**{**_fields(signed.profile), "server_url": "http://127.0.0.1:9"})
    fault = session.sign_out(tmp_path, gone)
    assert fault is not None
    assert fault.code == "E4001"
    assert ring.entries == {}


def _fields(profile: Profile) -> dict[str, object]:
    return {name: getattr(profile, name) for name in Profile.__slots__}


def test_a_wrong_password_saves_nothing(server: RunningServer, ring: Ring, tmp_path: Path) -> None:
    root = tmp_path / "data"
    with pytest.raises(SignInNeeded) as wrong:
        session.sign_in(root, server.url, "ana", "not this", "desk")
    assert wrong.value.code == "E1001"
    with pytest.raises(InputError):
        session.sign_in(root, server.url, "ana", None, "desk")
    assert (ring.entries, root.exists()) == ({}, False)


def test_an_employee_does_not_get_the_monitor(
    server: RunningServer, ring: Ring, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        session.sign_in(tmp_path, server.url, "ana", server.password, "monitor")
    assert refused.value.code == "E1006"
    assert ring.entries == {}
    assert current_profile(tmp_path, "monitor") is None
    signed = session.sign_in(tmp_path, server.url, "rita", server.password, "monitor")
    assert signed.profile.scope == "monitor"


def test_a_token_of_another_person_is_refused(
    server: RunningServer, ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_TOKEN", server.token("jonas"))
    with pytest.raises(EnvironmentFault) as refused:
        session.sign_in(tmp_path, server.url, "ana", None, "desk")
    assert refused.value.code == "E1008"
    assert current_profile(tmp_path, "desk") is None
    assert session.sign_in(tmp_path, server.url, "jonas", None, "desk").remembered
