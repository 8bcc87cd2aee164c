"""PySide6 6.12.0 on Python 3.11 loses a reference to None at each void call and aborts."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
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


@pytest.mark.parametrize(
    ("python", "takes_it"), [("3.11", False), ("3.12", True), ("3.13", True), ("3.14", True)]
)
def test_each_python_has_exactly_one_pin_and_it_knows_the_bad_release(
    python: str, takes_it: bool
) -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(r) for r in project["dependencies"] if r.startswith("PySide6")]
    here = [r for r in wanted if r.marker is None or r.marker.evaluate({"python_version": python})]
    assert len(here) == 1
    assert here[0].specifier.contains("6.12.0") is takes_it
