"""`/api/v1/tasks`: making, reading, changing and removing a task, with S1's names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.rest import Person, done, fields
from tests.support.server import DAY, HOUR, OUTSIDER, RunningServer, problem

LEAD = "0190a000-0000-7000-8000-00000000001d"
NOBODY = "0190a000-0000-7000-8000-000000000001"
WHOLE = {
    "title": " Replace pump seal ",
    "description": "Row 7",
    "priority": "critical",
    "assigned_to": 3,
    "people": [{"user_id": 4, "part": "reviewer", "percent": 0}],
    "lead_id": LEAD,
    "project_id": 1,
    "task_type": "repair",
    "due_date": "2026-03-05T12:30:00+01:00",
    "scheduled_at": "2026-03-03T08:00:00Z",
    "estimated_duration_min": 90,
    "revenue_cents": 125_000,
}


@pytest.fixture
def rita(server: RunningServer) -> Person:
    return Person(server, "rita")


@pytest.fixture
def ana(server: RunningServer) -> Person:
    return Person(server, "ana")


class TestMaking:
    def test_a_task_is_printed_with_every_field(self, rita: Person) -> None:
        answer = rita.post("", {**WHOLE, "parent_id": rita.make()["id"]})
        made = done(answer, 201)
        jonas, ana = made.pop("people")
        assert {one["number"]: one["part"] for one in (jonas, ana)} == {
            4: "REVIEWER",
            3: "ASSIGNEE",
        }
        assert made == {
            "id": 2,
            "uuid": made["uuid"],
            "title": "Replace pump seal",
            "description": "Row 7",
            "status": "PENDING",
            "priority": "URGENT",
            "progress_percentage": 0,
            "assigned_to": 3,
            "created_by": 2,
            "lead_id": LEAD,
            "project_id": 1,
            "parent_id": 1,
            "task_type": "repair",
            "due_date": "2026-03-05T11:30:00.000Z",
            "due_day": None,
            "scheduled_at": "2026-03-03T08:00:00.000Z",
            "started_at": None,
            "completed_at": None,
            "cancelled_at": None,
            "completion_notes": "",
            "estimated_duration_min": 90,
            "actual_duration_min": 0,
            "quality_rating": None,
            "revenue_cents": 125_000,
            "rollup_progress": None,
            "child_count": 0,
            "comment_count": 0,
            "is_overdue": False,
            "is_blocked": False,
            "version": 1,
            "created_at": "2026-03-02T08:00:00.000Z",
            "updated_at": "2026-03-02T08:00:00.000Z",
        }
        assert answer.headers["location"] == "/api/v1/tasks/2"
        assert done(rita.get("2")) == {**made, "people": [jonas, ana]}

    def test_a_title_is_enough(self, ana: Person) -> None:
        made = ana.make()
        assert (made["assigned_to"], made["people"], made["priority"]) == (None, [], "MEDIUM")
        assert made["created_by"] == 3

    def test_nulls_are_as_if_left_out(self, rita: Person) -> None:
        nothing = dict.fromkeys(set(WHOLE) - {"title", "people"})
        assert rita.make(**nothing)["due_date"] is None

    def test_a_day_is_due_at_its_end_in_the_tenants_zone(self, rita: Person) -> None:
        made = rita.make(due_date="2026-03-01")
        assert (made["due_day"], made["due_date"]) == ("2026-03-01", "2026-03-01T22:59:59.999Z")
        assert made["is_overdue"]

    def test_numbers_and_uuids_name_the_same(self, rita: Person) -> None:
        server = rita.server
        made = rita.make(assigned_to=server.users["ana"], project_id=server.world.project_id)
        below = rita.make(parent_id=made["uuid"])
        assert (made["assigned_to"], made["project_id"], below["parent_id"]) == (3, 1, 1)

    @pytest.mark.parametrize(
        ("said", "meant"),
        [("critical", "URGENT"), ("High", "HIGH"), ("NORMAL", "MEDIUM"), ("low", "LOW"),
         ("urgent", "URGENT"), ("Medium", "MEDIUM")],
    )  # fmt: skip
    def test_priorities_may_be_said_in_s1s_words(
        self, shared_server: RunningServer, said: str, meant: str
    ) -> None:
        assert Person(shared_server, "rita").make(priority=said)["priority"] == meant

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("title", " ", "E2001"),
            ("title", "x" * 201, "E2002"),
            ("description", "a\x00b", "E2008"),
            ("priority", "soon", "E2005"),
            ("due_date", "tomorrow", "E2004"),
            ("due_date", "20260301", "E2004"),
            ("due_date", "2026-02-30", "E2004"),
            ("due_date", "2026-03-01T12:00:00", "E2004"),
            ("due_date", "1950-01-01T12:00:00Z", "E2004"),
            ("scheduled_at", "2026-03-01", "E2004"),
            ("estimated_duration_min", 0, "E2015"),
            ("revenue_cents", 10**14, "E2023"),
            ("task_type", "x" * 61, "E2002"),
        ],
    )
    def test_what_cannot_be_used_is_named_as_the_request_has_it(
        self, shared_server: RunningServer, field: str, value: Any, code: str
    ) -> None:
        rita = Person(shared_server, "rita")
        answer = rita.post("", {"title": "x", field: value})
        assert fields(problem(answer, 422, code)) == [field]
        assert "x" not in [task["title"] for task in rita.all(limit=200)]

    @pytest.mark.parametrize(
        ("field", "value", "status", "code"),
        [
            ("assigned_to", 99, 404, "E5006"),
            ("assigned_to", NOBODY, 404, "E5006"),
            ("people", [{"user_id": 99}], 404, "E5006"),
            ("people", [{"user_id": 3}, {"user_id": 3}], 422, "E2017"),
            ("people", [{"user_id": 3, "part": "boss"}], 422, "E2005"),
            ("people", [{"user_id": 3, "percent": 101}], 422, "E2010"),
            ("project_id", 99, 404, "E5007"),
            ("project_id", NOBODY, 404, "E5007"),
            ("parent_id", 99_999, 409, "E5030"),
            ("parent_id", NOBODY, 409, "E5030"),
        ],
    )
    def test_what_is_not_there_cannot_be_named(
        self, shared_server: RunningServer, field: str, value: Any, status: int, code: str
    ) -> None:
        answer = Person(shared_server, "rita").post("", {"title": "x", field: value})
        inner = {"E2005": "part", "E2010": "percent"}.get(code, field)
        assert fields(problem(answer, status, code)) == [inner]

    @pytest.mark.parametrize(
        ("field", "value"),
        [("title", 7), ("title", None), ("assigned_to", True), ("assigned_to", "3"),
         ("assigned_to", 0), ("assigned_to", 2**60), ("estimated_duration_min", "90"),
         ("lead_id", "x"), ("people", {}), ("due_date", 5)],
    )  # fmt: skip
    def test_another_type_is_not_guessed_at(
        self, shared_server: RunningServer, field: str, value: Any
    ) -> None:
        answer = Person(shared_server, "rita").post("", {"title": "x", field: value})
        assert fields(problem(answer, 422, "E2013")) == [f"body.{field}"]

    @pytest.mark.parametrize(
        "field",
        ["id", "uuid", "number", "tenant_id", "created_by", "created_at", "version", "status",
         "progress_percentage", "completed_at", "actual_duration_min", "quality_rating",
         "rollup_progress", "checksum", "assigned_at", "is_overdue"],
    )  # fmt: skip
    def test_what_is_not_for_writing_is_refused_and_named(
        self, shared_server: RunningServer, field: str
    ) -> None:
        answer = Person(shared_server, "rita").post("", {"title": "x", field: 1})
        assert fields(problem(answer, 422, "E2017")) == [f"body.{field}"]

    def test_employees_assign_only_themselves(self, ana: Person) -> None:
        assert ana.make(assigned_to=3)["assigned_to"] == 3
        problem(ana.post("", {"title": "x", "assigned_to": 4}), 403, "E5004")

    def test_things_of_another_tenant_are_not_there(self, rita: Person) -> None:
        olga = Person(rita.server, OUTSIDER)
        theirs = rita.make(project_id=1)
        for field, value, status in (
            ("assigned_to", rita.server.users["ana"], 404),
            ("project_id", rita.server.world.project_id, 404),
            ("parent_id", theirs["uuid"], 409),
        ):
            assert olga.post("", {"title": "x", field: value}).status_code == status
        assert olga.make()["id"] == 1


class TestReading:
    def test_both_names_and_the_older_address_lead_to_it(self, rita: Person) -> None:
        made = rita.make(assigned_to=3)
        for ref in ("1", made["uuid"]):
            for base in ("/api/v1/tasks", "/api/tasks"):
                assert done(rita.ask("GET", ref, base=base)) == made

    def test_what_one_may_not_see_does_not_exist(self, rita: Person, ana: Person) -> None:
        made = rita.make()
        olga = Person(rita.server, OUTSIDER)
        for who in (ana, olga):
            for ref in ("1", made["uuid"], "99", NOBODY):
                problem(who.get(ref), 404, "E5001")

    @pytest.mark.parametrize("ref", ["x", "1.5", "-1", "²", "1" * 40])
    def test_what_is_no_id_is_refused_as_such(self, shared_server: RunningServer, ref: str) -> None:
        problem(Person(shared_server, "rita").get(ref), 422, "E2006")

    def test_a_parent_prints_its_childrens_mean_and_a_waiting_task_that_it_waits(
        self, rita: Person
    ) -> None:
        parent, other = rita.make(), rita.make()
        first = rita.make(parent_id=1)
        rita.make(parent_id=1)
        done(rita.put(f"{first['id']}", {"progress_percentage": 51}))
        done(rita.post("1/dependencies", {"needs_id": other["id"]}))
        found = done(rita.get("1"))
        assert (found["child_count"], found["rollup_progress"]) == (2, 26)
        assert found["is_blocked"]
        assert found["progress_percentage"] == parent["progress_percentage"] == 0


class TestChanging:
    def test_what_is_left_out_stays(self, rita: Person) -> None:
        made = rita.make(**{**WHOLE, "title": "Pump"})
        changed = done(rita.put("1", {"title": "Valve"}))
        assert changed == {**made, "title": "Valve", "version": 2}

    def test_every_field_can_be_changed_and_emptied(self, rita: Person) -> None:
        rita.make()
        writable = {name: value for name, value in WHOLE.items() if name != "people"}
        changed = done(rita.put("1", writable))
        expected = {
            **writable, "title": "Replace pump seal", "priority": "URGENT",
            "due_date": "2026-03-05T11:30:00.000Z", "scheduled_at": "2026-03-03T08:00:00.000Z",
        }  # fmt: skip
        assert {name: changed[name] for name in expected} == expected
        emptied = dict.fromkeys(set(writable) - {"title", "priority"})
        changed = done(rita.put("1", emptied))
        texts = {"description": "", "task_type": ""}
        assert {name: changed[name] for name in emptied} == {**emptied, **texts}

    @pytest.mark.parametrize(("field", "code"), [("title", "E2001"), ("priority", "E2005")])
    def test_some_cannot_be_empty(self, rita: Person, field: str, code: str) -> None:
        rita.make()
        assert fields(problem(rita.put("1", {field: None}), 422, code)) == [field]

    def test_a_day_takes_the_place_of_an_instant_and_the_other_way_round(
        self, rita: Person
    ) -> None:
        rita.make(due_date="2026-03-05T12:00:00Z")
        assert done(rita.put("1", {"due_date": "2026-03-06"}))["due_day"] == "2026-03-06"
        changed = done(rita.put("1", {"due_date": "2026-03-07T12:00:00Z"}))
        assert (changed["due_day"], changed["due_date"]) == (None, "2026-03-07T12:00:00.000Z")
        assert done(rita.put("1", {"due_date": None}))["due_date"] is None

    def test_what_was_read_can_be_written_back_and_changes_nothing(self, rita: Person) -> None:
        made = rita.make(**WHOLE)
        writable = (set(WHOLE) | {"status", "progress_percentage"}) - {"people"}
        assert done(rita.put("1", {name: made[name] for name in writable})) == made
        assert done(rita.put("1", {})) == made
        assert rita.server.audit_count(made["uuid"]) == 1

    def test_the_trail_holds_one_entry_for_each_action(self, rita: Person) -> None:
        made = rita.make()
        done(rita.put("1", {"title": "Valve", "progress_percentage": 30, "notes": "half a third"}))
        events = [
            (row["event"], row["device_id"], row["note"])
            for row in rita.server.audit_trail()
            if row["task"] == made["uuid"]
        ]
        assert events == [
            ("create_task", None, ""),
            ("edit_fields", None, ""),
            ("set_progress", None, "half a third"),
        ]

    @pytest.mark.parametrize(
        ("before", "body", "after"),
        [
            ({}, {"status": "in_progress"}, ("IN_PROGRESS", 0, ["start"])),
            ({}, {"status": "on_hold"}, ("ON_HOLD", 0, ["hold"])),
            ({"status": "ON_HOLD"}, {"status": "IN_PROGRESS"}, ("IN_PROGRESS", 0, ["resume"])),
            ({"status": "COMPLETED"}, {"status": "in_progress"}, ("IN_PROGRESS", 0, ["reopen"])),
            ({"status": "CANCELLED"}, {"status": "in_progress"}, ("IN_PROGRESS", 0, ["reopen"])),
            ({}, {"status": "completed"}, ("COMPLETED", 100, ["complete"])),
            ({}, {"status": "cancelled"}, ("CANCELLED", 0, ["cancel"])),
            ({"status": "CANCELLED"}, {"status": "archived"}, ("ARCHIVED", 0, ["archive"])),
            ({}, {"progress_percentage": 40}, ("IN_PROGRESS", 40, ["set_progress"])),
            ({}, {"progress_percentage": 100}, ("COMPLETED", 100, ["set_progress"])),
            (
                {}, {"status": "IN_PROGRESS", "progress_percentage": 40},
                ("IN_PROGRESS", 40, ["start", "set_progress"]),
            ),
            (
                {}, {"status": "ON_HOLD", "progress_percentage": 40},
                ("ON_HOLD", 40, ["hold", "set_progress"]),
            ),
            (
                {}, {"status": "CANCELLED", "progress_percentage": 40},
                ("CANCELLED", 40, ["set_progress", "cancel"]),
            ),
            (
                {"status": "COMPLETED"}, {"status": "IN_PROGRESS", "progress_percentage": 40},
                ("IN_PROGRESS", 40, ["reopen", "set_progress"]),
            ),
            (
                {}, {"status": "COMPLETED", "progress_percentage": 100},
                ("COMPLETED", 100, ["complete"]),
            ),
            (
                {"progress_percentage": 40}, {"progress_percentage": 40, "notes": "still"},
                ("IN_PROGRESS", 40, ["set_progress"]),
            ),
        ],
    )  # fmt: skip
    def test_a_status_and_a_progress_are_reached_by_the_right_actions(
        self,
        shared_server: RunningServer,
        before: dict[str, Any],
        body: dict[str, Any],
        after: tuple[str, int, list[str]],
    ) -> None:
        rita = Person(shared_server, "rita")
        made = rita.make()
        done(rita.put(made["uuid"], before))
        known = shared_server.audit_count(made["uuid"])
        changed = done(rita.put(made["uuid"], body))
        trail = [row for row in shared_server.audit_trail() if row["task"] == made["uuid"]]
        events = [row["event"] for row in trail[known:]]
        assert (changed["status"], changed["progress_percentage"], events) == after

    @pytest.mark.parametrize(
        ("before", "body", "status", "code", "field"),
        [
            ({}, {"status": "overdue"}, 422, "E2005", ["status"]),
            ({}, {"status": "done"}, 422, "E2005", ["status"]),
            ({}, {"status": None}, 422, "E2013", ["body.status"]),
            ({"status": "ON_HOLD"}, {"status": "PENDING"}, 409, "E5002", ["status"]),
            ({}, {"status": "ARCHIVED"}, 409, "E5002", []),
            ({"status": "COMPLETED"}, {"status": "CANCELLED"}, 409, "E5002", []),
            ({"status": "CANCELLED"}, {"status": "COMPLETED"}, 409, "E5005", []),
            ({"status": "COMPLETED"}, {"progress_percentage": 5}, 409, "E5003", []),
            ({"status": "COMPLETED"}, {"status": "COMPLETED", "notes": "x"}, 409, "E5002", []),
            (
                {}, {"status": "COMPLETED", "progress_percentage": 5}, 422, "E2003",
                ["progress_percentage"],
            ),
            (
                {}, {"status": "IN_PROGRESS", "progress_percentage": 100}, 422, "E2003",
                ["progress_percentage"],
            ),
            (
                {}, {"status": "PENDING", "progress_percentage": 5}, 422, "E2003",
                ["progress_percentage"],
            ),
            ({}, {"progress_percentage": 101}, 422, "E2003", ["body.progress_percentage"]),
            ({}, {"progress_percentage": True}, 422, "E2003", ["body.progress_percentage"]),
            ({}, {"notes": "of what?"}, 422, "E2017", ["notes"]),
            ({}, {"notes": "x" * 10_001, "status": "ON_HOLD"}, 422, "E2002", ["notes"]),
            ({}, {"version": 1}, 422, "E2017", ["body.version"]),
            ({}, {"people": []}, 422, "E2017", ["body.people"]),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_and_changes_nothing(
        self,
        shared_server: RunningServer,
        before: dict[str, Any],
        body: dict[str, Any],
        status: int,
        code: str,
        field: list[str],
    ) -> None:
        rita = Person(shared_server, "rita")
        uuid = rita.make()["uuid"]
        made = done(rita.put(uuid, before))
        answer = rita.put(uuid, {"title": "Not this", **body})
        assert fields(problem(answer, status, code)) == field
        assert done(rita.get(uuid)) == made

    def test_of_several_actions_a_refused_one_takes_all_back(
        self, either_server: RunningServer
    ) -> None:
        """The title, the due and the person would be fine."""
        server, rita = either_server, Person(either_server, "rita")
        made = rita.make(assigned_to=3)
        page, trail = server.page("ana"), server.audit_trail()
        body = {"title": "Valve", "assigned_to": 4, "status": "ARCHIVED", "progress_percentage": 9}
        problem(rita.put("1", body), 409, "E5002")
        assert done(rita.get("1")) == made
        assert server.audit_trail() == trail
        assert server.pull("ana", page["cursor"], mark=page["mark"]).status_code == 304
        assert server.sql("SELECT count(*) FROM receipts") == [(1,)]
        assert rita.make()["id"] == 2

    def test_a_parent_cannot_be_below_its_child(self, rita: Person) -> None:
        rita.make()
        rita.make(parent_id=1)
        assert fields(problem(rita.put("1", {"parent_id": 2}), 409, "E5031")) == ["parent_id"]

    def test_a_parents_own_progress_is_refused_and_writing_it_back_is_not(
        self, rita: Person
    ) -> None:
        rita.make()
        rita.make(parent_id=1)
        problem(rita.put("1", {"progress_percentage": 9}), 409, "E5011")
        done(rita.put("1", {"progress_percentage": 0, "title": "Parent"}))

    def test_who_does_a_task_does_not_edit_it(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        problem(ana.put("1", {"title": "Mine"}), 403, "E5004")
        problem(ana.put("1", {"status": "IN_PROGRESS", "title": "Mine"}), 403, "E5004")
        assert done(ana.put("1", {"status": "IN_PROGRESS"}))["title"] == "Replace pump seal"

    def test_what_a_device_pulls_is_what_rest_did(self, rita: Person) -> None:
        made = rita.make(assigned_to=3)
        cursor = rita.server.page("ana")["cursor"]
        done(rita.put("1", {"title": "Valve", "status": "ON_HOLD"}))
        (task,) = rita.server.page("ana", cursor)["tasks"]
        assert (task["id"], task["title"], task["status"]) == (made["uuid"], "Valve", "ON_HOLD")

    def test_occupancy_is_heard_and_recorded(self, rita: Person, ana: Person) -> None:
        made = rita.make(assigned_to=3)
        done(ana.put("1", {"progress_percentage": 5, "occupancy_status": "ACTIVE"}))
        assert rita.server.audit_trail()[-1]["occupancy"] == "ACTIVE"
        people = rita.server.get("rita", "/api/v1/people/presence").json()["people"]
        assert [one["occupancy"] for one in people if one["user_id"] == rita.server.users["ana"]] \
            == ["ACTIVE"]  # fmt: skip
        assert made["version"] == 1


class TestHandingOver:
    def test_another_person_does_the_task_and_reviewers_stay(self, rita: Person) -> None:
        rita.make(assigned_to=3, people=[{"user_id": 2, "part": "REVIEWER"}])
        changed = done(rita.put("1", {"assigned_to": 4}))
        assert changed["assigned_to"] == 4
        assert {one["number"]: one["part"] for one in changed["people"]} == {
            4: "ASSIGNEE",
            2: "REVIEWER",
        }

    def test_nobody_may_do_it_for_now(self, rita: Person) -> None:
        rita.make(assigned_to=3)
        assert done(rita.put("1", {"assigned_to": None}))["people"] == []

    def test_writing_back_who_does_it_leaves_the_others_on_it(self, rita: Person) -> None:
        made = rita.make(assigned_to=3, people=[{"user_id": 4, "percent": 50}])
        assert len(made["people"]) == 2
        assert done(rita.put("1", {"assigned_to": made["assigned_to"]})) == made
        other = 7 - made["assigned_to"]
        assert [p["number"] for p in done(rita.put("1", {"assigned_to": other}))["people"]] \
            == [other]  # fmt: skip

    def test_a_reviewer_can_take_it_over(self, rita: Person) -> None:
        rita.make(people=[{"user_id": 4, "part": "REVIEWER"}])
        (jonas,) = done(rita.put("1", {"assigned_to": 4}))["people"]
        assert jonas["part"] == "ASSIGNEE"

    def test_an_unknown_person_is_named(self, rita: Person) -> None:
        rita.make()
        answer = rita.put("1", {"title": "Valve", "assigned_to": 77})
        assert fields(problem(answer, 404, "E5006")) == ["assigned_to"]
        assert done(rita.get("1"))["title"] == "Replace pump seal"


class TestRemoving:
    def test_an_open_task_is_cancelled_and_archived(self, rita: Person) -> None:
        made = rita.make(assigned_to=3)
        removed = done(rita.delete("1"))
        assert removed["status"] == "ARCHIVED"
        assert removed["cancelled_at"] is not None
        trail = [row["event"] for row in rita.server.audit_trail()]
        assert trail == ["create_task", "cancel", "archive"]
        assert done(rita.get("1")) == removed
        assert rita.all() == []
        assert rita.server.page("ana")["tasks"] == []
        assert made["uuid"] == removed["uuid"]

    def test_a_completed_task_stays_completed_in_the_archive(self, rita: Person) -> None:
        rita.make()
        done(rita.post("1/complete"))
        removed = done(rita.delete("1"))
        assert (removed["cancelled_at"], removed["completed_at"] is None) == (None, False)

    def test_a_second_time_is_a_conflict(self, rita: Person) -> None:
        rita.make()
        done(rita.delete("1"))
        problem(rita.delete("1"), 409, "E5014")
        problem(rita.put("1", {"title": "x"}), 409, "E5014")

    def test_who_may_cancel_but_not_archive_does_neither(self, ana: Person) -> None:
        ana.make(assigned_to=3)
        problem(ana.delete("1"), 403, "E5004")
        assert done(ana.get("1"))["status"] == "PENDING"


def test_the_older_address_makes_lists_and_changes_the_same(ana: Person) -> None:
    base = "/api/tasks"
    made = done(ana.ask("POST", "", {"title": "Mine", "assigned_to": 3}, base=base), 201)
    assert made["id"] == 1
    changed = done(ana.ask("PUT", "1", {"status": "COMPLETED"}, base=base))
    assert changed["completed_at"] is not None
    assert done(ana.ask("GET", "", base=base)) == {"tasks": [changed], "next": None}


def test_overdue_follows_the_clock(rita: Person) -> None:
    rita.make(due_date="2026-03-02T09:00:00Z")
    assert not done(rita.get("1"))["is_overdue"]
    rita.server.clock.advance(HOUR + 1)
    assert done(rita.get("1"))["is_overdue"]
    done(rita.post("1/complete"))
    rita.server.clock.advance(DAY)
    assert not done(rita.get("1"))["is_overdue"]
