"""Fixtures that build real things: databases, and servers on them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from server_stub.core.database import Database
from tests.support import postgresql
from tests.support.server import RunningServer
from tests.support.world import World, make_world

_NUMBERS = itertools.count(1)

# How long a machine takes says nothing about a rule: times are measured in benchmarks.
settings.register_profile("tracker", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tracker")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgresql", action="store_true", help="run the server's tests on PostgreSQL"
    )


ROOT = Path(__file__).parent
LONG = (
    ROOT / "processes",
    ROOT / "simulation" / "test_simulation.py",
    ROOT / "test_benchmarks.py",
    # Real processes, buses, argon2 and copies of databases: nine minutes of one core together.
    ROOT / "client" / "test_cli.py",
    ROOT / "client" / "test_notifications.py",
    ROOT / "client" / "test_show.py",
    ROOT / "ui" / "test_accounts.py",
    ROOT / "ui" / "test_session_bus.py",
    ROOT / "ui" / "test_telling.py",
    ROOT / "fuzz",
    ROOT / "server" / "test_cli.py",
    ROOT / "server" / "test_backup.py",
    ROOT / "server" / "test_every_revision.py",
    ROOT / "server" / "test_throttle.py",
)
"""What takes minutes: `make check` runs it, `make test` does not."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "postgresql: starts a PostgreSQL cluster of its own")
    config.addinivalue_line("markers", "long: takes minutes with its like")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in LONG):
            item.add_marker("long")
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("postgresql")
    if config.getoption("--postgresql"):  # what asks both databases anyway does so without it
        both = [item for item in items if "either_template" in _parameters(item)]
        config.hook.pytest_deselected(items=both)
        items[:] = [item for item in items if "either_template" not in _parameters(item)]


def _parameters(item: pytest.Item) -> dict[str, object]:
    spec = getattr(item, "callspec", None)
    return spec.params if spec is not None else {}


@dataclass
class Template:
    """A migrated database with people in it, and the way to make a test's own copy or an empty
    one. Both return an SQLAlchemy URL."""

    world: World
    copy: Callable[[Path], str]
    empty: Callable[[Path], str]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    world = make_world(database)
    database.close()  # the last connection folds the -wal into the file

    def copy(folder: Path) -> str:
        return f"sqlite:///{shutil.copy(path, folder / 'server.db')}"

    return Template(world, copy, lambda folder: f"sqlite:///{folder / 'empty.db'}")


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[postgresql.Cluster]:
    binaries = postgresql.binaries()
    if binaries is None:
        reason = "NOT TESTED ON POSTGRESQL: no initdb in /usr/lib/postgresql/*/bin or on PATH"
        if pytestconfig.getoption("--postgresql"):
            pytest.exit(reason, returncode=2)
        pytest.skip(reason)
    running = postgresql.Cluster(binaries)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def postgresql_template(cluster: postgresql.Cluster) -> Template:
    database = Database(cluster.create("template_tracker"))
    world = make_world(database)
    database.close()

    def copy(_folder: Path) -> str:
        return cluster.create(f"test_{next(_NUMBERS)}", "template_tracker")

    return Template(world, copy, lambda _folder: cluster.create(f"empty_{next(_NUMBERS)}"))


def _chosen(request: pytest.FixtureRequest) -> Template:
    chosen = "postgresql" if request.config.getoption("--postgresql") else "sqlite"
    found: Template = request.getfixturevalue(f"{chosen}_template")
    return found


@pytest.fixture
def template(request: pytest.FixtureRequest) -> Template:
    """SQLite's, or PostgreSQL's when pytest runs with --postgresql."""
    return _chosen(request)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def either_template(request: pytest.FixtureRequest) -> Template:
    """Both databases, one after the other: for what each of them has code of its own."""
    found: Template = request.getfixturevalue(f"{request.param}_template")
    return found


@pytest.fixture
def serve(tmp_path: Path, template: Template) -> Iterator[Callable[..., RunningServer]]:
    """Starts servers on a copy of the template; keywords are RunningServer's."""
    yield from _servers(tmp_path, template)


@pytest.fixture
def server(serve: Callable[..., RunningServer]) -> RunningServer:
    """A running server with sara (OWNER), rita (ADMIN), ana and jonas (EMPLOYEE)."""
    return serve()


@pytest.fixture(scope="module")
def shared_server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[RunningServer]:
    """One server for a module's many small cases; each makes its own task, none moves the clock."""
    for start in _servers(tmp_path_factory.mktemp("shared"), _chosen(request)):
        yield start()


@pytest.fixture
def either_server(tmp_path: Path, either_template: Template) -> Iterator[RunningServer]:
    for start in _servers(tmp_path, either_template):
        yield start()


def _servers(folder: Path, template: Template) -> Iterator[Callable[..., RunningServer]]:
    running: list[RunningServer] = []
    url = template.copy(folder)

    def start(**more: object) -> RunningServer:
        started = RunningServer(url, template.world, **more).start()  # type: ignore[arg-type]
        running.append(started)
        return started

    try:
        yield start
    finally:
        for one in running:
            one.stop()
