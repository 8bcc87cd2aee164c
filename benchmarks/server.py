"""What the server's answers cost: `python -m benchmarks.server [--json] [--quick] [ROW …]`.

On SQLite, and on a PostgreSQL started for it where the programs are installed, each with its own
durability. A request goes over loopback to `tracker-server` in a process of its own; the floor is
a request that reads nothing (`/api/v1/health`), and after it the bare statement that the answer
needs at least, on the same database. Both are measured by turns, with few tasks and with many.

Exit 1 means that a figure could not be measured, never that a limit was missed.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks import crowd
from benchmarks.company import DAY
from benchmarks.figures import Figure, Row, Spread, by_turns, ratio, table, timed
from benchmarks.processes import Process
from benchmarks.product import BATCH, FREE, NOTE, creation
from server_stub.config import Settings
from server_stub.core import auth, feed, migrate, sessions
from server_stub.core.database import Database, chunks
from server_stub.core.marks import Marks
from server_stub.core.state import load, system_clock
from server_stub.people import queries as people_queries
from server_stub.people import service as people
from server_stub.sync.cursor import Cursor
from server_stub.tasks.queries import TASK_COLUMNS
from server_stub.tasks.tables import assignments, tasks
from tests.support.postgresql import Cluster, binaries
from tracker.cache.entries import dump
from tracker.cache.precious import new_id
from tracker.domain.task import Person, Role

OWN = 100
"""Tasks of the employee whose list is read."""
COLLEAGUES = 50
PAGE = 50
SEES = 3
"""How many people a change of the crowd concerns."""


@dataclass(frozen=True)
class Sizes:
    """Tasks of the tenant (few and many for how it grows), how often each is measured, and the
    crowd: how many ask, how often, and how many of them change something each time."""

    few: int = 1_000
    tasks: int = 10_000
    many: int = 100_000
    reads: int = 40
    writes: int = 60
    bulks: int = 10
    clients: int = 5_000
    interval: float = 5.0
    rounds: int = 6
    changing: int = 50


QUICK = Sizes(120, 120, 120, 2, 2, 1, 30, 0.5, 1, 3)


@dataclass(frozen=True)
class Company:
    """A tenant with tasks in a database, and its server at work."""

    database: Database
    tenant_id: str
    tokens: dict[str, str]
    users: dict[str, str]
    project_id: str
    task_ids: Sequence[str]
    url: str

    @contextmanager
    def client(self, name: str) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Tracker-Protocol": "1"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as client:
            yield client


@contextmanager
def serving(url: str) -> Iterator[str]:
    env = {**FREE, "TRACKER_DATABASE_URL": url}
    with Process(["server_stub.cli", "serve", "--port", "0"], env) as process:
        yield f"http://127.0.0.1:{int(process.said.rpartition(':')[2])}"


@contextmanager
def company(url: str, number: int) -> Iterator[Company]:
    """Makes that many open tasks through the wire: OWN of ana's, the others of COLLEAGUES."""
    database = Database(url)
    migrate.upgrade(database)
    now = system_clock()
    with database.write() as conn:
        tenant = feed.lock(conn, people.create_tenant(conn, "Northwind", "Europe/Berlin", now))
        rita = people.create_user(conn, tenant, "rita", "Rita Okafor", Role.ADMIN, "-", now)
        ana = people.create_user(conn, tenant, "ana", "Ana Moreno", Role.EMPLOYEE, "-", now)
        others = [
            people.create_user(conn, tenant, f"w{n}", f"Worker {n}", Role.EMPLOYEE, "-", now)
            for n in range(COLLEAGUES)
        ]
        project_id = people.create_project(conn, tenant, "Hall B retrofit", now)
        feed.save(conn, tenant, now)
        users = {"rita": rita, "ana": ana}
        tokens = {name: sessions.create_token(conn, user, now) for name, user in users.items()}
    ids = [new_id() for _ in range(number)]
    with closing(database), serving(url) as address:
        made = Company(database, tenant.id, tokens, users, project_id, ids, address)
        with made.client("rita") as client:
            step = max(1, number // OWN)
            doers = [[ana if n % step == 0 and n // step < OWN else others[n % COLLEAGUES]]
                     for n in range(number)]  # fmt: skip
            create(client, ids, doers, project_id)
        _analyse(database)
        yield made


def create(
    client: httpx.Client, ids: Sequence[str], doers: Sequence[Sequence[str]], project_id: str = ""
) -> None:
    """Every tenth is late, every fiftieth of the project."""
    device_id = new_id()
    messages = []
    for n, (task_id, people_on_it) in enumerate(zip(ids, doers, strict=True)):
        message = json.loads(dump(creation(task_id, n, *people_on_it)))
        if n % 10 == 0:
            message["args"]["due_at"] -= 60 * DAY
        if project_id and n % 50 == 0:
            message["args"]["project_id"] = project_id
        messages.append({**message, "device_id": device_id, "device_seq": n + 1})
    for some in chunks(messages, BATCH):
        push(client, some)


def push(client: httpx.Client, messages: Sequence[Any]) -> None:
    answer = client.post("/api/v1/sync/push", json={"actions": messages, "unsent": 0})
    for receipt in answer.raise_for_status().json()["receipts"]:
        if receipt["outcome"] not in ("applied", "merged"):
            raise RuntimeError(str(receipt))


def _analyse(database: Database) -> None:
    if not database.is_sqlite:  # what its own autovacuum does within minutes
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM ANALYZE")


@dataclass(frozen=True)
class Measured:
    """The product and the floor; `parts` are medians in ms that the product's is the worst of."""

    ours: Spread
    least: Spread
    parts: Mapping[str, float] = field(default_factory=dict)


def _measured(rounds: int, product: Callable[[], float], floor: Callable[[], float]) -> Measured:
    ours, least = by_turns(rounds, product, floor, warm_up=3)
    return Measured(ours, least)


def _reading(
    company: Company, name: str, path: str, bare: sa.Select[Any], rounds: int, expected: int
) -> Measured:
    """A GET against health and the bare rows."""
    with company.client(name) as client:
        found = client.get(path).raise_for_status().json()
        if expected and len(found["tasks"]) != expected:
            raise RuntimeError(f"{path} has {len(found['tasks'])} tasks, not {expected}")

        def product() -> float:
            return timed(lambda: client.get(path).raise_for_status())

        def floor() -> float:
            return timed(lambda: (client.get("/api/v1/health"), _bare(company, bare)))

        return _measured(rounds, product, floor)


def _bare(company: Company, query: sa.Select[Any]) -> str:
    with company.database.read() as conn:
        return json.dumps([list(row) for row in conn.execute(query)])


def _tasks_of(company: Company, user: str) -> sa.Select[Any]:
    on = sa.select(assignments.c.task_id).where(
        assignments.c.tenant_id == company.tenant_id, assignments.c.user_id == company.users[user]
    )
    return sa.select(*TASK_COLUMNS).where(
        tasks.c.tenant_id == company.tenant_id, tasks.c.id.in_(on)
    )


def _first_tasks(company: Company) -> sa.Select[Any]:
    mine = tasks.c.tenant_id == company.tenant_id
    return sa.select(*TASK_COLUMNS).where(mine).order_by(tasks.c.number).limit(PAGE)


def employee_list(company: Company, sizes: Sizes) -> Measured:
    own = min(OWN, len(company.task_ids))
    path = "/api/employee-tasks/"
    return _reading(company, "ana", path, _tasks_of(company, "ana"), sizes.reads, own)


def admin_status(company: Company, sizes: Sizes) -> Measured:
    path = f"/api/admin/task-status/?limit={PAGE}"
    bare = _first_tasks(company)
    return _reading(company, "rita", path, bare, sizes.reads, min(PAGE, len(company.task_ids)))


def _queries(company: Company) -> dict[str, tuple[str, str]]:
    """What is asked by whom, each along an index."""
    first = company.task_ids[0]
    return {
        "newest first": ("rita", f"?sort=-updated&limit={PAGE}"),
        "by due": ("rita", f"?sort=due&limit={PAGE}"),
        "most urgent": ("rita", f"?sort=-priority&limit={PAGE}"),
        "by title": ("rita", f"?sort=title&limit={PAGE}"),
        "pending": ("rita", f"?status=pending&limit={PAGE}"),
        "of one person": ("rita", f"?assigned_to={company.users['ana']}&limit={PAGE}"),
        "own, by due": ("ana", f"?sort=due&limit={PAGE}"),
        "overdue": ("rita", f"/overdue?limit={PAGE}"),
        "of a project": ("rita", f"?project_id={company.project_id}&limit={PAGE}"),
        "its most urgent": (
            "rita",
            f"?project_id={company.project_id}&sort=-priority&limit={PAGE}",
        ),
        "one task": ("ana", f"/{first}"),
        "its comments": ("ana", f"/{first}/comments"),
        "its history": ("ana", f"/{first}/history"),
    }


def indexed(company: Company, sizes: Sizes) -> Measured:
    """The slowest of all by its median."""
    bare = _first_tasks(company)
    found = {
        what: _reading(company, name, f"/api/v1/tasks{path}", bare, sizes.reads, 0)
        for what, (name, path) in _queries(company).items()
    }
    parts = {what: one.ours.median for what, one in found.items()}
    return replace(found[max(parts, key=lambda what: parts[what])], parts=parts)


def _floor_write(company: Company, client: httpx.Client, rows: int) -> Callable[[], float]:
    """A request, and one durable transaction that changes as many rows of a table of its own."""
    with company.database.engine.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, body TEXT)")
        conn.exec_driver_sql("DELETE FROM bare")
        insert = sa.text("INSERT INTO bare VALUES (:id, :body)")
        conn.execute(insert, [{"id": n, "body": NOTE} for n in range(rows)])
    update = sa.text("UPDATE bare SET body = body WHERE id = :id")

    def write() -> None:
        client.get("/api/v1/health")
        with company.database.write() as conn:
            conn.execute(update, [{"id": n} for n in range(rows)])

    return lambda: timed(write)


def progress(company: Company, sizes: Sizes) -> Measured:
    with company.client("ana") as client:
        numbers = [t["id"] for t in client.get("/api/employee-tasks/").json()["tasks"]]
        turn = iter(range(1_000_000))

        def product() -> float:
            n = next(turn)
            path = f"/api/task/{numbers[n % len(numbers)]}/progress/"
            body = {"progress_percentage": 1 + n % 98, "notes": NOTE}
            return timed(lambda: client.post(path, json=body).raise_for_status())

        floor = _floor_write(company, client, 1)
        return _measured(sizes.writes, product, floor)


def bulk(company: Company, sizes: Sizes) -> Measured:
    """A push of progress on 100 tasks."""
    device_id, seq = new_id(), iter(range(1, 1_000_000))
    with company.client("rita") as client:

        def product() -> float:
            messages = [
                {
                    "op_id": new_id(), "device_id": device_id, "device_seq": next(seq),
                    "schema": 1, "kind": "set_progress", "task_id": task_id,
                    "made_at": system_clock(), "clock_offset": 0,
                    "args": {"percent": 1 + n % 98, "note": NOTE},
                }
                for n, task_id in enumerate(company.task_ids[:100])
            ]  # fmt: skip
            return timed(lambda: push(client, messages))

        floor = _floor_write(company, client, 100)
        return _measured(sizes.bulks, product, floor)


@dataclass(frozen=True)
class Kind:
    """A row: what it is, how it is measured, and its limits in ms."""

    what: str
    measure: Callable[[Company, Sizes], Measured]
    must: float
    aim: float | None = None


KINDS = {
    "employee-list": Kind(f"the list of an employee with {OWN} tasks", employee_list, 150, 10),
    "progress": Kind("a progress, committed", progress, 80, 8),
    "admin-status": Kind(f"the first {PAGE} of the admin's status", admin_status, 400, 60),
    "indexed": Kind("the slowest of the lists and tasks found by an index", indexed, 10),
    "bulk": Kind("a push of 100 changes, committed", bulk, 100),
}


def rows(make: Callable[[], str], names: Sequence[str], sizes: Sizes) -> Iterator[Row]:
    """Of the kinds that were asked for, on a new database for each number of tasks."""
    found: dict[str, list[Measured]] = {name: [] for name in names}
    numbers = (sizes.few, sizes.tasks, sizes.many)
    for number in numbers:
        with company(make(), number) as made:
            for name in names:
                found[name].append(KINDS[name].measure(made, sizes))
    for name, (few, middle, many) in found.items():
        kind, ours, least = KINDS[name], middle.ours, middle.least
        figures = [
            Figure("time", ours.median, "ms", must=kind.must, aim=kind.aim),
            Figure("p95", ours.p95, "ms"),
            Figure("against the floor", ratio(ours, least), "x"),
            Figure(f"with {sizes.few:,} tasks", few.ours.median, "ms"),
            Figure(f"with {sizes.many:,} tasks", many.ours.median, "ms", must=kind.must),
            *(Figure(f"of {sizes.many:,}: {n}", part, "ms") for n, part in many.parts.items()),
        ]
        yield Row(name, f"{kind.what}, of {sizes.tasks:,}", "ms", ours, least, figures)


def clients(url: str, sizes: Sizes) -> Row:
    """Many people's devices at one process; the floor is an empty FastAPI asked alike."""
    with closing(Database(url)) as database:
        devices, tenant = _crowd(database, sizes.clients)
        with serving(url) as address, httpx.Client(base_url=address, timeout=60) as client:
            client.headers["Authorization"] = f"Bearer {tenant}"
            ids = [device.task_id for device in devices[::SEES]]
            seen = [[d.user_id for d in devices[n : n + SEES]]
                    for n in range(0, len(devices), SEES)]  # fmt: skip
            create(client, ids, seen)
            _analyse(database)
            catch_up(database, devices)
            port = int(address.rpartition(":")[2])
            heard = crowd.rounds(port, devices, sizes.rounds, sizes.interval, sizes.changing)
    with Process(["benchmarks.floor.empty"]) as empty:
        bare = [replace(device, line=None) for device in devices]
        least = crowd.rounds(int(empty.said), bare, sizes.rounds, sizes.interval, 0)
    ours = heard.all_polls
    figures = [
        Figure("p95 of a poll", ours.p95, "ms", must=50),
        Figure("p99 of a poll", ours.p99, "ms"),
        Figure("p95 of the floor", least.all_polls.p95, "ms"),
        Figure("answers with something new", heard.something.samples, ""),
        Figure("p95 of those", heard.something.p95, "ms"),
        Figure("changes", heard.receipts.samples, ""),
        Figure("p95 of a change, to its receipt", heard.receipts.p95, "ms"),
    ]
    what = (
        f"{sizes.clients:,} devices of as many people ask every {sizes.interval:g} s,"
        f" {sizes.changing} change something that {SEES} see"
    )
    return Row("clients", what, "ms", ours, least.all_polls, figures)


def _crowd(database: Database, number: int) -> tuple[list[crowd.Device], str]:
    """That many people with a token each, and an admin's."""
    migrate.upgrade(database)
    now = system_clock()
    with database.write() as conn:
        tenant = feed.lock(conn, people.create_tenant(conn, "Northwind", "Europe/Berlin", now))
        rita = people.create_user(conn, tenant, "rita", "Rita Okafor", Role.ADMIN, "-", now)
        admin = sessions.create_token(conn, rita, now)
        devices, task_id = [], ""
        for n in range(number):
            made = Person(
                auth.new_id(now), tenant.person_number + 1, f"w{n}", f"Worker {n}",
                Role.EMPLOYEE, True,
            )  # fmt: skip
            people_queries.insert_person(conn, tenant.id, made, "-", now)
            tenant.person_number += 1
            tenant.point([feed.ALL], "person", made.id)
            task_id = new_id() if n % SEES == 0 else task_id
            token = sessions.create_token(conn, made.id, now)
            devices.append(crowd.Device(token, made.id, task_id, cursor=""))
        feed.save(conn, tenant, now)
    return devices, admin


def catch_up(database: Database, devices: Sequence[crowd.Device]) -> None:
    """Everybody has what is there: cursors as a first pull ends with, without 5,000 of them."""
    state = load(Settings(), database)
    with database.read() as conn:
        ((tenant_id,),) = conn.execute(sa.text("SELECT id FROM tenants"))
        tenant = feed.look(conn, tenant_id)
        mark = Marks(state.signer).of(tenant)
    for device in devices:
        here = Cursor(tenant.id, device.user_id, Role.EMPLOYEE, "desk", tenant.epoch, tenant.seq)
        device.cursor, device.mark = here.text(state.signer), mark


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Callable[[], str]]]:
    """By name, what makes an empty one. PostgreSQL with the durability it comes with."""
    numbers = iter(range(1_000))
    found: dict[str, Callable[[], str]] = {
        "sqlite": lambda: f"sqlite:///{folder / f'{next(numbers)}.db'}"
    }
    with ExitStack() as stack:
        if (programs := binaries()) is not None:
            cluster = Cluster(programs, options="-c max_connections=100")
            cluster.start()
            stack.callback(cluster.stop)
            found["postgresql"] = lambda: cluster.create(f"bench_{next(numbers)}")
        yield found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server")
    names = (*KINDS, "clients")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(names)}; else all")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    parser.add_argument("--database", help="sqlite or postgresql alone")
    args = parser.parse_args(arguments)
    if unknown := set(args.rows) - set(names):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    sizes = QUICK if args.quick else Sizes()
    wanted = args.rows or names
    report: dict[str, list[Row]] = {}
    failed: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="tracker-bench-") as path,
        databases(Path(path)) as all_,
    ):
        for database, make in all_.items():
            if args.database not in (None, database):
                continue
            found = report.setdefault(database, [])
            try:
                if kinds := [name for name in KINDS if name in wanted]:
                    found += rows(make, kinds, sizes)
                if "clients" in wanted:
                    found.append(clients(make(), sizes))
            except Exception:
                logging.exception("%s could not be measured to its end", database)
                failed.append(database)
            if not args.json:
                print(f"-- {database}\n{table(found)}", end="\n\n", flush=True)
    if args.json:
        print(json.dumps({
            "databases": {name: [row.as_json() for row in some] for name, some in report.items()},
            "failed": failed,
        }, indent=1))  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
