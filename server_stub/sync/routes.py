"""`/api/v1/sync`: thin; the rules are in service.py and what it calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from server_stub.core import access
from server_stub.core.deps import CallerDep, State, TokenDep
from server_stub.core.described import declared
from server_stub.sync import events as waking
from server_stub.sync import service
from tracker.domain.task import Occupancy
from tracker.protocol.base import MARK_HEADER
from tracker.protocol.sync import UNSENT_LIMIT, PullPage, PushAnswer, PushRequest, Scope, Wholes

router = APIRouter(prefix="/api/v1/sync", tags=["sync"])

ScopeParam = Annotated[Scope, Query()]
Mark = Annotated[str | None, Header(alias=MARK_HEADER)]


async def _body(request: Request) -> bytes:
    return await request.body()


_BODY = {"content": {"application/json": {"schema": PushRequest.model_json_schema()}}}


@router.post(
    "/push",
    response_model=PushAnswer,
    responses=declared(410),
    openapi_extra={"requestBody": _BODY},
)
def push(
    state: State, caller: CallerDep, body: Annotated[bytes, Depends(_body)], mark: Mark = None
) -> Response:
    """Decides up to 500 actions in one transaction and answers one receipt for each."""
    return Response(service.push(state, caller, body, mark), media_type="application/json")


@router.get("/pull", response_model=PullPage, responses=declared(410))
def pull(
    state: State,
    caller: CallerDep,
    scope: ScopeParam = "desk",
    unsent: Annotated[int | None, Query(ge=0, le=UNSENT_LIMIT)] = None,
    if_none_match: Annotated[str | None, Header()] = None,
    mark: Mark = None,
    occupancy: Occupancy | None = None,
    whole: Annotated[Wholes, Query()] = [],  # noqa: B006 - FastAPI hands each request its own
) -> Response:
    """The rows after the cursor given as If-None-Match; without one, the first page of all. Tasks
    named by `whole` come with all that hangs on them beside the rows after a cursor. `occupancy`
    is what the device sees of the caller now."""
    cursor = if_none_match.strip('"') if if_none_match is not None else None
    page = service.pull(state, caller, scope, cursor, mark, unsent, whole, occupancy)
    if page is None:
        return Response(status_code=304)
    return Response(page, media_type="application/json")


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


@router.get("/events", response_class=EventStream)
async def events(
    state: State, caller: CallerDep, token: TokenDep, scope: ScopeParam = "desk"
) -> EventStream:
    """Server-sent events: `{"seq": n}` when something is new for the caller, whose next pull
    brings it. A comment line every 15 s says that the stream lives."""
    access.audiences(caller, scope)  # refuses before the stream has begun
    return EventStream(waking.stream(state, token, caller, scope))
