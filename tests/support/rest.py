"""Asking `/api/v1/tasks` as a person does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.server import RunningServer

TASKS = "/api/v1/tasks"


@dataclass
class Person:
    """A person of the tenant with their own client."""

    server: RunningServer
    name: str

    def ask(
        self, method: str, path: str, body: Any = None, base: str = TASKS, **headers: str
    ) -> httpx.Response:
        """`path` goes behind `/api/v1/tasks`; of a header's name `_` is `-`."""
        url = f"{base}/{path}".rstrip("/") if path and path[0] != "?" else f"{base}{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {} if body is None else {"json": body}
        return self.server.client(self.name).request(method, url, headers=sent, **more)

    def get(self, path: str = "", **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.ask("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.ask("PUT", path, {} if body is None else body, **headers)

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("DELETE", path, **headers)

    def make(self, **fields: Any) -> dict[str, Any]:
        """A new task."""
        return done(self.post("", {"title": "Replace pump seal", **fields}), 201)

    def all(self, query: str = "", limit: int = 2) -> list[dict[str, Any]]:
        """A list to its end, page by page."""
        found: list[dict[str, Any]] = []
        following: str | None = ""
        while following is not None:
            params = [f"limit={limit}", query, f"cursor={following}" if following else ""]
            page = done(self.get("?" + "&".join(filter(None, params))))
            assert len(page["tasks"]) == limit or page["next"] is None
            found, following = found + page["tasks"], page["next"]
        return found


def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that went well."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    body: dict[str, Any] = answer.json()
    return body


def fields(body: dict[str, Any]) -> list[str]:
    """Which fields a problem names."""
    return [error["field"] for error in body["errors"]]
