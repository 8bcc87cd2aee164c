"""Where a reader stands: opaque to it, signed, and bound to who reads what."""

from __future__ import annotations

from dataclasses import dataclass, fields

from server_stub.core.auth import Caller
from server_stub.core.signing import Signer
from tracker.protocol.sync import Scope


@dataclass(frozen=True, slots=True)
class Cursor:
    """`after` is the last task id of the part of a first pull that goes by id; None after it.
    `first` says that the pull is still the first: rows go beside the live ones. Its feed begins
    at `seq`, noted before its first page."""

    tenant: str
    user: str
    role: str
    scope: Scope
    epoch: str
    seq: int
    after: str | None = None
    first: bool = False

    def text(self, signer: Signer) -> str:
        # `astuple` copies each value as if it were a list, which takes longer than signing does.
        return signer.sign([getattr(self, name) for name in self.__slots__])


def read_cursor(signer: Signer, caller: Caller, scope: Scope, text: str) -> Cursor | None:
    """The cursor, if this server made it for this reader; otherwise None (pull anew)."""
    payload = signer.unsign(text)
    if not isinstance(payload, list) or len(payload) != len(fields(Cursor)):
        return None  # forged, or of a build whose cursors were different
    cursor = Cursor(*payload)
    mine = (caller.tenant_id, caller.user_id, caller.role, scope)
    return cursor if (cursor.tenant, cursor.user, cursor.role, cursor.scope) == mine else None
