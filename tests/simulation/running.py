"""Running seeds, in this process or in several."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

from tests.simulation import alone
from tests.simulation.faults import Fault, Killed
from tests.simulation.world import Lab, Simulation

CHUNK = 4
"""Seeds that a process takes at a time: with more, one would wait long for the last of another."""


def memory_folder() -> Path:
    """Files that need not outlive the run: in memory, where the system has a place for that."""
    shared = Path("/dev/shm")
    usable = shared.is_dir() and os.access(shared, os.W_OK)
    return Path(tempfile.mkdtemp(prefix="tracker-simulation-", dir=shared if usable else None))


@contextmanager
def laboratory() -> Iterator[Lab]:
    """Making its people takes a second, so a process makes one and keeps it."""
    folder = memory_folder()
    lab = Lab(folder)
    # What is there now stays: looking through it for rubbish again and again is idle work.
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield lab
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Outcome:
    """Of some seeds: what was done and happened, and the first one that failed, with its story."""

    made: int = 0
    looks: int = 0
    happened: Counter[Fault] = field(default_factory=Counter)
    failed: int | None = None
    story: str = ""

    def __iadd__(self, other: Outcome) -> Outcome:
        self.made += other.made
        self.looks += other.looks
        self.happened += other.happened
        if self.failed is None:
            self.failed, self.story = other.failed, other.story
        return self


def run_seeds(lab: Lab, seeds: Iterable[int]) -> Outcome:
    """Stops at the first that fails."""
    outcome = Outcome()
    for seed in seeds:
        sim = Simulation(lab, seed)
        try:
            sim.run()
        except (Exception, Killed) as error:  # noqa: BLE001 - whatever it is, it is the story
            outcome.failed = seed
            outcome.story = "\n".join([*sim.history, f"{type(error).__name__}: {error}"])
            return outcome
        outcome += Outcome(len(sim.made), sim.views.looks, sim.happened)
    return outcome


def run(start: int, count: int, processes: int) -> Outcome:
    """Seeds from `start` on, in as many processes."""
    if processes == 1:
        with laboratory() as lab:
            return run_seeds(lab, range(start, start + count))
    context = multiprocessing.get_context("spawn")
    requests: Queue[range | None] = context.Queue()
    answers: Queue[Outcome] = context.Queue()
    workers = [
        context.Process(target=alone.work, args=(requests, answers)) for _ in range(processes)
    ]
    parts = [range(n, min(n + CHUNK, start + count)) for n in range(start, start + count, CHUNK)]
    for part in parts:
        requests.put(part)
    for worker in workers:
        requests.put(None)
        worker.start()
    total = Outcome()
    try:
        for _ in parts:
            total += _next(answers, workers)
            if total.failed is not None:
                break
    finally:
        for worker in workers:
            worker.terminate() if total.failed is not None else worker.join()
    return total


def _next(answers: Queue[Outcome], workers: Sequence[BaseProcess]) -> Outcome:
    while True:
        try:
            return answers.get(timeout=1)
        except Empty:
            if any(worker.exitcode for worker in workers):
                raise RuntimeError("a process of the simulation died") from None
