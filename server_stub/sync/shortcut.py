"""The answer most polls get, "nothing is new", found in memory: no thread, no SQL, no router.

Whatever is unusual about a request is left to the route, which says the same more slowly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import Scope as Request

from server_stub.core.state import ServerState
from server_stub.sync import service
from tracker.protocol.base import MARK_HEADER, USER_HEADER
from tracker.protocol.sync import Scope

_PATH = "/api/v1/sync/pull"
_QUERY = re.compile(rb"scope=(desk|monitor)&unsent=([0-9]{1,9})")
_MARK, _USER = MARK_HEADER.lower().encode(), USER_HEADER.lower().encode()
_BEARER = b"Bearer "


def is_nothing_new(state: ServerState, request: Request, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request is a client's poll that memory can answer with 304."""
    if request["path"] != _PATH or request["method"] != "GET":
        return False
    query = _QUERY.fullmatch(request["query_string"])
    given, cursor = headers.get(b"authorization", b""), headers.get(b"if-none-match")
    if query is None or cursor is None or not given.startswith(_BEARER):
        return False
    caller = state.known_caller(given.removeprefix(_BEARER).decode("latin-1"))
    if caller is None or headers.get(_USER, caller.user_id.encode()) != caller.user_id.encode():
        return False
    scope: Scope = "monitor" if query[1] == b"monitor" else "desk"
    if scope == "monitor" and not caller.actor.is_admin:
        return False
    mark = headers[_MARK].decode("latin-1") if _MARK in headers else None
    text = cursor.decode("latin-1").strip('"')
    if not service.is_nothing_new(state, caller, scope, text, mark):
        return False
    state.presence.hear(caller.user_id, state.now(), unsent=int(query[2]))
    return True
