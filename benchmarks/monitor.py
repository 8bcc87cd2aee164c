"""What the admin's window costs while a company works: `python -m benchmarks.monitor [--json]`.

`tracker monitor` as it is, in a process of its own on Qt's offscreen platform, at `tracker-server`
in another, with employees who poll and change tasks through the sync API. --quick is for seeing
that everything still runs; its numbers mean nothing.

Exit 1 means that a figure could not be measured, never that a limit was missed.
"""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # for the processes

import argparse
import json
import logging
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import sqlalchemy as sa
from PySide6.QtCore import qVersion

from benchmarks import company, crowd, watching
from benchmarks.figures import Figure, Row, Spread, spread, table, timed
from benchmarks.processes import Process
from benchmarks.server import catch_up, serving
from server_stub.core import feed, migrate, sessions
from server_stub.core.database import Database
from server_stub.core.state import system_clock
from server_stub.people import groups
from server_stub.people import service as people
from server_stub.tasks.tables import assignments, tasks
from tracker.config import Profile, profile_folder, save_profile
from tracker.domain.task import Part, Role, Status
from tracker.services import periods
from tracker.services.credentials import VARIABLE
from tracker.services.periods import Preset
from tracker.sync.engine import State

BLOCKED_MS, MEMORY_MB, VISIBLE_MS, NUMBERS_MS, CHARTS_MS = 50, 500, 1_000, 300, 800
MIX = {
    Status.PENDING: 12, Status.IN_PROGRESS: 18, Status.ON_HOLD: 5, Status.COMPLETED: 57,
    Status.CANCELLED: 8,
}  # fmt: skip
"""None is archived: those are not sent, and the window holds all of them."""
PATIENCE_S = 180.0
ZONE = "Europe/Berlin"
_SETTLED_S = 1.5
"""What the start brought with it is over by then."""


@dataclass(frozen=True)
class Sizes:
    """Tasks and employees; every `interval` seconds each employee asks and `changing` of them
    change a task, so many times; how often a page is opened for the first time."""

    tasks: int = 50_000
    employees: int = 500
    interval: float = 5.0
    changing: int = 100
    rounds: int = 12
    openings: int = 3


QUICK = Sizes(300, 20, 1.0, 5, 3, 1)


@dataclass(frozen=True)
class Firm:
    """A tenant in a database, its admin's token, and its employees' devices."""

    database: Database
    token: str
    devices: Sequence[crowd.Device]


def found_firm(url: str, sizes: Sizes) -> Firm:
    """Each employee's device works on one open task of theirs."""
    database = Database(url)
    migrate.upgrade(database)
    now = system_clock()
    with database.write() as conn:
        tenant = feed.lock(conn, people.create_tenant(conn, "Northwind", ZONE, now))
        rita = people.create_user(conn, tenant, "rita", "Rita Okafor", Role.ADMIN, "-", now)
        users = [
            people.create_user(conn, tenant, f"w{n}", f"Worker {n:03}", Role.EMPLOYEE, "-", now)
            for n in range(sizes.employees)
        ]
        projects = [groups.add_project(conn, tenant, f"Site {n}", now, rita).id for n in range(40)]
        token = sessions.create_token(conn, rita, now)
        company.fill(conn, tenant.id, users, projects, sizes.tasks, now, MIX)
        company.fill_day(conn, tenant.id, users, now)
        feed.save(conn, tenant, now)
        on_them = sa.and_(
            assignments.c.tenant_id == tasks.c.tenant_id, assignments.c.task_id == tasks.c.id
        )
        moving = (
            sa.select(assignments.c.user_id, sa.func.min(tasks.c.id))
            .join_from(tasks, assignments, on_them)
            .where(tasks.c.status == Status.IN_PROGRESS, assignments.c.part == Part.ASSIGNEE)
            .group_by(assignments.c.user_id)
        )
        own = dict(conn.execute(moving).all())
        devices = [
            crowd.Device(sessions.create_token(conn, user, now), user, own[user], "")
            for user in users
            if user in own
        ]
    catch_up(database, devices)
    return Firm(database, token, devices)


@dataclass
class Watched:
    """The window's process, and one with an empty window beside it."""

    window: Process
    empty: Process

    def until(self, question: str, wanted: Callable[[str], bool]) -> str:
        end = time.monotonic() + PATIENCE_S
        while not wanted(said := self.window.ask(question)):
            if time.monotonic() > end:
                raise RuntimeError(f"{question}: {said!r} after {PATIENCE_S:.0f} s")
            time.sleep(0.1)
        return said


@contextmanager
def watched(root: Path, token: str) -> Iterator[Watched]:
    command: list[str | Path] = ["benchmarks.overseeing", "--data-dir", root]
    bare = ["benchmarks.floor.window"]
    with Process(command, {VARIABLE: token}) as window, Process(bare) as empty:
        yield Watched(window, empty)


def sign_in(root: Path, url: str, firm: Firm) -> None:
    """A monitor's profile that has pulled nothing yet."""
    headers = {"Authorization": f"Bearer {firm.token}", "Tracker-Protocol": "1"}
    me = httpx.get(f"{url}/api/v1/session", headers=headers).raise_for_status().json()
    folder = profile_folder(root, url, "rita", "monitor")
    save_profile(root, Profile(
        folder, "monitor", url, me["server_id"], me["user_id"], "rita", me["display_name"],
        Role(me["role"]), me["tenant"],
    ))  # fmt: skip


def pull_first(root: Path, token: str, sizes: Sizes) -> tuple[float, float]:
    """The window pulls everything for the first time: the longest that it did not answer, in ms,
    and how long it took, in seconds."""
    with watched(root, token) as both:
        both.window.ask("watch")
        started = time.monotonic()
        both.until("shows", lambda said: int(said) == sizes.tasks)
        both.until("state", lambda said: said == State.SYNCED)
        taken = time.monotonic() - started
        time.sleep(_SETTLED_S)
        return max(json.loads(both.window.ask("report"))["gaps"]), taken


def at_work(root: Path, port: int, firm: Firm, sizes: Sizes) -> list[Row]:
    """Employees change tasks, and an admin goes through the window."""
    with watched(root, firm.token) as both, ThreadPoolExecutor(1) as others:
        both.until("state", lambda said: said == State.SYNCED)
        time.sleep(_SETTLED_S)
        load = others.submit(
            crowd.rounds, port, firm.devices, sizes.rounds, sizes.interval, sizes.changing
        )
        time.sleep(sizes.interval * (crowd.WARM_UP + 1))
        for process in (both.window, both.empty):
            process.ask("watch")
        both.window.ask("walk")
        both.until("walked", lambda said: said == "yes")
        load.result()
        found = json.loads(both.window.ask("report"))
        least = json.loads(both.empty.ask("report"))["gaps"]
        memory, bare = (float(p.ask("memory")) for p in (both.window, both.empty))
    return [
        _blocked(found, least, sizes),
        _visible(found["lags"], sizes),
        _memory(memory, bare, sizes),
    ]


def _doing(sizes: Sizes) -> str:
    per_second = sizes.changing / sizes.interval
    return (
        f"{sizes.tasks:,} tasks, {sizes.employees} employees who poll and change {per_second:g}"
        " tasks a second"
    )


def _blocked(found: dict[str, Any], least: Sequence[float], sizes: Sizes) -> Row:
    ours, floor = spread(found["gaps"]), spread(least)
    worst = sorted(found["worst"].items(), key=lambda one: -one[1])[:5]
    return Row(
        "blocked",
        f"how long the window's thread did not answer, with {_doing(sizes)}, while an admin goes"
        " through all pages; the floor is an empty window beside it",
        "ms",
        ours,
        floor,
        [
            Figure("the longest", max(found["gaps"]), "ms", must=BLOCKED_MS),
            Figure("the longest of the floor", max(least), "ms"),
            Figure("p99", ours.p99, "ms"),
            *(Figure(f"at: {what or 'changes alone'}", gap, "ms") for what, gap in worst),
        ],
    )


def _visible(lags: Sequence[float], sizes: Sizes) -> Row:
    ours = spread(lags)
    return Row(
        "visible",
        f"from an employee's change to its paint in the window, with {_doing(sizes)}; the floor is"
        " one pass of the window's loop",
        "ms",
        ours,
        Spread(watching.BEAT_MS, watching.BEAT_MS, watching.BEAT_MS, 1),
        [Figure("p95", ours.p95, "ms", must=VISIBLE_MS), Figure("the latest", max(lags), "ms")],
    )


def _memory(ours: float, floor: float, sizes: Sizes) -> Row:
    return Row(
        "memory",
        f"written memory of the window after that, with {sizes.tasks:,} tasks; the floor is an"
        " empty window",
        "MB",
        spread([ours]),
        spread([floor]),
        [Figure("memory", ours, "MB", must=MEMORY_MB)],
    )


def statistics(name: str, root: Path, firm: Firm, floor: Spread, sizes: Sizes) -> Row:
    """The first click on the page in a new process, again and again."""
    found: dict[str, list[float]] = {
        "numbers": [], "server": [], "charts": [], "all": [], "blocked": [],
    }  # fmt: skip
    for _ in range(sizes.openings):
        with watched(root, firm.token) as both:
            both.until("state", lambda said: said in (State.SYNCED, State.OFFLINE))
            time.sleep(_SETTLED_S)
            both.window.ask("watch")
            opened = json.loads(both.window.ask("statistics"))
            time.sleep(_SETTLED_S)
            for what, at in opened.items():
                found[what].append(at)
            found["blocked"].append(max(json.loads(both.window.ask("report"))["gaps"]))
    ours = spread(found["numbers"])
    servers = [
        Figure(what, spread(found[key]).median, "ms", must=limit)
        for key, what, limit in (
            ("server", "the server's own numbers", NUMBERS_MS),
            ("all", "all of the server's charts, with everybody's day", CHARTS_MS),
        )
        if found[key]
    ]
    return Row(
        name,
        f"the Statistics page after its first click, {sizes.tasks:,} tasks; the floor is the"
        " server's answer to the same question with nothing around it",
        "ms",
        ours,
        floor,
        [
            Figure("numbers", ours.median, "ms", must=NUMBERS_MS),
            Figure("charts", spread(found["charts"]).median, "ms", must=CHARTS_MS),
            *servers,
            Figure("the window's thread, at most", max(found["blocked"]), "ms", must=BLOCKED_MS),
        ],
    )


def _answers(url: str, token: str, sizes: Sizes) -> Spread:
    """The question that the page begins with."""
    headers = {"Authorization": f"Bearer {token}", "Tracker-Protocol": "1"}
    first, last = periods.days_of(Preset.DAYS_30, datetime.now(ZoneInfo(ZONE)).date())
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        path = f"/api/v1/analytics/figures?from={first}&to={last}"
        return spread(
            [timed(lambda: client.get(path).raise_for_status()) for _ in range(sizes.openings * 3)]
        )


def measure(folder: Path, sizes: Sizes) -> Iterator[Row]:
    firm = found_firm(f"sqlite:///{folder / 'server.db'}", sizes)
    root = folder / "rita"
    with closing(firm.database):
        with serving(firm.database.url.render_as_string(hide_password=False)) as url:
            sign_in(root, url, firm)
            gap, seconds = pull_first(root, firm.token, sizes)
            rows = at_work(root, int(url.rpartition(":")[2]), firm, sizes)
            first = [
                Figure("the longest, in the first pull", gap, "ms", must=BLOCKED_MS),
                Figure("a first pull, from the first paint", seconds, "s"),
            ]
            yield replace(rows[0], figures=[*rows[0].figures, *first])
            yield from rows[1:]
            floor = _answers(url, firm.token, sizes)
            yield statistics("statistics", root, firm, floor, sizes)
        yield statistics("statistics, offline", root, firm, floor, sizes)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    args = parser.parse_args(arguments)
    sizes = QUICK if args.quick else Sizes()
    found: list[Row] = []
    failed = []
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder:
        try:
            for row in measure(Path(folder), sizes):
                found.append(row)
                if not args.json:
                    print(table([row]), end="\n\n", flush=True)
        except Exception:
            logging.exception("the rest could not be measured")
            failed.append("the rest")
    if args.json:
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "qt": qVersion()}
        rows = [row.as_json() for row in found]
        print(json.dumps({"machine": machine, "rows": rows, "failed": failed}, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
