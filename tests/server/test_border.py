"""Around every request: coded problems, headers that prove who answers, limits, and the commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.server import RunningServer, problem
from tracker.domain.errors import CATALOGUE

PUSH = "/api/v1/sync/push"
JSON = {"Content-Type": "application/json"}


def in_chunks(body: bytes, size: int = 50_000) -> Iterator[bytes]:
    """An iterator makes httpx send a chunked body, which has no length in front."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def signed(answer: httpx.Response, server: RunningServer) -> None:
    assert answer.headers["tracker-server"] == server.app.state.tracker.server_id
    assert answer.headers["tracker-protocol"] == "1"
    assert answer.headers["tracker-time"] == str(server.clock.now)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def guarded(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in answer.headers


def test_behind_tls_browsers_are_told_to_stay_with_it(
    serve: Callable[..., RunningServer],
) -> None:
    for settings in ({"behind_proxy": True}, {"tls": True}):
        answer = serve(settings=settings).get(None, "/api/v1/health")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8765"])
def test_no_site_may_read_an_answer(shared_server: RunningServer, origin: str) -> None:
    """Neither after a preflight nor without one."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization"}  # fmt: skip
    for path in ("/api/v1/session", PUSH, "/api/v1/health", "/openapi.json", "/nowhere"):
        preflight = shared_server.client().options(path, headers=asked)
        assert preflight.status_code in (404, 405)
        simple = shared_server.get("ana", path, headers={"Origin": origin})
        for answer in (preflight, simple):
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_says_that_it_is_trackers(server: RunningServer) -> None:
    cursor = server.page("ana")["cursor"]
    server.clock.advance(1_234)
    answers = {
        200: server.get(None, "/api/v1/health"),
        304: server.pull("ana", cursor),
        401: server.get(None, "/api/employee-tasks/"),
        403: server.get("ana", "/api/admin/task-status/"),
        404: server.get("ana", "/nowhere"),
        405: server.client("ana").put(PUSH),
        410: server.pull("ana", "x"),
        413: server.post("ana", PUSH, {"actions": ["x" * 2_000_000]}),
        422: server.post("ana", PUSH, {}),
        426: server.get("ana", "/api/v1/health", headers={"Tracker-Protocol": "2"}),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {
        status: status for status in answers
    }
    for status, answer in answers.items():
        signed(answer, server)
        if status != 304:
            guarded(answer)


def test_health_names_the_server_and_its_protocol(server: RunningServer) -> None:
    answer = server.get(None, "/api/v1/health")
    server_id = server.app.state.tracker.server_id
    assert answer.json() == {"status": "ok", "server_id": server_id, "protocol": 1}


def test_a_restarted_server_is_the_same_server(serve: Callable[..., RunningServer]) -> None:
    first, second = serve(), serve()
    cursor = first.page("ana")["cursor"]
    assert second.pull("ana", cursor).status_code == 304
    ids = {s.get(None, "/api/v1/health").headers["tracker-server"] for s in (first, second)}
    assert len(ids) == 1


class TestProtocol:
    @pytest.mark.parametrize("spoken", ["0", "2", "1.0", "x", ""])
    def test_another_version_is_asked_to_update(self, server: RunningServer, spoken: str) -> None:
        task_id = server.task("ana")
        headers = {"Tracker-Protocol": spoken}
        answer = server.post(
            "ana", "/api/task/1/progress/", {"progress_percentage": 5}, headers=headers
        )
        problem(answer, 426, "E4006")
        assert server.audit_count(task_id) == 1

    def test_this_version_or_none_is_fine(self, server: RunningServer) -> None:
        assert server.get(None, "/api/v1/health").status_code == 200
        headers = {"Tracker-Protocol": "1"}
        assert server.get(None, "/api/v1/health", headers=headers).status_code == 200


class TestProblems:
    def test_each_carries_the_sentences_of_the_catalogue(self, server: RunningServer) -> None:
        body = problem(server.get("ana", "/nowhere"), 404, "E4008")
        entry = CATALOGUE["E4008"]
        assert body == {
            "type": "urn:tracker:error:E4008",
            "title": entry.message,
            "status": 404,
            "detail": entry.remedy,
            "code": "E4008",
            "retryable": False,
            "trace_id": body["trace_id"],
            "errors": [],
        }

    def test_trace_ids_are_not_repeated(self, server: RunningServer) -> None:
        ids = {server.get("ana", "/nowhere").json()["trace_id"] for _ in range(5)}
        assert len(ids) == 5

    def test_a_wrong_method(self, server: RunningServer) -> None:
        answer = server.get("ana", PUSH)
        problem(answer, 405, "E4009")
        assert answer.headers["allow"] == "POST"

    @pytest.mark.parametrize(
        "body", [b"{", b"", b"<html></html>", b'{"actions": [}', b"\x00", b"nul", b"'x'"]
    )
    def test_a_body_that_is_no_json(self, shared_server: RunningServer, body: bytes) -> None:
        problem(shared_server.client("ana").post(PUSH, content=body, headers=JSON), 422, "E2013")

    @pytest.mark.parametrize(
        "body",
        [
            b'{"actions": ["\xff\xfe"]}',
            b'{"actions": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"actions": [' + b"9" * 5_000 + b"]}",
        ],
        ids=["no UTF-8", "too deep", "number too long"],
    )
    def test_a_body_that_json_cannot_hold(self, shared_server: RunningServer, body: bytes) -> None:
        problem(shared_server.client("ana").post(PUSH, content=body, headers=JSON), 422, "E2013")

    def test_a_body_of_another_type(self, server: RunningServer) -> None:
        answer = server.client("ana").post(PUSH, data={"actions": "[]"})
        problem(answer, 422, "E2013")

    def test_an_unreachable_database_may_be_tried_again(self, server: RunningServer) -> None:
        if server.database.is_sqlite:
            server.sql("DROP TABLE projects")
        else:
            pytest.skip("a dropped table is another class of error there")
        body = problem(server.pull("ana"), 503, "E3007")
        assert body["retryable"] is True

    def test_the_drivers_words_stay_on_the_server(self, server: RunningServer) -> None:
        if not server.database.is_sqlite:
            pytest.skip("a dropped table is another class of error there")
        server.sql("DROP TABLE projects")
        assert "projects" not in problem(server.pull("ana"), 503, "E3007")["detail"]

    def test_an_unexpected_fault_is_coded_and_tells_nothing(self, server: RunningServer) -> None:
        server.sql("UPDATE users SET role = 'KING' WHERE name = 'ana'")
        body = problem(server.get("ana", "/api/employee-tasks/"), 500, "E4004")
        assert "KING" not in str(body)

    def test_an_unexpected_fault_is_signed_like_any_answer(self, server: RunningServer) -> None:
        server.sql("UPDATE users SET role = 'KING' WHERE name = 'ana'")
        answer = server.get("ana", "/api/employee-tasks/")
        signed(answer, server)
        guarded(answer)

    def test_the_log_of_a_fault_is_short_and_holds_no_secret(
        self, server: RunningServer, capfd: pytest.CaptureFixture[str]
    ) -> None:
        server.sql("UPDATE users SET role = 'KING' WHERE name = 'ana'")
        answers = [
            server.get("ana", "/api/employee-tasks/"),
            server.post(None, "/api/v1/session", {"name": "ana", "password": server.password}),
        ]
        logged = "".join(capfd.readouterr())
        for answer in answers:
            assert answer.json()["trace_id"] in logged
        assert "KING" in logged
        assert server.token("ana") not in logged
        assert server.password not in logged
        assert len(logged) < 50_000


class TestBodyLimit:
    """max_body is 2 MB unless set; the batch of a client is 1 MB at most."""

    def test_a_body_that_says_it_is_too_large(self, server: RunningServer) -> None:
        answer = server.client("ana").post(PUSH, content=b" " * 2_000_001, headers=JSON)
        problem(answer, 413, "E2014")

    def test_a_chunked_body_is_cut_where_the_limit_is_passed(self, server: RunningServer) -> None:
        body = json.dumps({"actions": ["x" * 3_000_000]}).encode()
        answer = server.client("ana").post(PUSH, content=in_chunks(body), headers=JSON)
        problem(answer, 413, "E2014")

    def test_a_chunked_body_within_the_limit_is_read(self, server: RunningServer) -> None:
        body = json.dumps({"actions": []}).encode() + b" " * 1_900_000
        answer = server.client("ana").post(PUSH, content=in_chunks(body), headers=JSON)
        assert answer.status_code == 200

    def test_the_limit_is_a_setting(self, serve: Callable[..., RunningServer]) -> None:
        small = serve(settings={"max_body": 1_000})
        assert small.client("ana").post(PUSH, content=b"{}", headers=JSON).status_code == 422
        answer = small.client("ana").post(PUSH, content=b" " * 1_001, headers=JSON)
        problem(answer, 413, "E2014")

    def test_what_is_refused_as_too_large_was_not_done(self, server: RunningServer) -> None:
        task_id = server.task("ana")
        body = json.dumps({"progress_percentage": 45}).encode() + b" " * 3_000_000
        answer = server.client("ana").post(
            "/api/task/1/progress/", content=in_chunks(body), headers=JSON
        )
        problem(answer, 413, "E2014")
        assert server.audit_count(task_id) == 1


class Recorder:
    """Notes COMMITs of the server's engine, and when the parts of an answer leave the app."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def wrap(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            async def noted(message: Message) -> None:
                self.events.append(message["type"])
                await send(message)

            await app(scope, receive, noted if scope["type"] == "http" else send)

        return wrapped

    def watch(self, engine: sa.Engine) -> None:
        def committed(conn: sa.Connection) -> None:
            mode = conn.get_execution_options().get("tracker_begin")
            self.events.append("write" if mode == "IMMEDIATE" else "read")

        sa.event.listen(engine, "commit", committed)


class TestCommit:
    @pytest.fixture
    def recorder(self) -> Recorder:
        return Recorder()

    @pytest.fixture
    def watched(self, serve: Callable[..., RunningServer], recorder: Recorder) -> RunningServer:
        server = serve(wrap=recorder.wrap)
        if not server.database.is_sqlite:
            pytest.skip("the kind of transaction is told apart by SQLite's BEGIN")
        server.task("ana")
        recorder.watch(server.app.state.tracker.database.engine)
        recorder.events.clear()
        return server

    def calls(self, server: RunningServer) -> dict[str, Callable[[], httpx.Response]]:
        password = {"name": "ana", "password": server.password}
        percent = {"progress_percentage": 5}
        newcomer = {"name": "mei", "display_name": "Mei", "password": "long enough"}
        return {
            "push": lambda: server.device("ana").post([]),
            "progress": lambda: server.post("ana", "/api/task/1/progress/", percent),
            "complete": lambda: server.post("ana", "/api/task/1/complete/", {}),
            "make a task": lambda: server.post("ana", "/api/v1/tasks", {"title": "x"}),
            "sign in": lambda: server.post(None, "/api/v1/session", password),
            "sign out": lambda: server.client("jonas").delete("/api/v1/session"),
            "let in": lambda: server.post("sara", "/api/v1/people", newcomer),
            "change": lambda: server.client("sara").patch(
                "/api/v1/people/3", json={"role": "ADMIN"}
            ),
            "make": lambda: server.post("rita", "/api/v1/teams", {"name": "Night shift"}),
            "rename": lambda: server.client("rita").patch("/api/v1/projects/1", json={"name": "B"}),
        }

    @pytest.mark.parametrize(
        "call",
        [
            *["push", "progress", "complete", "make a task", "sign in", "sign out"],
            *["let in", "change", "make", "rename"],
        ],
    )
    def test_it_happens_before_the_first_byte_of_the_answer(
        self, watched: RunningServer, recorder: Recorder, call: str
    ) -> None:
        assert self.calls(watched)[call]().is_success
        # An attempt to sign in is counted before the password is checked.
        assert recorder.events.count("write") == (2 if call == "sign in" else 1)
        assert recorder.events.index("write") < recorder.events.index("http.response.start")
        assert "write" not in recorder.events[recorder.events.index("http.response.start") :]

    def test_a_refused_write_commits_no_effect(
        self, watched: RunningServer, recorder: Recorder
    ) -> None:
        watched.post("ana", "/api/task/1/progress/", {"progress_percentage": 101})
        assert recorder.events.index("http.response.start") >= 0
        assert watched.sql("SELECT max(progress) FROM tasks") == [(0,)]


def test_the_interface_describes_itself(server: RunningServer) -> None:
    document: dict[str, Any] = server.get(None, "/openapi.json").json()
    assert {"/api/employee-tasks/", "/api/v1/sync/push", "/api/v1/sync/pull"} <= {
        *document["paths"]
    }
