"""What an import may load: the command line starts in a tenth of a second because of this."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    ("statement", "kept_out"),
    [
        ("import tracker.protocol", {"PySide6", "httpx", "sqlite3"}),
        ("import tracker.protocol.sync", {"PySide6", "httpx", "sqlite3"}),
        ("import tracker.domain.replay", {"PySide6", "httpx", "sqlite3", "pydantic"}),
        ("import tracker.commands.work", {"PySide6", "httpx", "pydantic", "keyring"}),
        ("import tracker.app", {"PySide6", "httpx", "pydantic"}),
    ],
)
def test_importing_does_not_load(statement: str, kept_out: set[str]) -> None:
    assert loaded_by(statement) & kept_out == set()
