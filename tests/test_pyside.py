"""PySide6 6.12.0 on Python 3.11 loses a reference to None at each void call and aborts."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

CALLS = """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel()
for n in range(100_000):
    label.setText("x")
print("alive")
"""


def test_a_hundred_thousand_void_calls_are_survived() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-500:]


def test_the_bad_release_is_excluded_below_python_3_12() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(r) for r in project["dependencies"] if r.startswith("PySide6")]
    for requirement in wanted:
        assert requirement.marker is not None
        old_python = requirement.marker.evaluate({"python_version": "3.11"})
        assert requirement.specifier.contains("6.12.0") is not old_python
        assert requirement.specifier.contains("6.11.3")
