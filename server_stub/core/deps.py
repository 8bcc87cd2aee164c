"""What routes ask for.

A writing route opens `state.database.write()` itself and returns after it: the commit comes before
the answer, and waiting for the writer's lock, the work and the commit are one stay in one worker
thread. As a yield dependency each would be a stay of its own, and once forty writers wait, the one
that holds the lock gets no thread to go on with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from sqlalchemy.engine import Connection

from server_stub.core.auth import Caller
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState
from tracker.protocol.base import USER_HEADER


def get_state(request: Request) -> ServerState:
    state = request.app.state.tracker
    assert isinstance(state, ServerState)
    return state


State = Annotated[ServerState, Depends(get_state)]


class _Token(SecurityBase):
    """The token of a request. A security scheme of its own, so that the document says what needs
    one; FastAPI's own would refuse without a code, and the older word `Token`."""

    model = HTTPBearer(description="The access token of `POST /api/v1/session`, or one of a CLI.")
    scheme_name = "token"

    async def __call__(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "token") or not token:
            raise ProblemError("E1003")
        return token.strip()


TokenDep = Annotated[str, Security(_Token())]


def get_caller(request: Request, state: State, token: TokenDep) -> Caller:
    caller = state.caller(token)
    meant = request.headers.get(USER_HEADER)
    if meant is not None and meant != caller.user_id:
        raise ProblemError("E1008")
    state.presence.hear(caller, state.now())
    return caller


def get_address(request: Request, state: State) -> str:
    """The peer's address, or what the proxy in front says it is: the last hop alone, as what is
    before it was written by the client."""
    if state.settings.behind_proxy and (hops := request.headers.getlist("x-forwarded-for")):
        return hops[-1].rpartition(",")[2].strip()
    return request.client.host if request.client else ""


def get_read(state: State) -> Iterator[Connection]:
    with state.database.read() as conn:
        yield conn


CallerDep = Annotated[Caller, Depends(get_caller)]
Address = Annotated[str, Depends(get_address)]
"""Where a request comes from, as throttling counts it."""
Read = Annotated[Connection, Depends(get_read, scope="function")]
