"""The figures that a device counts are those that the server counts: on random worlds, on both
databases, field by field."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from server_stub.core import feed
from server_stub.people import groups
from server_stub.people import service as people
from tests.support.client import Device, action
from tests.support.server import DAY, HOUR, MINUTE, RunningServer
from tracker.cache.projection import Mark, TaskView
from tracker.config import Profile
from tracker.domain import sla
from tracker.domain.change import Kind
from tracker.domain.errors import InputError, ServerRefusal, Unreachable
from tracker.domain.instants import utc
from tracker.domain.sla import Sla
from tracker.domain.task import OPEN, Assignment, Part, Priority, Role, Status, Task
from tracker.protocol.analytics import Figures
from tracker.services import statistics
from tracker.services.credentials import InMemory
from tracker.services.statistics import Asked
from tracker.sync.ports import Tokens

BERLIN = ZoneInfo("Europe/Berlin")
STEPS, AT_ONCE = 14, 20
WORKERS = ("rita", "ana", "jonas")


class Company:
    """A tenant to which anything happens, and a monitor of it."""

    def __init__(self, server: RunningServer, folder: Path, seed: int = 0) -> None:
        self.server, self.rng = server, random.Random(seed)
        self.device = Device(server, "rita", folder / "rita", "monitor").open()
        self.pushing = {name: server.device(name) for name in WORKERS}
        self.projects = [server.world.project_id]
        self.teams: list[str] = []
        self.profile = Profile(
            folder=folder / "rita", scope="monitor", server_url=server.url,
            server_id=server.get("rita", "/api/v1/session").json()["server_id"],
            user_id=server.users["rita"], name="rita", display_name="Rita Okafor",
            role=Role.ADMIN, tenant="Northwind",
        )  # fmt: skip
        self.credentials = InMemory()
        self.credentials.write(Tokens(server.token("rita")))

    @property
    def now(self) -> int:
        return self.server.clock.now

    def organise(self) -> None:
        """Two teams, one of which is archived later; rita is in none, and jonas left."""
        with self.server.database.write() as conn:
            tenant = feed.lock(conn, self.server.tenant_id)
            self.projects.append(people.create_project(conn, tenant, "Line 4", self.now))
            by = self.server.users["sara"]
            made = [groups.add_team(conn, tenant, name, self.now, by) for name in ("A", "B")]
            self.teams = [team.id for team in made]
            for name, team in (("sara", 1), ("ana", 0), ("jonas", 0)):
                one = people.person(conn, tenant.id, self.server.users[name])
                change = {"team_id": self.teams[team]}
                people.change_person(conn, tenant, one, change, self.now, by)
            feed.save(conn, tenant, self.now)
        self.server.app.state.tracker.missed()

    def leave(self, name: str) -> None:
        with self.server.database.write() as conn:
            tenant = feed.lock(conn, self.server.tenant_id)
            one = people.person(conn, tenant.id, self.server.users[name])
            by = self.server.users["sara"]
            people.change_person(conn, tenant, one, {"active": False}, self.now, by)
            groups.change_team(
                conn, tenant, groups.team(conn, tenant.id, self.teams[1]), {"archived": True},
                self.now, by,
            )  # fmt: skip
            feed.save(conn, tenant, self.now)
        self.server.app.state.tracker.missed()

    # -- what happens ----------------------------------------------------------------------

    def live(self) -> None:
        """Some weeks."""
        self.organise()
        for step in range(STEPS):
            self.server.clock.advance(self.rng.randrange(HOUR, 5 * DAY))
            self.create(AT_ONCE if step < STEPS - 3 else 2)
            self.act()
        self.leave("jonas")

    def create(self, number: int) -> None:
        known = [row[0] for row in self.tasks() if row[1] in OPEN]
        actions = []
        for _ in range(number):
            args = self.fields()
            users = self.rng.sample(list(self.server.users.values())[:4], self.rng.randrange(4))
            parts = self.rng.choices([*Part], [5, 1, 1], k=3)
            args["people"] = [
                {"user_id": user, "part": part} for user, part in zip(users, parts, strict=False)
            ]
            if known and self.rng.random() < 0.2:
                args["parent_id"] = self.rng.choice(known)
            actions.append(self.pushing["rita"].action("create_task", self.server.new_id(), args))
        found = self.pushing["rita"].push(*actions)
        assert {one["outcome"] for one in found} == {"applied"}, found

    def fields(self) -> dict[str, Any]:
        """Of a new task; some of them are late from the first moment on."""
        given: dict[str, Any] = {"title": "Replace pump seal"}
        rng = self.rng
        due = self.now + rng.randrange(-3 * DAY, 12 * DAY)
        day = {"due_date": utc(due).date().isoformat()}
        given |= rng.choice(({}, {"due_at": due}, day))
        given["priority"] = rng.choice([*Priority])
        given["project_id"] = rng.choice([*self.projects, None])
        given["estimated_minutes"] = rng.choice((None, 30, 45))
        given["revenue_cents"] = rng.choice((None, -500, 12_345))
        return given

    def act(self) -> None:
        """At most one action a task, so that its status is known."""
        for task_id, status, assigned in self.tasks():
            if self.rng.random() < 0.5:
                continue
            kind, args = self.choose(Status(status), assigned is not None)
            who = self.pushing[self.rng.choice(WORKERS)]
            # The work was done a little before it arrives, or hours before.
            made_at = self.now - self.rng.choice((0, MINUTE, 9 * HOUR))
            who.do(kind, task_id, args, made_at=made_at)

    def choose(self, status: Status, assigned: bool) -> tuple[str, dict[str, Any]]:
        rng = self.rng
        entry = {"entry_id": self.server.new_id(), "minutes": rng.choice((10, 20, 90))}
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("log_time", entry),
            ("edit_fields", {"fields": {"project_id": rng.choice(self.projects)}}),
            ("edit_fields", {"fields": {"due_at": self.now + rng.randrange(-DAY, 5 * DAY)}}),
        ]
        user = {"user_id": rng.choice(list(self.server.users.values())[:4])}
        if status in OPEN:
            kinds += [
                ("complete", {}), ("complete", {}), ("complete", {}), ("cancel", {}),
                ("set_progress", {"percent": rng.randrange(101)}), ("hold", {}), ("start", {}),
                ("edit_fields", {"fields": {"priority": rng.choice([*Priority])}}),
                ("assign", user), ("unassign", user),
            ]  # fmt: skip
        elif status is not Status.ARCHIVED:
            kinds += [("reopen", {}), ("archive", {}), ("rate", {"rating": rng.randrange(1, 6)})]
            kinds += [("assign", user)] if assigned else []
        return rng.choice(kinds)

    def tasks(self) -> list[tuple[Any, ...]]:
        return self.server.sql(
            "SELECT id, status, assigned_at FROM tasks WHERE tenant_id = :tenant ORDER BY number",
            tenant=self.server.tenant_id,
        )

    # -- what is asked ---------------------------------------------------------------------

    def from_server(self, asked: Asked) -> Figures:
        return statistics.from_server(self.profile, self.credentials, asked)

    def archived(self) -> dict[str, TaskView]:
        """What no device holds, as if this one did."""
        with self.server.database.read() as conn:
            rows, people_of = (
                [dict(row) for row in conn.execute(sa.text(query)).mappings()]
                for query in (
                    "SELECT * FROM tasks WHERE status = 'ARCHIVED'",
                    "SELECT a.* FROM assignments a JOIN tasks t ON t.id = a.task_id"
                    " WHERE t.status = 'ARCHIVED'",
                )
            )
        on_them: dict[str, list[Assignment]] = {row["id"]: [] for row in rows}
        for row in people_of:
            values = {f.name: row[f.name] for f in fields(Assignment)}
            on_them[row["task_id"]].append(Assignment(**{**values, "part": Part(row["part"])}))
        found = {}
        for row in rows:
            values = {f.name: row[f.name] for f in fields(Task)}
            words = {"status": Status(row["status"]), "priority": Priority(row["priority"])}
            task = Task(**{**values, **words})
            found[task.id] = TaskView(task, tuple(on_them[task.id]), Mark.SAVED)
        return found

    def from_cache(
        self,
        asked: Asked,
        promised: Sla | None = None,
        more: Mapping[str, TaskView] = MappingProxyType({}),
    ) -> Figures:
        confirmed = self.device.confirmed
        return statistics.from_cache(
            {**self.device.projection.views(), **more}, confirmed.people(), confirmed.projects(),
            confirmed.teams(), confirmed.position().zone, asked, self.now,
            promised or sla.default("Europe/Berlin"),
        )  # fmt: skip

    def questions(self) -> Iterator[Asked]:
        today = utc(self.now).astimezone(BERLIN).date()
        ago = lambda days: (today - timedelta(days=days)).isoformat()  # noqa: E731
        users = self.server.users
        yield Asked()
        yield Asked(ago(14), ago(0))
        yield Asked(ago(200), None)
        yield Asked(None, ago(20))
        yield Asked(ago(20), ago(-9))
        yield Asked(ago(-2), None)
        for project in self.projects:
            yield Asked(project_id=project)
        for name in users:
            if name in ("sara", *WORKERS):
                yield Asked(person_id=users[name])
        for team in self.teams:
            yield Asked(ago(30), ago(0), team_id=team)
        yield Asked(ago(40), ago(3), self.projects[0], users["ana"], self.teams[0])
        yield Asked(person_id=users["ana"], team_id=self.teams[1])  # nobody


@contextmanager
def company(server: RunningServer, folder: Path, seed: int = 0) -> Iterator[Company]:
    found = Company(server, folder, seed)
    with closing(found.device):
        yield found


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where the two differ; floats by more than how they were added up."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [
            found for key in one for found in differences(one[key], other[key], f"{path}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for n, (a, b) in pairs for found in differences(a, b, f"{path}.{n}")]
    if isinstance(one, float) and isinstance(other, float):
        same = one == pytest.approx(other, rel=1e-9)
    else:
        same = type(one) is type(other) and one == other
    return [] if same else [f"{path}: {one} is not {other}"]


def apart(counted: Figures, told: Figures) -> list[str]:
    return differences(counted.model_dump(mode="json"), told.model_dump(mode="json"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_device_counts_what_the_server_counts(
    either_server: RunningServer, tmp_path: Path, seed: int
) -> None:
    with company(either_server, tmp_path, seed) as tenant:
        tenant.live()
        tenant.device.sync()
        archived = tenant.archived()
        views = {**tenant.device.projection.views(), **archived}
        assert len(views) == len(tenant.tasks())
        said = []
        for asked in tenant.questions():
            told, counted = tenant.from_server(asked), tenant.from_cache(asked, more=archived)
            assert apart(counted, told) == [], asked
            said.append(told)
        assert_it_says_something(said[0], [view.task.status for view in views.values()])


def assert_it_says_something(told: Figures, statuses: list[Status]) -> None:
    """Or nothing would have been compared with nothing."""
    assert {*statuses} == {*Status}
    done = told.summary.finished
    for name in ("tasks", "timed", "rated", "was_overdue", "revenue_cents", "promised"):
        assert getattr(done, name), name
    assert done.promised < done.tasks
    assert 0 < (done.finished_in_time or 0) < 1
    assert all(one.tasks for one in told.progress.quarters)
    assert any(one.start_late for one in told.sla.priorities)
    assert len({day.overdue for day in told.trend.days}) > 3
    assert {person.active for person in told.people.people} == {True, False}
    assert {team.archived for team in told.teams.teams} == {True, False}
    to_do = [person.open for person in told.people.people]
    assert sum(team.open for team in told.teams.teams) < sum(to_do)


def test_what_was_archived_counts_at_the_server_alone(
    server: RunningServer, tmp_path: Path
) -> None:
    with company(server, tmp_path) as tenant:
        rita = server.device("rita")
        for kinds in (("complete",), ("complete", "archive"), ("cancel", "archive")):
            task_id = server.task("ana")
            for kind in kinds:
                rita.do(kind, task_id)
        tenant.device.sync()
        told, counted = tenant.from_server(Asked()), tenant.from_cache(Asked())
        assert (told.summary.made.tasks, told.summary.finished.tasks) == (3, 2)
        assert (counted.summary.made.tasks, counted.summary.finished.tasks) == (1, 1)
        more = tenant.archived()
        assert tenant.from_cache(Asked(), more=more) == told


def test_a_change_that_waits_counts_here_already(server: RunningServer, tmp_path: Path) -> None:
    with company(server, tmp_path) as tenant:
        task_id = server.task("ana")
        tenant.device.sync()
        assert tenant.from_cache(Asked()).summary.made.completed == 0
        tenant.device.add(action(Kind.COMPLETE, task_id, made_at=tenant.now))
        found = tenant.from_cache(Asked())
        assert (found.summary.made.completed, found.trend.days[-1].finished) == (1, 1)
        assert tenant.from_server(Asked()).summary.made.completed == 0


def test_what_the_server_keeps_of_the_completion_is_judged_anew_here(
    server: RunningServer, tmp_path: Path
) -> None:
    """As statistics.py and docs/analytics.md say: another priority, or other promises, since."""
    with company(server, tmp_path) as tenant:
        task_id, rita = server.task("ana", priority="LOW"), server.device("rita")
        server.clock.advance(6 * HOUR)
        rita.do("complete", task_id)
        rita.do("edit_fields", task_id, {"fields": {"priority": "URGENT"}})
        tenant.device.sync()
        told, counted = (
            {one.priority: one.finished for one in found.sla.priorities if one.finished}
            for found in (tenant.from_server(Asked()), tenant.from_cache(Asked()))
        )
        assert (told, counted) == ({Priority.LOW: 1}, {Priority.URGENT: 1})
        assert tenant.from_cache(Asked()).summary.finished.started_in_time == 0.0
        assert tenant.from_server(Asked()).summary.finished.started_in_time == 1.0


class TestAsking:
    def test_what_is_not_there_is_refused_alike(
        self, server: RunningServer, tmp_path: Path
    ) -> None:
        unknown = server.new_id()
        with company(server, tmp_path) as tenant:
            tenant.device.sync()
            for asked, code in (
                (Asked(person_id=unknown), "E5006"),
                (Asked(project_id=unknown), "E5007"),
                (Asked(team_id=unknown), "E5061"),
                (Asked(first="yesterday"), "E2004"),
                (Asked(first="2026-03-02", last="2026-03-01"), "E2004"),
            ):
                with pytest.raises(ServerRefusal) as refused:
                    tenant.from_server(asked)
                with pytest.raises(InputError) as here:
                    tenant.from_cache(asked)
                assert refused.value.code == here.value.code == code

    def test_without_a_connection_it_says_so(self, server: RunningServer, tmp_path: Path) -> None:
        with company(server, tmp_path) as tenant:
            server.stop()
            with pytest.raises(Unreachable) as refused:
                tenant.from_server(Asked())
            assert refused.value.code == "E4001"

    def test_a_year_has_a_trend_of_its_last_days(
        self, server: RunningServer, tmp_path: Path
    ) -> None:
        with company(server, tmp_path) as tenant:
            tenant.device.sync()
            asked = Asked("2025-01-01", "2025-12-31")
            for found in (tenant.from_server(asked), tenant.from_cache(asked)):
                days = [date.fromisoformat(day.day) for day in found.trend.days]
                assert (len(days), days[-1]) == (92, date(2025, 12, 31))


class TestPromises:
    NIGHTS = Sla(
        sla.Calendar(
            "America/New_York",
            (None,) * 5 + (sla.Hours(0, 1_440), sla.Hours(22 * 60, 23 * 60 + 59)),
            frozenset({date(2026, 12, 25)}),
        ),
        sla.default("UTC").promises,
    )

    def test_they_are_kept_as_they_were_told(self, server: RunningServer, tmp_path: Path) -> None:
        with company(server, tmp_path) as tenant:
            kept = lambda: statistics.kept_promises(tenant.profile, "Europe/Berlin")  # noqa: E731
            assert kept() == sla.default("Europe/Berlin")
            told = server.get("rita", "/api/v1/analytics/sla-settings").json()
            changed = {**told, "week": {"SUNDAY": ["10:00", "12:30"]}, "holidays": ["2026-12-25"]}
            path = "/api/v1/analytics/sla-settings"
            assert server.client("sara").put(path, json=changed).status_code == 200
            heard = statistics.hear_promises(tenant.profile, tenant.credentials)
            assert kept() == heard != sla.default("Europe/Berlin")
            statistics.keep_promises(tenant.profile, self.NIGHTS)
            assert kept() == self.NIGHTS
            assert not [*tenant.profile.folder.glob("*.new")]

    def test_what_is_promised_now_decides_what_is_late(
        self, server: RunningServer, tmp_path: Path
    ) -> None:
        with company(server, tmp_path) as tenant:
            server.task("ana", priority="LOW")
            server.clock.advance(3 * HOUR)
            path = "/api/v1/analytics/sla-settings"
            told = server.get("rita", path).json()
            told["promises"]["LOW"] = {"start": "1h", "finish": "2h"}
            assert server.client("sara").put(path, json=told).status_code == 200
            tenant.device.sync()
            heard = statistics.hear_promises(tenant.profile, tenant.credentials)
            found = tenant.from_cache(Asked(), heard)
            assert apart(found, tenant.from_server(Asked())) == []
            assert [one.finish_late for one in found.sla.priorities] == [1, 0, 0, 0]

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"zone": "Mars/One"}'])
    def test_a_file_that_cannot_be_read_is_none(
        self, server: RunningServer, tmp_path: Path, content: bytes
    ) -> None:
        with company(server, tmp_path) as tenant:
            (tenant.profile.folder / statistics.PROMISES).write_bytes(content)
            found = statistics.kept_promises(tenant.profile, "UTC")
            assert found == sla.default("UTC")
