"""The OpenAPI document: what FastAPI knows of each route, and what is true of all.

Which problems a route can answer follows from its shape, so it is said here once instead of on
each: whoever has to be signed in can be unknown, whatever is named in the path can be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from server_stub.core.problems import PROBLEM
from tracker.protocol.problems import Problem

_ALWAYS = (413, 422, 426, 429, 431, 500, 503)
_SIGNED_IN = (401, 403)
_MEANINGS = {
    304: "What If-None-Match names is still so.",
    401: "Not signed in, or no longer.",
    403: "The caller's role, or part in the task, does not allow it.",
    404: "It does not exist, or is not shared with the caller.",
    409: "How things are does not allow it now.",
    410: "The cursor is of a time that is over; begin anew, without one.",
    412: "It was changed since the version in If-Match; `current` is how it is.",
    413: "The body is too large.",
    422: "The request cannot be used; `errors` names the fields.",
    426: "Tracker-Protocol names another version than the server speaks.",
    429: "Too many of them; Retry-After says when to come again.",
    431: "The address and headers are too large.",
    500: "A fault of the server; the log has it under `trace_id`.",
    503: "The database is not reachable; the same request may be made again.",
}

Operation = dict[str, Any]


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: what does not follow from its shape."""
    return {status: {"description": _MEANINGS[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` the whole document."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        described = plain()
        if "responses" in (parts := described["components"]):
            return described  # FastAPI keeps the one it made
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts["schemas"] |= {**problem.pop("$defs"), Problem.__name__: problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            del parts["schemas"][unused]
        parts["responses"] = {_name(status): _answer(status) for status in _MEANINGS}
        for method, operation in operations(described):
            _declare(method, operation)
        return described

    app.openapi = document  # type: ignore[method-assign]


def operations(described: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Each with its method, in capitals."""
    for methods in described["paths"].values():
        for method, operation in methods.items():
            yield method.upper(), operation


def _declare(method: str, operation: Operation) -> None:
    responses = operation["responses"]
    for status in {*_follows(method, operation), *_named(responses)}:
        responses[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    operation["responses"] = dict(sorted(responses.items()))


def _follows(method: str, operation: Operation) -> Iterator[int]:
    yield from _ALWAYS
    if "security" in operation:
        yield from _SIGNED_IN
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    if places & {"path", "query"} or "requestBody" in operation:  # all of them can name things
        yield 404
    if method != "GET":
        yield 409
    headers = {
        parameter["name"].lower()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "header"
    }
    if "if-match" in headers:
        yield 412
    if "if-none-match" in headers:
        yield 304


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _answer(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _MEANINGS[status]}
    if status >= 400:
        schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
        answer["content"] = {PROBLEM: {"schema": schema}}
    return answer


def _named(responses: Iterable[str]) -> Iterator[int]:
    """What `declared` put there."""
    return (int(status) for status in responses if int(status) in _MEANINGS)
