"""Processes of the demo. Each is started here, and only what was started here is ended, by id."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 20.0
"""Seconds until something that should happen counts as not happening."""


class StepFailed(Exception):
    """A step of the tour did not hold; says what was expected and what was there."""


def eventually(what: str, found: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true answer of `found`, asked every 100 ms for at most `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = found()
        if answer:
            return answer
        time.sleep(0.1)
    raise StepFailed(f"{what} did not happen within {seconds:.0f} s")


class DemoServer:
    """`tracker-server` as a process of its own, on SQLite, at a free loopback port."""

    def __init__(self, folder: Path) -> None:
        self._env = {
            **os.environ,
            "TRACKER_DATABASE_URL": f"sqlite:///{folder / 'demo-server.db'}",
        }
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def command(self, *arguments: str) -> str:
        """Runs one tracker-server command and returns what it printed."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "server_stub.cli", *arguments],
            env=self._env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise StepFailed(f"tracker-server {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        """Starts it; a second start takes the same port, as a restarted server would."""
        port = self.url.rpartition(":")[2] or "0"
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "server_stub.cli", "serve", "--port", port],
            env=self._env, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "http://" not in line:
            raise StepFailed(f"the server did not start: {line.strip()}")
        self.url = line.split()[-1]

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.command("audit", "--json").splitlines()]


class DrivenWindow:
    """A window in a process of its own, told by JSON lines what to press. See `driven.py`."""

    def __init__(self, scope: str, name: str, token: str, url: str, folder: Path) -> None:
        self.scope, self.name, self.folder = scope, name, folder / f"{name}-{scope}"
        self._arguments = ["--scope", scope, "--name", name, "--server", url]
        self._env = {**os.environ, "TRACKER_TOKEN": token, "QT_QPA_PLATFORM": "offscreen"}
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "tracker.demo.driven", *self._arguments,
             "--data-dir", str(self.folder)],
            env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._answers = queue.Queue()
        threading.Thread(
            target=self._listen, args=(self._process, self._answers), daemon=True
        ).start()
        self.ask("state")

    @staticmethod
    def _listen(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            answers.put(line)
        answers.put("")

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Sends one command and returns its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        try:
            line = self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise StepFailed(f"the {self.scope} window did not answer {command}") from None
        if not line:
            raise StepFailed(f"the {self.scope} window ended during {command}")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise StepFailed(f"{command}: {answer['failed']}")
        return answer

    def state(self) -> dict[str, Any]:
        return self.ask("state")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Closes the window as a person would; kills it only if that takes too long."""
        if self._process is None:
            return
        try:
            self.ask("quit")
            self._process.wait(10)
        except (StepFailed, BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process = None
