"""`tracker monitor` as a program: an admin at one screen and an employee at another, with a server
between them; and who may not open it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support import x11
from tests.support.client import REPOSITORY
from tests.support.company import TITLE, Company, sign_in
from tests.support.server import RunningServer
from tracker.ui.theme.tokens import LIGHT

on_a_screen = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT TESTED ON A SCREEN: X11 is tried on Linux only"
)
DESK, MONITOR, CHOOSER = "Tracker · Ana Moreno", "Tracker Monitor · Northwind", "Who takes part?"

RAIL_MONITOR = (60, 69)
"""Where the rail's first page lies: without a window manager a window is at the screen's corner."""


class Seat:
    """A person at a screen of their own, with one program."""

    def __init__(self, screen: x11.Screen, program: x11.Program, title: str) -> None:
        self.screen, self.program, self.title = screen, program, title

    def sign_in(self, company: Company, name: str) -> None:
        sign_in(self.screen, company, name)
        self.window = self.screen.wait_for(self.title)

    def cached(self, scope: str) -> list[tuple[str, int]]:
        """Titles and progress in the cache of this seat."""
        (file,) = self.program.data.glob(f"profiles/*-{scope}/cache.db")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as conn:
            return conn.execute("SELECT title, progress FROM tasks").fetchall()

    def listed(self) -> list[tuple[str, int, str]]:
        """What `tracker tasks` says beside the window: title, progress, whether it is saved."""
        done = subprocess.run(
            [sys.executable, "-m", "tracker", "tasks", "--json",
             "--data-dir", str(self.program.data)],
            capture_output=True, text=True, timeout=x11.PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done
        return [(t["title"], t["progress"], t["sync"]) for t in json.loads(done.stdout)["tasks"]]


Sit = Callable[..., Seat]


def moved_on(screen: x11.Screen, empty: x11.Strip) -> bool:
    """Whether the only bar is where the empty one was, and filled from its left."""
    bars = screen.strips(LIGHT.track)
    return len(bars) == 1 and bars[0].left > empty.left and bars[0].right == empty.right


@pytest.fixture
def sit(new_screen: Callable[[Path], x11.Screen], tmp_path: Path) -> Iterator[Sit]:
    with ExitStack() as stack:

        def start(name: str, title: str, *words: str) -> Seat:
            folder = tmp_path / name
            folder.mkdir()
            screen = new_screen(folder)
            program = x11.Program(screen, folder, *words)
            stack.callback(program.kill)
            return Seat(screen, program, title)

        yield start


@on_a_screen
def test_what_the_admin_assigns_is_on_the_employees_screen_and_their_progress_on_the_admins(
    company: Company, sit: Sit
) -> None:
    rita, ana = sit("rita", MONITOR, "monitor"), sit("ana", DESK)
    rita.sign_in(company, "rita")
    ana.sign_in(company, "ana")
    assert ana.screen.strips(LIGHT.track) == []

    rita.screen.press("ctrl+n")
    rita.screen.write(TITLE)
    rita.screen.press("Tab", "Tab", "Return")  # over the description to “Add a person…”
    rita.screen.wait_for(CHOOSER)
    rita.screen.write("ana m")
    rita.screen.press("Return")
    rita.screen.wait_for(MONITOR)
    rita.screen.press("ctrl+Return")

    ana.screen.until(lambda: len(ana.screen.strips(LIGHT.track)) == 1, "a card with an empty bar")
    assert ana.listed() == [(TITLE, 0, "saved")]
    (task_id,) = company.task_ids()
    assert company.state(task_id) == ("PENDING", 0)

    rita.screen.click(RAIL_MONITOR)
    rita.screen.until(lambda: len(rita.screen.strips(LIGHT.track)) == 1, "the card at the admin's")
    (empty,) = rita.screen.strips(LIGHT.track)

    ana.screen.press("ctrl+l", "Down")
    ana.screen.press("Tab", "Right", "Right")
    ana.screen.until(lambda: company.state(task_id) == ("IN_PROGRESS", 10), "10 % at the server")
    rita.screen.until(lambda: rita.cached("monitor") == [(TITLE, 10)], "10 % in the monitor")
    rita.screen.until(lambda: moved_on(rita.screen, empty), "10 % on the admin's screen")

    assert rita.program.close(rita.window) == (0, "")
    assert ana.program.close(ana.window) == (0, "")


# -- who may not -----------------------------------------------------------------------------

AT_THE_DIALOG = """
import json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tracker import app, cli
from tracker.ui.dialogs.sign_in import SignInDialog
from tracker.ui.widgets.shell import Shell

url, name, password, root = sys.argv[1:]

def look():
    for window in QApplication.topLevelWidgets():
        if isinstance(window, Shell) and window.isVisible() and window.status.synced_at is not None:
            said.append(window.windowTitle())
            timers.pop().stop()
            window.quit()
            return
    dialog = QApplication.activeModalWidget()
    if not isinstance(dialog, SignInDialog) or not dialog.button.isEnabled():
        return
    if dialog.problem.text():
        said.append(dialog.problem.text())
        timers.pop().stop()
        dialog.reject()
    else:
        dialog.server.edit.setText(url)
        dialog.name.edit.setText(name)
        dialog.password.edit.setText(password)
        dialog.button.click()

def make_app(settings):
    program = made_by(settings)
    timers.append(QTimer())
    timers[0].timeout.connect(look)
    timers[0].start(20)
    return program

said, timers, made_by, app.make_app = [], [], app.make_app, make_app
code = cli.main(["monitor", "--data-dir", root])
print(json.dumps(said))
sys.exit(code)
"""
"""`tracker monitor`, and somebody who fills in its sign-in: they give up when told why not, or
close the window once it has synchronised."""


class Asked:
    """Every path that a server is asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                self.paths.append(scope["path"])
            await app(scope, receive, send)

        return asked


def signs_in(server: RunningServer, name: str, root: Path) -> tuple[int, list[str]]:
    """The exit code, and what was on the screen: why not, or the window's title."""
    foreign = ("TRACKER_", "QT_", "DISPLAY", "WAYLAND_")
    kept = {n: value for n, value in os.environ.items() if not n.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_DIALOG, server.url, name, server.password, str(root)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=x11.PATIENCE, check=False,
        env={
            **kept, "QT_QPA_PLATFORM": "offscreen",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        },
    )  # fmt: skip
    own = [line for line in done.stderr.splitlines() if "This plugin does not support" not in line]
    assert own == [], done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", ["ana", "rita"])
def test_an_employee_is_told_why_the_monitor_does_not_open_and_nothing_is_pulled(
    serve: Callable[..., RunningServer], tmp_path: Path, name: str
) -> None:
    """Rita, an admin, does the same and is let in."""
    asked, machine = Asked(), tmp_path / "machine"
    machine.mkdir()
    server = serve(wrap=asked)
    server.task("jonas", title="Not for Ana's eyes")
    asked.paths.clear()
    code, said = signs_in(server, name, machine)
    assert code == 0  # in both cases they closed what was open themself
    pulled = [path for path in asked.paths if path.startswith("/api/v1/sync/")]
    kept = [*machine.rglob("*.db"), *machine.rglob("current-monitor.json")]
    if name == "rita":
        assert said == [MONITOR]
        assert pulled
        assert kept
        return
    (sentence,) = said
    assert sentence.startswith("Unable to sign in (E1006)"), sentence
    assert "/api/v1/session" in asked.paths
    assert (pulled, kept) == ([], [])
