"""One person's change on another device: how long it is on the way."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from benchmarks.figures import Figure, Row, by_turns, ratio
from benchmarks.floor import rows
from benchmarks.floor.client import Client, serving
from benchmarks.product import BATCH, Lab, Running, work
from tracker.domain.change import Action
from tracker.services import syncing
from tracker.services.workspace import Workspace, open_workspace
from tracker.sync.engine import Engine
from tracker.sync.pacing import JITTER
from tracker.sync.runner import Runner

Heard = SimpleQueue[tuple[float, frozenset[str]]]
"""When B's cache had it, and the ids that changed."""
Commit = Callable[[Action], None]


def change(lab: Lab, tasks: int, interval: float, rounds: int) -> Row:
    """From A's commit to B's cache, both with the product's own runners: woken by the server's
    events, and by polling alone."""
    with lab.server(tasks) as server:
        actions = (work(number, server.task_ids) for number in count())

        def sample(send: Commit, heard: Heard) -> Callable[[], float]:
            def travel() -> float:
                action = next(actions)
                return _travelled(action, (action.task_id, action.op_id), send, heard, interval)

            return travel

        with _product(lab, server, interval, events=False) as polling:
            (alone,) = by_turns(rounds, sample(*polling), warm_up=1)
        with _product(lab, server, interval, events=True) as woken, _floor(lab) as least:
            ours, bare = by_turns(rounds, sample(*woken), sample(*least), warm_up=1)
    return Row(
        "change",
        f"one change from A's commit to B's cache, both polling every {interval:g} s",
        "ms",
        ours,
        bare,
        [
            Figure("median, with push events", ours.median, "ms", aim=7),
            Figure("p95, with push events", ours.p95, "ms", must=50),
            Figure("against the floor", ratio(ours, bare), "x"),
            Figure("p95 in intervals, without", alone.p95 / 1000 / interval, must=1 + JITTER),
        ],
    )


def _travelled(
    action: Action, marks: tuple[str, ...], commit: Commit, heard: Heard, interval: float
) -> float:
    """Milliseconds until B has what carries one of the marks."""
    # Anywhere between two polls. The floor waits too: a disk that was idle is slower to flush.
    time.sleep(random.uniform(0, interval))
    started = time.perf_counter()
    commit(action)
    at = started
    while at < started + 10 + 10 * interval:
        at, ids = heard.get(timeout=60)
        if at > started and not ids.isdisjoint(marks):
            return (at - started) * 1000
    raise RuntimeError("B did not hear of it")


@contextmanager
def _product(
    lab: Lab, server: Running, interval: float, events: bool
) -> Iterator[tuple[Commit, Heard]]:
    """Two devices of ana's: how to commit on the first, and what the second hears."""
    with (
        _device(server, lab.folder(), interval, events) as (workspace, runner, reports),
        _device(server, lab.folder(), interval, events) as (_, _, heard),
    ):

        def commit(action: Action) -> None:
            workspace.outbox.add([action])
            runner.wake()

        for first in (reports, heard):
            first.get(timeout=60)
        yield commit, heard


@contextmanager
def _device(
    server: Running, folder: Path, interval: float, events: bool
) -> Iterator[tuple[Workspace, Runner, Heard]]:
    """What `app.open_window` puts together, without the window."""
    profile = server.profile(folder, "ana")
    heard: Heard = SimpleQueue()
    with ExitStack() as stack:
        workspace = stack.enter_context(closing(open_workspace(profile)))
        running: list[syncing.Running] = []

        def make_engine() -> Engine:
            running.append(stack.enter_context(closing(server.device(profile))))
            if events:
                running[0].listen(runner.wake)
            return running[0].engine

        runner = Runner(
            make_engine,
            interval,
            lambda report: heard.put((time.perf_counter(), report.changes.tasks)),
            lambda: running[0].workspace.outbox.last_seq() if running else 0,
        )
        runner.start()
        try:
            yield workspace, runner, heard
        finally:
            runner.stop()


@contextmanager
def _floor(lab: Lab) -> Iterator[tuple[Commit, Heard]]:
    """The same with the floor's client: B pulls whenever the server rings."""
    folder = lab.folder()
    heard: Heard = SimpleQueue()
    with (
        serving(folder / "server.db") as (port, door),
        closing(Client(folder / "a.db", port)) as a,
        closing(Client(folder / "b.db", port)) as b,
        socket.create_connection(("127.0.0.1", door)) as bell,
    ):

        def commit(action: Action) -> None:
            rows.add(a.conn, [action])
            a.send(BATCH)

        def listen() -> None:
            while bell.recv(1):
                ids = frozenset(b.pull())
                heard.put((time.perf_counter(), ids))

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield commit, heard
        finally:
            bell.shutdown(socket.SHUT_RDWR)
            listener.join()
