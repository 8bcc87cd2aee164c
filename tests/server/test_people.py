"""People, projects and teams over REST: who is let in, what can be changed, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from server_stub.core import audit
from tests.server.test_session import me, sign_in
from tests.support.server import OUTSIDER, RunningServer, problem

PEOPLE, PROJECTS, TEAMS = "/api/v1/people", "/api/v1/projects", "/api/v1/teams"
MEI = {"name": "mei", "display_name": "Mei Tanaka", "role": "EMPLOYEE", "password": "long enough"}
PICTURE = "https://pictures.example/mei.png"


def patch(
    server: RunningServer, by: str, path: str, if_match: str | None = None, **body: Any
) -> httpx.Response:
    headers = {"If-Match": if_match} if if_match else {}
    return server.client(by).patch(path, json=body, headers=headers)


def change(server: RunningServer, name: str, by: str = "sara", /, **body: Any) -> httpx.Response:
    return patch(server, by, f"{PEOPLE}/{server.users[name]}", **body)


def fields_of(body: dict[str, Any]) -> list[str]:
    return [error["field"] for error in body["errors"]]


def trail_of(server: RunningServer, thing_id: str) -> list[dict[str, Any]]:
    return [row for row in server.audit_trail() if row["task"] == thing_id]


def is_whole(server: RunningServer) -> bool:
    with server.database.read() as conn:
        return audit.verify(conn, server.tenant_id).broken_at is None


def tag(server: RunningServer, version: int) -> str:
    ((epoch,),) = server.sql("SELECT epoch FROM tenants WHERE id = :id", id=server.tenant_id)
    return f'"{epoch[:8]}-{version}"'


class TestLettingIn:
    def test_somebody_new_can_sign_in_and_everybody_hears_of_them(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        cursor = server.page("ana")["cursor"]
        answer = server.post(
            "sara", PEOPLE, {**MEI, "name": " Mei ", "display_name": " Mei Tanaka "}
        )
        assert (answer.status_code, answer.headers["etag"]) == (201, tag(server, 1))
        made = answer.json()
        assert made == {
            "id": made["id"],
            "number": 5,
            "name": "mei",
            "display_name": "Mei Tanaka",
            "role": "EMPLOYEE",
            "active": True,
            "version": 1,
            "team_id": None,
            "avatar_url": "",
        }
        session = {"name": "mei", "password": MEI["password"]}
        assert server.post(None, "/api/v1/session", session).json()["me"]["user_id"] == made["id"]
        assert server.page("ana", cursor)["people"] == [made]

    def test_somebody_can_come_into_a_team_at_once(self, either_server: RunningServer) -> None:
        server = either_server
        team = server.post("rita", TEAMS, {"name": "Night shift"}).json()
        made = server.post("sara", PEOPLE, {**MEI, "team_id": team["id"]}).json()
        assert made["team_id"] == team["id"]
        assert server.get("ana", f"{PEOPLE}/5").json() == made
        (row,) = trail_of(server, made["id"])
        assert row["after"]["team_id"] == team["id"]

    def test_a_team_that_is_not_there_or_archived_lets_nobody_in(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        team = server.post("rita", TEAMS, {"name": "Night shift"}).json()
        patch(server, "rita", f"{TEAMS}/{team['id']}", archived=True)
        for team_id in (team["id"], server.new_id()):
            answer = server.post("sara", PEOPLE, {**MEI, "team_id": team_id})
            assert fields_of(problem(answer, 404, "E5061")) == ["team_id"]
        assert len(server.get("sara", PEOPLE).json()["people"]) == 4
        assert server.post("sara", PEOPLE, MEI).json()["number"] == 5

    def test_the_trail_says_who_let_in_whom_without_names(self, server: RunningServer) -> None:
        made = server.post("sara", PEOPLE, MEI).json()
        (row,) = trail_of(server, made["id"])
        assert (row["event"], row["user"]) == ("person.create", server.users["sara"])
        assert (row["before"], row["after"]) == ({}, {"number": 5, "role": "EMPLOYEE"})
        assert (row["made_at"], row["received_at"]) == (server.clock.now, server.clock.now)
        assert "mei" not in str(row).lower()
        assert is_whole(server)

    @pytest.mark.parametrize("name", ["ana", " ANA ", OUTSIDER])
    def test_a_name_that_is_taken_anywhere_is_refused_and_nothing_is_left(
        self, either_server: RunningServer, name: str
    ) -> None:
        body = problem(either_server.post("sara", PEOPLE, {**MEI, "name": name}), 409, "E5012")
        assert fields_of(body) == ["name"]
        assert either_server.post("sara", PEOPLE, MEI).json()["number"] == 5
        assert len(either_server.audit_trail()) == 1

    def test_of_many_who_want_one_name_at_once_one_gets_it(
        self, either_server: RunningServer
    ) -> None:
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda who: either_server.post(who, PEOPLE, MEI), ["sara", OUTSIDER] * 2)
            )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    @pytest.mark.parametrize(
        ("key", "value", "code", "field"),
        [
            ("name", "", "E2017", "name"),
            ("name", " \n", "E2017", "name"),
            ("name", "a\x00b", "E2008", "name"),
            ("name", "x" * 201, "E2002", "name"),
            ("name", None, "E2013", "body.name"),
            ("name", "\ud800", "E2008", "name"),
            ("display_name", "", "E2017", "display_name"),
            ("display_name", "x" * 201, "E2002", "display_name"),
            ("display_name", 7, "E2013", "body.display_name"),
            ("role", "BOSS", "E2013", "body.role"),
            ("password", "123456789", "E2040", "password"),
            ("password", "x" * 1001, "E2013", "body.password"),
            ("team_id", "7", "E2013", "body.team_id"),
            ("active", False, "E2013", "body.active"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, shared_server: RunningServer, key: str, value: object, code: str, field: str
    ) -> None:
        answer = shared_server.post("sara", PEOPLE, {**MEI, key: value})
        assert fields_of(problem(answer, 422, code)) == [field]
        assert len(shared_server.get("sara", PEOPLE).json()["people"]) == 4

    def test_the_name_is_no_password(self, shared_server: RunningServer) -> None:
        body = {**MEI, "name": "Mei Tanaka", "password": " mei tanaka "}
        problem(shared_server.post("sara", PEOPLE, body), 422, "E2040")


class TestChanging:
    def test_every_field_and_everybody_hears_of_it(self, either_server: RunningServer) -> None:
        server = either_server
        team = server.post("rita", TEAMS, {"name": "Night shift"}).json()
        cursor = server.page("jonas")["cursor"]
        wanted = {
            "display_name": " Ana M. Moreno ", "role": "ADMIN", "team_id": team["id"],
            "avatar_url": PICTURE,
        }  # fmt: skip
        answer = change(server, "ana", **wanted)
        assert (answer.status_code, answer.headers["etag"]) == (200, tag(server, 2))
        made = answer.json()
        assert made == {
            "id": server.users["ana"],
            "number": 3,
            "name": "ana",
            "active": True,
            "version": 2,
            **wanted,
            "display_name": "Ana M. Moreno",
        }
        assert server.page("jonas", cursor)["people"] == [made]
        assert server.get("jonas", f"{PEOPLE}/3").json() == made
        (row,) = trail_of(server, made["id"])
        assert (row["event"], row["user"]) == ("person.change", server.users["sara"])
        assert row["before"] == {"role": "EMPLOYEE", "team_id": None}
        assert row["after"] == {"role": "ADMIN", "team_id": team["id"]}
        assert row["fields"] == ["display_name", "role", "team_id", "avatar_url"]
        assert "Moreno" not in str(row)
        assert is_whole(server)

    @pytest.mark.parametrize(
        "body", [{}, {"active": True}, {"display_name": " Ana Moreno "}, {"team_id": None}]
    )
    def test_what_is_so_already_changes_nothing(
        self, shared_server: RunningServer, body: dict[str, Any]
    ) -> None:
        cursor = shared_server.page("ana")["cursor"]
        assert change(shared_server, "ana", **body).json()["version"] == 1
        assert shared_server.pull("ana", cursor).status_code == 304
        assert shared_server.audit_trail() == []

    @pytest.mark.parametrize(
        ("key", "value", "code", "field"),
        [
            ("display_name", "", "E2017", "display_name"),
            ("display_name", None, "E2013", "body.display_name"),
            ("display_name", "a\x00", "E2008", "display_name"),
            ("role", None, "E2013", "body.role"),
            ("active", "yes", "E2013", "body.active"),
            ("active", None, "E2013", "body.active"),
            ("team_id", "night", "E2013", "body.team_id"),
            ("avatar_url", "pictures.example/x", "E2060", "avatar_url"),
            ("avatar_url", "javascript:alert(1)", "E2060", "avatar_url"),
            ("avatar_url", "https://", "E2060", "avatar_url"),
            ("avatar_url", "https://a b", "E2060", "avatar_url"),
            ("avatar_url", "https://x/" + "x" * 491, "E2002", "avatar_url"),
            ("name", "anna", "E2013", "body.name"),
            ("version", 7, "E2013", "body.version"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, shared_server: RunningServer, key: str, value: object, code: str, field: str
    ) -> None:
        answer = change(shared_server, "ana", **{key: value})
        assert fields_of(problem(answer, 422, code)) == [field]
        assert shared_server.get("ana", f"{PEOPLE}/3").json()["version"] == 1

    def test_the_longest_address_of_a_picture_fits(self, server: RunningServer) -> None:
        longest = "https://x/" + "x" * 490
        assert change(server, "ana", avatar_url=longest).json()["avatar_url"] == longest
        assert change(server, "ana", avatar_url="").json()["avatar_url"] == ""


class TestRights:
    def test_a_new_role_counts_at_once(self, server: RunningServer) -> None:
        page = server.page("rita", scope="monitor")  # the server knows her from here on
        change(server, "rita", role="EMPLOYEE")
        problem(server.pull("rita", scope="monitor"), 403, "E1006")
        problem(server.post("rita", TEAMS, {"name": "x"}), 403, "E1005")
        problem(server.pull("rita", page["cursor"]), 410, "E4005")
        change(server, "rita", role="OWNER")
        assert server.post("rita", PEOPLE, MEI).status_code == 201

    def test_a_new_name_counts_at_once(self, server: RunningServer) -> None:
        assert server.get("ana", "/api/v1/session").json()["display_name"] == "Ana Moreno"
        change(server, "ana", display_name="Ana Lind")
        assert server.get("ana", "/api/v1/session").json()["display_name"] == "Ana Lind"

    def test_who_is_disabled_is_out_and_comes_back_with_a_new_session(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        grant = sign_in(server)
        assert me(server, grant["access_token"]).status_code == 200
        disabled = change(server, "ana", active=False).json()
        assert (disabled["active"], disabled["version"]) == (False, 2)
        problem(me(server, grant["access_token"]), 401, "E1002")
        session = {"name": "ana", "password": server.password}
        problem(server.post(None, "/api/v1/session", session), 401, "E1001")
        assert change(server, "ana", active=True).json()["version"] == 3
        problem(me(server, grant["access_token"]), 401, "E1002")
        assert sign_in(server)

    def test_a_disabled_person_gets_no_new_task(self, server: RunningServer) -> None:
        change(server, "ana", active=False)
        ana = {"user_id": server.users["ana"]}
        made = server.device("rita").do(
            "create_task", server.new_id(), {"title": "x", "people": [ana]}
        )
        assert (made["outcome"], made["code"]) == ("rejected", "E5006")

    @pytest.mark.parametrize(
        ("body", "field"), [({"active": False}, "active"), ({"role": "ADMIN"}, "role")]
    )
    def test_the_last_owner_can_neither_disable_nor_demote_themself(
        self, server: RunningServer, body: dict[str, Any], field: str
    ) -> None:
        assert fields_of(problem(change(server, "sara", **body), 409, "E5060")) == [field]
        # One who cannot sign in is no help.
        change(server, "rita", role="OWNER")
        change(server, "rita", active=False)
        problem(change(server, "sara", **body), 409, "E5060")
        assert change(server, "sara", display_name="Sara L.").status_code == 200
        change(server, "rita", active=True)
        assert change(server, "sara", **body).status_code == 200
        # Now it is the other one who is the last.
        with server.database.write() as conn:
            from server_stub.core import sessions

            token = sessions.create_token(conn, server.users["rita"], server.clock.now)
        url, headers = f"{PEOPLE}/2", {"Authorization": f"Bearer {token}"}
        problem(server.client().patch(url, json=body, headers=headers), 409, "E5060")

    def test_of_two_owners_who_demote_each_other_at_once_one_stays(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        change(server, "rita", role="OWNER")
        pairs = [("sara", "rita"), ("rita", "sara")]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda p: change(server, p[1], p[0], role="ADMIN"), pairs))
        found = server.get("ana", PEOPLE).json()["people"]
        assert sum(person["role"] == "OWNER" for person in found) == 1
        # The one who was not an owner any more when the turn came may have been known as one.
        assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409])


class TestTeamsOfPeople:
    def test_a_team_has_to_be_there(self, server: RunningServer) -> None:
        theirs = server.post(OUTSIDER, TEAMS, {"name": "Elsewhere"}).json()["id"]
        for team_id in (server.new_id(), theirs, server.world.project_id):
            body = problem(change(server, "ana", team_id=team_id), 404, "E5061")
            assert fields_of(body) == ["team_id"]

    def test_nobody_comes_into_an_archived_team_and_whoever_is_in_it_stays(
        self, server: RunningServer
    ) -> None:
        team = server.post("rita", TEAMS, {"name": "Night shift"}).json()["id"]
        change(server, "ana", team_id=team)
        patch(server, "rita", f"{TEAMS}/1", archived=True)
        problem(change(server, "jonas", team_id=team), 404, "E5061")
        assert change(server, "ana", role="ADMIN").json()["team_id"] == team
        assert change(server, "ana", team_id=None).json()["team_id"] is None
        problem(change(server, "ana", team_id=team), 404, "E5061")


@pytest.mark.parametrize(("path", "word"), [(PROJECTS, "project"), (TEAMS, "team")])
class TestGroups:
    def test_a_new_one_and_its_changes_reach_everybody(
        self, either_server: RunningServer, path: str, word: str
    ) -> None:
        server = either_server
        first = 2 if word == "project" else 1
        cursor = server.page("ana")["cursor"]
        answer = server.post("rita", path, {"name": " Night shift "})
        assert (answer.status_code, answer.headers["etag"]) == (201, tag(server, 1))
        made = answer.json()
        assert made == {
            "id": made["id"], "number": first, "name": "Night shift", "archived": False,
            "version": 1,
        }  # fmt: skip
        page = server.page("ana", cursor)
        assert page[f"{word}s"] == [made]
        changed = patch(server, "sara", f"{path}/{first}", name="Nights", archived=True)
        assert (changed.status_code, changed.headers["etag"]) == (200, tag(server, 2))
        wanted = {**made, "name": "Nights", "archived": True, "version": 2}
        assert changed.json() == wanted
        assert server.page("ana", page["cursor"])[f"{word}s"] == [wanted]
        assert server.get("ana", f"{path}/{made['id']}").json() == wanted
        created, row = trail_of(server, made["id"])
        assert (created["event"], created["user"]) == (f"{word}.create", server.users["rita"])
        assert created["after"] == {"number": first, "name": "Night shift"}
        assert (row["event"], row["user"]) == (f"{word}.change", server.users["sara"])
        assert row["before"] == {"name": "Night shift", "archived": False}
        assert row["after"] == {"name": "Nights", "archived": True}
        assert is_whole(server)

    def test_what_is_so_already_changes_nothing(
        self, server: RunningServer, path: str, word: str
    ) -> None:
        made = server.post("rita", path, {"name": "Night shift"}).json()
        cursor = server.page("ana")["cursor"]
        url = f"{path}/{made['id']}"
        assert patch(server, "rita", url, name=" Night shift", archived=False).json() == made
        assert patch(server, "rita", url).json() == made
        assert server.pull("ana", cursor).status_code == 304
        assert len(server.audit_trail()) == 1

    @pytest.mark.parametrize(
        ("name", "code", "field"),
        [
            (" ", "E2017", "name"),
            ("x" * 201, "E2002", "name"),
            ("a\x00", "E2008", "name"),
            (None, "E2013", "body.name"),
        ],
    )
    def test_a_name_that_cannot_be_used_is_named(
        self, server: RunningServer, path: str, word: str, name: str, code: str, field: str
    ) -> None:
        made = server.post("rita", path, {"name": "x" * 200}).json()
        answers = (
            server.post("rita", path, {"name": name}),
            patch(server, "rita", f"{path}/{made['id']}", name=name),
        )
        for answer in answers:
            assert fields_of(problem(answer, 422, code)) == [field]
        assert [g["id"] for g in server.get("rita", path).json()[f"{word}s"]][-1] == made["id"]


def test_an_archived_project_gets_no_new_task(server: RunningServer) -> None:
    project_id = server.world.project_id
    server.task("ana", project_id=project_id)
    patch(server, "rita", f"{PROJECTS}/1", archived=True)
    args = {"title": "x", "project_id": project_id}
    made = server.device("rita").do("create_task", server.new_id(), args)
    assert (made["outcome"], made["code"]) == ("rejected", "E5007")


class TestFinding:
    @pytest.mark.parametrize(
        ("path", "code"), [(PEOPLE, "E5006"), (PROJECTS, "E5007"), (TEAMS, "E5061")]
    )
    def test_what_is_not_there_or_anothers_is_unknown(
        self, server: RunningServer, path: str, code: str
    ) -> None:
        server.post("rita", TEAMS, {"name": "Night shift"})
        mine = server.get("sara", path).json()
        (things,) = (value for value in mine.values() if isinstance(value, list))
        # Olga is person 1 of her own tenant.
        there = [str(t["number"]) for t in things if path != PEOPLE or t["number"] > 1]
        for ref in [t["id"] for t in things] + there:
            problem(server.get(OUTSIDER, f"{path}/{ref}"), 404, code)
            problem(patch(server, OUTSIDER, f"{path}/{ref}"), 404, code)
        for ref in ("0", "999999999999999", server.new_id()):
            problem(server.get("sara", f"{path}/{ref}"), 404, code)

    @pytest.mark.parametrize("ref", ["ana", "-1", "1.0", "9999999999999999", "²", "١", "1" * 40])
    def test_what_is_neither_a_number_nor_a_uuid_is_named(
        self, shared_server: RunningServer, ref: str
    ) -> None:
        body = problem(shared_server.get("sara", f"{PEOPLE}/{ref}"), 422, "E2006")
        assert fields_of(body) == ["person_ref"]

    def test_a_list_comes_in_pages(self, server: RunningServer) -> None:
        seen: list[str] = []
        after: int | None = 0
        while after is not None:
            answer = server.get("ana", PEOPLE, params={"after": after, "limit": 3}).json()
            seen += [person["name"] for person in answer["people"]]
            after = answer["next"]
            assert after in (3, None)
        assert seen == ["sara", "rita", "ana", "jonas"]
        whole = server.get("ana", PEOPLE, params={"limit": 4}).json()
        assert (len(whole["people"]), whole["next"]) == (4, None)
        assert server.get("ana", PEOPLE, params={"after": 99}).json() == {
            "people": [],
            "next": None,
        }

    @pytest.mark.parametrize("query", ["limit=0", "limit=501", "after=-1", "limit=x"])
    def test_a_page_has_its_bounds(self, shared_server: RunningServer, query: str) -> None:
        for path in (PEOPLE, PROJECTS, TEAMS):
            problem(shared_server.get("ana", f"{path}?{query}"), 422, "E2013")


@pytest.fixture(params=["people", "projects", "teams"])
def thing(request: pytest.FixtureRequest, server: RunningServer) -> tuple[str, Callable[..., Any]]:
    """A path of version 2, and the way to change it."""
    if request.param == "teams":
        server.post("rita", TEAMS, {"name": "Night shift"})
    path = f"/api/v1/{request.param}/1"
    field = "display_name" if request.param == "people" else "name"

    def name_it(name: str, if_match: str | None = None) -> httpx.Response:
        return patch(server, "sara", path, if_match, **{field: name})

    assert name_it("First").json()["version"] == 2
    return path, name_it


class TestIfMatch:
    def test_a_version_that_is_over_is_refused_with_what_is_there(
        self, server: RunningServer, thing: tuple[str, Callable[..., Any]]
    ) -> None:
        path, name_it = thing
        now = server.get("sara", path)
        one, two, three = (tag(server, version) for version in (1, 2, 3))
        other_epoch = f'"01234567-{two[10:]}'
        for stale in (one, three, f"W/{two}", two[1:-1], f"{one}, {three}", other_epoch, '""', "x"):
            body = problem(name_it("Second", stale), 412, "E5062")
            assert body["current"] == now.json()
        assert server.get("sara", path).json() == now.json()

    @pytest.mark.parametrize("good", ["{two}", "*", "{one}, {two}", "{one},{two}"])
    def test_the_present_version_is_changed(
        self, server: RunningServer, thing: tuple[str, Callable[..., Any]], good: str
    ) -> None:
        path, name_it = thing
        assert server.get("sara", path).headers["etag"] == tag(server, 2)
        named = good.format(one=tag(server, 1), two=tag(server, 2))
        assert name_it("Second", named).headers["etag"] == tag(server, 3)

    def test_of_two_who_changed_the_same_version_one_is_told(
        self, server: RunningServer, thing: tuple[str, Callable[..., Any]]
    ) -> None:
        _, name_it = thing
        seen = tag(server, 2)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda name: name_it(name, seen), ["Second", "Other"]))
        assert sorted(answer.status_code for answer in answers) == [200, 412]
