"""One server and three devices as processes, killed one after the other; then everything that was
promised is looked for in the audit trail.

A promise is an exit code 0, an exit code 3, or an action that `tracker queue` listed; the last two
may also end in Needs attention. What a killed command had in hand may be there once or not at all.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server_stub.config import Settings
from tests.processes.proxy import Fault, Proxy
from tests.support.client import CommandLine
from tests.support.operator import Operator, Served
from tracker.domain.task import OPEN, Status

DONE, REFUSED, QUEUED = 0, 1, 3
"""Exit codes of docs/cli.md."""
ONCE, TRAY, NOWHERE = (1, False), (0, True), (0, False)
OUTCOMES = {
    DONE: {ONCE},
    QUEUED: {ONCE, TRAY},
    REFUSED: {TRAY, NOWHERE},
    None: {ONCE, TRAY, NOWHERE},
}
"""How often a mark may be in the audit trail, and whether in Needs attention, by exit code."""
TASKS_EACH = 5
"""Few, so that devices meet on them."""


@dataclass
class Deed:
    """What one command was told to do. `mark` is in the note or the comment, nowhere else."""

    mark: str
    process: subprocess.Popen[str]
    code: int | None = None
    """The exit code; None while it runs, and for ever where it was killed."""


@dataclass
class Desk:
    """One device of one person: a data folder and commands, one at a time."""

    name: str
    command: CommandLine
    tasks: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    """The op_ids that `tracker queue` ever showed as waiting or delivered."""

    def ask(self, *arguments: str) -> Any:
        done = self.command(*arguments, "--json")
        assert done.err == "", done
        return json.loads(done.out)

    def act(self, rng: random.Random) -> Deed:
        """Starts a command that does something."""
        mark = f"{self.name}-{len(self.deeds)}"
        verb = rng.choice((*["progress", "comment"] * 3, "hold", "resume"))
        last = {
            "progress": (str(rng.randrange(1, 100)), "-m", mark),
            "comment": (mark,),
        }.get(verb, ("-m", mark))
        process = self.command.start(verb, rng.choice(self.tasks), *last)
        self.deeds.append(Deed(mark, process))
        return self.deeds[-1]

    def databases(self) -> list[Path]:
        return [*self.command.data.glob("profiles/*/*.db")]


class Scenario:
    """`kill` as often as wanted, then `heal`, then `check`. Every random choice is the seed's; when
    the processes come to a point is the machine's."""

    def __init__(self, folder: Path, database_url: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.proxy = Proxy(random.Random(seed + 1))
        self.operator = Operator(database_url)
        self.database = Settings(database_url=database_url).sqlite_path
        self.folder = folder
        self.kills: Counter[str] = Counter()
        self.server: Served | None = None
        self.desks: list[Desk] = []

    @contextmanager
    def running(self) -> Iterator[Scenario]:
        given = json.loads(self.operator.ok("seed-demo", "--tokens"))["tokens"]
        try:
            with self.proxy.running() as url:
                self._serve()
                for name in ("ana", "jonas", "ana-2"):
                    person = name.partition("-")[0]
                    line = CommandLine(self.folder / name, given[person], self.folder)
                    done = line("login", "--server", url, "--user", person)
                    assert done.code == 0, done
                    desk = Desk(name, line)
                    self.desks.append(desk)
                    own = [t for t in desk.ask("tasks")["tasks"] if Status(t["status"]) in OPEN]
                    desk.tasks = [task["id"] for task in own[:TASKS_EACH]]
                self.proxy.healed = False
                yield self
        finally:
            for deed in (deed for desk in self.desks for deed in desk.deeds):
                deed.process.kill()
                deed.process.communicate()
            if self.server is not None:
                self.server.kill()

    def kill(self) -> None:
        """Lets every device do something and kills one of them, or the server, meanwhile."""
        self._ask_what_is_queued()
        deeds = [desk.act(self.rng) for desk in self.desks]
        self._wait_for_a_moment()
        victim = self.rng.choice(("server", "server", *range(len(self.desks))))
        if isinstance(victim, int):
            struck = deeds[victim].process
            struck.kill()
            struck.wait()
            if struck.returncode == -signal.SIGKILL:  # else it was done before
                self.kills["client"] += 1
        else:
            self._end_server()
            self.kills["server"] += 1
        self._check_files()
        if self.rng.random() < 0.5:
            self._serve()
        for deed in deeds:
            out, err = deed.process.communicate(timeout=60)
            assert "Traceback" not in err, err
            if deed.process.returncode != -signal.SIGKILL:
                deed.code = deed.process.returncode
                assert deed.code in (DONE, REFUSED, QUEUED), (deed, out, err)
        self._serve()

    def heal(self) -> None:
        """The line is good again, and everybody synchronises until nothing waits."""
        self.proxy.healed = True
        self._ask_what_is_queued()
        for desk in self.desks:
            for _ in range(20):
                if desk.ask("sync", "--once")["waiting"] == 0:
                    break
                time.sleep(0.5)
        for desk in self.desks:  # again, as the later ones changed what the first had pulled
            assert desk.ask("sync", "--once")["waiting"] == 0, desk.name

    def check(self) -> None:
        """Compares what was promised with what the server's audit trail holds."""
        assert "BROKEN" not in self.operator.ok("verify-audit")
        rows = [json.loads(line) for line in self.operator.ok("audit", "--json").splitlines()]
        times = Counter(row["op_id"] for row in rows)
        assert set(times.values()) == {1}, times.most_common(3)
        marks = Counter(row["note"] for row in rows)
        for desk in self.desks:
            tray = desk.ask("queue")["rejected"]
            refused = {entry["op_id"] for entry in tray}
            lost = {op_id for op_id in desk.listed if times[op_id] + (op_id in refused) != 1}
            assert not lost, (desk.name, lost)
            said = {entry["args"].get("note") or entry["args"].get("text") for entry in tray}
            for deed in desk.deeds:
                ended = marks[deed.mark], deed.mark in said
                assert ended in OUTCOMES[deed.code], (desk.name, deed.mark, deed.code, ended)
        latest: dict[tuple[str, str], int] = {}
        for row in rows:
            if row["device_id"] is not None:
                key = row["task"], row["device_id"]
                assert latest.get(key, 0) < row["device_seq"], (key, row)
                latest[key] = row["device_seq"]
        first, _, second = (
            [{**task, "sync": ""} for task in desk.ask("tasks")["tasks"]] for desk in self.desks
        )
        assert first == second, "two devices of one person show different tasks"

    def report(self) -> str:
        codes = Counter(deed.code for desk in self.desks for deed in desk.deeds)
        faults = ", ".join(f"{self.proxy.met[fault]} {fault}" for fault in Fault)
        return (
            f"{self.kills['server']} kills of the server, {self.kills['client']} of a client; "
            f"{codes[DONE]} done, {codes[QUEUED]} queued, {codes[REFUSED]} refused, "
            f"{codes[None]} killed; requests: {faults}"
        )

    def _ask_what_is_queued(self) -> None:
        asked = [(desk, desk.command.start("queue", "--json")) for desk in self.desks]
        for desk, process in asked:
            out, err = process.communicate(timeout=60)
            assert (process.returncode, err) == (0, ""), err
            found = json.loads(out)
            desk.listed |= {entry["op_id"] for entry in found["waiting"] + found["delivered"]}

    def _wait_for_a_moment(self) -> None:
        """Any moment; or, as most of a command's life is its start, one while a request is out."""
        self.proxy.heard.clear()
        if self.rng.random() < 0.3:
            time.sleep(self.rng.uniform(0.1, 1.0))
        else:
            self.proxy.heard.wait(1.5)
            time.sleep(self.rng.uniform(0, 0.05))

    def _serve(self) -> None:
        if self.server is None:
            self.server = Served(self.operator.url)
            self.proxy.target = int(self.server.url.rpartition(":")[2])

    def _end_server(self) -> None:
        assert self.server is not None
        said = self.server.kill()
        self.server = None
        assert '"unhandled"' not in said, said

    def _check_files(self) -> None:
        """Read in place and without writing, so that the product itself is the first to recover."""
        files = [path for desk in self.desks for path in desk.databases()]
        assert len(files) == 2 * len(self.desks), files
        for path in [*files, *([self.database] if self.database else [])]:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as conn:
                assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path
