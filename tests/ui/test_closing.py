"""Closing a window: at once, whatever the server does."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path

import shiboken6
from pytestqt.qtbot import QtBot

from tests.support.client import comment, task
from tests.support.windows import around, offline_workspace, task_id
from tracker import app as composition
from tracker.services import syncing
from tracker.services.credentials import InMemory
from tracker.services.workspace import open_workspace
from tracker.sync.ports import Tokens


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
