"""First start: the dialog says what is wrong, keeps what was typed, and lets in."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.support.server import RunningServer
from tests.support.windows import PATIENCE
from tracker.services import session
from tracker.services.credentials import InMemory
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
