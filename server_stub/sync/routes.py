"""`/api/v1/sync`: thin; the rules are in push.py and pull.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from server_stub.core.deps import CallerDep, Read, State
from server_stub.core.problems import RESPONSES
from server_stub.sync import pull as pulling
from server_stub.sync import push as pushing
from tracker.protocol.sync import PullPage, PushAnswer, PushRequest, Scope

router = APIRouter(prefix="/api/v1/sync", tags=["sync"], responses=RESPONSES)


@router.post("/push")
def push(body: PushRequest, state: State, caller: CallerDep) -> PushAnswer:
    """Decides up to 500 actions in one transaction and answers one receipt for each."""
    with state.database.write() as conn:
        receipts = pushing.decide(conn, caller.tenant_id, caller.actor, body.actions, state.now())
        epoch = receipts[0].epoch if receipts else pushing.epoch(conn, caller.tenant_id)
    state.presence.hear(caller.user_id, state.now(), unsent=body.unsent)
    return PushAnswer(receipts=receipts, epoch=epoch)


@router.get(
    "/pull",
    response_model=PullPage,
    responses={304: {"description": "Nothing is newer than the cursor in If-None-Match."}},
)
def pull(
    state: State,
    caller: CallerDep,
    conn: Read,
    scope: Annotated[Scope, Query()] = "desk",
    unsent: Annotated[int | None, Query(ge=0)] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The rows after the cursor given as If-None-Match; without one, the first page of all."""
    if unsent is not None:
        state.presence.hear(caller.user_id, state.now(), unsent=unsent)
    cursor = if_none_match.strip('"') if if_none_match else None
    page = pulling.pull(conn, state, caller, scope, cursor)
    if page is None:
        return Response(status_code=304)
    return Response(page.model_dump_json(), media_type="application/json")
