"""Servers as processes of their own. Only what was started here is ended, by its id."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[1]


class Process:
    """`python -m …`, started and ended with a `with` block. `said` is its first line."""

    def __init__(self, arguments: Sequence[str | Path], env: Mapping[str, str] | None = None):
        self._process = subprocess.Popen(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=REPOSITORY,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = self.hear()
        if not self.said:
            self.stop()
            raise RuntimeError(f"{arguments[0]} did not start")

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.hear()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def run(arguments: Sequence[str | Path], env: Mapping[str, str], typed: str = "") -> str:
    """Runs `python -m …` to its end and returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, **env},
        input=typed,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout
