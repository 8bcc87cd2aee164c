"""Positions of the feed are committed in their order, or a reader's cursor would pass some by."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.database import Database
from tests.conftest import Template
from tests.simulation.planting import Edit

SECONDS = 0.5
"""How long the second writer gets to overtake the first; one that may, needs 10 ms."""


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def _write(conn: Connection, tenant_id: str, name: str) -> None:
    tenant = feed.lock(conn, tenant_id)
    tenant.point([feed.ALL], "person", name)
    feed.save(conn, tenant, 0)


def passed_by(database: Database, tenant_id: str) -> set[str]:
    """What a reader never hears of who reads while one writer has yet to commit, and then goes on
    from there."""

    def write_second() -> None:
        with database.write() as conn:
            _write(conn, tenant_id, "second")

    def read(after: int) -> list[tuple[int, str, str]]:
        with database.read() as conn:
            return feed.after(conn, tenant_id, [feed.ALL], after, 100)

    cursor = read(0)[-1][0]
    with ThreadPoolExecutor(1) as pool:
        with database.write() as conn:
            _write(conn, tenant_id, "first")
            second = pool.submit(write_second)
            with suppress(StillWaiting):
                second.result(SECONDS)
            heard = read(cursor)
        second.result(10)
    heard += read(heard[-1][0] if heard else cursor)
    return {"first", "second"} - {name for _, _, name in heard}


def test_a_reader_passes_nothing_by(either_template: Template, tmp_path: Path) -> None:
    with opened(either_template.copy(tmp_path)) as database:
        assert passed_by(database, either_template.world.tenant_id) == set()


@pytest.mark.postgresql
def test_positions_of_a_sequence_would_be_passed_by(
    postgresql_template: Template, tmp_path: Path
) -> None:
    """Why they come from a locked row: a sequence gives them out, and commits have another
    order."""
    unlocked = Edit(
        feed.lock,
        {
            "_TENANT_LOCKED": "_TENANT",
            "return Tenant(": "tenant = Tenant(",
            ".one())": ".one())\n"
            "tenant.seq = conn.exec_driver_sql(\"SELECT nextval('positions')\").scalar_one() - 1\n"
            "return tenant",
        },
    )
    uncounted = Edit(feed.save, {'conn.execute(_SAVE, {"tenant": tenant.id, **values})': "pass"})
    with opened(postgresql_template.copy(tmp_path)) as database:
        with database.write() as conn:
            conn.exec_driver_sql("CREATE SEQUENCE positions START 1000")
        with unlocked.planted(), uncounted.planted():
            missed = passed_by(database, postgresql_template.world.tenant_id)
    assert missed == {"first"}
