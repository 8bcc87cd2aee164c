"""What a device hears from the server: everything once, and then mostly that nothing is new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from benchmarks.figures import Figure, Row, by_turns, ratio, timed
from benchmarks.floor import rows
from benchmarks.floor.client import Client, serving
from benchmarks.load import CONNECTIONS, answers_per_second
from benchmarks.processes import Process, run
from benchmarks.product import Lab, Running
from benchmarks.relay import Relay
from tracker.config import profile_folder, save_profile
from tracker.services import syncing
from tracker.services.credentials import VARIABLE
from tracker.sync.engine import Report, State

COUNTED = 10
"""Polls whose bytes and statements are counted."""


def first_pull(lab: Lab, tasks: int, rounds: int) -> Row:
    """Everything into an empty cache."""
    file = lab.folder() / "floor.db"
    with lab.server(tasks) as server:
        rows.seed(file, server.rows("ana"))
        with serving(file) as (port, _):

            def product() -> float:
                with closing(server.device(server.profile(lab.folder(), "ana"))) as device:
                    taken = timed(device.engine.run_once)
                    _expect(tasks, len(device.workspace.confirmed.rows().tasks))
                return taken

            def floor() -> float:
                with closing(Client(lab.folder() / "client.db", port)) as client:
                    taken = timed(client.first_pull)
                    found = client.conn.execute("SELECT count(*) FROM tasks").fetchone()
                    _expect(tasks, found[0])
                return taken

            ours, least = by_turns(rounds, product, floor, warm_up=1)
        memory = _peak(lab, server)
    return Row(
        "first pull",
        f"{tasks:,} tasks with people and history into an empty cache",
        "ms",
        ours,
        least,
        [
            Figure("time", ours.median, "ms", must=600),
            Figure("against the floor", ratio(ours, least), "x", aim=2),
            Figure("memory of `tracker sync --once`", memory, "MB", must=120),
        ],
    )


def _expect(wanted: int, found: int) -> None:
    if wanted != found:
        raise RuntimeError(f"{found} tasks came, {wanted} are there")


def _peak(lab: Lab, server: Running) -> float:
    """MB of a process of its own that does a first pull, at most."""
    root = lab.folder()
    folder = profile_folder(root, server.url, "ana", "desk")
    save_profile(root, server.profile(folder, "ana"))
    command = ("benchmarks.peak", "--data-dir", root, "sync", "--once")
    return float(run(command, {VARIABLE: server.tokens["ana"]}).split()[-1])


def nothing_new(lab: Lab, few: int, tasks: int, many: int, rounds: int) -> Row:
    """A whole run of the engine that finds nothing to send and nothing new."""
    with ExitStack() as stack:
        polls: list[Callable[[], float]] = []
        for number in (few, tasks, many):
            server = stack.enter_context(lab.server(number))
            device = server.device(server.profile(lab.folder(), "ana"))
            polls.append(_poll(stack.enter_context(closing(device))))
        folder = lab.folder()
        port, _ = stack.enter_context(serving(folder / "server.db"))
        client = stack.enter_context(closing(Client(folder / "client.db", port)))
        polls.append(lambda: timed(client.pull))
        # The first of each is the first pull.
        at_few, ours, at_many, least = by_turns(rounds, *polls, warm_up=3)
    with _watched(lab, tasks, counting=True) as (server, relay, poll):
        before = int(server.process.ask("statements"))
        for _ in range(COUNTED):
            poll()
        statements = (int(server.process.ask("statements")) - before) / COUNTED
        size = relay.answered / COUNTED
    return Row(
        "nothing new",
        f"a poll with {tasks:,} tasks in the cache and on the server",
        "ms",
        ours,
        least,
        [
            Figure("time", ours.median, "ms", must=2),
            Figure("against the floor", ratio(ours, least), "x", aim=4),
            Figure("answer on the wire", size, "bytes", must=300),
            Figure("SQL statements at the server", statements, must=0),
            # The same, and a quarter for the noise.
            Figure(f"{many:,} tasks against {few:,}", ratio(at_many, at_few), "x", must=1.25),
        ],
    )


def load(lab: Lab, tasks: int, seconds: float, rounds: int) -> Row:
    """Polls of many devices at once, at one process; the floor is an empty FastAPI's 304."""
    with (
        _watched(lab, tasks) as (server, relay, poll),
        Process(["benchmarks.floor.empty"]) as empty,
    ):
        poll()
        request = relay.request
        ours, least = by_turns(
            rounds,
            lambda: answers_per_second(server.port, request, seconds),
            lambda: answers_per_second(int(empty.said), request, seconds),
        )
    return Row(
        "load",
        f"nothing-new answers of one process to {CONNECTIONS} connections;"
        " the floor is an empty FastAPI",
        "answers/s",
        ours,
        least,
        [Figure("against the floor", ratio(ours, least), "x", ">=", must=1.5, aim=2.5)],
    )


def _poll(device: syncing.Running) -> Callable[[], float]:
    reports: list[Report] = []

    def poll() -> float:
        taken = timed(lambda: reports.append(device.engine.run_once()))
        report = reports.pop()
        if report.state is not State.SYNCED:
            raise RuntimeError(str(report))
        return taken

    return poll


@contextmanager
def _watched(
    lab: Lab, tasks: int, counting: bool = False
) -> Iterator[tuple[Running, Relay, Callable[[], float]]]:
    """A server, what travels between it and a device that has everything, and how that polls."""
    with lab.server(tasks, counting) as server, Relay(server.port) as relay:
        profile = server.profile(lab.folder(), "ana", url=relay.url)
        with closing(server.device(profile)) as device:
            poll = _poll(device)
            poll()
            relay.forget()
            yield server, relay, poll
