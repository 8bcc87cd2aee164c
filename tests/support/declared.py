"""Holds every answer that a test's client gets against the interface's own description."""

from __future__ import annotations

import functools
import re
from typing import Any

import httpx

from server_stub.app import interface

OUTSIDE = "/openapi.json"


@functools.cache
def document() -> dict[str, Any]:
    return interface().openapi()


@functools.cache
def _operation(method: str, path: str) -> dict[str, Any] | None:
    """Of the templates that fit, the one with the fewest parameters, as the router chooses."""
    for template in sorted(document()["paths"], key=lambda text: text.count("{")):
        if re.fullmatch(re.sub("{[^}]+}", "[^/]+", template), path):
            operation: dict[str, Any] | None = document()["paths"][template].get(method.lower())
            return operation
    return None


def check(answer: httpx.Response) -> None:
    """Fails where the status is not declared, or the body is of another type than declared."""
    request = answer.request
    operation = _operation(request.method, request.url.path)
    if operation is None:
        assert answer.status_code in (404, 405, 413, 426, 431) or request.url.path == OUTSIDE
        return
    where = f"{request.method} {request.url.path} answers {answer.status_code}"
    declared = operation["responses"].get(str(answer.status_code))
    assert declared is not None, f"{where}, which is not declared"
    if "$ref" in declared:
        declared = document()["components"]["responses"][declared["$ref"].rpartition("/")[2]]
    sent = answer.headers.get("content-type", "").partition(";")[0]
    assert sent in declared.get("content", [""]), f"{where} as {sent}"
