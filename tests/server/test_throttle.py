"""Guessing passwords: slower with each failure, never shut for ever, and nothing to learn from."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from server_stub.core import auth, throttle
from server_stub.core.throttle import FREE_FOR_ADDRESS, FREE_FOR_NAME, WINDOW_MS
from tests.support.server import RunningServer, problem

SESSION = "/api/v1/session"
SECOND = 1_000


def attempt(server: RunningServer, name: str, password: str = "not this") -> httpx.Response:
    return server.post(None, SESSION, {"name": name, "password": password})


def fail(server: RunningServer, name: str, times: int = FREE_FOR_NAME) -> None:
    for _ in range(times):
        problem(attempt(server, name), 401, "E1001")


def wait_of(answer: httpx.Response) -> int:
    """The seconds that a throttled answer asks for."""
    body = problem(answer, 429, "E1009")
    assert body["retryable"]
    assert f" {answer.headers['retry-after']} s" in body["detail"]
    return int(answer.headers["retry-after"])


def rows(server: RunningServer) -> int:
    ((count,),) = server.sql("SELECT count(*) FROM sign_in_attempts")
    return int(count)


def without_trace(answer: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    return answer.status_code, {**answer.json(), "trace_id": ""}, {*answer.headers}


def test_after_five_failures_a_name_waits_even_with_the_right_password(
    server: RunningServer,
) -> None:
    fail(server, "ana")
    assert wait_of(attempt(server, " ANA ", server.password)) == 10
    server.clock.advance(10 * SECOND - 1)
    assert wait_of(attempt(server, "ana", server.password)) == 1
    server.clock.advance(1)
    assert attempt(server, "ana", server.password).status_code == 200


def test_others_sign_in_meanwhile(server: RunningServer) -> None:
    fail(server, "ana")
    assert attempt(server, "jonas", server.password).status_code == 200


def test_each_failure_doubles_the_wait_and_being_turned_away_does_not(
    server: RunningServer,
) -> None:
    fail(server, "ana")
    for seconds in (10, 20, 40, 80):
        for _ in range(3):
            assert wait_of(attempt(server, "ana")) == seconds
        server.clock.advance(seconds * SECOND)
        fail(server, "ana", 1)


def test_guessing_on_gets_a_few_tries_in_15_minutes_and_always_another(
    server: RunningServer,
) -> None:
    """As fast as one is let: a quarter of an hour sees eleven, and there is always a next one."""
    times = []
    for _ in range(40):
        answer = attempt(server, "ana")
        if answer.status_code == 429:
            server.clock.advance(wait_of(answer) * SECOND)
            answer = attempt(server, "ana")
        problem(answer, 401, "E1001")
        times.append(server.clock.now)
    for begin in times:
        assert sum(begin <= at < begin + WINDOW_MS for at in times) <= 11
    server.clock.advance(WINDOW_MS)
    assert attempt(server, "ana", server.password).status_code == 200


def test_failures_older_than_15_minutes_do_not_count_and_are_gone(server: RunningServer) -> None:
    fail(server, "ana", 4)
    server.clock.advance(WINDOW_MS - 1)
    fail(server, "ana", 1)
    wait_of(attempt(server, "ana"))
    server.clock.advance(1)
    fail(server, "ana", 1)
    assert rows(server) == 2 * 2


def test_a_success_clears_the_name(server: RunningServer) -> None:
    for _ in range(3):
        fail(server, "ana", FREE_FOR_NAME - 1)
        assert attempt(server, "ana", server.password).status_code == 200


def test_an_address_waits_too_and_a_success_clears_only_itself(server: RunningServer) -> None:
    for n in range(FREE_FOR_ADDRESS - 1):
        fail(server, f"name {n}", 1)
        assert attempt(server, "jonas", server.password).status_code == 200
    fail(server, "one more", 1)
    assert wait_of(attempt(server, "jonas", server.password)) == 10


def test_what_does_not_exist_is_answered_like_what_does(server: RunningServer) -> None:
    """An unknown name, a wrong password, a disabled person, with and without waiting."""
    server.sql("UPDATE users SET active = :no WHERE name = 'jonas'", no=False)
    cases = [("ana", "not this"), ("nobody", "not this"), ("jonas", server.password)]
    for _ in range(FREE_FOR_NAME):
        first, *others = [without_trace(attempt(server, *case)) for case in cases]
        assert first[0] == 401
        assert others == [first, first]
    first, *others = [without_trace(attempt(server, *case)) for case in cases]
    assert first[0] == 429
    assert others == [first, first]


def test_a_password_is_checked_also_for_a_name_that_nobody_has(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time an answer takes tells nothing: the same work is done."""
    hashes: list[str] = []
    verify = auth._hasher.verify

    class Noting:
        def verify(self, stored: str, password: str) -> bool:
            hashes.append(stored)
            return bool(verify(stored, password))

    monkeypatch.setattr(auth, "_hasher", Noting())
    fail(server, "ana", 1)
    fail(server, "nobody", 1)
    known, unknown = (stored.rsplit("$", 2)[0] for stored in hashes)
    assert known == unknown


def test_what_is_typed_as_a_name_is_not_stored(server: RunningServer) -> None:
    fail(server, "hunter2 by mistake", 1)
    stored = server.sql("SELECT * FROM sign_in_attempts")
    assert "hunter2" not in str(stored)
    assert "127.0.0.1" not in str(stored)


def test_a_clock_that_was_wrong_keeps_nobody_out(server: RunningServer) -> None:
    server.clock.advance(1_000 * WINDOW_MS)
    fail(server, "ana")
    server.clock.advance(-1_000 * WINDOW_MS)
    assert attempt(server, "ana", server.password).status_code == 200


def test_many_at_once_are_let_through_no_more_often(either_server: RunningServer) -> None:
    either_server.client()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: attempt(either_server, "ana"), range(16)))
    assert [a.status_code for a in answers].count(401) == FREE_FOR_NAME


def test_a_person_disabled_while_the_password_is_checked_gets_no_session(
    either_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = auth.is_right

    def slow(*args: Any) -> bool:
        right = check(*args)
        either_server.sql("UPDATE users SET active = :no WHERE name = 'ana'", no=False)
        return right

    monkeypatch.setattr(auth, "is_right", slow)
    problem(attempt(either_server, "ana", either_server.password), 401, "E1001")
    sessions = "SELECT count(*) FROM tokens WHERE refresh_hash IS NOT NULL"
    assert either_server.sql(sessions) == [(0,)]


def told(server: RunningServer, name: str, *hops: str) -> httpx.Response:
    body = {"name": name, "password": "not this"}
    headers = [("X-Forwarded-For", hop) for hop in hops]
    return server.client().post(SESSION, json=body, headers=headers)


def test_without_a_proxy_nobody_says_where_they_are(server: RunningServer) -> None:
    for n in range(FREE_FOR_ADDRESS):
        problem(told(server, f"name {n}", f"192.0.2.{n}"), 401, "E1001")
    problem(told(server, "one more", "192.0.2.200"), 429, "E1009")


def test_behind_a_proxy_its_word_alone_counts(serve: Callable[..., RunningServer]) -> None:
    """It adds the last hop; what stands before that came from outside."""
    server = serve(settings={"behind_proxy": True})
    for n in range(FREE_FOR_ADDRESS // 2):
        problem(told(server, f"a {n}", f"198.51.100.{n}, 192.0.2.1"), 401, "E1001")
        problem(told(server, f"b {n}", f"198.51.100.{n}", "192.0.2.1"), 401, "E1001")
    problem(told(server, "one more", "192.0.2.1"), 429, "E1009")
    problem(told(server, "one more", "192.0.2.1, 192.0.2.2"), 401, "E1001")
    problem(told(server, "one more"), 401, "E1001")


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", "2001:db8:0:2::1"),
        ("", "not an address", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1:4711", "192.0.2.2:4711"),
        ("2001:db8:0:1::1", "[2001:db8:0:1::1]:4711", "[2001:db8:0:2::1]:4711"),
    ],
)
def test_what_counts_as_one_address(one: str, same: str, other: str) -> None:
    assert throttle.network(one) == throttle.network(same) != throttle.network(other)
