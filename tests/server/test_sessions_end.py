"""What ends sessions: another password, being disabled, the person themself, and a stolen token."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from server_stub.core import auth, feed
from server_stub.core.throttle import FREE_FOR_NAME
from server_stub.people import service as people
from tests.server.test_session import me, refresh, sign_in
from tests.support.server import DAY, HOUR, START, RunningServer, problem
from tracker.domain.page import checksum

PASSWORD, SESSIONS = "/api/v1/session/password", "/api/v1/sessions"
NEW = "a better password"


def change(server: RunningServer, token: str, old: str, new: str = NEW) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return server.post(None, PASSWORD, {"old_password": old, "new_password": new}, headers=headers)


def listed(server: RunningServer, token: str) -> list[dict[str, Any]]:
    answer = server.get(None, SESSIONS, headers={"Authorization": f"Bearer {token}"})
    found: list[dict[str, Any]] = answer.json()["sessions"]
    return found


def end(server: RunningServer, token: str, session_id: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return server.client().delete(f"{SESSIONS}/{session_id}", headers=headers)


def set_active(server: RunningServer, name: str, active: bool) -> None:
    """As the command does, in this process, where memory has to be told too."""
    with server.app.state.tracker.database.write() as conn:
        tenant = feed.lock(conn, server.tenant_id)
        people.set_active(conn, tenant, server.users[name], active, server.clock.now)
        feed.save(conn, tenant, server.clock.now)


class TestPassword:
    def test_another_one_ends_every_session_and_token_but_this_one(
        self, server: RunningServer
    ) -> None:
        one, other, jonas = sign_in(server), sign_in(server), sign_in(server, "jonas")
        assert me(server, other["access_token"]).status_code == 200  # in memory from here on
        assert change(server, one["access_token"], server.password).status_code == 204
        problem(me(server, other["access_token"]), 401, "E1002")
        problem(refresh(server, other["refresh_token"]), 401, "E1002")
        problem(me(server, server.token("ana")), 401, "E1002")
        assert me(server, one["access_token"]).status_code == 200
        assert refresh(server, one["refresh_token"]).status_code == 200
        assert me(server, jonas["access_token"]).status_code == 200

    def test_it_is_the_one_that_counts_from_then_on(self, server: RunningServer) -> None:
        assert change(server, server.token("ana"), server.password).status_code == 204
        session = {"name": "ana", "password": server.password}
        problem(server.post(None, "/api/v1/session", session), 401, "E1001")
        assert server.post(None, "/api/v1/session", session | {"password": NEW}).is_success

    @pytest.mark.parametrize("new", ["123456789", "", "AN A"])
    def test_one_that_is_too_short_changes_nothing(
        self, shared_server: RunningServer, new: str
    ) -> None:
        answer = change(shared_server, shared_server.token("ana"), shared_server.password, new)
        assert [e["field"] for e in problem(answer, 422, "E2040")["errors"]] == ["new_password"]
        assert sign_in(shared_server)

    def test_ten_characters_are_enough_unless_they_are_the_name(
        self, server: RunningServer
    ) -> None:
        server.sql("UPDATE users SET name = 'ana.moreno' WHERE name = 'ana'")
        token = server.token("ana")
        problem(change(server, token, server.password, " ANA.moreno "), 422, "E2040")
        assert change(server, token, server.password, "1234567890").status_code == 204

    def test_a_wrong_old_one_changes_nothing_and_names_the_field(
        self, server: RunningServer
    ) -> None:
        other = sign_in(server)
        body = problem(change(server, server.token("ana"), "not this"), 403, "E1010")
        assert [e["field"] for e in body["errors"]] == ["old_password"]
        assert me(server, other["access_token"]).status_code == 200
        assert sign_in(server)

    def test_guessing_the_old_one_with_a_stolen_token_is_throttled(
        self, server: RunningServer
    ) -> None:
        for _ in range(FREE_FOR_NAME):
            problem(change(server, server.token("ana"), "not this"), 403, "E1010")
        problem(change(server, server.token("ana"), server.password), 429, "E1009")
        server.clock.advance(10_000)
        assert change(server, server.token("ana"), server.password).status_code == 204
        for _ in range(FREE_FOR_NAME):
            problem(change(server, server.token("ana"), "not this"), 403, "E1010")

    def test_nobody_changes_one_without_a_token(self, shared_server: RunningServer) -> None:
        body = {"old_password": shared_server.password, "new_password": NEW}
        problem(shared_server.post(None, PASSWORD, body), 401, "E1003")


class TestDisabled:
    def test_a_disabled_person_is_out_at_once_and_for_every_session(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        grant = sign_in(server)
        assert me(server, grant["access_token"]).status_code == 200
        set_active(server, "ana", False)
        problem(me(server, grant["access_token"]), 401, "E1002")
        problem(refresh(server, grant["refresh_token"]), 401, "E1002")
        problem(me(server, server.token("ana")), 401, "E1002")

    def test_who_is_let_in_again_signs_in_anew(self, server: RunningServer) -> None:
        grant = sign_in(server)
        set_active(server, "ana", False)
        set_active(server, "ana", True)
        problem(me(server, grant["access_token"]), 401, "E1002")
        assert sign_in(server)

    def test_the_others_hear_of_it(self, server: RunningServer) -> None:
        before = server.page("rita", scope="monitor")
        set_active(server, "ana", False)
        (ana,) = server.page("rita", before["cursor"], "monitor")["people"]
        (was,) = [p for p in before["people"] if p["id"] == ana["id"]]
        assert ana == {**was, "active": False, "version": was["version"] + 1}
        after = server.page("rita", scope="monitor")
        assert after["sums"]["people"] == {
            "count": len(after["people"]),
            "versions": sum(p["version"] for p in after["people"]),
            "checksums": sum(checksum(p["id"], p["version"]) for p in after["people"]),
        }

    def test_disabling_twice_is_heard_of_once(self, server: RunningServer) -> None:
        set_active(server, "ana", False)
        cursor = server.page("rita")["cursor"]
        set_active(server, "ana", False)
        assert server.pull("rita", cursor).status_code == 304


class TestList:
    def test_it_holds_where_one_is_signed_in_the_newest_first(self, server: RunningServer) -> None:
        server.clock.advance(HOUR)
        first = sign_in(server)
        server.clock.advance(HOUR)
        second = sign_in(server)
        sign_in(server, "jonas")
        newest, oldest, token = listed(server, second["access_token"])
        assert newest == {
            "id": newest["id"],
            "created_at": START + 2 * HOUR,
            "last_used_at": START + 2 * HOUR,
            "expires_at": START + 2 * HOUR + 90 * DAY,
            "current": True,
        }
        assert (oldest["created_at"], oldest["current"]) == (START + HOUR, False)
        assert (token["last_used_at"], token["expires_at"]) == (None, None)
        server.clock.advance(HOUR)
        again = refresh(server, first["refresh_token"]).json()
        assert [s["last_used_at"] for s in listed(server, again["access_token"])] == [
            START + 2 * HOUR, START + 3 * HOUR, None,
        ]  # fmt: skip

    def test_what_has_ended_is_not_in_it(self, server: RunningServer) -> None:
        sign_in(server)
        server.clock.advance(90 * DAY + 1)
        grant = sign_in(server)
        found = listed(server, grant["access_token"])
        assert [s["expires_at"] is None for s in found] == [False, True]
        assert end(server, grant["access_token"], found[1]["id"]).status_code == 204
        assert [s["current"] for s in listed(server, grant["access_token"])] == [True]

    def test_one_of_them_can_be_ended(self, server: RunningServer) -> None:
        lost = sign_in(server)
        server.clock.advance(1)
        here = sign_in(server)
        assert me(server, lost["access_token"]).status_code == 200
        (old,) = [s for s in listed(server, here["access_token"]) if s["created_at"] == START
                  and s["expires_at"]]  # fmt: skip
        assert end(server, here["access_token"], old["id"]).status_code == 204
        problem(me(server, lost["access_token"]), 401, "E1002")
        problem(refresh(server, lost["refresh_token"]), 401, "E1002")
        assert me(server, here["access_token"]).status_code == 200
        problem(end(server, here["access_token"], old["id"]), 404, "E1011")

    def test_anothers_cannot(self, server: RunningServer) -> None:
        ana, jonas = sign_in(server), sign_in(server, "jonas")
        (his,) = [s for s in listed(server, jonas["access_token"]) if s["current"]]
        problem(end(server, ana["access_token"], his["id"]), 404, "E1011")
        problem(end(server, ana["access_token"], "no-id"), 404, "E1011")
        assert me(server, jonas["access_token"]).status_code == 200


class TestStolen:
    """A refresh token that is used after its successor's successor was given out."""

    def test_an_old_one_ends_the_session_and_looks_like_an_unknown_one(
        self, either_server: RunningServer, capfd: pytest.CaptureFixture[str]
    ) -> None:
        server = either_server
        stolen = sign_in(server)["refresh_token"]
        second = refresh(server, stolen).json()["refresh_token"]
        newest = refresh(server, second).json()
        assert me(server, newest["access_token"]).status_code == 200
        capfd.readouterr()
        answer = refresh(server, stolen)
        unknown = problem(refresh(server, "made-up"), 401, "E1002")
        assert problem(answer, 401, "E1002") | {"trace_id": ""} == unknown | {"trace_id": ""}
        problem(me(server, newest["access_token"]), 401, "E1002")
        problem(refresh(server, newest["refresh_token"]), 401, "E1002")
        problem(refresh(server, second), 401, "E1002")
        logged = "".join(capfd.readouterr())
        assert logged.count("old refresh token") == 1
        assert server.users["ana"] in logged
        for token in (stolen, second, newest["refresh_token"], newest["access_token"]):
            assert not any(part in logged for part in token.split(".") if len(part) > 2)

    def test_other_sessions_of_the_person_go_on(self, server: RunningServer) -> None:
        other, token = sign_in(server), sign_in(server)["refresh_token"]
        stolen = token
        for _ in range(2):
            token = refresh(server, token).json()["refresh_token"]
        problem(refresh(server, stolen), 401, "E1002")
        assert refresh(server, other["refresh_token"]).status_code == 200

    def test_an_answer_that_comes_late_after_asking_again_ends_nothing(
        self, server: RunningServer
    ) -> None:
        """Its token was never the previous one, and an honest device can hold it."""
        first = sign_in(server)["refresh_token"]
        late = [refresh(server, first).json()["refresh_token"] for _ in range(3)]
        current = refresh(server, first).json()["refresh_token"]
        for token in late:
            problem(refresh(server, token), 401, "E1002")
        current = refresh(server, current).json()["refresh_token"]
        for token in late:
            problem(refresh(server, token), 401, "E1002")
        assert refresh(server, current).status_code == 200

    def test_a_token_of_a_family_with_an_impossible_number_is_unknown(
        self, server: RunningServer
    ) -> None:
        current = sign_in(server)["refresh_token"]
        for _ in range(3):
            current = refresh(server, current).json()["refresh_token"]
        family, _, secret = current.split(".")
        for number in ("-1", "x", "", "9" * 20, "²", "4"):
            problem(refresh(server, f"{family}.{number}.{secret}"), 401, "E1002")
        assert refresh(server, current).status_code == 200

    def test_a_session_from_before_goes_on_and_is_guarded_from_then_on(
        self, server: RunningServer
    ) -> None:
        """0005 found sessions whose tokens had no family."""
        sign_in(server)
        server.sql(
            "UPDATE tokens SET refresh_hash = :hash, family_hash = NULL"
            " WHERE refresh_hash IS NOT NULL",
            hash=auth.hash_token("from-before"),
        )
        lost = refresh(server, "from-before").json()["refresh_token"]
        second = refresh(server, "from-before").json()["refresh_token"]
        problem(refresh(server, lost), 401, "E1002")
        third = refresh(server, second).json()["refresh_token"]
        newest = refresh(server, third).json()
        problem(refresh(server, second), 401, "E1002")
        problem(me(server, newest["access_token"]), 401, "E1002")
