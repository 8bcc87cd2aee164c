"""Each limit of a request, at its border: one that fits and one that does not."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from server_stub.core.limits import HEAD_BYTES, JSON_DEPTH, QUERY_PARAMETERS, is_too_deep
from tests.support.server import RunningServer, problem
from tracker.protocol.history import MOST_ENTRIES
from tracker.protocol.sync import BATCH_LIMIT, UNSENT_LIMIT

PUSH, HEALTH = "/api/v1/sync/push", "/api/v1/health"
JSON = {"Content-Type": "application/json"}


def named(answer: httpx.Response, status: int, code: str, limit: int | str) -> None:
    """The answer is coded and says which limit it was: by number, or the field."""
    body = problem(answer, status, code)
    assert str(limit) in body["detail"] or any(str(limit) in e["field"] for e in body["errors"])


@pytest.mark.parametrize("chunked", [False, True])
def test_the_body(serve: Callable[..., RunningServer], chunked: bool) -> None:
    client = serve(settings={"max_body": 5_000}).client("ana")
    for size, status in ((5_000, 200), (5_001, 413)):
        body = b'{"actions": []}'.ljust(size)
        sent: Any = iter([body[:4_000], body[4_000:]]) if chunked else body
        answer = client.post(PUSH, content=sent, headers=JSON)
        assert answer.status_code == status
    problem(answer, 413, "E2014")


def nested(depth: int) -> dict[str, Any]:
    """A batch whose lists and objects are in each other `depth` times."""
    inner: Any = 1
    for _ in range(depth - 2):
        inner = [inner]
    return {"actions": [inner]}


def test_the_depth_of_json(shared_server: RunningServer) -> None:
    fits = shared_server.post("ana", PUSH, nested(JSON_DEPTH))
    assert [r["outcome"] for r in fits.json()["receipts"]] == ["rejected"]
    named(shared_server.post("ana", PUSH, nested(JSON_DEPTH + 1)), 422, "E2013", JSON_DEPTH)


def test_depth_is_that_of_the_deepest() -> None:
    assert not is_too_deep({"a": [1, {"b": []}], "c": 1}, 4)
    assert is_too_deep({"a": [1, {"b": []}], "c": 1}, 3)
    assert not is_too_deep(1, 1)


def test_a_body_that_no_route_could_read_is_coded_too(shared_server: RunningServer) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    answer = shared_server.client().post("/api/v1/session", content=deep, headers=JSON)
    problem(answer, 422, "E2013")


def test_the_number_of_query_parameters(shared_server: RunningServer) -> None:
    for number, status in ((QUERY_PARAMETERS, 200), (QUERY_PARAMETERS + 1, 422)):
        answer = shared_server.get(None, f"{HEALTH}?" + "&".join(["a=1"] * number))
        assert answer.status_code == status
    named(answer, 422, "E2013", QUERY_PARAMETERS)


def exchange(server: RunningServer, head: bytes) -> tuple[bytes, dict[str, Any]]:
    """First line and JSON body of the answer to these bytes."""
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as line:
        line.sendall(head)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    start, _, body = answer.partition(b"\r\n\r\n")
    return start.partition(b"\r\n")[0], json.loads(body)


@pytest.mark.parametrize("place", ["header", "address"])
def test_the_size_of_the_head(shared_server: RunningServer, place: str) -> None:
    known = len(HEALTH) + len("connectionclosehostx")
    for size, status in ((HEAD_BYTES, b"200"), (HEAD_BYTES + 1, b"431")):
        filling = "a" * (size - known)
        header = f"{filling[:1]}: {filling[1:]}\r\n" if place == "header" else ""
        query = f"?{filling}"[:-1] if place == "address" else ""
        query += "a" if place == "address" else ""
        lines = f"GET {HEALTH}{query} HTTP/1.1\r\nConnection: close\r\nHost: x\r\n{header}\r\n"
        first, body = exchange(shared_server, lines.encode())
        assert status in first, size
    assert (body["code"], str(HEAD_BYTES) in body["detail"]) == ("E2042", True)


@pytest.mark.parametrize("start", [f"GET {HEALTH} HTTP/1.1\r\nX: ", f"GET {HEALTH}?"])
def test_a_head_that_does_not_end_is_not_waited_for(
    shared_server: RunningServer, start: str
) -> None:
    first, body = exchange(shared_server, start.encode().ljust(2 * HEAD_BYTES + 1, b"a"))
    assert first == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert body["code"] == "E2042"
    assert shared_server.get(None, HEALTH).status_code == 200


def test_a_second_request_on_a_connection_is_measured_anew(shared_server: RunningServer) -> None:
    big = {"X": "a" * (HEAD_BYTES - 1_000)}
    for _ in range(3):
        assert shared_server.get(None, HEALTH, headers=big).status_code == 200
    body = b'{"actions": []}'.ljust(3 * HEAD_BYTES)
    for _ in range(2):
        answer = shared_server.client("ana").post(PUSH, content=body, headers=JSON)
        assert answer.status_code == 200


def test_heads_that_come_in_pieces_are_not_added_up(shared_server: RunningServer) -> None:
    where = urlsplit(shared_server.url)
    begin = f"GET {HEALTH} HTTP/1.1\r\nHost: x\r\nX: ".encode().ljust(HEAD_BYTES - 1_000, b"a")
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as line:
        for _ in range(4):
            line.sendall(begin)
            time.sleep(0.02)  # so that the end comes apart; were it not so, this would pass as well
            line.sendall(b"\r\n\r\n")
            assert line.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("field", "fits", "over"),
    [
        ("limit", MOST_ENTRIES, MOST_ENTRIES + 1),
        ("limit", 1, 0),
        ("before", 2**63 - 1, 2**63),
    ],
)
def test_pages_of_history(server: RunningServer, field: str, fits: int, over: int) -> None:
    path = f"/api/v1/tasks/{server.task('ana')}/history"
    assert server.get("ana", path, params={field: fits}).status_code == 200
    named(server.get("ana", path, params={field: over}), 422, "E2013", field)


def test_a_batch_and_what_it_says_is_unsent(shared_server: RunningServer) -> None:
    def push(actions: int, unsent: int) -> httpx.Response:
        return shared_server.post("ana", PUSH, {"actions": [1] * actions, "unsent": unsent})

    assert push(BATCH_LIMIT, UNSENT_LIMIT).status_code == 200
    named(push(BATCH_LIMIT + 1, 0), 422, "E2013", BATCH_LIMIT)
    named(push(0, UNSENT_LIMIT + 1), 422, "E2013", UNSENT_LIMIT)


@pytest.mark.parametrize(
    ("path", "field", "longest"),
    [
        ("/api/v1/session", "name", 200),
        ("/api/v1/session", "password", 1_000),
        ("/api/v1/session/refresh", "refresh_token", 200),
    ],
)
def test_texts_of_signing_in(
    shared_server: RunningServer, path: str, field: str, longest: int
) -> None:
    known = {"name": field, "password": "x"} if field != "refresh_token" else {}
    fits = shared_server.post(None, path, {**known, field: "x" * longest})
    assert fits.status_code == 401
    named(
        shared_server.post(None, path, {**known, field: "x" * (longest + 1)}), 422, "E2013", field
    )
