"""Idempotency-Key on what is no action on a task: done once, answered alike each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.matrix import promises
from tests.support.server import HOUR, RunningServer, problem

KEY = {"Idempotency-Key": "k"}
PERSON = {"name": "bo", "display_name": "Bo Lund", "role": "EMPLOYEE", "password": "long enough"}
PROMISED = promises(None)[1]  # type: ignore[arg-type]  # the same on every server
LINES = "title,priority\nGrease the bearings,high\nReplace the seal,low\n"
ASKED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "person": ("sara", "/api/v1/people", PERSON, "users WHERE name = 'bo'"),
    "project": ("rita", "/api/v1/projects", {"name": "Hall C"}, "projects WHERE name = 'Hall C'"),
    "team": ("rita", "/api/v1/teams", {"name": "Night"}, "teams"),
    "notification": (
        "rita", "/api/v1/notifications",
        {"type": "message_received", "title": "The gate is open", "message": "Hall B"},
        "notifications WHERE title = 'The gate is open'",
    ),
}  # fmt: skip

Ask = Callable[..., httpx.Response]


@pytest.fixture(params=[*ASKED, "import"])
def asking(request: pytest.FixtureRequest, either_server: RunningServer) -> tuple[Ask, Ask, Any]:
    """The request under the key, one with other content, and how many things there are of it."""
    server = either_server
    if request.param == "import":

        def send(text: str = LINES) -> httpx.Response:
            headers = {"Content-Type": "text/csv", **KEY}
            return server.client("rita").post(
                "/api/v1/imports/tasks", content=text, headers=headers
            )

        return (
            send,
            lambda: send("title\nAnother\n"),
            lambda: server.sql("SELECT count(*) FROM tasks")[0][0] // 2,
        )
    name, path, body, rows = ASKED[request.param]
    if request.param == "notification":
        body = {**body, "user_id": server.users["ana"]}
    changed = {**body, **{k: "Other words" for k in ("display_name", "title") if k in body}}
    if changed == body:
        changed = {"name": "Other words"}

    def ask(sent: dict[str, Any] = body) -> httpx.Response:
        return server.post(name, path, sent, headers=KEY)

    return ask, lambda: ask(changed), lambda: server.sql(f"SELECT count(*) FROM {rows}")[0][0]


def test_a_repeat_gets_the_first_answer_and_does_nothing(
    asking: tuple[Ask, Ask, Any], either_server: RunningServer
) -> None:
    ask, _, count = asking
    first = ask()
    assert first.is_success, first.text
    either_server.clock.advance(HOUR)
    again = ask()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("etag") == first.headers.get("etag")
    assert count() == 1


def test_other_content_under_the_same_key_is_told_and_not_done(
    asking: tuple[Ask, Ask, Any],
) -> None:
    ask, other, count = asking
    assert ask().is_success
    problem(other(), 409, "E5010")
    assert count() == 1


def test_a_refusal_is_repeated_though_it_could_be_done_by_now(either_server: RunningServer) -> None:
    server = either_server
    first = server.post("sara", "/api/v1/people", {**PERSON, "name": "ana"}, headers=KEY)
    refusal = problem(first, 409, "E5012")
    server.sql("UPDATE users SET name = 'anna' WHERE name = 'ana'")
    again = server.post("sara", "/api/v1/people", {**PERSON, "name": "ana"}, headers=KEY)
    assert problem(again, 409, "E5012")["errors"] == refusal["errors"]
    without = server.post("sara", "/api/v1/people", {**PERSON, "name": "ana"})
    assert without.status_code == 201


def test_a_file_with_a_bad_line_is_refused_alike_each_time(either_server: RunningServer) -> None:
    headers = {"Content-Type": "text/csv", **KEY}
    answers = [
        either_server.client("rita").post(
            "/api/v1/imports/tasks", content="title,priority\nx,soon\n", headers=headers
        )
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert problem(answers[1], 422, "E2073")["errors"][0]["field"] == "line 2: priority"


def test_nothing_that_is_kept_helps_to_guess_the_password(server: RunningServer) -> None:
    """The fingerprint is of what anybody may know: with another password it is the same."""
    first = server.post("sara", "/api/v1/people", PERSON, headers=KEY)
    assert first.status_code == 201
    again = server.post("sara", "/api/v1/people", {**PERSON, "password": "y" * 20}, headers=KEY)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    kept = str(server.sql("SELECT fingerprint, body FROM receipts"))
    assert PERSON["password"] not in kept


def test_what_has_parts_answers_a_repeat_alike_too(either_server: RunningServer) -> None:
    server = either_server
    server.task("ana")
    first = server.post("ana", "/api/v1/notifications/read-all", headers=KEY)
    assert first.json() == {"updated": 1}
    server.task("ana")
    again = server.post("ana", "/api/v1/notifications/read-all", headers=KEY)
    assert again.content == first.content
    unread = server.get("ana", "/api/v1/notifications/unread").json()["notifications"]
    assert len(unread) == 1
    body = {"days": 1}
    other = server.post("ana", "/api/v1/notifications/cleanup", body, headers=KEY)
    problem(other, 409, "E5010")


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/api/v1/notifications/preferences", {"notify_call_missed": False},
         {"notify_call_missed": True}),
        ("/api/v1/analytics/sla-settings", PROMISED, {**PROMISED, "holidays": ["2026-12-25"]}),
    ],
)  # fmt: skip
def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(
    either_server: RunningServer, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    sara = either_server.client("sara")
    seen = {"If-Match": sara.get(path).headers["etag"]}
    changed = sara.put(path, json=body, headers=seen)
    assert changed.status_code == 200, changed.text
    now = sara.get(path)
    assert changed.headers["etag"] == now.headers["etag"] != seen["If-Match"]
    refused = problem(sara.put(path, json=other, headers=seen), 412, "E5062")
    assert refused["current"] == now.json() == sara.get(path).json()
    assert sara.put(path, json=other, headers={"If-Match": now.headers["etag"]}).status_code == 200
    assert sara.put(path, json=body, headers={"If-Match": "*"}).status_code == 200
    assert sara.put(path, json=other).status_code == 200
