"""What synchronising costs: `python -m benchmarks.sync [--json] [--quick] [ROW …]`.

Each row moves the same through the product and through the floor (`benchmarks/floor`): a server of
Starlette, orjson and sqlite3 and a client of a socket and sqlite3, with synchronous=FULL at both
ends and no rules. The two are measured by turns, so the ratio holds also where the milliseconds
are those of a busy machine. Everything runs on loopback, the servers in processes of their own.

Exit 1 means that a figure could not be measured, never that a limit was missed. --quick is for
seeing that everything still runs; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import hearing, reading, sending
from benchmarks.figures import Row, table
from benchmarks.product import Lab


@dataclass(frozen=True)
class Sizes:
    """How many tasks there are (and, for what must not depend on it, few and many), how many
    actions wait, and how often each is measured."""

    few: int = 1_000
    tasks: int = 10_000
    many: int = 100_000
    actions: int = 10_000
    commits: int = 500
    replays: int = 3
    pulls: int = 7
    polls: int = 200
    loads: int = 3
    load_seconds: float = 2.0
    changes: int = 20
    interval: float = 1.0


QUICK = Sizes(
    few=20,
    tasks=20,
    many=20,
    actions=20,
    commits=5,
    replays=1,
    pulls=1,
    polls=5,
    loads=1,
    load_seconds=0.2,
    changes=2,
    interval=0.1,
)
ROWS: dict[str, Callable[[Lab, Sizes], Row]] = {
    "commit": lambda lab, n: sending.commit(lab, n.few, n.tasks, n.commits),
    "replay": lambda lab, n: sending.replay(lab, n.tasks, n.actions, n.replays),
    "first-pull": lambda lab, n: reading.first_pull(lab, n.tasks, n.pulls),
    "nothing-new": lambda lab, n: reading.nothing_new(lab, n.few, n.tasks, n.many, n.polls),
    "load": lambda lab, n: reading.load(lab, n.tasks, n.load_seconds, n.loads),
    "change": lambda lab, n: hearing.change(lab, n.tasks, n.interval, n.changes),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; else all")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    args = parser.parse_args(arguments)
    if unknown := set(args.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    sizes = QUICK if args.quick else Sizes()
    found: list[Row] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder:
        lab = Lab(Path(folder))
        for name in args.rows or ROWS:
            try:
                row = ROWS[name](lab, sizes)
            except Exception:
                logging.exception("%s could not be measured", name)
                failed.append(name)
                continue
            found.append(row)
            if not args.json:
                print(table([row]), end="\n\n", flush=True)
    if args.json:
        print(json.dumps(_report(found, failed), indent=1))
    return 1 if failed else 0


def _report(found: Sequence[Row], failed: Sequence[str]) -> dict[str, object]:
    return {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "rows": [row.as_json() for row in found],
        "failed": failed,
    }


if __name__ == "__main__":
    sys.exit(main())
