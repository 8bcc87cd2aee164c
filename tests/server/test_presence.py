"""Who was heard of when, with how much unsent: in memory, and written for the next start."""

from __future__ import annotations

from typing import Any

import pytest

from server_stub.core import serving
from server_stub.core.state import ServerState
from tests.server.test_nothing_new import Poller, statements
from tests.support.server import MINUTE, START, RunningServer, problem, until
from tracker.domain.errors import TrackerError
from tracker.domain.occupancy import LIVE_MS


def of(server: RunningServer, name: str) -> tuple[Any, Any]:
    """(last heard, unsent) as an admin is told."""
    people = server.get("rita", "/api/v1/people/presence").json()["people"]
    (found,) = [person for person in people if person["user_id"] == server.users[name]]
    return found["last_heard_at"], found["unsent"]


def stored(server: RunningServer, name: str) -> tuple[Any, ...]:
    (row,) = server.sql("SELECT last_heard_at, last_unsent FROM users WHERE name = :n", n=name)
    return row


def test_every_kind_of_call_is_heard(server: RunningServer) -> None:
    ana = Poller(server, "ana")
    for n, call in enumerate(
        (
            lambda: server.device("ana").post([], unsent=5),
            lambda: server.pull("ana", unsent=5),
            lambda: server.pull("ana", ana.cursor, unsent=5),
            lambda: server.pull("ana", ana.cursor, unsent=5),
            lambda: server.get("ana", "/api/employee-tasks/"),
        )
    ):
        server.clock.now = START + n * 5_000  # the token stays known, as with real polls
        assert call().status_code in (200, 304)
        assert of(server, "ana") == (server.clock.now, 5)


def test_a_poll_writes_nothing(server: RunningServer) -> None:
    ana = Poller(server, "ana")
    with statements(server) as seen:
        ana.poll()
        server.page("ana")
    assert [line for line in seen if not line.startswith(("BEGIN", "SELECT", "WITH kept"))] == []


def test_it_is_written_when_the_server_stops_and_read_after_a_start(
    server: RunningServer,
) -> None:
    server.device("ana").post([], unsent=4)
    server.stop()
    server.start()
    assert of(server, "ana") == (START, 4)
    assert of(server, "jonas") == (None, 0)


def test_a_call_that_says_nothing_of_unsent_leaves_what_was_written(
    server: RunningServer,
) -> None:
    server.device("ana").post([], unsent=4)
    server.stop()
    server.start()
    server.clock.advance(MINUTE)
    server.get("ana", "/api/employee-tasks/")
    assert of(server, "ana") == (START + MINUTE, 4)
    server.stop()
    server.start()
    assert of(server, "ana") == (START + MINUTE, 4)


def test_it_is_written_every_minute(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    assert serving.PRESENCE_SECONDS == 60
    monkeypatch.setattr(serving, "PRESENCE_SECONDS", 0.02)
    server: RunningServer = request.getfixturevalue("server")
    server.device("ana").post([], unsent=4)
    until(lambda: stored(server, "ana") == (START, 4))
    server.clock.advance(MINUTE)
    server.device("ana").post([], unsent=0)
    until(lambda: stored(server, "ana") == (START + MINUTE, 0))


def test_what_could_not_be_written_is_written_later(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(serving, "PRESENCE_SECONDS", 0.02)
    really, failures = ServerState.write_presence, [TrackerError("E3007"), TrackerError("E3007")]

    def write(state: ServerState) -> None:
        if failures:
            raise failures.pop()
        really(state)

    monkeypatch.setattr(ServerState, "write_presence", write)
    server: RunningServer = request.getfixturevalue("server")
    server.device("ana").post([], unsent=4)
    until(lambda: stored(server, "ana") == (START, 4))
    assert failures == []


def test_what_was_written_is_not_written_again(server: RunningServer) -> None:
    state = server.app.state.tracker
    server.device("ana").post([], unsent=4)
    with statements(server) as seen:
        state.write_presence()
    assert any(line.startswith("UPDATE users") for line in seen)
    with statements(server) as seen:
        state.write_presence()
    assert seen == []


# What a poll says of the person


def seen_as(server: RunningServer, name: str) -> str:
    people = server.get("rita", "/api/v1/people/presence").json()["people"]
    (found,) = [person for person in people if person["user_id"] == server.users[name]]
    return str(found["occupancy"])


def test_what_a_poll_says_of_the_person_is_what_admins_see(server: RunningServer) -> None:
    cursor = server.page("ana")["cursor"]
    assert seen_as(server, "ana") == "UNKNOWN"
    for state in ("ACTIVE", "IDLE", "OFFLINE", "UNKNOWN", "ACTIVE"):
        for known in (cursor, cursor, None):  # with nothing new there is a shorter way
            server.pull("ana", known, unsent=0, occupancy=state)
            assert seen_as(server, "ana") == state
    assert seen_as(server, "jonas") == "OFFLINE"
    server.clock.advance(LIVE_MS)
    assert seen_as(server, "ana") == "OFFLINE"


def test_who_reports_no_more_is_not_called_active_for_ever(server: RunningServer) -> None:
    """Reporting was turned off: the device goes on polling and says nothing of the person."""
    cursor = server.page("ana")["cursor"]
    server.pull("ana", cursor, unsent=0, occupancy="ACTIVE")
    server.clock.advance(LIVE_MS - 1)
    server.pull("ana", cursor, unsent=0)
    assert seen_as(server, "ana") == "ACTIVE"
    server.clock.advance(1)
    assert seen_as(server, "ana") == "UNKNOWN"


def test_a_poll_with_an_unknown_state_is_refused(server: RunningServer) -> None:
    cursor = server.page("ana")["cursor"]
    for state in ("active", "BUSY", "", "ACTIVE&unsent=3"):
        body = problem(server.pull("ana", cursor, unsent=0, occupancy=state), 422, "E2013")
        assert [error["field"] for error in body["errors"]] == ["query.occupancy"]
    assert seen_as(server, "ana") == "UNKNOWN"
