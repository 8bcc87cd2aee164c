"""What the product costs as a process: its start, its rest, its memory."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

from benchmarks.desk import fill
from benchmarks.figures import Figure, Row, by_turns, ratio, spread, timed
from benchmarks.processes import Process
from benchmarks.product import Lab
from tracker.config import profile_folder, save_profile
from tracker.services.credentials import VARIABLE
from tracker.sync.engine import State

_TOKEN = {VARIABLE: "nobody will ask for it"}
_KEYRING = {VARIABLE: "", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
"""As a person starts it, but for the keyring's own questions."""
_FLOOR = "benchmarks.floor.window"
_POLL_SECONDS = 5.0
_SETTLED = 3.0
"""Seconds after its first run, after which nothing of the start goes on."""


def start(lab: Lab, tasks: int, rounds: int) -> Row:
    """From nothing to cards that can be used. Interpreter and imports are part of it."""
    root = lab.folder()
    fill(root, tasks)
    early: set[str] = set()

    def product() -> float:
        return _until_painted(["benchmarks.opening", "--data-dir", root], tasks, early)

    def floor() -> float:
        return _until_painted([_FLOOR], 0, set())

    ours, least = by_turns(rounds, product, floor, warm_up=1)
    return Row(
        "start",
        f"start of the process until the first of {tasks:,} cached tasks are painted;"
        " the floor is an empty window",
        "ms",
        ours,
        least,
        [
            Figure("time", ours.median, "ms", must=500),
            Figure("against the floor", ratio(ours, least), "x", aim=2),
            Figure("libraries for the network by then", len(early), must=0),
        ],
    )


def _until_painted(command: list[str | Path], tasks: int, early: set[str]) -> float:
    """Milliseconds until the process says that it is painted; adds what it has loaded by then."""
    begun: list[Process] = []
    taken = timed(lambda: begun.append(Process(command, _KEYRING)))
    with begun[0] as process:
        said = json.loads(process.said)
    if tasks and said["tasks"] == 0:
        raise RuntimeError(f"no task is shown: {said}")
    early.update(said.get("early", ()))
    return taken


def idle(lab: Lab, tasks: int, seconds: float, rounds: int) -> Row:
    """A window that nobody touches, at a server that has nothing new; both at the same time."""
    root = lab.folder()
    with lab.server(tasks) as server:
        profile = server.profile(profile_folder(root, server.url, "ana", "desk"), "ana")
        save_profile(root, profile)
        with closing(server.device(profile)) as device:
            device.engine.run_once()
        token = server.tokens["ana"]
        command: list[str | Path] = ["benchmarks.opening", "--data-dir", root]
        with Process(command, {VARIABLE: token}) as window, Process([_FLOOR]) as empty:
            empty.ask(f"poll {server.url} {token} {_POLL_SECONDS}")
            _until(window, State.SYNCED)
            time.sleep(_SETTLED)
            found: tuple[list[float], list[float]] = ([], [])
            for _ in range(rounds):
                before = _cpu(window), _cpu(empty)
                time.sleep(seconds)
                for values, process, then in zip(found, (window, empty), before, strict=True):
                    values.append((_cpu(process) - then) / seconds * 100)
    ours, least = map(spread, found)
    return Row(
        "idle",
        f"CPU of a window with {tasks:,} tasks that polls every {_POLL_SECONDS:.0f} s and hears"
        " nothing new; the floor is an empty window and httpx asking as often",
        "% of a core",
        ours,
        least,
        [
            Figure("CPU", ours.median, "%", must=1),
            Figure("against the floor", ratio(ours, least), "x"),
        ],
    )


def _cpu(process: Process) -> float:
    return float(process.ask("cpu"))


def memory(lab: Lab, tasks: int, rounds: int) -> Row:
    """Over an empty window that has imported everything the product has. Fresh processes."""
    root = lab.folder()
    fill(root, tasks)
    modules: list[str] = []

    def product() -> float:
        with Process(["benchmarks.opening", "--data-dir", root], _TOKEN) as window:
            _until(window, State.OFFLINE)
            time.sleep(_SETTLED)
            modules[:] = window.ask("modules").split()
            return float(window.ask("memory"))

    def floor() -> float:
        with Process([_FLOOR]) as empty:
            empty.ask(" ".join(["import", *modules]))
            time.sleep(_SETTLED)
            return float(empty.ask("memory"))

    ours, least = by_turns(rounds, product, floor)
    return Row(
        "memory",
        f"written memory with {tasks:,} cached tasks; the floor is an empty window with the same"
        " imports",
        "MB",
        ours,
        least,
        [
            Figure("more than the floor", ours.median - least.median, "MB", must=40),
            Figure("against the floor", ratio(ours, least), "x"),
        ],
    )


def _until(window: Process, state: State) -> None:
    """Until a run of the engine came to this."""
    until = time.monotonic() + 30
    while (found := window.ask("state")) != state:
        if time.monotonic() > until:
            raise RuntimeError(f"the window is {found or 'not synchronising'}, not {state}")
        time.sleep(0.1)
