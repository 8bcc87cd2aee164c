"""`python -m tests.simulation.mutants [NAME …] --seeds N`: finds seeds that catch planted bugs.

Each of SEEDS is kept, so the test of each bug is one run. Whoever changes what a seed does finds
new ones with this command: it tries the kept seed first, then searches, and prints what changed.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from tests.simulation import bugs_device, bugs_server
from tests.simulation.checks import Violation
from tests.simulation.running import laboratory
from tests.simulation.world import Lab, Simulation

BUGS = bugs_device.BUGS | bugs_server.BUGS
SEEDS: dict[str, int] = {
    "batch_by_retries": 0,
    "later_ones_overtake": 0,
    "dependent_before_its_parent": 0,
    "attempt_not_marked": 1,
    "attempted_withdrawn": 1,
    "bytes_change_on_resend": 0,
    "retry_is_final": 3,
    "clone_loses_order": 3,
    "clone_ignored": 3,
    "not_offered_again": 0,
    "words_not_given_back": 3,
    "void_not_sent": 3,
    "blocked_not_in_tray": 0,
    "full_disk_swallowed": 0,
    "refusal_is_success": 0,
    "timeout_is_success": 1,
    "rows_of_two_epochs": 0,
    "user_not_named": 31,
    "cursor_before_rows": 26,
    "absent_is_deleted": 0,
    "history_not_trimmed": 1,
    "overlay_dropped_at_receipt": 1,
    "shown_twice": 28,
    "receipt_after_the_commit": 1,
    "receipts_expire": 0,
    "fingerprint_not_compared": 56,
    "device_clock_decides": 0,
    "void_ignores_receipt": 15,
    "rerun_forgets_followers": 9,
    "impatient_after_restore": 0,
    "loser_not_told": 13,
    "newcomer_not_told": 0,
    "lost_task_still_read": 3,
    "first_pull_without_feed": 70,
    "page_skips_rows": 1,
    "heads_do_not_rise": 0,
    "gap_not_forgotten": 2,
    "read_on_over_a_gap": 2,
    "heads_fall_when_pruned": 202,
    "restore_not_noticed": 0,
    "poll_trusts_any_mark": 488,
    "token_outlives_its_end": 2,
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all that are planted, if none")
    parser.add_argument("--seeds", type=int, default=500, help="how many to try for each")
    args = parser.parse_args()
    missed = 0
    with laboratory() as lab:
        for name in args.names or BUGS:
            kept = SEEDS.get(name)
            for seed in ([kept] if kept is not None else []) + list(range(args.seeds)):
                if found := violation(lab, seed, name):
                    word = "still" if seed == kept else "now"
                    print(f'    "{name}": {seed},  # {word}: {found[:100]}', flush=True)
                    break
            else:
                missed += 1
                print(f'    "{name}": NOT CAUGHT in {args.seeds} seeds', flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
