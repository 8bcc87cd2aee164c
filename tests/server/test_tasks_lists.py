"""Lists of tasks: every filter and order, and pages that neither skip nor repeat."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.rest import Person, done, fields
from tests.support.server import DAY, HOUR, OUTSIDER, RunningServer, problem
from tracker.protocol.rest import MOST_LISTED

LEAD = "0190a000-0000-7000-8000-00000000001d"
NOBODY = "0190a000-0000-7000-8000-000000000001"


@pytest.fixture
def rita(either_server: RunningServer) -> Person:
    return Person(either_server, "rita")


def ids(tasks: list[dict[str, Any]]) -> list[int]:
    return [task["id"] for task in tasks]


@pytest.fixture
def many(rita: Person) -> Person:
    """Seven tasks whose numbers, dues, priorities, changes and titles are in different orders."""
    rows = (
        ("Calibrate", "LOW", "2026-03-05T12:00:00Z"),
        ("Inspect", "URGENT", None),
        ("Assemble", "MEDIUM", "2026-03-03T12:00:00Z"),
        ("Deliver", "LOW", None),
        ("Grease", "HIGH", "2026-03-04T12:00:00Z"),
        ("Calibrate", "URGENT", "2026-03-05T12:00:00Z"),
        ("Fetch", "MEDIUM", "2026-03-01T12:00:00Z"),
    )
    for title, priority, due in rows:
        rita.make(title=title, priority=priority, due_date=due)
    for number in (5, 2, 7):
        rita.server.clock.advance(1_000)
        done(rita.put(f"{number}", {"description": "changed"}))
    return rita


class TestOrders:
    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            ("number", [1, 2, 3, 4, 5, 6, 7]),
            ("-number", [7, 6, 5, 4, 3, 2, 1]),
            ("due", [7, 3, 5, 1, 6, 2, 4]),
            ("-due", [6, 1, 5, 3, 7, 4, 2]),
            ("priority", [1, 4, 3, 7, 5, 2, 6]),
            ("-priority", [6, 2, 5, 7, 3, 4, 1]),
            ("updated", [1, 3, 4, 6, 5, 2, 7]),
            ("-updated", [7, 2, 5, 6, 4, 3, 1]),
            ("title", [3, 1, 6, 4, 7, 5, 2]),
            ("-title", [2, 5, 7, 4, 6, 1, 3]),
        ],
    )
    def test_pages_of_any_size_make_the_whole_list(
        self, many: Person, sort: str, expected: list[int]
    ) -> None:
        for limit in (1, 2, 3, 7, 8):
            assert ids(many.all(f"sort={sort}", limit)) == expected, limit

    def test_the_order_is_by_number_unless_asked_for(self, many: Person) -> None:
        assert ids(done(many.get())["tasks"]) == [1, 2, 3, 4, 5, 6, 7]

    def test_another_order_is_refused(self, many: Person) -> None:
        answer = many.get("?sort=status")
        assert fields(problem(answer, 422, "E2013")) == ["query.sort"]

    def test_employees_get_the_same_order_of_what_is_theirs(self, many: Person) -> None:
        for number in (2, 3, 5, 6):
            done(many.post(f"{number}/assign", {"user_id": 3, "part": "watcher"}))
        ana = Person(many.server, "ana")
        ana.make(title="Hers", priority="LOW")
        assert ids(ana.all("sort=due")) == [3, 5, 6, 2, 8]
        assert ids(ana.all("sort=-priority")) == [6, 2, 5, 3, 8]
        assert ids(ana.all("sort=title", 1)) == [3, 6, 5, 8, 2]


class TestPages:
    def test_what_comes_meanwhile_moves_nothing(self, many: Person) -> None:
        first = done(many.get("?limit=3&sort=due"))
        assert ids(first["tasks"]) == [7, 3, 5]
        many.make(due_date="2026-03-02T12:00:00Z")
        many.make(due_date="2026-03-04T13:00:00Z")
        done(many.delete("3"))
        second = done(many.get(f"?limit=10&sort=due&cursor={first['next']}"))
        assert ids(second["tasks"]) == [9, 1, 6, 2, 4]
        assert second["next"] is None

    def test_the_size_of_a_page_may_change(self, many: Person) -> None:
        first = done(many.get("?limit=1"))
        assert ids(done(many.get(f"?limit=2&cursor={first['next']}"))["tasks"]) == [2, 3]

    def test_a_full_last_page_leads_nowhere(self, many: Person) -> None:
        assert done(many.get("?limit=7"))["next"] is None
        assert done(many.get("?limit=6"))["next"] is not None

    @pytest.mark.parametrize("limit", ["0", "-1", str(MOST_LISTED + 1), "x", "1.5"])
    def test_the_size_has_limits(self, shared_server: RunningServer, limit: str) -> None:
        answer = Person(shared_server, "rita").get(f"?limit={limit}")
        assert fields(problem(answer, 422, "E2013")) == ["query.limit"]

    def test_a_cursor_is_good_for_its_reader_and_its_list_alone(self, many: Person) -> None:
        for number in (1, 2):
            done(many.post(f"{number}/assign", {"user_id": 3}))
        cursor = done(many.get("?limit=1&priority=low"))["next"]
        good = f"cursor={cursor}"
        assert ids(done(many.get(f"?priority=LOW&{good}"))["tasks"]) == [4]
        ana, sara = Person(many.server, "ana"), Person(many.server, "sara")
        for who, query in (
            (many, good),
            (many, f"{good}&priority=high"),
            (many, f"{good}&priority=low&sort=-number"),
            (many, f"{good}&priority=low&q=x"),
            (many, f"{good}x&priority=low"),
            (many, f"cursor={cursor[:-1]}&priority=low"),
            (many, "cursor=x.y&priority=low"),
            (many, f"cursor={many.server.page('rita')['cursor']}&priority=low"),
            (many, f"cursor={many.server.page('rita')['mark']}&priority=low"),
            (sara, f"{good}&priority=low"),
            (ana, f"{good}&priority=low"),
        ):
            answer = who.get(f"?{query}")
            assert fields(problem(answer, 422, "E2075")) == ["cursor"], query
        problem(many.get(f"overdue?{good}"), 422, "E2075")

    def test_nor_is_it_good_for_somebody_of_the_same_role(self, many: Person) -> None:
        many.server.sql("UPDATE users SET role = 'ADMIN' WHERE name = 'sara'")
        cursor = done(many.get("?limit=1"))["next"]
        problem(Person(many.server, "sara").get(f"?limit=1&cursor={cursor}"), 422, "E2075")

    def test_a_cursor_of_a_time_as_an_admin_is_over(self, many: Person) -> None:
        cursor = done(many.get("?limit=1"))["next"]
        many.server.sql("UPDATE users SET role = 'EMPLOYEE' WHERE name = 'rita'")
        problem(many.get(f"?limit=1&cursor={cursor}"), 422, "E2075")

    def test_an_undeclared_filter_is_not_passed_over(self, many: Person) -> None:
        """A misspelt one would show everything."""
        answer = many.get("?asigned_to=3")
        assert fields(problem(answer, 422, "E2017")) == ["query.asigned_to"]


class TestFilters:
    @pytest.fixture
    def rita(self, either_server: RunningServer) -> Person:
        """1 pending and late; 2 in progress, Ana's, urgent; 3 on hold, of a lead; 4 completed, of
        the project; 5 cancelled; 6 archived; 7 below 2; 8 waits for 2."""
        rita = Person(either_server, "rita")
        rita.make(title="Pump", due_date="2026-03-02T07:00:00Z")
        rita.make(title="Valve", assigned_to=3, priority="URGENT")
        rita.make(title="Seal", lead_id=LEAD, due_date="2026-03-02T07:00:00Z")
        rita.make(title="Lamp", project_id=1, due_date="2026-03-02T07:00:00Z")
        rita.make(title="Cable")
        rita.make(title="Old cable")
        rita.make(title="Below", parent_id=2, priority="HIGH")
        rita.make(title="Waits", people=[{"user_id": 3, "part": "REVIEWER"}])
        done(rita.post("2/start"))
        done(rita.post("3/hold"))
        done(rita.post("4/complete"))
        done(rita.post("5/cancel"))
        done(rita.delete("6"))
        done(rita.post("8/dependencies", {"needs_id": 2}))
        return rita

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", [1, 2, 3, 4, 5, 7, 8]),
            ("status=PENDING", [1, 7, 8]),
            ("status=pending&status=on_hold", [1, 3, 7, 8]),
            ("status=archived", [6]),
            ("status=overdue", [1, 3]),
            ("status=OVERDUE&status=on_hold", [3]),
            ("overdue=true", [1, 3]),
            ("overdue=false", [2, 4, 5, 7, 8]),
            ("overdue=false&status=archived", [6]),
            ("blocked=true", [8]),
            ("blocked=false", [1, 2, 3, 4, 5, 7]),
            ("priority=critical", [2]),
            ("priority=urgent&priority=High", [2, 7]),
            ("priority=normal", [1, 3, 4, 5, 8]),
            ("assigned_to=3", [2]),
            ("assigned_to=4", []),
            ("project_id=1", [4]),
            (f"lead_id={LEAD}", [3]),
            (f"lead_id={NOBODY}", []),
            ("parent_id=2", [7]),
            ("parent_id=99", []),
            (f"parent_id={NOBODY}", []),
            ("q=pump", [1]),
            ("q=CABLE", [5]),
            ("q=CABLE&status=archived&status=cancelled", [5, 6]),
            ("q=", [1, 2, 3, 4, 5, 7, 8]),
            ("status=pending&priority=high&parent_id=2&q=bel&sort=-due", [7]),
            ("assigned_to=3&overdue=true", []),
        ],
    )
    def test_each_keeps_what_fits(self, rita: Person, query: str, expected: list[int]) -> None:
        assert ids(rita.all(query)) == expected

    def test_uuids_do_as_well(self, rita: Person) -> None:
        server = rita.server
        parent = done(rita.get("2"))["uuid"]
        assert ids(rita.all(f"assigned_to={server.users['ana']}")) == [2]
        assert ids(rita.all(f"project_id={server.world.project_id}")) == [4]
        assert ids(rita.all(f"parent_id={parent}")) == [7]

    def test_employees_see_what_they_are_on_or_made(self, rita: Person) -> None:
        ana, jonas = Person(rita.server, "ana"), Person(rita.server, "jonas")
        ana.make(title="Hers")
        assert ids(ana.all()) == [2, 8, 9]
        assert ids(ana.all("assigned_to=3")) == [2]
        assert ids(ana.all("blocked=true")) == [8]
        assert ids(ana.all("parent_id=2")) == []
        assert ids(ana.all("status=overdue")) == []
        assert jonas.all() == []
        done(rita.delete("2/assign/3"))
        assert ids(ana.all()) == [8, 9]

    def test_nothing_of_another_tenant_is_listed_or_found(self, rita: Person) -> None:
        olga = Person(rita.server, OUTSIDER)
        assert olga.all() == olga.all("q=pump") == olga.all("status=archived") == []
        assert olga.all(f"lead_id={LEAD}") == olga.all("parent_id=2") == []
        parent = done(rita.get("2"))["uuid"]
        assert olga.all(f"parent_id={parent}") == []
        for query in (
            f"assigned_to={rita.server.users['ana']}",
            f"project_id={rita.server.world.project_id}",
        ):
            assert olga.get(f"?{query}").status_code == 404

    @pytest.mark.parametrize(
        ("query", "status", "code", "field"),
        [
            ("status=done", 422, "E2005", "status"),
            ("status=", 422, "E2005", "status"),
            ("priority=soon", 422, "E2005", "priority"),
            ("status=overdue&overdue=false", 422, "E2005", "overdue"),
            ("overdue=perhaps", 422, "E2013", "query.overdue"),
            ("assigned_to=99", 404, "E5006", "assigned_to"),
            (f"assigned_to={NOBODY}", 404, "E5006", "assigned_to"),
            ("assigned_to=ana", 422, "E2006", "assigned_to"),
            ("project_id=99", 404, "E5007", "project_id"),
            ("project_id=x", 422, "E2006", "project_id"),
            ("parent_id=x", 422, "E2006", "parent_id"),
            ("lead_id=1", 422, "E2006", "lead_id"),
            ("updated_since=2026-03-01", 422, "E2004", "updated_since"),
            ("updated_since=now", 422, "E2004", "updated_since"),
            ("q=%00", 422, "E2008", "q"),
            (f"q={'x' * 201}", 422, "E2013", "query.q"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, shared_server: RunningServer, query: str, status: int, code: str, field: str
    ) -> None:
        answer = Person(shared_server, "rita").get(f"?{query}")
        assert fields(problem(answer, status, code)) == [field]

    def test_since_is_by_the_servers_clock_and_includes_the_moment(self, rita: Person) -> None:
        rita.server.clock.advance(HOUR)
        done(rita.put("3", {"title": "Later"}))
        assert ids(rita.all("updated_since=2026-03-02T09:00:00Z")) == [3]
        assert ids(rita.all("updated_since=2026-03-02T10:00:00%2B01:00")) == [3]
        assert ids(rita.all("updated_since=2026-03-02T09:00:00.001Z")) == []


class TestSearch:
    @pytest.mark.parametrize(
        ("text", "query", "found"),
        [
            ("Überprüfen", "überPRÜF", True),
            ("ПРОВЕРИТЬ насос", "насос", True),
            ("ΑΝΤΛΊΑ", "αντλία", True),
            ("100 % done", "100%25", False),
            ("100 % done", "100 %25", True),
            ("a_b", "a_b", True),
            ("axb", "a_b", False),
            ("100 percent", "1%25t", False),
            ("C:\\pumps", "c:\\p", True),
            ("it's", "IT'S", True),
        ],
    )
    def test_letters_of_any_size_and_every_sign_as_it_is(
        self, rita: Person, text: str, query: str, found: bool
    ) -> None:
        rita.make(title=text)
        rita.make(title="Other", description=f"before {text} behind")
        assert ids(rita.all(f"q={query}")) == ([1, 2] if found else [])


class TestOverdue:
    def test_the_longest_overdue_comes_first(self, many: Person) -> None:
        many.server.clock.advance(2 * DAY)
        many.make(due_date="2026-03-04T07:00:00Z", assigned_to=3)
        done(many.post("3/complete"))
        page = done(many.get("overdue?limit=1"))
        assert ids(page["tasks"]) == [7]
        rest = done(many.get(f"overdue?cursor={page['next']}"))
        assert (ids(rest["tasks"]), rest["next"]) == ([8], None)
        assert ids(done(Person(many.server, "ana").get("overdue"))["tasks"]) == [8]

    def test_it_takes_no_filters(self, many: Person) -> None:
        problem(many.get("overdue?priority=low"), 422, "E2017")


class TestLead:
    def test_the_tasks_of_a_lead_by_number(self, rita: Person) -> None:
        for assigned in (3, None, 3):
            rita.make(lead_id=LEAD, assigned_to=assigned)
        rita.make()
        page = done(rita.get(f"lead/{LEAD}?limit=2"))
        assert ids(page["tasks"]) == [1, 2]
        assert ids(done(rita.get(f"lead/{LEAD}?limit=2&cursor={page['next']}"))["tasks"]) == [3]
        assert ids(done(Person(rita.server, "ana").get(f"lead/{LEAD}"))["tasks"]) == [1, 3]

    def test_a_lead_without_a_task_that_one_may_see_is_not_there(self, rita: Person) -> None:
        rita.make(lead_id=LEAD)
        problem(rita.get(f"lead/{NOBODY}"), 404, "E5070")
        for name in ("jonas", OUTSIDER):
            problem(Person(rita.server, name).get(f"lead/{LEAD}"), 404, "E5070")

    @pytest.mark.parametrize("ref", ["1", "x", LEAD + "0", LEAD.upper()])
    def test_a_lead_is_named_by_its_uuid(self, shared_server: RunningServer, ref: str) -> None:
        answer = Person(shared_server, "rita").get(f"lead/{ref}")
        assert fields(problem(answer, 422, "E2006")) == ["lead_id"]
