"""Fixtures of the client's tests: storage in a folder, and devices that talk to a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import CommandLine, Device
from tests.support.server import RunningServer
from tracker.cache.confirmed import Confirmed
from tracker.cache.outbox import Outbox


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def confirmed(tmp_path: Path) -> Iterator[Confirmed]:
    opened = Confirmed(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def device(server: RunningServer, tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Opens a device of a person: `device("ana")`; each has a folder of its own unless named."""
    opened: list[Device] = []

    def make(name: str, folder: Path | None = None, **more: Any) -> Device:
        folder = folder or tmp_path / f"device-{len(opened)}"
        opened.append(Device(server, name, folder, **more).open())
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def command(server: RunningServer, tmp_path: Path) -> CommandLine:
    """Ana's command line, not signed in yet, with her token in the environment."""
    return CommandLine(tmp_path / "data", server.token("ana"), tmp_path)
