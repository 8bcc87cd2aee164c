"""What is done with a task and what hangs on it, over `/api/v1/tasks/{id}/…`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.rest import Person, done, fields
from tests.support.server import DAY, HOUR, MINUTE, OUTSIDER, RunningServer, problem

NOBODY = "0190a000-0000-7000-8000-000000000001"


@pytest.fixture
def rita(server: RunningServer) -> Person:
    return Person(server, "rita")


@pytest.fixture
def ana(server: RunningServer) -> Person:
    return Person(server, "ana")


class TestMoves:
    @pytest.mark.parametrize(
        ("before", "verb", "status"),
        [
            ([], "start", "IN_PROGRESS"),
            ([], "hold", "ON_HOLD"),
            (["hold"], "resume", "IN_PROGRESS"),
            ([], "complete", "COMPLETED"),
            ([], "cancel", "CANCELLED"),
            (["complete"], "reopen", "IN_PROGRESS"),
            (["cancel"], "archive", "ARCHIVED"),
        ],
    )
    def test_each_has_an_address(
        self, rita: Person, before: list[str], verb: str, status: str
    ) -> None:
        rita.make()
        for earlier in before:
            done(rita.post(f"1/{earlier}"))
        answer = rita.post(f"1/{verb}", {"notes": "because", "occupancy_status": "IDLE"})
        assert done(answer)["status"] == status
        assert answer.headers["etag"] == rita.get("1").headers["etag"]
        last = rita.server.audit_trail()[-1]
        assert (last["event"], last["note"], last["occupancy"]) == (verb, "because", "IDLE")

    @pytest.mark.parametrize("verb", ["resume", "reopen", "archive"])
    def test_what_the_state_machine_does_not_allow_is_a_conflict(
        self, rita: Person, verb: str
    ) -> None:
        rita.make()
        problem(rita.post(f"1/{verb}"), 409, "E5002")
        assert done(rita.get("1"))["version"] == 1

    def test_completing_stamps_the_task_and_the_persons_part(
        self, rita: Person, ana: Person
    ) -> None:
        rita.make(assigned_to=3)
        rita.server.clock.advance(HOUR)
        task = done(ana.post("1/complete", {"notes": "All in"}))
        at = "2026-03-02T09:00:00.000Z"
        assert (task["completed_at"], task["completion_notes"]) == (at, "All in")
        assert (task["progress_percentage"], task["people"][0]["completed_at"]) == (100, at)

    def test_accepting_is_for_who_has_to_do_it(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        (own,) = done(ana.post("1/accept"))["people"]
        assert own["accepted_at"] == "2026-03-02T08:00:00.000Z"
        problem(rita.post("1/accept"), 409, "E5034")

    def test_progress_starts_and_completes(self, rita: Person) -> None:
        rita.make()
        said = [
            done(rita.post("1/progress", {"progress_percentage": percent}))["status"]
            for percent in (0, 1, 100)
        ]
        assert said == ["PENDING", "IN_PROGRESS", "COMPLETED"]

    @pytest.mark.parametrize("value", [101, -1, "5", 5.0, True, None])
    def test_progress_that_is_no_whole_percent_is_named(
        self, shared_server: RunningServer, value: Any
    ) -> None:
        rita = Person(shared_server, "rita")
        uuid = rita.make()["uuid"]
        answer = rita.post(f"{uuid}/progress", {"progress_percentage": value})
        assert fields(problem(answer, 422, "E2003")) == ["body.progress_percentage"]

    @pytest.mark.parametrize(
        ("path", "body", "code", "field"),
        [
            ("hold", {"notes": "x" * 10_001}, "E2002", "notes"),
            ("progress", {"progress_percentage": 5, "notes": "a\x00"}, "E2008", "notes"),
            ("hold", {"note": "misspelt"}, "E2017", "body.note"),
            ("hold", {"occupancy_status": "ASLEEP"}, "E2013", "body.occupancy_status"),
            ("rating", {"rating": 6}, "E2025", "rating"),
            ("assign", {"user_id": 3, "part": "boss"}, "E2005", "part"),
            ("assign", {"user_id": 3, "percent": 101}, "E2010", "percent"),
            ("time", {"minutes": 0}, "E2024", "minutes"),
            ("time", {"minutes": 1441}, "E2024", "minutes"),
            ("time", {"minutes": 5, "started_at": "09:00"}, "E2004", "started_at"),
            ("time", {"minutes": 5, "notes": "x" * 10_001}, "E2002", "notes"),
            ("comments", {"text": " "}, "E2009", "text"),
            ("comments", {"text": "x", "attachments": ["file:///etc/passwd"]}, "E2022",
             "attachments"),
            ("dependencies", {"needs_id": True}, "E2013", "body.needs_id"),
        ],
    )  # fmt: skip
    def test_a_refused_argument_has_the_name_that_the_request_gives_it(
        self, shared_server: RunningServer, path: str, body: Any, code: str, field: str
    ) -> None:
        rita = Person(shared_server, "rita")
        made = rita.make()
        answer = rita.post(f"{made['uuid']}/{path}", body)
        assert fields(problem(answer, 422, code)) == [field]
        assert shared_server.audit_count(made["uuid"]) == 1

    def test_s2s_endpoints_name_the_field_too(self, server: RunningServer) -> None:
        server.task("ana")
        body = {"progress_percentage": 5, "notes": "x" * 10_001}
        answer = server.post("ana", "/api/task/1/progress/", body)
        assert fields(problem(answer, 422, "E2002")) == ["notes"]


class TestRating:
    def test_reviewers_and_admins_rate_what_is_done(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=4, people=[{"user_id": 3, "part": "REVIEWER"}])
        problem(ana.post("1/rating", {"rating": 4}), 409, "E5038")
        done(rita.post("1/complete"))
        assert done(ana.post("1/rating", {"rating": 4, "notes": "tidy"}))["quality_rating"] == 4
        assert done(rita.post("1/rating", {"rating": 5}))["quality_rating"] == 5
        jonas = Person(rita.server, "jonas")
        problem(jonas.post("1/rating", {"rating": 5}), 403, "E5004")


class TestPeople:
    def test_parts_and_shares_are_given_changed_and_taken(self, rita: Person) -> None:
        rita.make()
        done(rita.post("1/assign", {"user_id": 3, "percent": 60}))
        done(rita.post("1/assign", {"user_id": rita.server.users["jonas"], "part": "watcher"}))
        task = done(rita.post("1/assign", {"user_id": 3, "part": "Reviewer", "percent": 0}))
        parts = {one["number"]: (one["part"], one["percent"]) for one in task["people"]}
        assert parts == {3: ("REVIEWER", 0), 4: ("WATCHER", 100)}
        assert task["assigned_to"] is None
        done(rita.delete("1/assign/3"))
        task = done(rita.delete(f"1/assign/{rita.server.users['jonas']}"))
        assert task["people"] == []

    def test_who_is_taken_off_sees_it_no_more(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        done(ana.get("1"))
        done(rita.delete("1/assign/3"))
        problem(ana.get("1"), 404, "E5001")

    def test_who_is_not_on_it_or_not_there_is_told(self, rita: Person) -> None:
        rita.make()
        assert fields(problem(rita.delete("1/assign/4"), 409, "E5015")) == ["user_id"]
        for ref in ("99", NOBODY):
            assert fields(problem(rita.delete(f"1/assign/{ref}"), 404, "E5006")) == ["user_id"]
        assert fields(problem(rita.delete("1/assign/ana"), 422, "E2006")) == ["user_id"]
        assert fields(problem(rita.post("1/assign", {"user_id": 99}), 404, "E5006")) == ["user_id"]


class TestComments:
    def test_a_comment_is_printed_and_counted(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        made = done(
            ana.post("1/comments", {"text": " On my way ", "attachments": ["https://x.example/1"]}),
            201,
        )
        assert made == {
            "id": made["id"],
            "task_id": 1,
            "user_id": 3,
            "text": "On my way",
            "parent_id": None,
            "attachments": ["https://x.example/1"],
            "created_at": "2026-03-02T08:00:00.000Z",
            "edited_at": None,
            "version": 1,
        }
        assert done(rita.get("1/comments")) == {"comments": [made], "next": None}
        assert done(rita.get("1"))["comment_count"] == 1

    def test_answers_name_what_they_answer(self, rita: Person) -> None:
        rita.make()
        rita.make()
        first = done(rita.post("1/comments", {"text": "When?"}), 201)
        answer = done(rita.post("1/comments", {"text": "Now", "parent_id": first["id"]}), 201)
        assert answer["parent_id"] == first["id"]
        for path, parent in (("1/comments", NOBODY), ("2/comments", first["id"])):
            body = problem(rita.post(path, {"text": "x", "parent_id": parent}), 409, "E5035")
            assert fields(body) == ["parent_id"]

    def test_other_words_are_for_who_wrote_it(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        made = done(ana.post("1/comments", {"text": "On my wya"}), 201)
        rita.server.clock.advance(MINUTE)
        path = f"1/comments/{made['id']}"
        mended = done(ana.put(path, {"text": "On my way"}))
        edited = {"text": "On my way", "edited_at": "2026-03-02T08:01:00.000Z", "version": 2}
        assert mended == {**made, **edited}
        problem(rita.put(path, {"text": "Late"}), 409, "E5036")
        problem(ana.put(f"1/comments/{NOBODY}", {"text": "x"}), 409, "E5035")
        assert fields(problem(ana.put("1/comments/1", {"text": "x"}), 422, "E2006")) \
            == ["comment_id"]  # fmt: skip
        trail = rita.server.audit_trail()[-1]
        assert (trail["before"]["text"], trail["after"]["text"]) == ("On my wya", "On my way")

    def test_pages_are_in_the_order_of_arrival(self, either_server: RunningServer) -> None:
        rita = Person(either_server, "rita")
        rita.make()
        for number in range(7):
            either_server.clock.advance(number % 2)  # some at the same moment
            done(rita.post("1/comments", {"text": str(number)}), 201)
        whole = done(rita.get("1/comments"))["comments"]
        moments = [(one["created_at"], one["id"]) for one in whole]
        assert moments == sorted(moments)
        found: list[Any] = []
        query = "limit=3"
        for size in (3, 3, 1):
            page = done(rita.get(f"1/comments?{query}"))
            assert len(page["comments"]) == size
            found += page["comments"]
            query = f"limit=3&cursor={page['next']}"
        assert (found, page["next"]) == (whole, None)

    def test_a_cursor_of_another_task_or_kind_is_refused(self, rita: Person) -> None:
        for number in (1, 2):
            rita.make()
            for minutes in (5, 6):
                done(rita.post(f"{number}/comments", {"text": "x"}), 201)
                done(rita.post(f"{number}/time", {"minutes": minutes}), 201)
        cursor = done(rita.get("1/comments?limit=1"))["next"]
        assert len(done(rita.get(f"1/comments?cursor={cursor}"))["comments"]) == 1
        for path in ("2/comments", "1/time"):
            problem(rita.get(f"{path}?cursor={cursor}"), 422, "E2075")
        problem(Person(rita.server, "sara").get(f"1/comments?cursor={cursor}"), 422, "E2075")


class TestTime:
    def test_minutes_add_up_and_can_be_corrected(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        body = {"minutes": 90, "started_at": "2026-03-02T07:30:00+01:00", "notes": "drive"}
        first = done(ana.post("1/time", body), 201)
        assert first == {
            "id": first["id"],
            "task_id": 1,
            "user_id": 3,
            "minutes": 90,
            "started_at": "2026-03-02T06:30:00.000Z",
            "notes": "drive",
            "created_at": "2026-03-02T08:00:00.000Z",
        }
        rita.server.clock.advance(1)
        second = done(rita.post("1/time", {"minutes": -30}), 201)
        assert done(ana.get("1/time")) == {
            "entries": [first, second],
            "actual_duration_min": 60,
            "next": None,
        }
        assert done(ana.get("1"))["actual_duration_min"] == 60
        assert fields(problem(ana.post("1/time", {"minutes": -61}), 409, "E5037")) == ["minutes"]

    def test_pages_go_on_where_they_ended(self, rita: Person) -> None:
        rita.make()
        for minutes in (1, 2, 3):
            rita.server.clock.advance(1)
            done(rita.post("1/time", {"minutes": minutes}), 201)
        page = done(rita.get("1/time?limit=2"))
        rest = done(rita.get(f"1/time?cursor={page['next']}"))
        minutes_of = [one["minutes"] for one in page["entries"] + rest["entries"]]
        assert minutes_of == [1, 2, 3]


class TestDependencies:
    def test_a_task_says_what_it_waits_for(self, rita: Person) -> None:
        waiting, needed = rita.make(), rita.make(title="Drain")
        assert done(rita.post("1/dependencies", {"needs_id": 2}))["is_blocked"]
        assert done(rita.get("1/dependencies")) == {
            "needs": [{"id": 2, "uuid": needed["uuid"], "title": "Drain", "status": "PENDING"}]
        }
        done(rita.post("2/complete"))
        assert not done(rita.get("1"))["is_blocked"]
        assert done(rita.get("1/dependencies"))["needs"][0]["status"] == "COMPLETED"
        done(rita.delete(f"1/dependencies/{needed['uuid']}"))
        assert done(rita.get("1/dependencies")) == {"needs": []}
        assert waiting["is_blocked"] is False

    def test_of_a_task_that_is_not_shared_only_the_number_is_told(
        self, rita: Person, ana: Person
    ) -> None:
        rita.make(assigned_to=3)
        hidden = rita.make(title="Confidential")
        done(rita.post("1/dependencies", {"needs_id": 2}))
        answer = ana.get("1/dependencies")
        assert done(answer)["needs"] == [
            {"id": 2, "uuid": hidden["uuid"], "title": None, "status": None}
        ]

    def test_circles_and_what_is_not_there_are_refused(self, rita: Person) -> None:
        rita.make()
        rita.make()
        done(rita.post("1/dependencies", {"needs_id": 2}))
        for path, needs, code in (
            ("2", 1, "E5032"), ("1", 1, "E5032"), ("1", 99, "E5030"), ("1", NOBODY, "E5030"),
        ):  # fmt: skip
            body = problem(rita.post(f"{path}/dependencies", {"needs_id": needs}), 409, code)
            assert fields(body) == ["needs_id"]
        for ref in ("1", "99", NOBODY):
            assert fields(problem(rita.delete(f"2/dependencies/{ref}"), 409, "E5033")) \
                == ["needs_id"]  # fmt: skip


class TestStats:
    @pytest.fixture
    def rita(self, either_server: RunningServer) -> Person:
        """Ana: 1 completed after 2 h and rated, 2 late, 3 due today, 4 cancelled, 5 completed after
        1 h and archived, 8 only watched. Jonas: 6, and 7 with Ana. Two hours are over."""
        rita, ana = Person(either_server, "rita"), Person(either_server, "ana")
        clock = either_server.clock
        rita.make(assigned_to=3)
        rita.make(assigned_to=3, due_date="2026-03-02T08:30:00Z")
        rita.make(assigned_to=3, due_date="2026-03-02")
        for _ in range(2):
            rita.make(assigned_to=3)
        rita.make(assigned_to=4)
        rita.make(assigned_to=4, people=[{"user_id": 3}], due_date="2026-03-09")
        rita.make(people=[{"user_id": 3, "part": "WATCHER"}])
        done(ana.post("7/time", {"minutes": 25}), 201)
        done(ana.post("7/time", {"minutes": -5}), 201)
        done(Person(either_server, "jonas").post("6/time", {"minutes": 7}), 201)
        clock.advance(HOUR)
        done(ana.post("5/complete"))
        done(rita.delete("5"))
        clock.advance(HOUR)
        done(ana.post("1/complete"))
        done(rita.post("1/rating", {"rating": 4}))
        done(rita.post("4/cancel"))
        done(ana.post("7/start"))
        return rita

    def test_of_oneself(self, rita: Person) -> None:
        assert done(Person(rita.server, "ana").get("stats")) == {
            "user_id": 3,
            "total": 6,
            "by_status": {
                "PENDING": 2, "IN_PROGRESS": 1, "ON_HOLD": 0, "COMPLETED": 1, "CANCELLED": 1,
                "ARCHIVED": 1,
            },
            "overdue": 1,
            "due_within_24h": 1,
            "completed": 2,
            "completion_rate": 0.4,
            "mean_completion_ms": 3 * HOUR // 2,
            "minutes_logged": 20,
            "mean_rating": 4.0,
        }  # fmt: skip

    def test_admins_ask_for_anybody_and_for_all(self, rita: Person) -> None:
        own = done(Person(rita.server, "ana").get("stats"))
        for ref in ("3", rita.server.users["ana"]):
            assert done(rita.get(f"stats?user_id={ref}")) == own
        whole = done(rita.get("stats?user_id=all"))
        assert (whole["user_id"], whole["total"], whole["minutes_logged"]) == (None, 8, 27)
        assert (whole["completion_rate"], whole["overdue"]) == (round(2 / 7, 4), 1)
        problem(rita.get("stats?user_id=99"), 404, "E5006")
        problem(rita.get("stats?user_id=ana"), 422, "E2006")

    def test_where_there_is_nothing_there_are_no_means(self, rita: Person) -> None:
        empty = done(rita.get("stats"))
        assert (empty["total"], empty["minutes_logged"], empty["user_id"]) == (0, 0, 2)
        for name in ("completion_rate", "mean_completion_ms", "mean_rating"):
            assert empty[name] is None
        assert done(Person(rita.server, OUTSIDER).get("stats?user_id=all"))["total"] == 0

    def test_employees_ask_for_themselves(self, rita: Person) -> None:
        ana = Person(rita.server, "ana")
        for ref in ("3", rita.server.users["ana"]):
            done(ana.get(f"stats?user_id={ref}"))
        for ref in ("4", "99", "all", NOBODY, rita.server.users["jonas"]):
            problem(ana.get(f"stats?user_id={ref}"), 403, "E1005")

    def test_the_clock_makes_tasks_late(self, rita: Person) -> None:
        rita.server.clock.advance(DAY)
        found = done(Person(rita.server, "ana").get("stats"))
        assert (found["overdue"], found["due_within_24h"]) == (2, 0)
