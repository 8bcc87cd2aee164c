"""The benchmarks still run. What they measure is for people to read: no time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import analytics, server
from benchmarks.figures import Bound, Figure, Row, spread, table
from benchmarks.product import Lab
from benchmarks.sync import ROWS, Sizes, main

ROOT = Path(__file__).resolve().parents[1]


def test_every_row_is_measured_with_its_floor() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sync", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["failed"] == []
    assert len(report["rows"]) == len(ROWS)
    for row in report["rows"]:
        assert row["value"] > 0, row
        assert row["floor"] > 0, row
        assert row["ratio"] == pytest.approx(row["value"] / row["floor"])
        assert any(figure["must"] is not None for figure in row["figures"]), row


def test_the_windows_figures_are_measured_with_their_floor() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ui", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["failed"] == []
    assert [row["name"] for row in report["rows"]] == [
        *["start", "list", "scroll", "changed", "click", "pull", "idle", "memory"]
    ]
    for row in report["rows"]:
        assert row["value"] > 0, row
        assert row["floor"] > 0, row
        assert any(figure["must"] is not None for figure in row["figures"]), row


def test_the_monitors_figures_are_measured_with_their_floor() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.monitor", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["failed"] == []
    assert [row["name"] for row in report["rows"]] == [
        *["blocked", "visible", "memory", "statistics", "statistics, offline"]
    ]
    for row in report["rows"]:
        assert row["value"] > 0, row
        assert row["floor"] > 0, row
        assert any(figure["must"] is not None for figure in row["figures"]), row


def test_the_figures_for_admins_are_measured_with_their_floor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert analytics.main(["--quick", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["database"] == "sqlite"
    assert [row["name"] for row in report["rows"]] == [*analytics.ROWS, analytics.ON_DEVICE]
    for row in report["rows"]:
        assert row["value"] > 0, row
        assert row["floor"] > 0, row


def test_the_servers_figures_are_measured_with_their_floor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["employee-list", "progress", "bulk", "clients"]
    assert server.main(["--quick", "--json", "--database", "sqlite", *names]) == 0
    report = json.loads(capsys.readouterr().out)
    (rows,) = report["databases"].values()
    assert [row["name"] for row in rows] == names
    for row in rows:
        assert row["value"] > 0, row
        assert row["floor"] > 0, row
    figures = {figure["name"]: figure["value"] for figure in rows[-1]["figures"]}
    assert figures["changes"] == 3
    assert figures["answers with something new"] >= 3


def test_a_row_that_cannot_be_measured_fails_the_run_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_lab: Lab, _sizes: Sizes) -> Row:
        raise RuntimeError("no such thing")

    monkeypatch.setitem(ROWS, "load", broken)
    assert main(["--quick", "--json", "load", "commit"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["failed"] == ["load"]
    assert [row["name"] for row in report["rows"]] == ["commit"]


@pytest.mark.parametrize(
    ("bound", "value", "said"),
    [
        ("<=", 2.0, "must <= 2 reached"),
        ("<=", 2.1, "must <= 2 NOT REACHED"),
        (">=", 2.0, "must >= 2 reached"),
        (">=", 1.9, "must >= 2 NOT REACHED"),
    ],
)
def test_the_table_says_whether_a_limit_is_reached(bound: Bound, value: float, said: str) -> None:
    figure = Figure("speed", value, "x", bound, must=2)
    row = Row("row", "what", "ms", spread([value]), spread([1]), [figure])
    assert table([row]).endswith(said)


def test_the_median_and_the_percentiles_are_measured_values() -> None:
    found = spread([float(number) for number in range(100, 0, -1)])
    assert (found.median, found.p95, found.p99, found.samples) == (50, 95, 99, 100)
