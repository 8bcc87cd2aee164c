"""What the employee's window costs: `python -m benchmarks.ui [--json] [--quick] [ROW …]`.

On Qt's offscreen platform, so without the time of a graphics card, and with everything else: rows
of the cache, widgets, layout, painting into memory. Each figure stands beside a floor of the same
run: an empty window, or Qt's own list view that draws as much as our cards do.

Exit 1 means that a figure could not be measured, never that a limit was missed. --quick is for
seeing that everything still runs; its numbers mean nothing.
"""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported, and for the processes too

import argparse
import json
import logging
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import qVersion

from benchmarks import clicking, showing, starting
from benchmarks.figures import Row, table
from benchmarks.product import Lab


@dataclass(frozen=True)
class Sizes:
    """How many tasks there are (few and many for what must not depend on it), how many of them a
    pull changes, and how often each is measured."""

    few: int = 1_000
    tasks: int = 10_000
    many: int = 100_000
    changed: int = 500
    starts: int = 9
    lists: int = 5
    frames: int = 300
    changes: int = 200
    clicks: int = 600
    pulls: int = 15
    idle_seconds: float = 20.0
    idles: int = 1
    memories: int = 3


QUICK = Sizes(30, 30, 30, 5, 1, 1, 4, 4, 6, 2, 0.5, 1, 1)
ROWS: dict[str, Callable[[Lab, Sizes], Row]] = {
    "start": lambda lab, n: starting.start(lab, n.tasks, n.starts),
    "list": lambda lab, n: showing.list_shown(lab, n.few, n.tasks, n.many, n.lists),
    "scroll": lambda lab, n: showing.scroll(lab, n.few, n.tasks, n.many, n.frames),
    "changed": lambda lab, n: showing.one_changed(lab, n.few, n.tasks, n.many, n.changes),
    "click": lambda lab, n: clicking.click(lab, n.tasks, n.clicks),
    "pull": lambda lab, n: showing.pull(lab, n.tasks, n.changed, n.pulls),
    "idle": lambda lab, n: starting.idle(lab, n.tasks, n.idle_seconds, n.idles),
    "memory": lambda lab, n: starting.memory(lab, n.tasks, n.memories),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ui")
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
            "qt": qVersion(),
        },
        "rows": [row.as_json() for row in found],
        "failed": failed,
    }


if __name__ == "__main__":
    sys.exit(main())
