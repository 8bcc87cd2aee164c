"""`python -m tests.simulation --seeds N [--start K]`: runs seeds, reports what happened."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation import alone


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many seeds")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    alone.without_locks()
    from tests.simulation.faults import Fault
    from tests.simulation.running import run

    started = time.monotonic()
    outcome = run(args.start, args.seeds, args.processes)
    took = time.monotonic() - started
    for fault in Fault:
        print(f"{outcome.happened[fault]:9,}  {fault}")
    print(f"{outcome.made:9,}  actions made, {outcome.looks:,} looks at views")
    if outcome.failed is not None:
        print(f"\nseed {outcome.failed} FAILED:\n{outcome.story}")
        print(f"\nAgain: python -m tests.simulation --seeds 1 --start {outcome.failed}")
        return 1
    rate = args.seeds / took
    print(f"{args.seeds:,} seeds without a violation in {took:.1f} s: {rate:.1f} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
