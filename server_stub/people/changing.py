"""PATCH of a person, a project or a team: the same for all three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.auth import Caller
from server_stub.core.deps import CallerDep, State
from server_stub.core.preconditions import IfMatch, require_match, tag
from server_stub.core.state import ServerState
from tracker.domain.task import Person, Project, Team

_T = TypeVar("_T", bound=Person | Project | Team)


@dataclass(frozen=True, slots=True)
class Patch:
    """Where the request comes in: from whom, on which condition, and what is answered to it."""

    state: ServerState
    caller: Caller
    response: Response
    if_match: str | None

    def of(
        self,
        ref: str,
        body: BaseModel,
        find: Callable[[Connection, str, str], _T],
        require: Callable[[Caller], None],
        change: Callable[..., _T],
    ) -> _T:
        """What is named is looked up before the caller's role: another tenant's is not there at
        all. E5062 where If-Match names another version."""
        now = self.state.now()
        with self.state.database.write() as conn:
            tenant = feed.lock(conn, self.caller.tenant_id)
            old = find(conn, tenant.id, ref)
            require(self.caller)
            require_match(self.if_match, tenant.epoch, old)
            changes = body.model_dump(exclude_unset=True)
            new = change(conn, tenant, old, changes, now, self.caller.user_id)
            feed.save(conn, tenant, now)
        tag(self.response, tenant.epoch, new)
        return new


def get_patch(
    state: State, caller: CallerDep, response: Response, if_match: IfMatch = None
) -> Patch:
    return Patch(state, caller, response, if_match)


PatchDep = Annotated[Patch, Depends(get_patch)]
