"""Hearing at once that something is new; the server and the sockets are real."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.client import foreign_server
from tests.support.server import RunningServer, until
from tracker.services.credentials import InMemory
from tracker.sync import pacing
from tracker.sync.ports import Scope, Tokens
from tracker.sync.transport import Wakeups


class Woken:
    """Counts wake-ups, and waits for one."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> None:
        self._event.set()

    def soon(self, seconds: float = 5) -> bool:
        found = self._event.wait(seconds)
        self._event.clear()
        return found


@contextmanager
def hearing(
    server: RunningServer, name: str, scope: Scope = "desk", url: str = ""
) -> Iterator[Woken]:
    credentials = InMemory()
    credentials.write(Tokens(server.token(name)))
    woken = Woken()
    server_id = server.app.state.tracker.server_id
    wakeups = Wakeups(url or server.url, credentials, server_id, server.users[name], scope, woken)
    wakeups.start()
    try:
        yield woken
    finally:
        started = time.monotonic()
        wakeups.stop()
        assert time.monotonic() - started < 3, "the reader was left waiting"


def listens(server: RunningServer) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if server.app.state.tracker.heads._listeners:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(("name", "scope"), [("ana", "desk"), ("rita", "monitor")])
def test_a_change_wakes_who_may_see_it(server: RunningServer, name: str, scope: Scope) -> None:
    with hearing(server, name, scope) as woken:
        assert listens(server)
        server.task("ana")
        assert woken.soon()


def test_a_change_that_is_none_of_mine_wakes_me_not(server: RunningServer) -> None:
    with hearing(server, "jonas") as woken:
        assert listens(server)
        server.task("ana")
        assert not woken.soon(0.3)


def test_a_server_that_comes_back_is_heard_again(
    serve: Callable[..., RunningServer],
) -> None:
    first = serve()
    port = int(first.url.rpartition(":")[2])
    with hearing(first, "ana") as woken:
        assert listens(first)
        first.stop()
        second = serve(port=port)
        assert listens(second)
        second.task("ana")
        assert woken.soon()


def test_stopping_ends_one_that_waits_for_a_server_that_never_answers() -> None:
    credentials = InMemory()
    credentials.write(Tokens("token"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        wakeups = Wakeups(url, credentials, "server", "user", "desk", lambda: None)
        wakeups.start()
        line, _ = silent.accept()
        with line:
            assert line.recv(4) == b"GET "
            before = time.monotonic()
            wakeups.stop()
            assert time.monotonic() - before < 1
            assert not wakeups._thread.is_alive()


def test_a_stream_that_is_not_from_tracker_wakes_nobody(server: RunningServer) -> None:
    headers = {"Content-Type": "text/event-stream"}
    with (
        foreign_server(b'data: {"seq":1}\n\n', headers=headers) as url,
        hearing(server, "ana", url=url) as woken,
    ):
        assert not woken.soon(0.3)


def test_who_asks_to_be_left_alone_is_not_asked_for_a_stream_meanwhile(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []

    def backoff(_failures: int, _interval: float, _rng: object, asked: float | None) -> float:
        waits.append(asked)
        return 60.0

    monkeypatch.setattr(pacing, "backoff", backoff)
    with (
        foreign_server(b"<html>Busy</html>", 503, {"Retry-After": "40"}) as url,
        hearing(server, "ana", url=url),
    ):
        until(lambda: waits == [40.0])
