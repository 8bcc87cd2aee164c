"""`python -m tests.simulation.mutants [NAME …] --seeds N`: finds seeds that catch planted bugs.

Each of SEEDS is kept, so the test of each bug is one run. Whoever changes what a seed does finds
new ones with this command: it tries the kept seed first, then searches, and prints what changed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from contextlib import nullcontext
from functools import partial

from tests.simulation import bugs_device, bugs_server
from tests.simulation.checks import Violation
from tests.simulation.running import laboratory
from tests.simulation.world import Lab, Simulation

BUGS = bugs_device.BUGS | bugs_server.BUGS
SEEDS: dict[str, int] = {
    "batch_by_retries": 8,
    "later_ones_overtake": 4,
    "dependent_before_its_parent": 0,
    "attempt_not_marked": 47,
    "attempted_withdrawn": 47,
    "bytes_change_on_resend": 0,
    "retry_is_final": 0,
    "clone_loses_order": 19,
    "clone_ignored": 4,
    "not_offered_again": 16,
    "words_not_given_back": 11,
    "void_not_sent": 11,
    "blocked_not_in_tray": 9,
    "full_disk_swallowed": 74,
    "refusal_is_success": 16,
    "timeout_is_success": 0,
    "rows_of_two_epochs": 16,
    "user_not_named": 16,
    "cursor_before_rows": 88,
    "absent_is_deleted": 0,
    "history_not_trimmed": 2,
    "overlay_dropped_at_receipt": 0,
    "shown_twice": 1,
    "stub_shown_in_part": 1,
    "stub_outlives_its_tombstone": 30,
    "stub_outlives_a_first_pull": 328,
    "busy_task_evicted": 9,
    "wanted_not_asked_for": 1,
    "receipt_after_the_commit": 15,
    "receipts_expire": 5,
    "fingerprint_not_compared": 32,
    "device_clock_decides": 0,
    "void_ignores_receipt": 185,
    "rerun_forgets_followers": 5,
    "impatient_after_restore": 5,
    "loser_not_told": 13,
    "newcomer_not_told": 0,
    "lost_task_still_read": 2,
    "first_pull_without_feed": 183,
    "page_skips_rows": 1,
    "whole_without_comments": 1,
    "heads_do_not_rise": 1,
    "gap_not_forgotten": 19,
    "read_on_over_a_gap": 7,
    "restore_not_noticed": 16,
    "token_outlives_its_end": 32,
    "sums_told_to_nobody": 0,
    "time_told_to_nobody": 0,
    "archived_tasks_stay": 15,
}
"""Bug → a seed that catches it."""


def violation(lab: Lab, seed: int, name: str | None = None) -> str | None:
    """What the run of the seed finds wrong, with that bug in the product or without any."""
    with BUGS[name].planted() if name else nullcontext():
        try:
            Simulation(lab, seed).run()
        except Violation as found:
            return str(found)
    return None


def search(name: str, seeds: int) -> tuple[str, int | None, str]:
    """The bug, a seed that catches it, the kept one first, and what that run found wrong."""
    kept = SEEDS.get(name)
    with laboratory() as lab:
        for seed in ([kept] if kept is not None else []) + list(range(seeds)):
            if found := violation(lab, seed, name):
                return name, seed, found
    return name, None, ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all that are planted, if none")
    parser.add_argument("--seeds", type=int, default=500, help="how many to try for each")
    args = parser.parse_args()
    missed = 0
    with multiprocessing.get_context("spawn").Pool() as pool:
        work = partial(search, seeds=args.seeds)
        for name, seed, found in pool.imap(work, args.names or BUGS):
            missed += seed is None
            if seed is None:
                print(f'    "{name}": NOT CAUGHT in {args.seeds} seeds', flush=True)
            else:
                word = "still" if seed == SEEDS.get(name) else "now"
                print(f'    "{name}": {seed},  # {word}: {found[:100]}', flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
