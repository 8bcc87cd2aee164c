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
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from server_stub.tasks.tables import tasks
from tracker.domain.task import Role, Status

PEOPLE, PROJECTS, TEAMS = 50, 20, 5
LIMIT = 100
"""ms that an answer may take."""
LAST_DAYS = 30

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
}
"""Of each row: the question, its parameters (an empty `from` is a month ago), and whose rows the
floor counts."""


@dataclass(frozen=True)
class Sizes:
    tasks: int = 100_000
    rounds: int = 15
    warm_up: int = 3


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
        tenant = feed.lock(conn, people.create_tenant(conn, "Northwind", "Europe/Berlin", now))
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
    parameters = {key: value or _month_ago() for key, value in parameters.items()}
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
        Figure("time", ours.median, "ms", must=LIMIT),
        Figure("against the floor", ratio(ours, least), "x"),
    ]
    what = f"{question} of {sizes.tasks:,} tasks"
    return Row(name, what, "ms", ours, least, figures)


def _month_ago() -> str:
    return (datetime.now(UTC) - timedelta(days=LAST_DAYS)).date().isoformat()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    parser.add_argument("--open", action="store_true", help="every task is open")
    parser.add_argument("--database-url", help="an empty database; SQLite in a new folder if none")
    args = parser.parse_args(arguments)
    sizes = QUICK if args.quick else Sizes()
    found = []
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder:
        url = args.database_url or f"sqlite:///{Path(folder) / 'server.db'}"
        company = make(url, sizes, args.open)
        with closing(company.database), served(company) as client:
            for name in ROWS:
                found.append(measure(company, client, name, sizes))
                if not args.json:
                    print(table(found[-1:]), end="\n\n", flush=True)
    if args.json:
        backend = company.database.url.get_backend_name()
        print(json.dumps({"database": backend, "rows": [row.as_json() for row in found]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
