"""Nothing that was promised is lost or doubled when processes die and the line fails."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from server_stub.core.database import Database
from tests.conftest import Template
from tests.processes.proxy import Fault, Proxy
from tests.processes.scenario import DONE, QUEUED, Scenario
from tracker.cache.outbox import Outbox

FULL = 2
KILLS = 10


def test_what_was_promised_survives_every_kill(either_template: Template, tmp_path: Path) -> None:
    scenario = Scenario(tmp_path, either_template.empty(tmp_path), seed=1)
    with scenario.running():
        while scenario.kills.total() < KILLS:
            scenario.kill()
        scenario.heal()
        scenario.check()
    # How many were done at once depends on the machine; that all of these arrived, on nothing.
    saved = sum(deed.code in (DONE, QUEUED) for desk in scenario.desks for deed in desk.deeds)
    assert saved > KILLS, scenario.report()


def test_both_ends_wait_for_the_disk(sqlite_template: Template, tmp_path: Path) -> None:
    """A killed process cannot show this, as the kernel keeps what it wrote; a power cut would."""
    with closing(Outbox(tmp_path)) as outbox:
        assert outbox._conn.execute("PRAGMA synchronous").fetchone() == (FULL,)
    database = Database(sqlite_template.copy(tmp_path))
    try:
        with database.read() as first, database.read() as second, database.write() as third:
            for conn in (first, second, third):
                assert conn.exec_driver_sql("PRAGMA synchronous").scalar_one() == FULL
    finally:
        database.close()


@pytest.mark.postgresql
def test_postgresql_decides_itself_when_a_commit_is_safe(postgresql_template: Template) -> None:
    """The cluster of the tests is told not to wait; the product's connection says nothing of it."""
    database = Database(postgresql_template.copy(Path()))
    query = "SELECT source FROM pg_settings WHERE name IN ('synchronous_commit', 'fsync')"
    try:
        with database.write() as conn:
            found = conn.exec_driver_sql(query).scalars().all()
    finally:
        database.close()
    assert found == ["command line", "command line"]


# The line itself: each fault is what it says

REQUEST = b"POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nworld!"


@contextmanager
def listener(heard: list[bytes]) -> Iterator[int]:
    """A server that keeps the bytes of each connection and answers once five have come."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.5)

        def one(line: socket.socket) -> None:
            with line:
                got = b""
                while REQUEST not in got and (more := line.recv(100)):
                    got += more
                heard.append(got)
                if got == REQUEST:
                    line.sendall(ANSWER)

        def serve() -> None:
            lines = []
            while True:
                try:
                    line, _ = door.accept()
                except TimeoutError:
                    break
                lines.append(threading.Thread(target=one, args=(line,)))
                lines[-1].start()
            for thread in lines:
                thread.join(10)

        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()[1]
        thread.join(10)


def sent(proxy: Proxy) -> tuple[list[bytes], bytes, float]:
    """What the server heard of one request, what the client got, and how long it took."""
    heard: list[bytes] = []
    proxy.healed = False
    begun = time.monotonic()
    with listener(heard) as proxy.target, proxy.running() as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            client.sendall(REQUEST)
            got = b""
            while len(got) < len(ANSWER) and (more := client.recv(100)):
                got += more
        took = time.monotonic() - begun
    return heard, got, took


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_is_what_it_says(fault: Fault) -> None:
    proxy = Proxy(random.Random(5), {fault: 1})
    heard, got, took = sent(proxy)
    assert proxy.met == {fault: 1}
    if fault is Fault.CUT_REQUEST:
        assert [REQUEST.startswith(part) and part != REQUEST for part in heard] == [True]
        assert got == b""
    else:
        assert heard == [REQUEST] * (2 if fault is Fault.TWICE else 1)
        if fault is Fault.LOSE_ANSWER:
            assert got == b""
        elif fault is Fault.CUT_ANSWER:
            assert got != ANSWER
            assert ANSWER.startswith(got)
        else:
            assert got == ANSWER
    assert (took > 0.1) == (fault is Fault.DELAY)


def test_a_seed_draws_the_same_faults_again() -> None:
    def drawn(seed: int) -> list[tuple[Fault, float]]:
        proxy = Proxy(random.Random(seed))
        proxy.healed = False
        return [proxy.draw() for _ in range(200)]

    assert drawn(3) == drawn(3) != drawn(4)
    assert {fault for fault, _ in drawn(3)} == set(Fault)
