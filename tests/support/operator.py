"""`tracker-server` as a process: an operator who types commands, and a server that runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

from typer.testing import CliRunner

from server_stub.cli import cli
from tracker.domain.errors import TrackerError

PROGRAM = [sys.executable, "-c", "from server_stub.cli import main; main()"]


def environment(url: str, owner: str | None = None) -> dict[str, str]:
    """The machine's, without its own TRACKER_ settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    named = {"TRACKER_OWNER_DATABASE_URL": owner} if owner else {}
    return {**kept, **named, "TRACKER_DATABASE_URL": url}


class Operator:
    """Types commands for one database, with the URL of its owner where there is another."""

    def __init__(self, url: str, owner: str | None = None) -> None:
        self.url = url
        self.owner = owner

    def __call__(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PROGRAM, *args],
            env=environment(self.url, self.owner),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def ok(self, *args: str, stdin: str = "") -> str:
        done = self(*args, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, code: str, *args: str, stdin: str = "") -> str:
        """One coded sentence on stderr, nothing on stdout, exit 1."""
        done = self(*args, stdin=stdin)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert f"({code})" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        return done.stderr


class Clerk(Operator):
    """Types the same in this process, where a command takes no second to start."""

    def __call__(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        variables = environment(self.url, self.owner)
        done = CliRunner().invoke(cli, args, stdin, env=variables)
        if done.exception is not None and not isinstance(done.exception, TrackerError | SystemExit):
            raise done.exception
        fault = f"{done.exception}\n" if isinstance(done.exception, TrackerError) else ""
        return subprocess.CompletedProcess(args, done.exit_code, done.stdout, done.stderr + fault)


class Served:
    """`tracker-server serve` on a free port; `url` is what it prints."""

    def __init__(self, url: str, *args: str, owner: str | None = None) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", "0", *args],
            env=environment(url, owner),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert re.match("Tracker server on https?://127.0.0.1:", line), self.process.stderr
        self.url = line.split()[-1]

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """What the process wrote on stderr until it ended."""
        self.process.send_signal(number)
        try:
            _, err = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, err = self.process.communicate()
            raise AssertionError("the server did not stop") from None
        return err

    def kill(self) -> str:
        """SIGKILL; what the process wrote on stderr. Harmless when it has ended already."""
        self.process.kill()
        return self.process.communicate()[1]
