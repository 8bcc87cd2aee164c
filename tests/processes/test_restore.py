"""What an operator does after a lost disk, with real processes: nothing that devices delivered is
lost, and nothing is doubled."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Template
from tests.processes.scenario import DONE, QUEUED, Desk
from tests.support.client import CommandLine
from tests.support.operator import Operator, Served


def trail(operator: Operator) -> list[dict[str, Any]]:
    return [json.loads(line) for line in operator.ok("audit", "--json").splitlines()]


def do(desk: Desk, *arguments: str) -> int:
    return desk.command(*arguments).code


def synchronise(desk: Desk) -> None:
    """What one device has to wait for may come from the other."""
    desk.command("sync", "--once")


def test_what_was_delivered_after_the_backup_comes_back(
    either_template: Template, tmp_path: Path
) -> None:
    operator = Operator(either_template.empty(tmp_path))
    tokens = json.loads(operator.ok("seed-demo", "--tokens"))["tokens"]
    file, desks = tmp_path / "monday.backup", []
    with ExitStack() as stack:
        served = Served(operator.url)
        stack.callback(served.kill)
        for name in ("ana", "jonas"):
            line = CommandLine(tmp_path / name, tokens[name], tmp_path)
            assert line("login", "--server", served.url, "--user", name).code == DONE
            desk = Desk(name, line)
            open_ones = [t for t in desk.ask("tasks")["tasks"] if t["status"] == "IN_PROGRESS"]
            desk.tasks = [task["id"] for task in open_ones]
            desks.append(desk)
        ana, jonas = desks
        assert do(ana, "comment", ana.tasks[0], "in the backup") == DONE
        operator.ok("backup", str(file))
        assert do(ana, "comment", ana.tasks[0], "after it") == DONE
        assert do(jonas, "progress", jonas.tasks[0], "99", "-m", "jonas after it") == DONE
        before = trail(operator)
        served.end()
        assert do(ana, "comment", ana.tasks[0], "while it was away") == QUEUED

        operator.ok("restore", str(file), "--yes", "--overwrite")
        restored = trail(operator)
        assert [row["note"] for row in before[len(restored) :]] == ["after it", "jonas after it"]
        served = Served(operator.url, "--port", str(httpx.URL(served.url).port))
        stack.callback(served.kill)
        for desk in (ana, jonas, ana):
            synchronise(desk)
            assert desk.ask("queue")["waiting"] == []
        for desk in desks:
            assert desk.ask("queue")["rejected"] == []
        served.end()

    after = trail(operator)
    assert after[: len(restored)] == restored
    assert set(Counter(row["op_id"] for row in after).values()) == {1}
    assert {row["op_id"] for row in before} < {row["op_id"] for row in after}
    come = {row["note"]: row.get("replayed_after_restore") for row in after[len(restored) :]}
    assert come == {"after it": True, "jonas after it": True, "while it was away": None}
    assert "BROKEN" not in operator.ok("verify-audit")
