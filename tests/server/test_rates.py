"""Each token has a bucket of requests of its own; a full one is enough for days offline."""

from __future__ import annotations

from collections.abc import Callable

from server_stub.core.rates import BURST_SECONDS, Rates
from tests.server.test_nothing_new import Poller
from tests.support.server import RunningServer, problem

WHO = "/api/v1/session"


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_emptied_and_fills_again() -> None:
    watch = Watch()
    rates = Rates(5, watch)
    assert [rates.wait(b"a") for _ in range(5 * BURST_SECONDS)] == [0.0] * 5 * BURST_SECONDS
    assert rates.wait(b"a") == 0.2
    assert rates.wait(b"b") == 0.0
    watch.now = 0.1
    assert 0 < rates.wait(b"a") <= 0.1
    watch.now = 1.0
    assert [rates.wait(b"a") > 0 for _ in range(6)] == [False] * 5 + [True]
    watch.now = 10_000.0
    assert not any(rates.wait(b"a") for _ in range(5 * BURST_SECONDS))
    assert rates.wait(b"a")


def test_no_rate_is_no_limit() -> None:
    rates = Rates(0)
    assert not any(rates.wait(b"a") for _ in range(10_000))


def test_who_asks_without_end_waits_and_nobody_else_does(
    serve: Callable[..., RunningServer],
) -> None:
    server = serve(settings={"request_rate": 1})
    answers = [server.get("ana", WHO) for _ in range(BURST_SECONDS + 5)]
    body = problem(answers[-1], 429, "E1012")
    assert body["retryable"] is True
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[BURST_SECONDS - 1].status_code == 200
    assert server.get("jonas", WHO).status_code == 200
    # Without a token an address counts.
    assert [server.get(None, "/api/v1/health").status_code for _ in range(BURST_SECONDS + 5)][
        -1
    ] == 429


def test_polls_that_memory_answers_are_not_counted(serve: Callable[..., RunningServer]) -> None:
    server = serve(settings={"request_rate": 1})
    ana = Poller(server, "ana")
    assert {ana.poll().status_code for _ in range(3 * BURST_SECONDS)} == {304}
