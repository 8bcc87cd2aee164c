"""When each device of a person was last heard of, and how much waited there."""

from __future__ import annotations

from typing import Any

import httpx

from server_stub.core import sessions, tables
from server_stub.people.routes import MOST_DEVICES
from server_stub.timetable.jobs import CHUNK, JOBS
from tests.support.server import DAY, HOUR, MINUTE, START, RunningServer, problem


def asked(server: RunningServer, who: str, whom: str = "ana") -> httpx.Response:
    return server.get(who, f"/api/v1/people/{server.users[whom]}/devices")


def devices(server: RunningServer, who: str = "rita", whom: str = "ana") -> list[tuple[Any, Any]]:
    answer = asked(server, who, whom)
    assert answer.status_code == 200, answer.text
    return [(one["last_heard_at"], one["unsent"]) for one in answer.json()["devices"]]


class Desk:
    """One more device of a person, signed in for ninety days."""

    def __init__(self, server: RunningServer, name: str = "ana") -> None:
        self.server = server
        with server.database.write() as conn:
            user_id = server.users[name]
            self.token = sessions.open_session(
                conn, user_id, server.clock.now, 90 * DAY, 90 * DAY
            ).access_token

    def ask(self, method: str, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, f"{self.server.url}{path}", headers=headers)

    def poll(self, unsent: int) -> None:
        path = f"/api/v1/sync/pull?scope=desk&unsent={unsent}"
        assert self.ask("GET", path).status_code == 200


def restarted(server: RunningServer) -> None:
    server.stop()
    server.start()


def test_each_is_told_apart_and_who_was_heard_last_comes_first(
    either_server: RunningServer,
) -> None:
    server = either_server
    van, office = Desk(server), Desk(server)
    van.poll(4)
    server.clock.advance(HOUR)
    office.poll(0)
    expected = [(START + HOUR, 0), (START, 4)]
    assert devices(server) == expected
    restarted(server)
    assert devices(server) == expected
    van.poll(3)
    assert sorted(devices(server)) == [(START + HOUR, 0), (START + HOUR, 3)]
    restarted(server)
    assert sorted(devices(server)) == [(START + HOUR, 0), (START + HOUR, 3)]


def test_a_call_that_says_nothing_of_unsent_leaves_what_it_said_last(
    either_server: RunningServer,
) -> None:
    server = either_server
    van = Desk(server)
    van.poll(4)
    server.clock.advance(MINUTE)
    van.ask("GET", "/api/v1/session")
    assert devices(server) == [(START + MINUTE, 4)]
    restarted(server)
    server.clock.advance(MINUTE)
    van.ask("GET", "/api/v1/session")
    assert devices(server) == [(START + 2 * MINUTE, 4)]
    restarted(server)
    assert devices(server) == [(START + 2 * MINUTE, 4)]


def test_a_program_that_does_not_synchronise_says_nothing_of_unsent(
    either_server: RunningServer,
) -> None:
    Desk(either_server).ask("GET", "/api/employee-tasks/")
    assert devices(either_server) == [(START, None)]
    restarted(either_server)
    assert devices(either_server) == [(START, None)]


def test_where_a_session_has_ended_there_is_no_device_any_more(server: RunningServer) -> None:
    van, office = Desk(server), Desk(server)
    van.poll(4)
    office.poll(0)
    assert van.ask("DELETE", "/api/v1/session").status_code == 204
    assert devices(server) == [(START, 0)]
    restarted(server)
    assert devices(server) == [(START, 0)]
    server.clock.advance(91 * DAY)
    assert devices(server) == []


def test_the_person_sees_what_admins_see_and_colleagues_nothing(server: RunningServer) -> None:
    Desk(server).poll(2)
    server.clock.advance(MINUTE)
    mine = devices(server, "ana")  # asking is being heard of, on the device that asks
    assert mine == [(START + MINUTE, None), (START, 2)]
    assert devices(server, "rita") == mine
    problem(asked(server, "jonas"), 404, "E5063")
    problem(server.get("rita", "/api/v1/people/77/devices"), 404, "E5006")


def test_there_are_a_hundred_at_most(server: RunningServer) -> None:
    many = [Desk(server) for _ in range(MOST_DEVICES + 5)]
    for number, desk in enumerate(many):
        server.clock.now = START + number
        desk.poll(number)
    restarted(server)
    found = devices(server)
    assert len(found) == MOST_DEVICES
    assert found[0] == (START + MOST_DEVICES + 4, MOST_DEVICES + 4)


def test_what_was_written_is_kept_in_memory_no_longer(server: RunningServer) -> None:
    state = server.app.state.tracker
    Desk(server).poll(1)
    assert state.presence.news().devices
    state.write_presence()
    assert not state.presence.news()
    assert devices(server) == [(START, 1)]


def forget(server: RunningServer) -> int:
    """What the clock has the server do; how many were forgotten."""
    state = server.app.state.tracker
    state.write_presence()
    return JOBS["forget devices"].run(state)


def kept(server: RunningServer) -> list[int]:
    """How much waited at each device that there is a row of."""
    rows = server.sql("SELECT last_unsent FROM devices WHERE last_unsent > 0 ORDER BY last_unsent")
    return [row[0] for row in rows]


def test_what_was_heard_of_a_session_goes_when_it_has_ended(either_server: RunningServer) -> None:
    server = either_server
    van, office, lost = Desk(server), Desk(server), Desk(server, "jonas")
    for unsent, desk in enumerate((van, office, lost), start=1):
        desk.poll(unsent)
    assert forget(server) == 0
    assert kept(server) == [1, 2, 3]
    assert van.ask("DELETE", "/api/v1/session").status_code == 204
    with server.database.write() as conn:
        sessions.end_all(conn, server.world.tenant_id, server.users["jonas"], server.clock.now)
    assert forget(server) == 2
    assert kept(server) == [2]
    assert forget(server) == 0


def test_what_was_heard_of_a_session_goes_when_it_has_expired_and_a_token_stays(
    either_server: RunningServer,
) -> None:
    server = either_server
    Desk(server).poll(1)
    with server.database.write() as conn:
        token = sessions.create_token(conn, server.users["ana"], server.clock.now)
    program = Desk(server)
    program.token = token
    program.poll(2)
    server.clock.advance(91 * DAY)
    assert (forget(server), kept(server)) == (1, [2])
    assert devices(server) == [(START, 2)]


def test_what_was_heard_of_a_session_that_is_not_there_goes_some_at_a_time(
    server: RunningServer,
) -> None:
    many = CHUNK * 2 + 1
    with server.database.write() as conn:
        conn.execute(
            tables.devices.insert(),
            [
                {"session_id": f"gone {n:04}", "tenant_id": server.world.tenant_id,
                 "last_heard_at": START, "last_unsent": 1}
                for n in range(many)
            ],
        )  # fmt: skip
    assert forget(server) == many
    assert kept(server) == []
