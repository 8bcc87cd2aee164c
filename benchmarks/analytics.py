"""What the figures for admins cost: `python -m benchmarks.analytics [--json] [--quick]`.

Each row asks the real server over HTTP, by turns with the floor: a bare `SELECT count(*)` over the
rows that the answer is about, without HTTP. On SQLite in a temporary folder; `--database-url` names
an empty PostgreSQL database to fill instead. `--open` makes every task an open one, the worst that
there is for the people's rows.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import sqlalchemy as sa

from benchmarks.company import STATUSES, fill, fill_day
from benchmarks.figures import Figure, Row, by_turns, ratio, table, timed
from benchmarks.processes import Process
from benchmarks.product import FREE
from server_stub.analytics.tables import task_metrics
from server_stub.core import feed, migrate, sessions
from server_stub.core.database import Database
from server_stub.core.state import system_clock
from server_stub.occupancy.tables import occupancy_intervals
from server_stub.people import groups
from server_stub.people import service as people
from server_stub.tasks.tables import assignments, tasks
from tracker.cache.projection import Mark, TaskView
from tracker.domain import sla
from tracker.domain.task import (
    Assignment,
    Part,
    Person,
    Priority,
    Project,
    Role,
    Status,
    Task,
    Team,
)
from tracker.services import statistics

PEOPLE, PROJECTS, TEAMS = 50, 20, 5
ZONE = "Europe/Berlin"
LIMIT = 100
"""ms that an answer may take."""
FIGURES_LIMIT, DEVICE_LIMIT = 100, 250
"""ms that all figures together may take, for each `FIGURES_OF` tasks."""
FIGURES_OF = 50_000
LAST_DAYS = 30

_Row = TypeVar("_Row", Task, Assignment)
_BOTH = (tasks, task_metrics)
ROWS: dict[str, tuple[str, dict[str, str], tuple[sa.Table, ...]]] = {
    "summary": ("summary", {}, _BOTH),
    "summary, a month": ("summary", {"from": ""}, _BOTH),
    "summary, a project": ("summary", {"project_id": "1"}, _BOTH),
    "summary, a person": ("summary", {"person": "2"}, _BOTH),
    "status": ("status", {}, (tasks,)),
    "progress": ("progress", {}, (tasks,)),
    "people": ("people", {}, _BOTH),
    "people, a month": ("people", {"from": ""}, _BOTH),
    "teams": ("teams", {}, _BOTH),
    "summary, a team": ("summary", {"team": "1"}, _BOTH),
    "occupancy": ("occupancy", {}, (occupancy_intervals,)),
    "sla": ("sla", {}, _BOTH),
    "trend": ("trend", {}, _BOTH),
    "trend, 92 days": ("trend", {"from": "91"}, _BOTH),
    "trend, a team": ("trend", {"team": "1"}, _BOTH),
    "figures": ("figures", {}, _BOTH),
    "figures, a month": ("figures", {"from": ""}, _BOTH),
    "figures, a team": ("figures", {"team": "1"}, _BOTH),
}
"""Of each row: the question, its parameters (`from` is so many days ago, a month if it is empty),
and whose rows the floor counts."""
ON_DEVICE = "figures, on the device"
"""The same, counted by a device that holds all of the tasks. The floor goes through the tasks once
and looks at one field."""


@dataclass(frozen=True)
class Sizes:
    tasks: int = 100_000
    rounds: int = 15
    warm_up: int = 3

    @property
    def share(self) -> float:
        """How many times what the limits of all figures are for; a few tasks take their time."""
        return max(1.0, self.tasks / FIGURES_OF)


QUICK = Sizes(tasks=200, rounds=1, warm_up=0)


@dataclass(frozen=True)
class Company:
    database: Database
    tenant_id: str
    token: str


def make(url: str, sizes: Sizes, every_open: bool) -> Company:
    """A tenant with its tasks in an empty database."""
    database, now = Database(url), system_clock()
    migrate.upgrade(database)
    password = secrets.token_urlsafe(12)
    with database.write() as conn:
        tenant = feed.lock(conn, people.create_tenant(conn, "Northwind", ZONE, now))
        users = [
            people.create_user(
                conn, tenant, f"person{n}", f"Person {n}",
                Role.OWNER if n == 0 else Role.EMPLOYEE, password, now,
            )
            for n in range(PEOPLE)
        ]  # fmt: skip
        projects = [people.create_project(conn, tenant, f"P {n}", now) for n in range(PROJECTS)]
        teams = [groups.add_team(conn, tenant, f"T {n}", now, users[0]).id for n in range(TEAMS)]
        for one in people.people(conn, tenant.id):
            team = {"team_id": teams[one.number % TEAMS]}
            people.change_person(conn, tenant, one, team, now, users[0])
        feed.save(conn, tenant, now)
        token = sessions.create_token(conn, users[0], now)
        mix = {Status.PENDING: 1, Status.IN_PROGRESS: 1} if every_open else STATUSES
        fill(conn, tenant.id, users, projects, sizes.tasks, now, mix)
        fill_day(conn, tenant.id, users, now)
    if not database.is_sqlite:  # what its own autovacuum does within minutes
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM ANALYZE")
    return Company(database, tenant.id, token)


@contextmanager
def served(company: Company) -> Iterator[httpx.Client]:
    url = company.database.url.render_as_string(hide_password=False)
    env = {**FREE, "TRACKER_DATABASE_URL": url}
    with Process(["server_stub.cli", "serve", "--port", "0"], env) as process:
        base = f"http://127.0.0.1:{int(process.said.rpartition(':')[2])}"
        headers = {"Authorization": f"Bearer {company.token}", "Tracker-Protocol": "1"}
        with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
            yield client


def measure(company: Company, client: httpx.Client, name: str, sizes: Sizes) -> Row:
    question, parameters, counted = ROWS[name]
    if "from" in parameters:
        parameters = {**parameters, "from": _ago(int(parameters["from"] or LAST_DAYS))}
    counts = [
        sa.select(sa.func.count()).where(one.c.tenant_id == company.tenant_id) for one in counted
    ]

    def product() -> float:
        path = f"/api/v1/analytics/{question}"
        return timed(lambda: client.get(path, params=parameters).raise_for_status())

    def floor() -> float:
        with company.database.read() as conn:
            return timed(lambda: [conn.execute(query).scalar_one() for query in counts])

    ours, least = by_turns(sizes.rounds, product, floor, warm_up=sizes.warm_up)
    figures = [
        Figure("time", ours.median, "ms", must=_limit(question, sizes)),
        Figure("against the floor", ratio(ours, least), "x"),
    ]
    what = f"{question} of {sizes.tasks:,} tasks"
    return Row(name, what, "ms", ours, least, figures)


def _limit(question: str, sizes: Sizes) -> float:
    return FIGURES_LIMIT * sizes.share if question == "figures" else LIMIT


def _ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def measure_device(company: Company, sizes: Sizes) -> Row:
    """The tasks come from the tables: what a first pull brings is the same, but for archived ones,
    which are here, so that as many are counted as the server counts."""
    views, people, projects, teams = _held(company)
    promised, now = sla.default(ZONE), system_clock()

    def product() -> float:
        asked = statistics.Asked()
        return timed(
            lambda: statistics.from_cache(
                views, people, projects, teams, ZONE, asked, now, promised
            )
        )

    def floor() -> float:
        return timed(lambda: sum(view.task.status is Status.PENDING for view in views.values()))

    ours, least = by_turns(sizes.rounds, product, floor, warm_up=sizes.warm_up)
    figures = [
        Figure("time", ours.median, "ms", must=DEVICE_LIMIT * sizes.share),
        Figure("against the floor", ratio(ours, least), "x"),
    ]
    return Row(ON_DEVICE, f"figures of {sizes.tasks:,} tasks", "ms", ours, least, figures)


def _held(
    company: Company,
) -> tuple[dict[str, TaskView], dict[str, Person], dict[str, Project], dict[str, Team]]:
    """What a device would hold of the tenant."""
    of = {"tenant": company.tenant_id}
    with company.database.read() as conn:
        rows = conn.execute(sa.select(tasks).where(tasks.c.tenant_id == of["tenant"])).mappings()
        found = [_as(Task, dict(row), status=Status, priority=Priority) for row in rows]
        rows = conn.execute(
            sa.select(assignments).where(assignments.c.tenant_id == of["tenant"])
        ).mappings()
        on_them: dict[str, list[Assignment]] = {}
        for row in rows:
            on_them.setdefault(row["task_id"], []).append(_as(Assignment, dict(row), part=Part))
        everybody = people.people(conn, company.tenant_id)
        teams = people.teams(conn, company.tenant_id)
    views = {task.id: TaskView(task, tuple(on_them.get(task.id, ())), Mark.SAVED) for task in found}
    named = {one.id: one for one in everybody}
    return views, named, {}, {team.id: team for team in teams}


def _as(kind: type[_Row], row: Mapping[str, Any], **words: Callable[[str], Any]) -> _Row:
    values = {field.name: row[field.name] for field in fields(kind)}
    return kind(**{**values, **{name: word(values[name]) for name, word in words.items()}})


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    parser.add_argument("--tasks", type=int, help=f"how many; {Sizes.tasks:,} if not said")
    parser.add_argument("rows", nargs="*", choices=[*ROWS, ON_DEVICE, []], help="all if none")
    parser.add_argument("--open", action="store_true", help="every task is open")
    parser.add_argument("--database-url", help="an empty database; SQLite in a new folder if none")
    args = parser.parse_args(arguments)
    sizes = QUICK if args.quick else Sizes()
    if args.tasks:
        sizes = replace(sizes, tasks=args.tasks)
    found = []
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder:
        url = args.database_url or f"sqlite:///{Path(folder) / 'server.db'}"
        company = make(url, sizes, args.open)
        with closing(company.database), served(company) as client:
            for name in args.rows or (*ROWS, ON_DEVICE):
                if name == ON_DEVICE:
                    found.append(measure_device(company, sizes))
                else:
                    found.append(measure(company, client, name, sizes))
                if not args.json:
                    print(table(found[-1:]), end="\n\n", flush=True)
    if args.json:
        backend = company.database.url.get_backend_name()
        print(json.dumps({"database": backend, "rows": [row.as_json() for row in found]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
