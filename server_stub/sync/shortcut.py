"""The answer most polls get, "nothing is new", found in memory: no thread, no SQL, no router.

Whatever is unusual about a request is left to the route, which says the same more slowly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope as Request

from server_stub.core import access
from server_stub.core.auth import Caller
from server_stub.core.state import ServerState
from server_stub.sync import service
from server_stub.sync.cursor import read_cursor
from tracker.domain.task import Occupancy
from tracker.protocol.base import MARK_HEADER, PROTOCOL, PROTOCOL_HEADER, USER_HEADER
from tracker.protocol.sync import Scope

_PATH = "/api/v1/sync/pull"
_QUERY = re.compile(
    rb"scope=(desk|monitor)&unsent=([0-9]{1,9})(?:&occupancy=(ACTIVE|IDLE|OFFLINE|UNKNOWN))?"
)
_NAMES = tuple(
    name.lower().encode()
    for name in ("Authorization", "If-None-Match", MARK_HEADER, USER_HEADER, PROTOCOL_HEADER)
)
_BEARER, _SPOKEN = b"Bearer ", str(PROTOCOL).encode()
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class _Poll:
    """What a request asks, understood once: the same bytes mean the same while no session
    changes, and its tokens are not believed longer than any other's."""

    caller: Caller
    audiences: tuple[str, ...]
    epoch: str
    seq: int
    unsent: int
    occupancy: Occupancy | None
    until: int
    generation: int


class Shortcut:
    """Remembers the polls of this server's clients."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._polls: dict[tuple[bytes | None, ...], _Poll] = {}

    def is_nothing_new(self, request: Request, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the request is a client's poll that memory can answer with 304."""
        if request["path"] != _PATH or request["method"] != "GET":
            return False
        state = self._state
        key = (request["query_string"], *map(headers.get, _NAMES))
        poll, now = self._polls.get(key), state.now()
        if poll is None or poll.generation != state.callers.generation or poll.until < now:
            poll = self._understood(*key)
            if poll is None:
                return False
            if len(self._polls) >= _REMEMBERED:
                self._polls.clear()
            self._polls[key] = poll
        newest = state.heads.known(poll.caller.tenant_id, poll.epoch, poll.audiences)
        if newest is None or newest > poll.seq:
            return False
        state.presence.hear(poll.caller, now, poll.unsent, poll.occupancy)
        return True

    def _understood(
        self, query: bytes | None, token: bytes | None, cursor: bytes | None,
        mark: bytes | None, user: bytes | None, spoken: bytes | None,
    ) -> _Poll | None:  # fmt: skip
        """None for what the route has to look at."""
        state = self._state
        wanted = _QUERY.fullmatch(query or b"")
        if wanted is None or cursor is None or token is None or not token.startswith(_BEARER):
            return None
        generation = state.callers.generation
        known = token.removeprefix(_BEARER).decode("latin-1")
        until, caller = state.callers.until(known), state.known_caller(known)
        if caller is None or spoken not in (None, _SPOKEN):
            return None
        if user is not None and user != caller.user_id.encode():
            return None
        scope: Scope = "monitor" if wanted[1] == b"monitor" else "desk"
        if scope == "monitor" and not caller.actor.is_admin:
            return None
        text = cursor.decode("latin-1").strip('"')
        read = read_cursor(state.signer, caller, scope, text)
        shown = None if mark is None else mark.decode("latin-1")
        if read is None or not service.may_be_current(state, read, shown):
            return None
        return _Poll(
            caller=caller,
            audiences=tuple(access.audiences(caller, scope)),
            epoch=read.epoch,
            seq=read.seq,
            unsent=int(wanted[2]),
            occupancy=Occupancy(wanted[3].decode()) if wanted[3] else None,
            until=until,
            generation=generation,
        )
