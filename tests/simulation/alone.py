"""A process of the simulator uses SQLite on one thread: it does without SQLite's locks.

Taking and leaving them, and counting allocations under one more, is a tenth of a seed's time.
SQLite hears of it only before it is first used, which importing `sqlite3` does already. So this
module imports nothing that does, and whoever calls it imports the rest later.
"""

from __future__ import annotations

import ctypes
from multiprocessing.queues import Queue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.running import Outcome

_LIBRARY = "libsqlite3.so.0"
_SINGLE_THREAD, _COUNT_MEMORY = 1, 9
"""Numbers of `sqlite3_config`."""


def without_locks() -> None:
    """For processes of the simulator alone: never for pytest's own, nor for the product. Where the
    library has another name or is in use already, everything stays as it was."""
    try:
        sqlite = ctypes.CDLL(_LIBRARY)
    except OSError:
        return
    sqlite.sqlite3_config(_SINGLE_THREAD)
    sqlite.sqlite3_config(_COUNT_MEMORY, 0)


def work(requests: Queue[range | None], answers: Queue[Outcome]) -> None:
    """A process of the pool."""
    without_locks()
    from tests.simulation.running import laboratory, run_seeds

    with laboratory() as lab:
        while (seeds := requests.get()) is not None:
            answers.put(run_seeds(lab, seeds))
