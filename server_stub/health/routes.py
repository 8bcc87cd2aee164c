"""Is the server there, and can it reach its database?"""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter

from server_stub.core.deps import Read, State
from tracker.protocol.base import PROTOCOL, Answer

router = APIRouter(prefix="/api/v1", tags=["health"])


class Health(Answer):
    status: str
    server_id: str
    protocol: int


@router.get("/health")
def health(state: State, conn: Read) -> Health:
    """200 when a query was answered; E3007 otherwise."""
    conn.execute(sa.select(sa.literal(1)))
    return Health(status="ok", server_id=state.server_id, protocol=PROTOCOL)
