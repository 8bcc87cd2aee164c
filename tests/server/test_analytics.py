"""The figures for admins against a computation over all rows, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from benchmarks.company import fill
from server_stub.core import feed
from server_stub.people import groups
from server_stub.people import service as people
from tests.conftest import Template
from tests.support.server import DAY, HOUR, MINUTE, OUTSIDER, RunningServer, problem
from tracker.domain import sla
from tracker.domain.sla import Standing
from tracker.domain.task import OPEN, Part, Priority, Role, Status, Task

PATH = "/api/v1/analytics"
SETTINGS = f"{PATH}/sla-settings"
BERLIN = ZoneInfo("Europe/Berlin")
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
Row = dict[str, Any]
TEAMS = {"north": "1", "south": "2"}
"""With their numbers."""
TEAM_OF = {"ana": "north", "jonas": "north", "rita": "south"}


@dataclass(frozen=True)
class Everything:
    """All rows of one tenant, to be counted one by one, and a server that counts them too."""

    server: RunningServer
    tasks: Sequence[Row]
    assignments: Sequence[Row]
    metrics: Sequence[Row]

    def ask(self, report: str, query: Mapping[str, str], name: str = "rita") -> Row:
        answer = self.server.get(name, f"{PATH}/{report}", params=query)
        assert answer.status_code == 200, answer.text
        found: Row = answer.json()
        assert found.pop("as_of") == self.server.clock.now
        return found

    def asked(self, query: Mapping[str, str]) -> dict[str, str]:
        """The query with ids for what is named in it."""
        names = {**self.server.users, "hall": self.server.world.project_id}
        return {key: names.get(value, value) for key, value in query.items()}

    def assignees(self, task_id: str) -> set[str]:
        return {
            row["user_id"]
            for row in self.assignments
            if row["task_id"] == task_id and row["part"] == Part.ASSIGNEE
        }

    def made(self, query: Mapping[str, str]) -> list[Row]:
        found = [row for row in self.tasks if fits(row, row["created_at"], query)]
        who = self.who(query)
        return [row for row in found if who is None or who & self.assignees(row["id"])]

    def finished(self, query: Mapping[str, str]) -> list[Row]:
        found = [row for row in self.metrics if fits(row, row["completed_at"], query)]
        who = self.who(query)
        return [row for row in found if who is None or row["completed_by"] in who]

    def who(self, query: Mapping[str, str]) -> set[str] | None:
        """Whose work is asked for."""
        person, team = query.get("person"), query.get("team")
        if person is None and team is None:
            return None
        return {
            user
            for name, user in self.server.users.items()
            if person in (None, user) and team in (None, TEAMS.get(TEAM_OF.get(name, "")))
        }


def fits(row: Row, at: int, query: Mapping[str, str]) -> bool:
    day = datetime.fromtimestamp(at / 1000, UTC).astimezone(BERLIN).date().isoformat()
    in_period = query.get("from", "") <= day <= query.get("to", "9999")
    return in_period and query.get("project_id") in (None, row["project_id"])


@pytest.fixture(scope="module", params=BOTH)
def everything(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Everything]:
    """800 tasks of two years and four people, and as many of another tenant."""
    template: Template = request.getfixturevalue(f"{request.param}_template")
    url = template.copy(tmp_path_factory.mktemp("analytics"))
    server = RunningServer(url, template.world).start()
    server.clock.advance(3 * HOUR)
    ((olga, elsewhere),) = server.sql("SELECT id, tenant_id FROM users WHERE name = 'olga'")
    users, projects, now = list(server.users.values()), [server.world.project_id], server.clock.now
    with server.database.write() as conn:
        fill(conn, server.tenant_id, users, projects, 800, now)
        tenant = feed.lock(conn, elsewhere)
        otto = people.create_user(conn, tenant, "otto", "Otto", Role.ADMIN, server.password, now)
        hall = people.create_project(conn, tenant, "Theirs", now)
        feed.save(conn, tenant, now)
        fill(conn, elsewhere, [olga, otto], [hall], 800, now)
        for where, by, people_of in (
            (server.tenant_id, users[0], TEAM_OF),
            (elsewhere, olga, {"olga": "north", "otto": "south"}),
        ):
            tenant = feed.lock(conn, where)
            made = {name: groups.add_team(conn, tenant, name, now, by) for name in TEAMS}
            for person in people.people(conn, where):
                if team := people_of.get(person.name):
                    change = {"team_id": made[team].id}
                    people.change_person(conn, tenant, person, change, now, by)
            feed.save(conn, tenant, now)
    # One that is due at this very moment is not overdue, one of a moment ago is.
    for due, status in ((now, "PENDING"), (now - 1, "ON_HOLD")):
        server.sql(
            "UPDATE tasks SET due_at = :due WHERE tenant_id = :tenant AND number ="
            " (SELECT min(number) FROM tasks WHERE tenant_id = :tenant AND status = :status)",
            due=due, tenant=server.tenant_id, status=status,
        )  # fmt: skip

    def all_of(table: str) -> list[Row]:
        query = sa.text(f"SELECT * FROM {table} WHERE tenant_id = :tenant")
        with server.database.read() as conn:
            found = conn.execute(query, {"tenant": server.tenant_id})
            return [dict(row) for row in found.mappings()]

    yield Everything(server, *(all_of(t) for t in ("tasks", "assignments", "task_metrics")))
    server.stop()


QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"from": "2026-02-01"},
    {"to": "2024-12-31"},
    {"from": "2025-03-30", "to": "2025-10-26"},  # the days of summer time
    {"from": "2026-03-02", "to": "2026-03-02"},  # today
    {"project_id": "hall"},
    {"person": "ana"},
    {"from": "2025-06-01", "person": "jonas", "project_id": "hall"},
    {"team": "1"},
    {"team": "2", "person": "rita", "from": "2025-01-01"},
    {"team": "2", "person": "ana"},  # nobody
)
TRENDS: tuple[dict[str, str], ...] = (
    {},
    {"from": "2026-02-20"},
    {"to": "2025-12-31", "project_id": "hall"},
    {"from": "2025-03-30", "to": "2025-03-30"},  # the day of 23 hours
    {"from": "2025-08-20", "to": "2025-11-19", "team": "1"},  # as many as there may be
    {"from": "2024-03-01", "to": "2024-04-15", "person": "jonas", "project_id": "hall"},
    {"from": "2026-02-20", "to": "2026-04-10"},  # the future too
    {"from": "2026-03-04"},  # nothing but that
    {"from": "2026-01-01", "to": "2026-02-02", "team": "2", "person": "ana"},  # nobody
)
REPORTS = ("summary", "status", "progress", "people", "teams", "sla")
queries = pytest.mark.parametrize("query", QUERIES, ids=str)


def share(part: int, whole: int) -> Any:
    return pytest.approx(part / whole) if whole else None


def mean(rows: Sequence[Row], column: str) -> Any:
    found = [row[column] for row in rows if row[column] is not None]
    return pytest.approx(sum(found) / len(found)) if found else None


def count(rows: Sequence[Row], column: str) -> int:
    """Where it is there and true."""
    return sum(bool(row[column]) for row in rows)


def is_overdue(row: Row, now: int) -> bool:
    return row["status"] in OPEN and row["due_at"] is not None and row["due_at"] < now


def summed(rows: Sequence[Row]) -> Row:
    promised = [row for row in rows if row["finished_in_time"] is not None]
    return {
        "tasks": len(rows),
        "mean_days": mean(rows, "days_to_complete"),
        "timed": sum(row["efficiency_ratio"] is not None for row in rows),
        "mean_efficiency": mean(rows, "efficiency_ratio"),
        "rated": count(rows, "quality_rating"),
        "mean_rating": mean(rows, "quality_rating"),
        "was_overdue": count(rows, "was_overdue"),
        "revenue_cents": sum(row["revenue_cents"] or 0 for row in rows),
        "promised": len(promised),
        "started_in_time": share(count(promised, "started_in_time"), len(promised)),
        "finished_in_time": share(count(promised, "finished_in_time"), len(promised)),
    }


@queries
def test_the_summary(everything: Everything, query: dict[str, str]) -> None:
    query, now = everything.asked(query), everything.server.clock.now
    rows = everything.made(query)
    waiting = [row for row in rows if row["status"] in OPEN]
    completed = [row for row in rows if row["completed_at"] is not None]
    assert everything.ask("summary", query) == {
        "made": {
            "tasks": len(rows),
            "open": len(waiting),
            "completed": len(completed),
            "cancelled": len(rows) - len(waiting) - len(completed),
            "overdue": sum(is_overdue(row, now) for row in rows),
            "completion_rate": share(len(completed), len(waiting) + len(completed)),
        },
        "finished": summed(everything.finished(query)),
    }


@queries
def test_the_statuses(everything: Everything, query: dict[str, str]) -> None:
    query = everything.asked(query)
    rows = everything.made(query)
    assert everything.ask("status", query) == {
        "tasks": len(rows),
        "statuses": {one: sum(row["status"] == one for row in rows) for one in Status},
    }


@queries
def test_the_quarters_of_progress(everything: Everything, query: dict[str, str]) -> None:
    query = everything.asked(query)
    put_away = (Status.CANCELLED, Status.ARCHIVED)
    rows = [row for row in everything.made(query) if row["status"] not in put_away]
    shown = [
        row["progress"] if row["rollup_progress"] is None else row["rollup_progress"]
        for row in rows
    ]
    numbers = [0, 0, 0, 0]
    for progress in shown:
        numbers[min(progress // 25, 3)] += 1
    assert everything.ask("progress", query) == {
        "tasks": len(rows),
        "quarters": [
            {"low": 25 * n, "high": 25 * n + 25, "tasks": number}
            for n, number in enumerate(numbers)
        ],
    }


@queries
def test_the_people(everything: Everything, query: dict[str, str]) -> None:
    query, now = everything.asked(query), everything.server.clock.now
    names = {
        "sara": "Sara Lind",
        "rita": "Rita Okafor",
        "ana": "Ana Moreno",
        "jonas": "Jonas Keller",
    }
    expected = []
    for number, (name, display) in enumerate(names.items(), 1):
        user_id = everything.server.users[name]
        if (who := everything.who(query)) is not None and user_id not in who:
            continue
        own = [row for row in everything.made(query) if user_id in everything.assignees(row["id"])]
        done = [row for row in everything.finished(query) if row["completed_by"] == user_id]
        expected.append(
            {
                "user_id": user_id,
                "number": number,
                "name": display,
                "active": True,
                "open": sum(row["status"] in OPEN for row in own),
                "overdue": sum(is_overdue(row, now) for row in own),
                "finished": summed(done),
            }
        )
    assert everything.ask("people", query) == {"people": expected}


@queries
def test_the_teams(everything: Everything, query: dict[str, str]) -> None:
    query, now = everything.asked(query), everything.server.clock.now
    expected = []
    for name, number in TEAMS.items():
        members = {everything.server.users[one] for one, team in TEAM_OF.items() if team == name}
        who = everything.who(query)
        counted = members if who is None else members & who
        own = [row for row in everything.made(query) if counted & everything.assignees(row["id"])]
        done = [row for row in everything.finished(query) if row["completed_by"] in members]
        expected.append(
            {
                "number": int(number),
                "name": name,
                "archived": False,
                "people": len(members),
                "open": sum(row["status"] in OPEN for row in own),
                "overdue": sum(is_overdue(row, now) for row in own),
                "finished": summed(done),
            }
        )
    found = everything.ask("teams", query)["teams"]
    assert len({team.pop("team_id") for team in found}) == 2
    assert found == expected


def as_task(row: Row) -> Task:
    values = {f.name: row[f.name] for f in fields(Task)}
    return Task(
        **{**values, "priority": Priority(row["priority"]), "status": Status(row["status"])}
    )


@queries
def test_what_was_promised(everything: Everything, query: dict[str, str]) -> None:
    query, now = everything.asked(query), everything.server.clock.now
    promised = sla.default("Europe/Berlin")
    texts = {
        "LOW": ("3d", "14d"),
        "MEDIUM": ("1d", "5d"),
        "HIGH": ("4h", "2d"),
        "URGENT": ("1h", "8h"),
    }
    expected = []
    for priority in Priority:
        done = [
            row
            for row in everything.finished(query)
            if row["priority"] == priority and row["finished_in_time"] is not None
        ]
        running = [
            (row, sla.verdict(as_task(row), promised, now))
            for row in everything.made(query)
            if row["priority"] == priority and row["status"] in OPEN and row["assigned_at"]
        ]
        start, finish = texts[priority]
        expected.append(
            {
                "priority": priority,
                "start": start,
                "finish": finish,
                "finished": len(done),
                "started_in_time": share(count(done, "started_in_time"), len(done)),
                "finished_in_time": share(count(done, "finished_in_time"), len(done)),
                "mean_start_ms": mean(done, "start_ms"),
                "mean_finish_ms": mean(done, "finish_ms"),
                "running": len(running),
                "start_late": sum(
                    row["started_at"] is None and found is not None and found.start is Standing.LATE
                    for row, found in running
                ),
                "finish_late": sum(
                    found is not None and found.finish is Standing.LATE for _, found in running
                ),
            }
        )
    assert everything.ask("sla", query) == {"priorities": expected}


def day_of(at: int) -> date:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(BERLIN).date()


def days_of(query: Mapping[str, str], now: int) -> list[date]:
    last = date.fromisoformat(query["to"]) if "to" in query else day_of(now)
    first = last - timedelta(days=29)
    if "from" in query:
        first = date.fromisoformat(query["from"])
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def was_overdue(row: Row, day: date, now: int) -> bool:
    """When the day ended, or now if it has not."""
    if row["status"] in OPEN or day >= day_of(now):
        return is_overdue(row, now) if day >= day_of(now) else _is_late(row, day)
    ended = row["completed_at"] or row["cancelled_at"]
    return _is_late(row, day) and day_of(ended) > day and ended > row["due_at"]


def _is_late(row: Row, day: date) -> bool:
    due = row["due_at"]
    return due is not None and day_of(due) <= day and day_of(row["created_at"]) <= day


@pytest.mark.parametrize("query", TRENDS, ids=str)
def test_the_days(everything: Everything, query: dict[str, str]) -> None:
    query, now = everything.asked(query), everything.server.clock.now
    about = {name: value for name, value in query.items() if name not in ("from", "to")}
    rows, done = everything.made(about), everything.finished(about)
    assert everything.ask("trend", query) == {
        "days": [
            {
                "day": day.isoformat(),
                "made": sum(day_of(row["created_at"]) == day for row in rows),
                "finished": sum(day_of(row["completed_at"]) == day for row in done),
                "overdue": sum(was_overdue(row, day, now) for row in rows),
            }
            for day in days_of(query, now)
        ]
    }


@pytest.mark.parametrize(
    "query", [query for query in TRENDS if query.keys() & {"from", "to"}], ids=str
)
def test_the_days_add_up_to_the_summary(everything: Everything, query: dict[str, str]) -> None:
    query = everything.asked(query)
    if "from" not in query:
        query["from"] = "2025-12-02"
    summary, days = (everything.ask(name, query) for name in ("summary", "trend"))
    for name in ("made", "finished"):
        assert sum(day[name] for day in days["days"]) == summary[name]["tasks"], name


def test_the_last_day_has_what_is_overdue_now(everything: Everything) -> None:
    for query in ({}, {"project_id": "1"}, {"person": "3"}, {"team": "1"}):
        last = everything.ask("trend", query)["days"][-1]
        assert last["overdue"] == everything.ask("summary", query)["made"]["overdue"] > 0


def test_more_than_three_months_are_too_many_days(everything: Everything) -> None:
    server = everything.server
    for query in ({"from": "2025-08-20", "to": "2025-11-20"}, {"from": "2025-01-01"}):
        answer = server.get("rita", f"{PATH}/trend", params=query)
        found = problem(answer, 422, "E2004")
        assert [one["field"] for one in found["errors"]] == ["from"]


@pytest.mark.parametrize("query", [*QUERIES, *TRENDS], ids=str)
def test_all_figures_are_those_that_are_asked_for_apart(
    everything: Everything, query: dict[str, str]
) -> None:
    query = everything.asked(query)
    found = everything.ask("figures", query)
    now = everything.server.clock.now
    assert {part.pop("as_of") for part in found.values()} == {now}
    shown = [date.fromisoformat(day["day"]) for day in found["trend"]["days"]]
    assert shown == days_of(query, now)[-92:]
    days = {**query, "from": f"{shown[0]}"} if shown else query
    assert found.pop("trend") == everything.ask("trend", days)
    assert found.keys() == {*REPORTS}
    for report, figures in found.items():
        assert _close(figures, everything.ask(report, query)), report


def _close(found: Any, expected: Any) -> bool:
    """The same but for how floats were added up."""
    if isinstance(expected, dict):
        same = found.keys() == expected.keys()
        return same and all(_close(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(_close, found, expected))
    if isinstance(expected, float):
        return bool(found == pytest.approx(expected, rel=1e-9))
    return bool(found == expected)


class TestOverdueByDay:
    """Each of these on a day of its own, the first Monday to Friday of March."""

    def trend(self, server: RunningServer, first: str, last: str) -> list[int]:
        answer = server.get("rita", f"{PATH}/trend", params={"from": first, "to": last})
        assert answer.status_code == 200, answer.text
        return [day["overdue"] for day in answer.json()["days"]]

    def test_from_the_end_of_the_day_it_is_due_until_it_is_done(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        completed, cancelled, both = (server.task(due_date="2026-03-03") for _ in range(3))
        server.clock.advance(2 * DAY)  # the 4th
        rita = server.device("rita")
        rita.do("complete", completed)
        rita.do("cancel", both)
        rita.do("archive", both)
        server.clock.advance(DAY)
        rita.do("cancel", cancelled)
        server.clock.advance(DAY)
        assert self.trend(server, "2026-03-02", "2026-03-07") == [0, 3, 1, 0, 0, 0]
        assert self.trend(server, "2026-03-04", "2026-03-04") == [1], "counted at the start"
        assert self.trend(server, "2026-03-05", "2026-03-05") == [0]
        rita.do("reopen", completed)
        assert self.trend(server, "2026-03-02", "2026-03-07") == [0, 3, 2, 1, 1, 1]

    def test_what_is_done_on_the_day_it_was_due_never_counts(self, server: RunningServer) -> None:
        task_id = server.task(due_at=server.clock.now + HOUR)
        server.clock.advance(2 * HOUR)
        assert self.trend(server, "2026-03-02", "2026-03-03") == [1, 1], "now, and later so far"
        server.device("rita").do("complete", task_id)
        assert self.trend(server, "2026-03-01", "2026-03-03") == [0, 0, 0]

    def test_it_is_overdue_from_when_it_was_made(self, server: RunningServer) -> None:
        server.clock.advance(DAY)
        server.task(due_date="2026-02-20")
        server.clock.advance(DAY)
        assert self.trend(server, "2026-02-28", "2026-03-04") == [0, 0, 0, 1, 1]

    def test_what_was_done_in_time_is_never_overdue(self, server: RunningServer) -> None:
        task_id = server.task(due_date="2026-03-04")
        server.device("rita").do("complete", task_id)
        server.clock.advance(4 * DAY)
        assert self.trend(server, "2026-03-02", "2026-03-06") == [0] * 5


def test_the_rows_say_something_of_everything_that_is_counted(everything: Everything) -> None:
    """Or the comparisons above would compare nothing with nothing."""
    assert {row["status"] for row in everything.tasks} == {*Status}
    now = everything.server.clock.now
    assert any(is_overdue(row, now) for row in everything.tasks)
    priorities = everything.ask("sla", {})["priorities"]
    for name in ("finished", "started_in_time", "finished_in_time", "start_late", "finish_late"):
        assert any(one[name] for one in priorities), name
    assert any(one["finish_late"] < one["running"] for one in priorities)
    nothing = ({"from": "2026-03-02", "to": "2026-03-02"}, {"team": "2", "person": "ana"})
    for query in QUERIES:
        assert bool(everything.made(everything.asked(query))) != (query in nothing), query
    both = {everything.server.users["ana"], everything.server.users["jonas"]}
    shared = [row for row in everything.tasks if everything.assignees(row["id"]) == both]
    assert any(row["status"] in OPEN for row in shared), "which a team has to do once"


def test_a_period_begins_and_ends_at_the_tenants_midnight(server: RunningServer) -> None:
    midnight = int(datetime(2026, 3, 3, tzinfo=BERLIN).timestamp() * 1000)
    for moment in (midnight - 1, midnight, midnight + 1):
        server.clock.now = moment
        server.device("rita").do("complete", server.task())
    for query, number in (
        ({"to": "2026-03-02"}, 1),
        ({"from": "2026-03-03"}, 2),
        ({"from": "2026-03-02", "to": "2026-03-03"}, 3),
        ({"from": "2026-03-04"}, 0),
    ):
        found = server.get("rita", f"{PATH}/summary", params=query).json()
        assert found["made"]["tasks"] == found["finished"]["tasks"] == number, query


def test_counting_reads_indexes_and_no_task(server: RunningServer) -> None:
    """On SQLite, where a look at 100,000 rows takes longer than an answer may."""
    if not server.database.is_sqlite:
        pytest.skip("asks SQLite for its plans")
    task_id = server.task("ana")
    server.device("ana").do("complete", task_id)
    engine = server.app.state.tracker.database.engine
    asked: list[tuple[str, Any]] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, *s: asked.append((s[0], s[1])))
    for report in (*REPORTS, "trend", "figures"):
        for query in ({}, {"from": "2026-01-01"}, {"project_id": "1"}):
            assert server.get("rita", f"{PATH}/{report}", params=query).status_code == 200
    counting = [one for one in asked if "count(" in one[0]]
    assert len(counting) == 63
    with server.database.read() as conn:
        for statement, values in counting:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [row.detail for row in plan if "SEARCH" in row.detail or "SCAN" in row.detail]
            for step in steps:
                if "SEARCH users" in step:  # there are few
                    continue
                own = "SEARCH task_metrics USING PRIMARY KEY" in step  # its rows lie in that order
                assert "COVERING INDEX" in step or own, (step, statement)


def test_numbers_stand_for_ids(everything: Everything) -> None:
    by_id = everything.asked({"person": "ana", "project_id": "hall"})
    by_number = {"person": "3", "project_id": "1"}
    for report in REPORTS:
        assert everything.ask(report, by_number) == everything.ask(report, by_id)


def test_another_tenant_counts_its_own(everything: Everything) -> None:
    """Its tasks have the same ids, and other people and another project."""
    ((shared,),) = everything.server.sql(
        "SELECT count(*) FROM tasks a JOIN tasks b ON a.id = b.id AND a.tenant_id < b.tenant_id"
    )
    assert shared == 800
    assert everything.ask("summary", {}, OUTSIDER)["made"]["tasks"] == 800
    names = [one["name"] for one in everything.ask("people", {}, OUTSIDER)["people"]]
    assert names == ["Olga Berg", "Otto"]
    server = everything.server
    for query, code in (
        ({"person": server.users["ana"]}, "E5006"),
        ({"project_id": server.world.project_id}, "E5007"),
        ({"person": "3"}, "E5006"),
        ({"project_id": "2"}, "E5007"),
        ({"team": everything.ask("teams", {})["teams"][0]["team_id"]}, "E5061"),
        ({"team": "3"}, "E5061"),
    ):
        problem(server.get(OUTSIDER, f"{PATH}/summary", params=query), 404, code)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"from": "yesterday"}, "E2004", "from"),
        ({"from": "2026-02-30"}, "E2004", "from"),
        ({"to": "2026-03-02T10:00"}, "E2004", "to"),
        ({"to": "1812-01-01"}, "E2004", "to"),
        ({"from": ""}, "E2004", "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "E2004", "to"),
        ({"project_id": "hall"}, "E2006", "project_id"),
        ({"person": "1.5"}, "E2006", "person"),
        ({"person": "٣"}, "E2006", "person"),
        ({"person": "9" * 16}, "E2006", "person"),
        ({"team": "north"}, "E2006", "team"),
        ({"person": "x" * 101}, "E2013", "query.person"),
    ],
    ids=str,
)
@pytest.mark.parametrize("report", [*REPORTS, "trend", "figures"])
def test_what_cannot_be_read_is_named(
    shared_server: RunningServer, report: str, query: dict[str, str], code: str, field: str
) -> None:
    answer = shared_server.get("rita", f"{PATH}/{report}", params=query)
    found = problem(answer, 422, code)
    assert [one["field"] for one in found["errors"]] == [field]


def test_an_employee_learns_nothing_of_who_is_there(shared_server: RunningServer) -> None:
    for query in ({"person": "1"}, {"person": "99"}, {"from": "x"}):
        answer = shared_server.get("ana", f"{PATH}/people", params=query)
        problem(answer, 403, "E1005")


def test_before_there_is_any_work_nothing_is_shared(server: RunningServer) -> None:
    found = server.get("rita", f"{PATH}/summary").json()
    assert found["made"] == {
        "tasks": 0, "open": 0, "completed": 0, "cancelled": 0, "overdue": 0,
        "completion_rate": None,
    }  # fmt: skip
    assert {found["finished"][name] for name in ("mean_days", "finished_in_time")} == {None}
    assert found["finished"]["revenue_cents"] == 0


OFFICE = ["08:00", "17:00"]
DEFAULT: Row = {
    "zone": "Europe/Berlin",
    "week": dict.fromkeys(("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"), OFFICE),
    "holidays": [],
    "promises": {
        "LOW": {"start": "3d", "finish": "14d"},
        "MEDIUM": {"start": "1d", "finish": "5d"},
        "HIGH": {"start": "4h", "finish": "2d"},
        "URGENT": {"start": "1h", "finish": "8h"},
    },
}
NIGHTS: Row = {
    "zone": "America/New_York",
    "week": {"SATURDAY": ["00:00", "24:00"], "SUNDAY": ["22:30", "23:59"]},
    "holidays": ["2026-12-25", "2026-12-26"],
    "promises": {
        "LOW": {"start": "365d", "finish": "1000h"},
        "MEDIUM": {"start": "1d", "finish": "1d"},
        "HIGH": {"start": "1h", "finish": "1h"},
        "URGENT": {"start": "1h", "finish": "1d"},
    },
}


class TestOccupancy:
    def report(self, server: RunningServer, who: str, state: str, begun: int, ended: int) -> None:
        """By a device of its own; in minutes before now."""
        now = server.clock.now
        args = {
            "state": state,
            "started_at": now - begun * MINUTE,
            "ended_at": now - ended * MINUTE,
        }
        receipt = server.device(who).do("occupancy", server.new_id(), args)
        assert receipt["outcome"] == "applied", receipt

    def asked(self, server: RunningServer, name: str = "rita", **query: str) -> Row:
        answer = server.get(name, f"{PATH}/occupancy", params=query)
        assert answer.status_code == 200, answer.text
        found: Row = answer.json()
        return found

    def test_it_is_what_each_person_is_told_of_themself(self, either_server: RunningServer) -> None:
        server = either_server
        self.report(server, "ana", "ACTIVE", 90, 30)
        self.report(server, "ana", "IDLE", 60, 10)  # of which 20 minutes are at another device
        self.report(server, "ana", "ACTIVE", 25 * 60, 23 * 60)  # an hour of it yesterday
        self.report(server, "ana", "OFFLINE", 40 * 60, 25 * 60)
        self.report(server, "jonas", "IDLE", 5, 0)
        self.report(server, OUTSIDER, "ACTIVE", 100, 0)
        found = self.asked(server)
        now = server.clock.now
        assert (found["as_of"], found["since"]) == (now, now - 24 * HOUR)
        zero = {"ACTIVE": 0, "IDLE": 0, "OFFLINE": 0, "UNKNOWN": 0}
        by_name = {one["name"]: one["totals"] for one in found["people"]}
        assert by_name == {
            "Sara Lind": zero,
            "Rita Okafor": zero,
            "Ana Moreno": {**zero, "ACTIVE": 120 * MINUTE, "IDLE": 20 * MINUTE},
            "Jonas Keller": {**zero, "IDLE": 5 * MINUTE},
        }
        assert found["totals"] == {**zero, "ACTIVE": 120 * MINUTE, "IDLE": 25 * MINUTE}
        for one in found["people"]:
            told = server.get("rita", f"/api/v1/people/{one['user_id']}/occupancy").json()
            assert told["totals"] == one["totals"]

    def test_of_one_person_or_a_team_and_not_of_who_has_left(self, server: RunningServer) -> None:
        for name in ("ana", "jonas"):
            self.report(server, name, "ACTIVE", 10, 0)
        with server.database.write() as conn:
            tenant = feed.lock(conn, server.tenant_id)
            team = groups.add_team(conn, tenant, "north", server.clock.now, server.users["sara"])
            ana, jonas = (people.person(conn, tenant.id, ref) for ref in ("3", "4"))
            change, by = {"team_id": team.id}, server.users["sara"]
            people.change_person(conn, tenant, ana, change, server.clock.now, by)
            people.change_person(conn, tenant, jonas, {"active": False}, server.clock.now, by)
            feed.save(conn, tenant, server.clock.now)
        for query in ({"person": "3"}, {"team": "1"}, {"team": team.id, "person": "3"}):
            found = self.asked(server, **query)
            assert [one["number"] for one in found["people"]] == [3]
            assert found["totals"]["ACTIVE"] == 10 * MINUTE
        assert [one["number"] for one in self.asked(server)["people"]] == [1, 2, 3]
        assert self.asked(server, person="4")["people"] == []
        problem(server.get("rita", f"{PATH}/occupancy?person=9"), 404, "E5006")


class TestSettings:
    def test_the_defaults_hold_until_the_owner_says_otherwise(
        self, either_server: RunningServer
    ) -> None:
        server = either_server
        assert server.get("rita", SETTINGS).json() == DEFAULT
        for new in (NIGHTS, DEFAULT):
            answer = server.client("sara").put(SETTINGS, json=new)
            assert (answer.status_code, answer.json()) == (200, new)
            assert server.get("rita", SETTINGS).json() == new
        theirs = server.get(OUTSIDER, SETTINGS).json()
        assert (theirs["zone"], theirs["week"]) == ("UTC", DEFAULT["week"])

    def test_the_trail_says_who_changed_what(self, server: RunningServer) -> None:
        new = {**DEFAULT, "holidays": ["2026-12-25"]}
        server.client("sara").put(SETTINGS, json=new)
        last = server.audit_trail()[-1]
        assert (last["event"], last["user"]) == ("sla.set", server.users["sara"])
        assert (last["before"], last["after"]) == ({"holidays": []}, {"holidays": ["2026-12-25"]})
        assert last["received_at"] == server.clock.now

    def test_running_tasks_are_late_by_the_promises_of_now(self, server: RunningServer) -> None:
        server.task("ana", priority="LOW")
        server.clock.advance(3 * HOUR)

        def late() -> tuple[int, int]:
            low = server.get("rita", f"{PATH}/sla").json()["priorities"][0]
            return low["start_late"], low["finish_late"]

        assert late() == (0, 0)
        hurried = {**DEFAULT["promises"], "LOW": {"start": "1h", "finish": "3h"}}
        server.client("sara").put(SETTINGS, json={**DEFAULT, "promises": hurried})
        assert late() == (1, 0)
        server.clock.advance(MINUTE)
        assert late() == (1, 1)

    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"zone": "Europe/Atlantis"}, "E2005", "zone"),
            ({"zone": "Europe"}, "E2005", "zone"),
            ({"zone": "\x00"}, "E2005", "zone"),
            ({"week": {}}, "E2080", "week"),
            ({"week": {"MONDAY": ["08:00", "08:59"]}}, "E2080", "week"),
            ({"week": {"MONDAY": ["08:00", "08:00"]}}, "E2080", "week.MONDAY"),
            ({"week": {"MONDAY": ["17:00", "08:00"]}}, "E2080", "week.MONDAY"),
            ({"week": {"MONDAY": ["08:00", "24:01"]}}, "E2080", "week.MONDAY"),
            ({"week": {"MONDAY": ["08:00"]}}, "E2080", "week.MONDAY"),
            ({"week": {"MONDAY": ["8:00", "17:00"]}}, "E2080", "week.MONDAY"),
            ({"week": {"MONDAY": ["08:60", "17:00"]}}, "E2080", "week.MONDAY"),
            ({"holidays": ["2026-12-25", "soon"]}, "E2004", "holidays.1"),
            ({"holidays": ["2026-12-25"] * 401}, "E2080", "holidays"),
        ],
        ids=str,
    )  # fmt: skip
    def test_what_cannot_be_a_calendar_is_named(
        self, shared_server: RunningServer, change: Row, code: str, field: str
    ) -> None:
        answer = shared_server.client("sara").put(SETTINGS, json={**DEFAULT, **change})
        found = problem(answer, 422, code)
        assert [one["field"] for one in found["errors"]] == [field]
        assert shared_server.get("sara", SETTINGS).json() == DEFAULT

    @pytest.mark.parametrize(
        "text", ["0h", "h", "4", "1.5h", "-1d", "1001h", "366d", "4 h", "4H", "04h", "", "٤h"]
    )
    def test_what_cannot_be_a_promise_is_named(
        self, shared_server: RunningServer, text: str
    ) -> None:
        promises = {**DEFAULT["promises"], "HIGH": {"start": "4h", "finish": text}}
        body = {**DEFAULT, "promises": promises}
        found = problem(shared_server.client("sara").put(SETTINGS, json=body), 422, "E2081")
        assert [one["field"] for one in found["errors"]] == ["promises.HIGH.finish"]

    def test_every_priority_is_needed_and_no_other(self, shared_server: RunningServer) -> None:
        promises = dict(DEFAULT["promises"])
        del promises["LOW"]
        body = {**DEFAULT, "promises": promises}
        found = problem(shared_server.client("sara").put(SETTINGS, json=body), 422, "E2081")
        assert [one["field"] for one in found["errors"]] == ["promises.LOW"]
        promises = {**DEFAULT["promises"], "SOON": {"start": "1h", "finish": "1h"}}
        body = {**DEFAULT, "promises": promises}
        problem(shared_server.client("sara").put(SETTINGS, json=body), 422, "E2013")
        week = {"week": {"FUNDAY": ["08:00", "17:00"]}}
        body = {**DEFAULT, **week}
        problem(shared_server.client("sara").put(SETTINGS, json=body), 422, "E2013")
