"""`tracker demo`: starts a server of its own with demo data and opens both windows.

With a display a person looks around until Ctrl-C; without one the tour runs and checks itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tracker.demo.processes import DemoServer, DrivenWindow, StepFailed
from tracker.demo.tour import Tour
from tracker.services import session
from tracker.services.credentials import VARIABLE, InEnvironment

EMPLOYEE, ADMIN = "ana", "rita"


def has_display() -> bool:
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return False
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def run(output: Path, *, headless: bool) -> int:
    """0 when every step held, or when the person ended it; 1 when a step did not hold."""
    # Also where the shell that started this ignores Ctrl-C for what runs in the background.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tracker-demo-") as folder:
        server = DemoServer(Path(folder))
        try:
            seeded = json.loads(server.command("seed-demo", "--tokens"))
            server.start()
            _introduce(server, seeded)
            if headless or not has_display():
                return _tour(server, seeded, Path(folder), output)
            return _look_around(server, seeded, Path(folder))
        except StepFailed as failure:
            print(f"The demo stopped: {failure}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            server.stop()


def _introduce(server: DemoServer, seeded: dict[str, Any]) -> None:
    print(f"Server at {server.url}, password of everyone: {seeded['password']}")
    print("People: sara (owner), rita (admin), ana, jonas, mei, luis (employees)", flush=True)


def _tour(server: DemoServer, seeded: dict[str, Any], folder: Path, output: Path) -> int:
    employee = DrivenWindow("desk", EMPLOYEE, seeded["tokens"][EMPLOYEE], server.url, folder)
    monitor = DrivenWindow("monitor", ADMIN, seeded["tokens"][ADMIN], server.url, folder)
    begun = time.monotonic()
    try:
        Tour(server, employee, monitor, output).run()
    finally:
        employee.stop()
        monitor.stop()
    print(f"Every step held, {time.monotonic() - begun:.1f} s; pictures are in {output}/")
    return 0


def _look_around(server: DemoServer, seeded: dict[str, Any], folder: Path) -> int:
    """Opens both windows as the commands a person would use, and waits for them."""
    windows = []
    try:
        for name, command in ((EMPLOYEE, []), (ADMIN, ["monitor"])):
            token, root = seeded["tokens"][name], folder / name
            signed = InEnvironment(token)
            session.sign_in(root, server.url, name, None, "monitor" if command else "desk", signed)
            windows.append(
                subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-m", "tracker", "--data-dir", str(root), *command],
                    env={**os.environ, VARIABLE: token},
                )
            )
        print("Assign a task in the monitor and watch it arrive. Ctrl-C ends everything.")
        for window in windows:
            window.wait()
    except KeyboardInterrupt:
        print("Stopping.")
    finally:
        for window in windows:
            if window.poll() is None:
                window.terminate()
                window.wait()
    return 0
