"""Positions of the feed are committed in their order, or a reader's cursor would pass some by."""

from __future__ import annotations

import threading
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
from tests.support.server import OUTSIDER, Device, RunningServer, until

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
            "tenant_id}))": "tenant_id}))\n"
            "tenant.seq = conn.exec_driver_sql(\"SELECT nextval('positions')\").scalar_one() - 1\n"
            "return tenant",
        },
    )
    uncounted = Edit(feed.save, {'_SAVE.run(conn, {"tenant": tenant.id, **values})': "pass"})
    with opened(postgresql_template.copy(tmp_path)) as database:
        with database.write() as conn:
            conn.exec_driver_sql("CREATE SEQUENCE positions START 1000")
        with unlocked.planted(), uncounted.planted():
            missed = passed_by(database, postgresql_template.world.tenant_id)
    assert missed == {"first"}


class Crowd:
    """Several devices of two tenants push at once, while a reader of each pulls all the while."""

    COMMENTS = 12
    """By each device."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.tasks = {"ana": server.task("ana"), OUTSIDER: self._task_elsewhere()}
        self.written: dict[str, set[str]] = {"ana": set(), OUTSIDER: set()}
        self.heard: dict[str, set[str]] = {"ana": set(), OUTSIDER: set()}
        self._cursors: dict[str, str] = {}
        self._over = threading.Event()

    def passed_by(self) -> set[str]:
        """The comments that a reader never heard of."""
        writers = [*["ana", "ana", "ana", "ana"], *[OUTSIDER] * 2]
        with ThreadPoolExecutor(len(writers) + 2) as pool:
            readers = [pool.submit(self._read, name) for name in self.written]
            try:
                # Everybody has a first page before anything is written, so nothing comes in one.
                until(lambda: len(self._cursors) == len(readers))
                for one in [pool.submit(self._write, self.server.device(n)) for n in writers]:
                    one.result(120)
            finally:
                self._over.set()
            for one in readers:
                one.result(120)
        assert all(self.written.values())
        missed = {name: self.written[name] - self.heard[name] for name in self.written}
        return missed["ana"] | missed[OUTSIDER]

    def _task_elsewhere(self) -> str:
        task_id, me = self.server.new_id(), self.server.get(OUTSIDER, "/api/v1/session").json()
        args = {"title": "x", "people": [{"user_id": me["user_id"]}]}
        receipt = self.server.device(OUTSIDER).do("create_task", task_id, args)
        assert receipt["outcome"] == "applied", receipt
        return task_id

    def _write(self, device: Device) -> None:
        for _ in range(self.COMMENTS):
            comment_id = self.server.new_id()
            args = {"comment_id": comment_id, "text": "x"}
            receipt = device.do("comment", self.tasks[device.name], args)
            assert receipt["outcome"] == "applied", receipt
            self.written[device.name].add(comment_id)

    def _read(self, name: str) -> None:
        """Goes on from the cursor of the page before, and once more after the last commit."""
        self._cursors[name] = self.server.page(name)["cursor"]
        over = False
        while not over:
            over = self._over.is_set()
            more = True
            while more:
                answer = self.server.pull(name, self._cursors[name])
                assert answer.status_code in (200, 304), answer.text
                page = answer.json() if answer.status_code == 200 else {"more": False}
                self.heard[name] |= {comment["id"] for comment in page.get("comments", ())}
                self._cursors[name] = page.get("cursor", self._cursors[name])
                more = page["more"]


@pytest.fixture
def crowd(either_template: Template, tmp_path: Path) -> Iterator[Crowd]:
    server = RunningServer(either_template.copy(tmp_path), either_template.world).start()
    try:
        yield Crowd(server)
    finally:
        server.stop()


def test_a_crowd_is_heard_to_the_last_word(crowd: Crowd) -> None:
    assert crowd.passed_by() == set()


@pytest.mark.parametrize("either_template", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_a_crowd_that_takes_positions_from_a_sequence_is_not(crowd: Crowd) -> None:
    """The product's only change: a position is taken before the row is locked, not from it; of two
    that are taken at once, one is in no hurry."""
    early = Edit(
        feed.lock,
        {
            "query = _TENANT if": "taken = conn.exec_driver_sql(\"SELECT nextval('positions')\")"
            ".scalar_one()\n"
            "conn.exec_driver_sql(f'SELECT pg_sleep({taken // 1000 % 2 / 20})')\n"
            "query = _TENANT if",
            "return Tenant(": "tenant = Tenant(",
            "tenant_id}))": "tenant_id}))\n"
            "conn.info['head'], tenant.seq = tenant.seq, taken\n"
            "return tenant",
        },
    )
    head = Edit(
        feed.save,
        {
            '_SAVE.run(conn, {"tenant": tenant.id, **values})': "values['new_seq'] = "
            "max(tenant.seq, conn.info['head'])\n"
            '_SAVE.run(conn, {"tenant": tenant.id, **values})'
        },
    )
    crowd.server.sql("CREATE SEQUENCE positions START 1000 INCREMENT 1000")
    with early.planted(), head.planted():
        assert crowd.passed_by() != set()
