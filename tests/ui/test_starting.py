"""What keeps a window from opening is said on the screen, as most start from a menu."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client import REPOSITORY, task
from tests.support.windows import offline_workspace, task_id
from tracker.config import save_profile
from tracker.domain.errors import describe

START = """
import json, shutil, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tracker import app
from tracker.config import current_profile
from tracker.services.syncing import profile_lock
from tracker.ui.dialogs.fault import FaultDialog
from tracker.ui.employee.window import EmployeeWindow

app.LOCK_PATIENCE = 0.1
root, what, answer, link = Path(sys.argv[1]), *sys.argv[2:]
folder = current_profile(root, "desk").folder
if what == "lock":
    lock = profile_lock(current_profile(root, "desk"))
    lock.acquire()

def mend():
    if what == "settings":
        (root / "settings.toml").unlink()
    if what == "lock":
        lock.release()
    if what == "file":
        (folder / "outbox.db").rmdir()
        (folder / "outbox.db.aside").rename(folder / "outbox.db")

def look():
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, FaultDialog):
        print(json.dumps([dialog.sentence.text(), hasattr(dialog, "retry")]), flush=True)
        if answer == "Retry":
            mend()
            dialog.retry.click()
        else:
            dialog.away.click()
    for one in QApplication.topLevelWidgets():
        if isinstance(one, EmployeeWindow) and one.isVisible():
            print(json.dumps("window"), flush=True)
            timers.pop().stop()
            one.quit()

def make_app(settings):
    program = made_by(settings)
    if not timers:
        timers.append(QTimer())
        timers[0].timeout.connect(look)
        timers[0].start(20)
    return program

timers, made_by, app.make_app = [], app.make_app, make_app
sys.exit(app.run("desk", root, link))
"""
WITHOUT_SCREEN = """
import sys
from pathlib import Path
from tracker import app
sys.exit(app.run("desk", Path(sys.argv[1])))
"""


def start(code: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    unseen = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY, env={**unseen, "TRACKER_TOKEN": "a token", **env},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def seen(root: Path, what: str, answer: str, link: str = "") -> tuple[int, list[object], str]:
    """The exit code, what was on the screen, and stderr."""
    done = start(START, str(root), what, answer, link, QT_QPA_PLATFORM="offscreen")
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where somebody is signed in."""
    workspace = offline_workspace(tmp_path / "profiles", [task(task_id(1))])
    save_profile(tmp_path, workspace.profile)
    workspace.close()
    return tmp_path


def spoil(root: Path, what: str) -> None:
    (folder,) = (root / "profiles").iterdir()
    if what == "settings":
        (root / "settings.toml").write_text("theme = ", encoding="utf-8")
    if what == "file":
        (folder / "outbox.db").rename(folder / "outbox.db.aside")
        (folder / "outbox.db").mkdir()


@pytest.mark.parametrize(("what", "code"), [("settings", "E2065"), ("lock", "E3005"), ("file", "")])
def test_a_fault_of_the_start_is_said_and_tried_again(root: Path, what: str, code: str) -> None:
    spoil(root, what)
    ended, (said, *after), errors = seen(root, what, "Retry")
    assert isinstance(said, list)
    words, may_retry = said
    assert f"({code or 'E3'}" in words.replace(")", "(")
    assert words in errors
    assert (ended, may_retry, after) == (0, True, ["window"])


@pytest.mark.parametrize(("what", "ends"), [("settings", 2), ("lock", 1), ("file", 1)])
def test_closing_the_dialog_ends_the_program(root: Path, what: str, ends: int) -> None:
    spoil(root, what)
    ended, (said, *after), errors = seen(root, what, "Close")
    assert isinstance(said, list)
    assert (ended, after) == (ends, [])
    assert errors.count(said[0]) == 1


def test_a_link_that_is_wrong_can_only_be_closed(root: Path) -> None:
    ended, said, _errors = seen(root, "link", "Close", "tracker://task/x")
    assert (ended, said) == (2, [[describe("E2064"), False]])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is one")
@pytest.mark.parametrize(("what", "code"), [("settings", "E2065"), ("", "E3015")])
def test_without_a_screen_stderr_has_it_alone(root: Path, what: str, code: str) -> None:
    spoil(root, what)
    done = start(WITHOUT_SCREEN, str(root), QT_QPA_PLATFORM="xcb")
    assert done.returncode == (2 if what else 1)
    assert code in done.stderr
