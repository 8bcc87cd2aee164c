"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.server import DAY, HOUR, MINUTE, START, RunningServer, problem

SESSION = "/api/v1/session"
REFRESH = "/api/v1/session/refresh"


def sign_in(server: RunningServer, name: str = "ana") -> dict[str, Any]:
    answer = server.post(None, SESSION, {"name": name, "password": server.password})
    assert answer.status_code == 200, answer.text
    grant: dict[str, Any] = answer.json()
    return grant


def me(server: RunningServer, token: str, scheme: str = "Bearer") -> httpx.Response:
    return server.get(None, SESSION, headers={"Authorization": f"{scheme} {token}"})


def refresh(server: RunningServer, token: str) -> httpx.Response:
    return server.post(None, REFRESH, {"refresh_token": token})


def test_signing_in_gives_tokens_and_says_who_one_is(server: RunningServer) -> None:
    grant = sign_in(server)
    assert grant["expires_at"] == START + HOUR
    assert grant["me"] == {
        "user_id": server.users["ana"],
        "name": "ana",
        "display_name": "Ana Moreno",
        "role": "EMPLOYEE",
        "tenant": "Northwind",
        "zone": "Europe/Berlin",
        "server_id": server.get(None, "/api/v1/health").json()["server_id"],
    }
    assert me(server, grant["access_token"]).json() == grant["me"]
    assert me(server, grant["access_token"], "Token").status_code == 200


def test_a_name_is_found_in_any_case_and_with_blanks_around(server: RunningServer) -> None:
    assert sign_in(server, "  ANA ")["me"]["name"] == "ana"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(server: RunningServer) -> None:
    wrong = server.post(None, SESSION, {"name": "ana", "password": "not this"})
    unknown = server.post(None, SESSION, {"name": "nobody", "password": server.password})
    first, second = problem(wrong, 401, "E1001"), problem(unknown, 401, "E1001")
    assert {**first, "trace_id": ""} == {**second, "trace_id": ""}


def test_a_disabled_account_can_neither_sign_in_nor_go_on(server: RunningServer) -> None:
    server.sql("UPDATE users SET active = :no WHERE name = 'ana'", no=False)
    answer = server.post(None, SESSION, {"name": "ana", "password": server.password})
    problem(answer, 401, "E1001")
    problem(me(server, server.token("ana")), 403, "E1004")


def test_a_name_that_no_database_holds_is_unknown_like_any_other(
    either_server: RunningServer,
) -> None:
    for name in ("an\x00a", "\x00"):
        body = {"name": name, "password": either_server.password}
        problem(either_server.post(None, SESSION, body), 401, "E1001")


def test_no_token_and_an_unknown_one_are_not_signed_in(server: RunningServer) -> None:
    problem(server.get(None, SESSION), 401, "E1003")
    problem(me(server, "made-up"), 401, "E1003")
    problem(me(server, server.token("ana"), "Basic"), 401, "E1003")


def test_an_access_token_ends_with_its_hour(server: RunningServer) -> None:
    token = sign_in(server)["access_token"]
    server.clock.advance(HOUR)
    assert me(server, token).status_code == 200
    server.clock.advance(1)
    problem(me(server, token), 401, "E1002")


def test_a_token_for_machines_does_not_end(server: RunningServer) -> None:
    server.clock.advance(1_000 * DAY)
    assert me(server, server.token("ana")).status_code == 200


def test_a_refresh_gives_new_tokens_and_a_new_hour(server: RunningServer) -> None:
    old = sign_in(server)
    server.clock.advance(2 * HOUR)
    answer = refresh(server, old["refresh_token"])
    assert answer.status_code == 200
    new = answer.json()
    assert new["me"] == old["me"]
    assert new["expires_at"] == server.clock.now + HOUR
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]
    assert me(server, new["access_token"]).status_code == 200
    assert me(server, old["access_token"]).status_code == 401


def test_the_previous_refresh_token_works_until_its_successor_is_used(
    server: RunningServer,
) -> None:
    first = sign_in(server)["refresh_token"]
    lost = refresh(server, first).json()  # imagine that this answer never arrived
    again = refresh(server, first)
    assert again.status_code == 200
    second = again.json()["refresh_token"]
    problem(refresh(server, lost["refresh_token"]), 401, "E1002")
    third = refresh(server, second)
    assert third.status_code == 200
    problem(refresh(server, first), 401, "E1002")


def test_a_refresh_token_ends_after_its_days_and_each_use_renews_it(
    server: RunningServer,
) -> None:
    token = sign_in(server)["refresh_token"]
    server.clock.advance(89 * DAY)
    token = refresh(server, token).json()["refresh_token"]
    server.clock.advance(89 * DAY)
    token = refresh(server, token).json()["refresh_token"]
    server.clock.advance(90 * DAY + MINUTE)
    problem(refresh(server, token), 401, "E1002")


def test_signing_out_ends_this_session_and_no_other(server: RunningServer) -> None:
    one, other = sign_in(server), sign_in(server)
    headers = {"Authorization": f"Bearer {one['access_token']}"}
    answer = server.client().delete(SESSION, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(me(server, one["access_token"]), 401, "E1002")
    problem(refresh(server, one["refresh_token"]), 401, "E1002")
    assert me(server, other["access_token"]).status_code == 200


def test_neither_tokens_nor_passwords_are_stored(server: RunningServer) -> None:
    grant = sign_in(server)
    secrets = {grant["access_token"], grant["refresh_token"], server.token("ana"), server.password}
    stored = server.sql("SELECT * FROM tokens") + server.sql("SELECT * FROM users")
    for row in stored:
        assert not secrets & {str(value) for value in row}
    hashes = server.sql("SELECT password_hash FROM users")
    assert all(value.startswith("$argon2id$") for (value,) in hashes)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "ana"},
        {"name": "ana", "password": 12345678},
        {"name": "ana", "password": "x" * 1001},
        {"name": "ana", "password": "x", "remember": True},
        [],
        None,
    ],
)
def test_a_sign_in_that_cannot_be_read_is_a_coded_problem(
    shared_server: RunningServer, body: Any
) -> None:
    problem(shared_server.post(None, SESSION, body), 422, "E2013")


def test_presence_says_when_each_was_last_heard_and_how_much_waits_there(
    server: RunningServer,
) -> None:
    server.device("ana").post([], unsent=4)
    server.clock.advance(20_000)
    people = server.get("rita", "/api/v1/people/presence").json()["people"]
    (ana,) = [p for p in people if p["user_id"] == server.users["ana"]]
    assert (ana["last_heard_at"], ana["unsent"]) == (START, 4)
    (jonas,) = [p for p in people if p["user_id"] == server.users["jonas"]]
    assert jonas == {
        "user_id": server.users["jonas"],
        "last_heard_at": None,
        "unsent": 0,
        "occupancy": "OFFLINE",
    }
    assert len(people) == 4
    problem(server.get("ana", "/api/v1/people/presence"), 403, "E1005")
