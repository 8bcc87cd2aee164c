"""What a person does: committed here, and replayed on the server later."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path

from benchmarks.figures import Figure, Row, by_turns, ratio, timed
from benchmarks.floor import rows
from benchmarks.floor.client import Client, serving
from benchmarks.product import BATCH, Lab, Running, work
from tracker.cache.outbox import Outbox
from tracker.cache.precious import new_id
from tracker.domain.change import Action
from tracker.domain.page import PersonPresence
from tracker.services.workspace import device_clock, open_workspace
from tracker.sync.engine import Engine
from tracker.sync.ports import Scope, Server
from tracker.sync.transport import connect


def commit(lab: Lab, few: int, many: int, rounds: int) -> Row:
    """One action into the outbox, while so many wait in it."""
    with (
        _commits(lab.folder(), few) as (short, bare_short),
        _commits(lab.folder(), many) as (long, bare_long),
    ):
        works = (short, bare_short, long, bare_long)
        at_few, _, product, floor = by_turns(rounds, *works, warm_up=20)
    return Row(
        "commit",
        f"one action into the outbox while {many:,} wait; the floor is a bare FULL transaction",
        "ms",
        product,
        floor,
        [
            Figure("against the floor", ratio(product, floor), "x", must=2, aim=1.5),
            Figure("p99", product.p99, "ms", must=16),
            # Flat, and a quarter for the noise.
            Figure(f"{many:,} waiting against {few:,}", ratio(product, at_few), "x", must=1.25),
        ],
    )


@contextmanager
def _commits(
    folder: Path, waiting: int
) -> Iterator[tuple[Callable[[], float], Callable[[], float]]]:
    """One commit of the product and a bare one, each into its file with so many actions."""
    actions = _actions([new_id() for _ in range(100)])
    before = list(islice(actions, waiting))
    with closing(Outbox(folder)) as outbox, closing(rows.connect(folder / "floor.db")) as bare:
        outbox.add(before)
        rows.add(bare, before)

        def product() -> float:
            action = next(actions)
            return timed(lambda: outbox.add([action]))

        def floor() -> float:
            action = next(actions)
            return timed(lambda: rows.add(bare, [action]))

        yield product, floor


def replay(lab: Lab, tasks: int, actions: int, rounds: int) -> Row:
    """A queue that was filled offline, sent batch after batch until all receipts are stored."""

    def product() -> float:
        with lab.server(tasks) as server:
            return actions / _replayed(server, lab.folder(), actions)

    def floor() -> float:
        folder = lab.folder()
        with (
            serving(folder / "server.db") as (port, _),
            closing(Client(folder / "client.db", port)) as client,
        ):
            rows.add(client.conn, list(islice(_actions([new_id()]), actions)))
            taken = timed(lambda: client.send(BATCH)) / 1000
        return actions / taken

    ours, least = by_turns(rounds, product, floor)
    return Row(
        "replay",
        f"{actions:,} queued actions, in batches of {BATCH}, receipts and audit included",
        "actions/s",
        ours,
        least,
        [
            Figure("rate", ours.median, "actions/s", ">=", must=3000),
            Figure("against the floor", ratio(ours, least), "x", ">=", aim=0.3),
        ],
    )


def _replayed(server: Running, folder: Path, actions: int) -> float:
    """Seconds that a run of the engine takes for so many actions."""
    profile = server.profile(folder, "ana")
    workspace = open_workspace(profile)
    remote = connect(
        profile.server_url, server.credentials(profile), profile.server_id, profile.user_id
    )
    with closing(workspace), closing(remote):
        workspace.outbox.add(list(islice(_actions(server.task_ids), actions)))
        engine = Engine(
            workspace.outbox,
            workspace.confirmed,
            PushOnly(remote),
            profile.scope,
            device_clock,
            random.Random(),
        )
        taken = timed(engine.run_once) / 1000
        tally = workspace.outbox.tally()
        if tally.waiting or tally.tray:
            raise RuntimeError(f"not all were applied: {tally}")
    return taken


class PushOnly:
    """The server with nothing to pull: a run of the engine is then the replay and no more."""

    def __init__(self, server: Server) -> None:
        self.push = server.push
        self.refresh = server.refresh
        self.clock_offset = server.clock_offset
        self.renew = server.renew

    def pull(
        self, cursor: str | None, scope: Scope, unsent: int, mark: str | None, whole: Sequence[str]
    ) -> None:
        return None

    def presence(self) -> Sequence[PersonPresence]:
        return []


def _actions(task_ids: Sequence[str]) -> Iterator[Action]:
    return (work(number, task_ids) for number in count())
