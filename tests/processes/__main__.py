"""`make soak`: the same as the test, longer. Ends with exit code 1 where a promise was broken."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes.scenario import Scenario
from tests.support import postgresql


@contextmanager
def _databases(folder: Path) -> Iterator[dict[str, str]]:
    """URLs of empty databases by the name of their kind: SQLite, then PostgreSQL if it is here."""
    urls = {"SQLite": f"sqlite:///{folder / 'server.db'}"}
    binaries = postgresql.binaries()
    if binaries is None:
        print("NOT SOAKED ON POSTGRESQL: no initdb in /usr/lib/postgresql/*/bin or on PATH")
        yield urls
        return
    cluster = postgresql.Cluster(binaries)
    cluster.start()
    try:
        yield {**urls, "PostgreSQL": cluster.create("soak")}
    finally:
        cluster.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processes", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="on each database")
    parser.add_argument("--minutes", type=float, default=15, help="at most, on each database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    chosen = parser.parse_args()
    broken = 0
    with (
        tempfile.TemporaryDirectory(prefix="tracker-soak-") as root,
        _databases(Path(root)) as urls,
    ):
        for kind, url in urls.items():
            folder = Path(root) / kind
            folder.mkdir()
            scenario = Scenario(folder, url, chosen.seed)
            until = time.monotonic() + 60 * chosen.minutes
            try:
                with scenario.running():
                    while scenario.kills.total() < chosen.kills and time.monotonic() < until:
                        scenario.kill()
                    scenario.heal()
                    scenario.check()
            except AssertionError as found:
                broken += 1
                print(f"{kind}: A PROMISE WAS BROKEN: {found}")
            print(f"{kind}, seed {chosen.seed}: {scenario.report()}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
