"""Coded answers: every error leaves the server as problem+json from the one catalogue."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from tracker.domain.errors import CATALOGUE, Refusal, TrackerError
from tracker.protocol.problems import FieldProblem, Problem

log = structlog.get_logger()


class ProblemError(TrackerError):
    """Raised by routes and dependencies; becomes one problem+json answer."""

    def __init__(
        self,
        code: str,
        info: str = "",
        field: str | None = None,
        retry_after: int | None = None,
        current: dict[str, Any] | None = None,
    ) -> None:
        self.field = field
        self.retry_after = retry_after
        self.current = current
        super().__init__(code, info)

    @classmethod
    def of(cls, refusal: Refusal) -> ProblemError:
        return cls(refusal.code, refusal.info, refusal.field)


PROBLEM = "application/problem+json"


class UnknownKey(RequestValidationError):
    """A request has a key that is not declared."""


class StrictRoute(APIRoute):
    """A route that says E2017 of an undeclared key, as the rules of actions do."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                found = error.errors()
                if any(item["type"] == "extra_forbidden" for item in found):
                    raise UnknownKey(found) from error
                raise

        return strict


def refused(refusal: Refusal) -> JSONResponse:
    """The answer to a refusal that is kept: raised, it would be rolled back."""
    message = CATALOGUE[refusal.code].message
    errors = [FieldProblem(field=refusal.field, message=message)] if refusal.field else []
    return answer(refusal.code, refusal.info, errors)


def answer(
    code: str,
    info: str = "",
    errors: list[FieldProblem] | None = None,
    retry_after: int | None = None,
    current: dict[str, Any] | None = None,
) -> JSONResponse:
    """`retry_after` in seconds; `current` is the state that a precondition did not fit."""
    entry = CATALOGUE[code]
    trace_id = uuid.uuid4().hex
    problem = Problem(
        type=f"urn:tracker:error:{code}",
        title=entry.message,
        status=entry.status,
        detail=f"{info} {entry.remedy}".strip(),
        code=code,
        retryable=entry.retryable,
        trace_id=trace_id,
        errors=errors or [],
        current=current,
    )
    later = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status_code=problem.status,
        media_type=PROBLEM,
        headers={"Tracker-Trace": trace_id, **later},
    )


def install(app: FastAPI) -> None:
    """Registers the conversion of every exception a request can end with."""

    @app.exception_handler(TrackerError)
    def coded(_request: Request, error: TrackerError) -> JSONResponse:
        field = getattr(error, "field", None)
        errors = [FieldProblem(field=field, message=error.entry.message)] if field else []
        if error.entry.status < 500:
            retry_after = getattr(error, "retry_after", None)
            current = getattr(error, "current", None)
            return answer(error.code, error.info, errors, retry_after, current)
        # A driver's words can name hosts and tables: they go to the log.
        response = answer(error.code)
        trace_id = response.headers["Tracker-Trace"]
        log.error("fault", code=error.code, trace_id=trace_id, info=error.info)
        return response

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            FieldProblem(field=".".join(str(part) for part in item["loc"]), message=item["msg"])
            for item in error.errors()
        ]
        if isinstance(error, UnknownKey):
            return answer("E2017", "It has a field that is not known here.", errors)
        code = "E2003" if any(e.field.endswith("progress_percentage") for e in errors) else "E2013"
        return answer(code, errors=errors)

    @app.exception_handler(HTTPException)
    def plain(_request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "E4008", 405: "E4009", 413: "E2014"}.get(error.status_code, "E2013")
        response = answer(code)
        response.headers.update(error.headers or {})  # Allow, of a method that is not
        return response


def unexpected(path: str, error: Exception) -> JSONResponse:
    """The answer to a bug; what it was is in the log under the trace id."""
    response = answer("E4004")
    trace_id = response.headers["Tracker-Trace"]
    log.error("unhandled", path=path, trace_id=trace_id, exc_info=error)
    return response
