"""The rules of the architecture are enforced: each planted breach breaks `lint-imports`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the two packages and their contracts."""
    leave_out = shutil.ignore_patterns("__pycache__", "*.svg")
    for package in ("tracker", "server_stub"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=leave_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> tuple[int, str]:
    found = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert found is not None, "import-linter is not installed beside this Python"
    done = subprocess.run(
        [found, "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    code, said = lint(tree)
    assert code == 0, said
    assert "0 broken" in said


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("tracker/ui", "import sqlite3", "sqlite3 stays in the cache"),
        ("tracker/services", "import sqlite3", "sqlite3 stays in the cache"),
        ("tracker/sync", "from PySide6 import QtCore", "PySide6 stays in ui"),
        ("tracker/services", "from PySide6.QtCore import QObject", "PySide6 stays in ui"),
        ("tracker/ui", "import httpx", "httpx stays in the transport"),
        ("tracker/cache", "from tracker.protocol import sync", "The cache runs on the domain"),
        ("tracker/sync", "from tracker.cache import outbox", "rooms import one way"),
        ("tracker/domain", "import pydantic", "The domain is pure"),
        ("server_stub", "from tracker.cache import outbox", "The server knows the domain"),
        ("server_stub/core", "from server_stub.tasks import service", "core knows no feature"),
        ("tracker/services", "import server_stub", "The client never imports the server"),
    ],
)
def test_a_planted_breach_is_found(tree: Path, room: str, line: str, contract: str) -> None:
    (tree / room / "planted.py").write_text(f"{line}\n", encoding="utf-8")
    code, said = lint(tree)
    assert code != 0, said
    broken = [row for row in said.splitlines() if row.strip().endswith("BROKEN")]
    assert any(contract in row for row in broken), said
