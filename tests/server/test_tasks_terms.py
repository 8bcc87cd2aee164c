"""On which conditions a write is done: once for a key, and only on the version that was read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.rest import Person, done
from tests.support.server import HOUR, OUTSIDER, RunningServer, problem

NEW_TASK = {"title": "Grease the bearings"}


@pytest.fixture
def rita(server: RunningServer) -> Person:
    return Person(server, "rita")


@pytest.fixture
def ana(server: RunningServer) -> Person:
    return Person(server, "ana")


def same(first: httpx.Response, second: httpx.Response) -> bool:
    """Status, body and what the headers say of the task."""
    names = ("etag", "location", "content-type")
    assert [first.headers.get(n) for n in names] == [second.headers.get(n) for n in names]
    return (first.status_code, first.content) == (second.status_code, second.content)


def receipts(server: RunningServer) -> int:
    ((count,),) = server.sql("SELECT count(*) FROM receipts")
    return int(count)


class TestKeys:
    def test_making_twice_makes_one(self, either_server: RunningServer) -> None:
        rita = Person(either_server, "rita")
        first = rita.post("", NEW_TASK, Idempotency_Key="k")
        either_server.clock.advance(HOUR)
        assert same(first, rita.post("", NEW_TASK, Idempotency_Key="k"))
        assert first.status_code == 201
        assert [task["id"] for task in rita.all()] == [1]
        assert len(either_server.audit_trail()) == 1

    def test_the_older_address_answers_in_other_words_and_so_is_another_request(
        self, rita: Person
    ) -> None:
        rita.make()
        done(rita.post("1/complete", Idempotency_Key="k"))
        same_key = {"Idempotency-Key": "k"}
        older = rita.server.post("rita", "/api/task/1/complete/", headers=same_key)
        problem(older, 409, "E5010")

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "1", {"title": "Valve", "status": "IN_PROGRESS", "progress_percentage": 30}),
            ("PUT", "1", {"status": "PENDING"}),
            ("DELETE", "1", None),
            ("POST", "1/start", None),
            ("POST", "1/progress", {"progress_percentage": 30}),
            ("POST", "1/comments", {"text": "On my way"}),
            ("POST", "1/time", {"minutes": 5}),
            ("POST", "1/assign", {"user_id": 4}),
            ("DELETE", "1/assign/3", None),
        ],
    )
    def test_a_repeat_gets_the_first_answer_whatever_came_between(
        self, rita: Person, method: str, path: str, body: Any
    ) -> None:
        made = rita.make(assigned_to=3)
        first = rita.ask(method, path, body, Idempotency_Key="k")
        assert first.is_success
        entries = rita.server.audit_count(made["uuid"])
        rita.server.clock.advance(HOUR)
        if done(rita.get("1"))["status"] not in ("ARCHIVED", "ON_HOLD"):
            done(rita.put("1", {"title": "Changed since", "status": "ON_HOLD"}))
            entries += 2
        by_uuid = path.replace("1", made["uuid"], 1)
        for again in (path, by_uuid):
            assert same(first, rita.ask(method, again, body, Idempotency_Key="k"))
        assert rita.server.audit_count(made["uuid"]) == entries

    def test_the_actions_of_one_request_have_keys_of_their_own(self, rita: Person) -> None:
        rita.make()
        body = {"title": "Valve", "status": "IN_PROGRESS", "progress_percentage": 30}
        done(rita.put("1", body, Idempotency_Key="k"))
        ids = {row["op_id"] for row in rita.server.audit_trail()[1:]}
        assert len(ids) == 3
        problem(rita.post("1/hold", Idempotency_Key="k"), 409, "E5010")
        done(rita.post("1/hold", Idempotency_Key="k1"))

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "1", {"title": "Seal"}),
            ("PUT", "2", {"title": "Valve"}),
            ("POST", "1/hold", None),
            ("DELETE", "1", None),
            ("POST", "", NEW_TASK),
        ],
    )
    def test_another_request_under_the_same_key_is_told_and_not_done(
        self, rita: Person, method: str, path: str, body: Any
    ) -> None:
        rita.make()
        rita.make()
        done(rita.put("1", {"title": "Valve"}, Idempotency_Key="k"))
        before = rita.all()
        problem(rita.ask(method, path, body, Idempotency_Key="k"), 409, "E5010")
        assert rita.all() == before

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [({"status": "ARCHIVED", "title": "x"}, 409, "E5002"), ({"title": " "}, 422, "E2001"),
         ({"assigned_to": 77}, 404, "E5006")],
    )  # fmt: skip
    def test_a_refusal_is_repeated_with_its_field(
        self, rita: Person, body: Any, status: int, code: str
    ) -> None:
        rita.make()
        first = problem(rita.put("1", body, Idempotency_Key="k"), status, code)
        kept = receipts(rita.server)
        done(rita.post("1/complete"))
        second = problem(rita.put("1", body, Idempotency_Key="k"), status, code)
        assert {**first, "trace_id": ""} == {**second, "trace_id": ""}
        assert kept == 2
        assert done(rita.get("1"))["title"] == "Replace pump seal"
        problem(rita.put("1", {"title": "Valve"}, Idempotency_Key="k"), 409, "E5010")

    def test_without_a_key_a_refusal_leaves_nothing(self, rita: Person) -> None:
        rita.make()
        problem(rita.put("1", {"status": "ARCHIVED"}), 409, "E5002")
        assert receipts(rita.server) == 1

    def test_a_request_that_had_nothing_to_do_is_not_done_later(self, rita: Person) -> None:
        """Its repeat comes when there would be something to do."""
        rita.make()
        done(rita.post("1/start"))
        first = rita.put("1", {"status": "IN_PROGRESS"}, Idempotency_Key="k")
        done(rita.post("1/hold"))
        assert same(first, rita.put("1", {"status": "IN_PROGRESS"}, Idempotency_Key="k"))
        assert done(rita.get("1"))["status"] == "ON_HOLD"

    def test_people_do_not_share_keys(self, rita: Person, ana: Person) -> None:
        rita.make(assigned_to=3)
        done(rita.post("1/comments", {"text": "x"}, Idempotency_Key="k"), 201)
        done(ana.post("1/comments", {"text": "x"}, Idempotency_Key="k"), 201)
        olga = Person(rita.server, OUTSIDER)
        done(olga.post("", NEW_TASK, Idempotency_Key="k"), 201)
        assert done(rita.get("1"))["comment_count"] == 2

    def test_what_is_not_there_is_not_remembered(self, rita: Person, ana: Person) -> None:
        rita.make()
        problem(ana.post("1/start", Idempotency_Key="k"), 404, "E5001")
        done(rita.post("1/assign", {"user_id": 3}))
        done(ana.post("1/start", Idempotency_Key="k"))

    def test_a_failed_condition_is_not_remembered_either(self, rita: Person) -> None:
        made = rita.post("", NEW_TASK)
        done(rita.post("1/start"))
        outdated = made.headers["etag"]
        problem(rita.post("1/hold", Idempotency_Key="k", If_Match=outdated), 412, "E5062")
        done(rita.post("1/hold", Idempotency_Key="k"))

    def test_a_repeat_is_answered_though_the_condition_holds_no_longer(self, rita: Person) -> None:
        tag = rita.post("", NEW_TASK).headers["etag"]
        first = rita.post("1/start", Idempotency_Key="k", If_Match=tag)
        assert same(first, rita.post("1/start", Idempotency_Key="k", If_Match=tag))

    def test_of_many_at_once_one_makes_the_task(self, either_server: RunningServer) -> None:
        rita = Person(either_server, "rita")
        done(rita.get())  # so that threads share what is read of the interface

        def make(_: int) -> httpx.Response:
            return rita.post("", NEW_TASK, Idempotency_Key="k")

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(make, range(8)))
        assert {answer.content for answer in answers} == {answers[0].content}
        assert len(rita.all()) == 1

    def test_a_key_that_is_too_long_is_refused(self, rita: Person) -> None:
        problem(rita.post("", NEW_TASK, Idempotency_Key="k" * 201), 422, "E2013")


Change = Callable[[Person], Any]


class TestTags:
    def tag(self, person: Person, ref: str = "1") -> str:
        return person.get(ref).headers["etag"]

    def test_a_write_answers_the_tag_that_reading_does(self, rita: Person) -> None:
        answer = rita.post("", NEW_TASK)
        assert answer.headers["etag"] == self.tag(rita)
        assert rita.put("1", {"title": "x"}).headers["etag"] == self.tag(rita)

    def test_it_names_the_epoch_and_the_version(self, rita: Person) -> None:
        rita.make()
        beginning, _, rest = self.tag(rita).strip('"').partition("-")
        assert rita.server.epoch.startswith(beginning)
        assert len(beginning) == 8
        assert rest.partition(".")[0] == "1"

    def test_who_has_it_gets_no_second_copy(self, rita: Person) -> None:
        rita.make()
        tag = self.tag(rita)
        for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
            answer = rita.get("1", If_None_Match=known)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
        assert rita.get("1", If_None_Match='"x"').status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            lambda rita: rita.put("1", {"title": "x"}),
            lambda rita: rita.post("1/comments", {"text": "x"}),
            lambda rita: rita.post("1/assign", {"user_id": 4}),
            lambda rita: rita.post("1/time", {"minutes": 5}),
            lambda rita: rita.put("2", {"progress_percentage": 50}),
            lambda rita: rita.delete("2"),
            lambda rita: rita.put("3", {"status": "COMPLETED"}),
            lambda rita: rita.server.clock.advance(HOUR + 1),
        ],
        ids=["field", "comment", "person", "time", "child moved", "child removed", "needed done",
             "overdue"],
    )  # fmt: skip
    def test_whatever_is_printed_differently_has_another_tag(
        self, rita: Person, change: Change
    ) -> None:
        rita.make(due_date="2026-03-02T09:00:00Z")
        rita.make(parent_id=1)
        rita.make()
        done(rita.post("1/dependencies", {"needs_id": 3}))
        before, tag = done(rita.get("1")), self.tag(rita)
        change(rita)
        after = rita.get("1", If_None_Match=tag)
        assert done(after) != before
        assert after.headers["etag"] != tag

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "1", {"title": "x"}),
            ("DELETE", "1", None),
            ("POST", "1/start", None),
            ("POST", "1/progress", {"progress_percentage": 5}),
            ("POST", "1/comments", {"text": "x"}),
            ("POST", "1/time", {"minutes": 5}),
            ("POST", "1/assign", {"user_id": 3}),
            ("POST", "1/dependencies", {"needs_id": 2}),
        ],
    )
    def test_a_write_on_another_version_is_not_done_and_shows_how_it_is(
        self, rita: Person, method: str, path: str, body: Any
    ) -> None:
        rita.make()
        rita.make()
        outdated = self.tag(rita)
        done(rita.put("1", {"title": "Changed since"}))
        now = done(rita.get("1"))
        answer = rita.ask(method, path, body, If_Match=outdated)
        assert problem(answer, 412, "E5062")["current"] == now
        assert answer.headers["etag"] == self.tag(rita)
        assert done(rita.get("1")) == now
        assert rita.ask(method, path, body, If_Match=answer.headers["etag"]).is_success

    def test_what_other_tasks_changed_is_no_other_version(self, rita: Person) -> None:
        rita.make()
        rita.make(parent_id=1)
        tag = self.tag(rita)
        done(rita.put("2", {"progress_percentage": 50}))
        assert self.tag(rita) != tag
        done(rita.put("1", {"title": "x"}, If_Match=tag))

    @pytest.mark.parametrize("condition", ["*", '"x", {tag}', "{tag}", '{version}"'])
    def test_any_of_several_is_enough(self, rita: Person, condition: str) -> None:
        rita.make()
        tag = self.tag(rita)
        named = condition.format(tag=tag, version=tag.partition(".")[0])
        done(rita.put("1", {"title": "x"}, If_Match=named))

    @pytest.mark.parametrize("condition", ["W/{tag}", "x", '"', "{version}", '""', ""])
    def test_what_is_no_strong_tag_of_it_never_fits(self, rita: Person, condition: str) -> None:
        rita.make()
        tag = self.tag(rita)
        named = condition.format(tag=tag, version=tag.partition(".")[0])
        problem(rita.put("1", {"title": "x"}, If_Match=named), 412, "E5062")

    def test_a_version_of_before_a_restore_does_not_fit(self, rita: Person) -> None:
        rita.make()
        tag = self.tag(rita)
        epoch = rita.server.new_id()[::-1]
        rita.server.sql(
            "UPDATE tenants SET epoch = :e WHERE id = :id", e=epoch, id=rita.server.tenant_id
        )
        problem(rita.put("1", {"title": "x"}, If_Match=tag), 412, "E5062")

    def test_of_two_who_read_the_same_one_is_told(self, either_server: RunningServer) -> None:
        rita, sara = Person(either_server, "rita"), Person(either_server, "sara")
        rita.make()
        tag = self.tag(rita)
        done(sara.get("1"))
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(lambda who: who.put("1", {"title": who.name}, If_Match=tag), (rita, sara))
            )
        assert sorted(answer.status_code for answer in answers) == [200, 412]

    def test_who_may_not_see_the_task_learns_no_version(self, rita: Person, ana: Person) -> None:
        rita.make()
        problem(ana.put("1", {"title": "x"}, If_Match='"x"'), 404, "E5001")

    def test_a_list_that_is_still_so_is_not_sent_again(self, rita: Person) -> None:
        for _ in range(3):
            rita.make(due_date="2026-03-02T09:00:00Z")
        for path in ("", "?limit=2", "?q=pump"):
            tag = rita.get(path).headers["etag"]
            assert tag.startswith('W/"')
            answer = rita.get(path, If_None_Match=tag)
            assert (answer.status_code, answer.content) == (304, b"")
        whole, part = rita.get("?limit=3"), rita.get("?limit=2")
        assert whole.headers["etag"] != part.headers["etag"]
        done(rita.get("?limit=2", If_None_Match=whole.headers["etag"]))
        done(rita.put("3", {"title": "x"}))
        assert rita.get("?limit=2", If_None_Match=part.headers["etag"]).status_code == 304
        done(rita.get("", If_None_Match=whole.headers["etag"]))
        late = rita.get("").headers["etag"]
        rita.server.clock.advance(HOUR + 1)
        done(rita.get("", If_None_Match=late))
