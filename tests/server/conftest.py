"""Fixtures of the server's tests: `tracker-server` as a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.operator import Served


@pytest.fixture
def run_server() -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(url: str, *args: str, owner: str | None = None) -> Served:
        started.append(Served(url, *args, owner=owner))
        return started[-1]

    yield start
    for one in started:
        one.kill()
