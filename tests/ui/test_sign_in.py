"""First start: the dialog says what is wrong, keeps what was typed, and lets in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, around
from tests.ui.conftest import close
from tracker import app as composition
from tracker.config import current_profile
from tracker.domain.errors import EnvironmentFault
from tracker.services import session
from tracker.services.credentials import InMemory
from tracker.sync.engine import State
from tracker.sync.ports import Tokens
from tracker.ui.dialogs.sign_in import SignInDialog


@pytest.fixture
def dialog(tmp_path: Path, qtbot: QtBot) -> SignInDialog:
    made = SignInDialog(
        "Welcome",
        lambda url, name, password: session.sign_in(
            tmp_path, url, name, password, "desk", InMemory()
        ),
        "",
        "",
    )
    qtbot.addWidget(made)
    made.show()
    return made


def try_with(dialog: SignInDialog, qtbot: QtBot, *values: str) -> None:
    fields = (dialog.server, dialog.name, dialog.password)
    for field, value in zip(fields, values, strict=True):
        field.edit.setText(value)
    qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: dialog.signed_in is not None or dialog.button.isEnabled(), timeout=PATIENCE
    )


def test_what_is_wrong_is_said_and_what_was_typed_stays(
    server: RunningServer, dialog: SignInDialog, qtbot: QtBot
) -> None:
    for url, password, code in (
        ("tracker.example.com", "x", "E2007"),
        ("http://127.0.0.1:9", "x", "E4001"),
        (server.url, "wrong", "E1001"),
    ):
        try_with(dialog, qtbot, url, "ana", password)
        assert f"({code})" in dialog.problem.text()
        assert dialog.name.edit.text() == "ana"


def test_the_right_password_lets_in(
    server: RunningServer, dialog: SignInDialog, qtbot: QtBot
) -> None:
    try_with(dialog, qtbot, server.url, "ana", server.password)
    assert dialog.signed_in is not None
    assert dialog.signed_in.profile.name == "ana"


def test_an_error_of_trackers_own_is_told_and_can_be_tried_again(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_typed: str) -> session.SignedIn:
        raise KeyError("me")

    made = SignInDialog("Welcome", broken, "", "")
    qtbot.addWidget(made)
    made.show()
    try_with(made, qtbot, "https://tracker.example.com", "ana", "x")
    assert "an error in Tracker itself (KeyError)" in made.problem.text()
    assert "an errand failed" in caplog.text


# Signing in again


class Broken(InMemory):
    """A keyring that takes nothing any more."""

    def write(self, tokens: Tokens | None) -> None:
        super().write(tokens)
        raise EnvironmentFault("E1007")


class Signed:
    """Ana's window, whose session is over."""

    def __init__(self, server: RunningServer, root: Path, credentials: InMemory) -> None:
        self.server, self.root, self.credentials = server, root, credentials
        first = session.sign_in(root, server.url, "ana", server.password, "desk", InMemory())
        self.opened = composition.open_window(first.profile, around(root, credentials))
        self.opened.window.show()
        self.opened.start()

    def again_as(self, name: str, qtbot: QtBot) -> str:
        """Answers the dialog and closes it; returns what it said was wrong."""
        said = []

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            assert isinstance(dialog, SignInDialog)
            try_with(dialog, qtbot, self.server.url, name, self.server.password)
            said.append(dialog.problem.text())
            dialog.reject()

        QTimer.singleShot(0, answer)
        composition.sign_in_again(self.opened, around(self.root, self.credentials))
        return said[0]


@pytest.fixture
def signed(
    server: RunningServer, tmp_path: Path, qtbot: QtBot, request: pytest.FixtureRequest
) -> Iterator[Signed]:
    made = Signed(server, tmp_path, getattr(request, "param", InMemory)())
    qtbot.waitUntil(lambda: made.opened.window.status.state is State.SIGN_IN, timeout=PATIENCE)
    yield made
    close(made.opened)


def test_the_same_person_goes_on_with_a_new_session(signed: Signed, qtbot: QtBot) -> None:
    signed.again_as("ana", qtbot)
    window = signed.opened.window
    qtbot.waitUntil(lambda: window.status.state is State.SYNCED, timeout=PATIENCE)


def test_another_person_does_not_take_over_the_open_profile(signed: Signed, qtbot: QtBot) -> None:
    assert "(E1008)" in signed.again_as("jonas", qtbot)
    assert signed.credentials.read() is None
    kept = current_profile(signed.root, "desk")
    assert kept is not None
    assert kept.name == "ana"
    assert [folder.name.split("-")[0] for folder in (signed.root / "profiles").iterdir()] == ["ana"]


@pytest.mark.parametrize("signed", [Broken], indirect=True)
def test_a_keyring_that_takes_nothing_is_told_and_work_goes_on(
    signed: Signed, qtbot: QtBot
) -> None:
    assert signed.again_as("ana", qtbot) == "Signing in…"
    window = signed.opened.window
    assert window.toast.headline.text() == "Signed in for this run only (E1007)"
    qtbot.waitUntil(lambda: window.status.state is State.SYNCED, timeout=PATIENCE)
