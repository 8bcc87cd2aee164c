"""problem+json (RFC 9457) with Tracker's code, and a trace id to find it in the log."""

from __future__ import annotations

from typing import Any

from tracker.protocol.base import Answer


class FieldProblem(Answer):
    field: str
    message: str


class Problem(Answer):
    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    trace_id: str
    errors: list[FieldProblem] = []
    current: dict[str, Any] | None = None
    """How the thing is now, where a precondition did not fit (412)."""
