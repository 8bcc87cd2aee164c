"""One window for each profile: a second start raises the first one, with its link."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from tests.support.client import run_python, task
from tests.support.server import RunningServer
from tests.support.windows import PATIENCE, Open, open_desk, task_id
from tracker import app as composition
from tracker.domain.errors import EnvironmentFault
from tracker.services import syncing
from tracker.services.links import link_to
from tracker.ui import instance
from tracker.ui.employee.window import EmployeeWindow
from tracker.ui.instance import Instance, hand_over

Desk = Callable[..., EmployeeWindow]


HAND_OVER = """
import sys
from pathlib import Path
from tracker.ui.instance import hand_over
print(hand_over(Path(sys.argv[1]), sys.argv[2]))
"""
START = """
import sys
from pathlib import Path
from tracker.app import is_open_elsewhere
from tracker.config import current_profile
print(is_open_elsewhere(current_profile(Path(sys.argv[1]), "desk"), sys.argv[2]))
"""


def elsewhere(qtbot: QtBot, code: str, *arguments: object) -> bool:
    """What it comes to in another process, while this one goes on."""
    process = run_python(code, *arguments)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=3 * PATIENCE)
    out, errors = process.communicate(timeout=10)
    assert errors == ""
    return bool(out == "True\n")


@pytest.fixture
def listening(tmp_path: Path, qtbot: QtBot) -> Iterator[tuple[Path, list[str]]]:
    """A folder with somebody at it, and what they were asked for."""
    owner = QObject()
    made = Instance(tmp_path, owner)
    assert made.is_listening
    asked: list[str] = []
    made.asked.connect(asked.append)
    yield tmp_path, asked
    made.close()


@pytest.mark.parametrize("link", ["", link_to(task_id(1)), "ünlesbar → 🚰"])
def test_a_second_start_hands_over_what_it_was_asked_for(
    listening: tuple[Path, list[str]], qtbot: QtBot, link: str
) -> None:
    folder, asked = listening
    assert elsewhere(qtbot, HAND_OVER, folder, link)
    assert asked == [link]


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    assert hand_over(tmp_path) is False


def test_another_profile_s_window_is_not_asked(
    listening: tuple[Path, list[str]], qtbot: QtBot
) -> None:
    folder, asked = listening
    (folder / "other").mkdir()
    assert not elsewhere(qtbot, HAND_OVER, folder / "other", "")
    assert asked == []


def test_one_that_hangs_is_not_waited_for_long(
    listening: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts, as its kernel does, and never answers: this thread does not run its events."""
    monkeypatch.setattr(instance, "PATIENCE_MS", 50)
    folder, asked = listening
    began = time.monotonic()
    assert hand_over(folder) is False
    assert time.monotonic() - began < 5
    assert asked == []


@pytest.mark.parametrize(
    "sent", [b"", b"\xff\xfe\n", b"x" * 100_000, b"half a lin", b"\n" * 50, b"a\nb\nc\n"]
)
def test_rubbish_does_not_stop_it(
    listening: tuple[Path, list[str]], qtbot: QtBot, sent: bytes
) -> None:
    folder, asked = listening
    socket = QLocalSocket()
    socket.connectToServer(instance._name(folder))
    assert socket.waitForConnected(PATIENCE)
    socket.write(sent)
    socket.flush()
    assert elsewhere(qtbot, HAND_OVER, folder, "17")
    assert asked[-1] == "17"
    assert len(asked) <= 2, "one connection asks once"
    socket.abort()


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path, qtbot: QtBot) -> None:
    code = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QObject
from tracker.ui.instance import Instance
app, owner = QCoreApplication([]), QObject()
print(Instance(Path(sys.argv[1]), owner).is_listening, flush=True)
app.exec()
"""
    process = run_python(code, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "True"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert hand_over(tmp_path) is False
    owner = QObject()
    made = Instance(tmp_path, owner)
    asked: list[str] = []
    made.asked.connect(asked.append)
    assert made.is_listening
    assert elsewhere(qtbot, HAND_OVER, tmp_path, "17")
    assert asked == ["17"]
    made.close()


# With windows

NO_RAISE = pytest.mark.qt_log_ignore("does not support raise", extend=True)
"""Qt's offscreen platform says so."""


@NO_RAISE
def test_a_second_start_opens_its_link_in_the_first_window(
    server: RunningServer, open_window: Open, qtbot: QtBot
) -> None:
    wanted = server.task("ana", title="Pump")
    window = open_desk(open_window)
    window.open_page("Done")
    window.setWindowState(Qt.WindowState.WindowMinimized)
    assert elsewhere(qtbot, START, window.around.root, link_to(wanted))
    qtbot.waitUntil(lambda: window.cards.selected_id == wanted, timeout=PATIENCE)
    assert not window.isMinimized()


@NO_RAISE
def test_a_link_that_is_wrong_or_not_shared_is_said(desk: Desk) -> None:
    window = desk(task(task_id(1), number=7))
    for link, code in (("tracker://task/x", "E2064"), (link_to(task_id(5)), "E5001")):
        window.come_forward(link)
        assert f"({code})" in window.toast.headline.text()
        assert window.cards.selected_id == ""
    window.come_forward("7")
    assert window.cards.selected_id == task_id(1)


def test_a_command_that_holds_the_lock_is_waited_for(desk: Desk) -> None:
    profile = desk().work.profile
    lock = syncing.profile_lock(profile)
    lock.acquire()
    threading.Timer(0.3, lock.release).start()
    assert composition.is_open_elsewhere(profile, "") is False
    assert not lock.is_locked


def test_one_that_keeps_the_lock_and_answers_nobody_is_a_coded_fault(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = desk().work.profile
    monkeypatch.setattr(composition, "LOCK_PATIENCE", 0.2)
    with syncing.profile_lock(profile).acquire(), pytest.raises(EnvironmentFault) as fault:
        composition.is_open_elsewhere(profile, "")
    assert fault.value.code == "E3005"
