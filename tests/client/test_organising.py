"""People, projects and teams, changed at a real server: once, however often it is tried, and never
over somebody else's change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.server.test_people import MEI, PEOPLE, PROJECTS, TEAMS, patch
from tests.support.server import RunningServer
from tracker.config import Profile
from tracker.domain.errors import InputError, ServerRefusal, Unreachable
from tracker.domain.task import Occupancy, Person, Project, Role
from tracker.services import organising, session
from tracker.services.credentials import InEnvironment
from tracker.sync.ports import Credentials


class Losing:
    """Lets requests through, and loses the answers to so many of those that write."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.lose = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "GET" or not self.lose:
            await self._app(scope, receive, send)
            return
        self.lose -= 1

        async def nowhere(_message: Any) -> None:
            pass

        await self._app(scope, receive, nowhere)
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>Bad gateway</html>"})


class Desk:
    """Somebody's signed-in profile."""

    def __init__(self, server: RunningServer, root: Path, name: str) -> None:
        self.credentials: Credentials = InEnvironment(server.token(name))
        signed = session.sign_in(root / name, server.url, name, None, "monitor", self.credentials)
        self.profile: Profile = signed.profile
        self.server = server

    def do(self, deed: organising.Deed[Any]) -> Any:
        return organising.do(self.profile, self.credentials, deed)

    def person(self, name: str) -> Person:
        found = self.server.get("sara", f"{PEOPLE}/{self.server.users[name]}").json()
        return Person(**{**found, "role": Role(found["role"])})


@pytest.fixture
def losing(serve: Callable[..., RunningServer]) -> tuple[RunningServer, Losing]:
    made: list[Losing] = []

    def wrap(app: ASGIApp) -> Losing:
        made.append(Losing(app))
        return made[-1]

    server = serve(wrap=wrap)
    return server, made[0]


def mei() -> organising.Deed[Person]:
    return organising.let_in("mei", "Mei Tanaka", Role.EMPLOYEE, MEI["password"], None)


def refused(desk: Desk, deed: organising.Deed[Any], code: str) -> ServerRefusal:
    with pytest.raises(ServerRefusal) as fault:
        desk.do(deed)
    assert fault.value.code == code
    return fault.value


def test_each_deed_is_done_at_the_server(server: RunningServer, tmp_path: Path) -> None:
    sara = Desk(server, tmp_path, "sara")
    team = sara.do(organising.new_team(" Night shift "))
    assert team.name == "Night shift"
    made = sara.do(organising.let_in("mei", "Mei", Role.ADMIN, MEI["password"], team.id))
    assert (made.role, made.team_id, made.number) == (Role.ADMIN, team.id, 5)
    changed = sara.do(
        organising.change(made, server.epoch, display_name="Mei Tanaka", team_id=None)
    )
    assert (changed.display_name, changed.team_id, changed.version) == ("Mei Tanaka", None, 2)
    off = sara.do(organising.change(changed, server.epoch, active=False))
    assert not off.active
    project = sara.do(organising.new_project("Metering"))
    renamed = sara.do(organising.change(project, server.epoch, name="Metering 2026"))
    gone = sara.do(organising.change(renamed, server.epoch, archived=True))
    assert (gone.name, gone.archived, gone.version) == ("Metering 2026", True, 3)


@pytest.mark.parametrize(
    ("deed", "path", "word", "count"),
    [
        (mei(), PEOPLE, "people", 5),
        (organising.new_project("Metering"), PROJECTS, "projects", 2),
        (organising.new_team("Night shift"), TEAMS, "teams", 1),
    ],
)
def test_what_is_made_is_made_once_although_the_answer_was_lost(
    losing: tuple[RunningServer, Losing],
    tmp_path: Path,
    deed: organising.Deed[Any],
    path: str,
    word: str,
    count: int,
) -> None:
    server, line = losing
    sara = Desk(server, tmp_path, "sara")
    line.lose = 2
    for _ in range(2):
        with pytest.raises(Unreachable) as fault:
            sara.do(deed)
        deed = organising.again(deed, fault.value)
    made = sara.do(deed)
    things = server.get("sara", path).json()[word]
    assert len(things) == count
    assert things[-1]["id"] == made.id
    # The same words another time are another deed.
    if word != "people":
        maker = organising.new_project if word == "projects" else organising.new_team
        assert sara.do(maker(made.name)).id != made.id


def test_a_change_whose_answer_was_lost_is_no_conflict(
    losing: tuple[RunningServer, Losing], tmp_path: Path
) -> None:
    server, line = losing
    sara = Desk(server, tmp_path, "sara")
    deed = organising.change(sara.person("ana"), server.epoch, role=Role.ADMIN)
    line.lose = 1
    with pytest.raises(Unreachable):
        sara.do(deed)
    done = sara.do(organising.again(deed, Unreachable("E4003")))
    assert (done.role, done.version) == (Role.ADMIN, 2)
    assert len([row for row in server.audit_trail() if row["event"] == "person.change"]) == 1


def test_what_somebody_else_changed_is_told_and_not_overwritten(
    server: RunningServer, tmp_path: Path
) -> None:
    sara = Desk(server, tmp_path, "sara")
    deed = organising.change(sara.person("ana"), server.epoch, display_name="Ana M.")
    patch(server, "sara", f"{PEOPLE}/{server.users['ana']}", display_name="Ana Ruiz")
    fault = refused(sara, deed, "E5062")
    current = organising.now_is(deed, fault)
    assert current is not None
    assert (current.display_name, current.version, current.role) == ("Ana Ruiz", 2, Role.EMPLOYEE)
    assert sara.person("ana").display_name == "Ana Ruiz"
    # Told of it, they may want theirs all the same.
    assert sara.do(deed.on(current)).display_name == "Ana M."


def test_a_refusal_names_the_field_and_what_is_particular(
    server: RunningServer, tmp_path: Path
) -> None:
    sara, rita = Desk(server, tmp_path, "sara"), Desk(server, tmp_path, "rita")
    taken = organising.let_in("ana", "Ana", Role.EMPLOYEE, MEI["password"], None)
    fault = refused(sara, taken, "E5012")
    assert (fault.field, fault.info) == ("name", "The name ana is taken.")
    assert refused(rita, mei(), "E1005").field is None
    last = organising.change(sara.person("sara"), server.epoch, active=False)
    assert refused(sara, last, "E5060").field == "active"
    assert sara.person("sara").active


def test_after_a_refusal_the_next_try_is_another_deed(
    server: RunningServer, tmp_path: Path
) -> None:
    """Under the key of before the server would give its answer of before."""
    sara = Desk(server, tmp_path, "sara")
    team = sara.do(organising.new_team("Night shift"))
    away = sara.do(organising.change(team, server.epoch, archived=True))
    deed = organising.let_in("mei", "Mei", Role.EMPLOYEE, MEI["password"], team.id)
    fault = refused(sara, deed, "E5061")
    sara.do(organising.change(away, server.epoch, archived=False))
    refused(sara, deed, "E5061")
    assert sara.do(organising.again(deed, fault)).team_id == team.id


def test_nothing_changed_asks_nobody(tmp_path: Path) -> None:
    project = Project("p", 1, "Metering", False)
    deed = organising.change(project, "epoch", name="Metering")
    assert deed.values == {}
    nowhere = Profile(tmp_path, "monitor", "http://127.0.0.1:9", "s", "u", "sara", "Sara",
                      Role.OWNER, "Northwind")  # fmt: skip
    assert organising.do(nowhere, InEnvironment("x"), deed) is project


def test_days_and_devices_are_read(server: RunningServer, tmp_path: Path) -> None:
    rita, ana = Desk(server, tmp_path, "rita"), server.device("ana")
    start = server.clock.now - 3_600_000
    args = {"state": "ACTIVE", "started_at": start, "ended_at": server.clock.now}
    ana.push(ana.action("occupancy", server.new_id(), args))
    ana.post([], unsent=3)
    days = organising.days(rita.profile, rita.credentials)
    user_id = server.users["ana"]
    (one,) = days.intervals[user_id]
    assert (one.state, one.started_at, one.ended_at) == (Occupancy.ACTIVE, start, days.ended_at)
    assert days.totals[user_id] == {Occupancy.ACTIVE: 3_600_000}
    (device,) = organising.devices(rita.profile, rita.credentials, user_id)
    assert (device.last_heard_at, device.unsent) == (server.clock.now, 3)


class TestTyped:
    @pytest.mark.parametrize(
        ("read", "text", "code"),
        [
            (organising.read_sign_in_name, " ", "E2017"),
            (organising.read_sign_in_name, "x" * 201, "E2002"),
            (organising.read_sign_in_name, "a\x00", "E2008"),
            (organising.read_display_name, "", "E2017"),
            (organising.read_group_name, "\ud800", "E2008"),
            (lambda text: organising.read_password("mei", text), "123456789", "E2040"),
            (lambda text: organising.read_password("mei tanaka", text), "Mei Tanaka", "E2040"),
            (lambda text: organising.read_password("mei", text), "x" * 1001, "E2002"),
        ],
    )
    def test_what_cannot_be_used_has_a_code(
        self, read: Callable[[str], str], text: str, code: str
    ) -> None:
        with pytest.raises(InputError) as refusal:
            read(text)
        assert refusal.value.code == code

    def test_good_ones_are_as_the_server_keeps_them(self) -> None:
        assert organising.read_sign_in_name(" Mei ") == "mei"
        assert organising.read_display_name(" Mei Tanaka ") == "Mei Tanaka"

    def test_a_suggested_password_is_good_and_never_the_same(self) -> None:
        many = {organising.suggested_password() for _ in range(50)}
        assert len(many) == 50
        for one in many:
            assert organising.read_password("mei", one) == one
            assert len(one) == 19
            assert not set(one) & set("0o1l")
