"""Closing a window: at once, whatever the server does; and not before it has to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.client import comment, task
from tests.support.windows import around, card_of, offline_workspace, press, task_id
from tracker import app as composition
from tracker.services import syncing
from tracker.services.credentials import InMemory
from tracker.services.workspace import open_workspace
from tracker.sync.ports import Tokens
from tracker.ui.dialogs.fault import FaultDialog
from tracker.ui.employee.window import EmployeeWindow

Desk = Callable[..., EmployeeWindow]


def test_a_server_that_hangs_keeps_neither_the_window_nor_the_profile(
    tmp_path: Path, qtbot: QtBot
) -> None:
    offline = offline_workspace(tmp_path, [task(task_id(1))])
    offline.outbox.add([comment(task_id(1), "to be sent")])
    offline.close()
    credentials = InMemory()
    credentials.write(Tokens("token"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(10)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        profile = replace(offline.profile, server_url=url)
        opened = composition.open_window(profile, around(tmp_path, credentials))
        opened.window.show()
        opened.start()
        lines = [silent.accept()[0] for _ in range(2)]  # for the news as they come, and a poll
        assert [line.recv(4) for line in lines] == [b"GET ", b"GET "]
        assert opened.window.quit()
        before = time.monotonic()
        opened.close()
        assert time.monotonic() - before < 1
        for line in lines:
            line.close()
    with syncing.profile_lock(profile).acquire():
        pass
    shiboken6.delete(opened.window)
    again = open_workspace(profile)
    (item,) = again.outbox.waiting()
    assert item.action.args["text"] == "to be sent"
    again.close()


def test_signing_out_ends_the_window_after_it_said_what_is_not_kept(
    desk: Desk, qtbot: QtBot
) -> None:
    window = desk(task(task_id(1)))
    card_of(window, task_id(1))
    window.body.note.setPlainText("half a note")
    said: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, FaultDialog)
        said.append(dialog.sentence.text())
        assert window.isVisible()
        press(qtbot, dialog.away)

    QTimer.singleShot(0, answer)
    window.work.outbox._conn.execute("PRAGMA query_only=1")
    composition.end_signed_out(window)
    window.work.outbox._conn.execute("PRAGMA query_only=0")
    assert not window.isVisible()
    (words,) = said
    assert words.startswith("Unable to save the note (E3")


def test_another_account_that_a_command_keeps_leaves_the_window_open(
    desk: Desk, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = desk(task(task_id(1)))
    other = replace(window.work.profile, folder=tmp_path / "other")
    monkeypatch.setattr(composition, "SWITCH_PATIENCE", 0.1)
    tried: list[object] = []
    (tmp_path / "other").mkdir()
    with syncing.profile_lock(other).acquire():
        assert not composition.may_switch(window, other, tried.append)
    assert window.toast.headline.text() == "Unable to switch the account (E3005)"
    press(qtbot, window.toast.button)
    assert tried == [other]
    assert composition.may_switch(window, other, tried.append)
    assert composition.may_switch(window, None, tried.append)
    mine = window.work.profile  # signed in to once more
    with syncing.profile_lock(mine).acquire():
        assert composition.may_switch(window, mine, tried.append)
