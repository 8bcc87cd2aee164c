"""Writing requests that are done once, however often they come.

With an Idempotency-Key what was answered is kept as a receipt, refusals too, and a repeat gets it
again. Without one nobody could ask for it, so a refusal leaves nothing behind.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any

from fastapi import Depends, Header, Response
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from server_stub.core import auth, feed, problems
from server_stub.core.auth import Caller
from server_stub.core.database import savepoint
from server_stub.core.deps import CallerDep, State
from server_stub.core.feed import Tenant
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState
from server_stub.sync import push
from tracker.domain.change import SCHEMA
from tracker.domain.errors import InputError, Refusal
from tracker.domain.receipt import Outcome, Receipt

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it is sent, and sent again."""

    body: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json"

    @classmethod
    def of(cls, thing: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """`thing` is a dataclass or a model, as the route declares it."""
        return cls(_adapter(thing.__class__).dump_json(thing).decode(), status, headers or {})

    def response(self) -> Response:
        return Response(self.body, self.status, dict(self.headers), media_type=self.media)


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True, slots=True)
class Request:
    """From whom it comes, and under which key."""

    state: ServerState
    caller: Caller
    key: str | None = None

    def sent(self, word: str, thing: str | None, content: Mapping[str, Any], now: int) -> push.Sent:
        """The request, under the op_id that follows from its key. `word` and `content` tell it
        from another one under the same key; the moment must not be in them, or no repeat would
        match."""
        user_id = self.caller.user_id
        op_id = str(uuid.uuid5(uuid.UUID(user_id), self.key)) if self.key else auth.new_id(now)
        raw = {"kind": word, "task_id": thing, "args": content, "schema": SCHEMA}
        return push.Sent(op_id, push.fingerprint(user_id, raw), None, None, None)

    def before(self, conn: Connection, tenant: Tenant, sent: push.Sent) -> Response | None:
        """What was answered to it before, if it comes again. E5010 for another under its key."""
        if not self.key:
            return None
        receipt = push.earlier(conn, tenant, self.caller.actor, sent)
        if receipt is None:
            return None
        if receipt.differs:
            return problems.answer("E5010")
        if receipt.current is not None:
            return Reply(**receipt.current).response()
        return problems.refused(Refusal(receipt.code or "E4004", receipt.field, receipt.info))

    def keep(
        self, conn: Connection, tenant: Tenant, sent: push.Sent, receipt: Receipt, reply: Reply,
        now: int,
    ) -> None:  # fmt: skip
        if self.key:
            kept = replace(receipt, current=asdict(reply))
            push.keep(conn, tenant, self.caller.actor, sent, kept, now)

    def refused(
        self, conn: Connection, tenant: Tenant, sent: push.Sent, refusal: Refusal, now: int
    ) -> Response:
        """The answer to a request whose writes were taken back."""
        if self.key:
            receipt = Receipt(
                sent.op_id, Outcome.REJECTED, tenant.epoch, refusal.code, refusal.info,
                field=refusal.field,
            )  # fmt: skip
            push.keep(conn, tenant, self.caller.actor, sent, receipt, now)
        return problems.refused(refusal)


def get_request(state: State, caller: CallerDep, key: Key = None) -> Request:
    return Request(state, caller, key)


RequestDep = Annotated[Request, Depends(get_request)]

Do = Callable[[Connection, Tenant, int], Reply]


def once(request: Request, word: str, content: Mapping[str, Any], do: Do) -> Response:
    """`do` in a transaction that holds the tenant; where it raises a ProblemError or InputError,
    nothing of it stays."""
    with request.state.database.write() as conn:
        tenant, now = feed.lock(conn, request.caller.tenant_id), request.state.now()
        sent = request.sent(word, None, content, now)
        if (answered := request.before(conn, tenant, sent)) is not None:
            return answered
        try:
            with savepoint(conn):
                reply = do(conn, tenant, now)
                feed.save(conn, tenant, now)
        except (ProblemError, InputError) as error:
            tenant = feed.lock(conn, request.caller.tenant_id)  # as it was before
            refusal = Refusal(error.code, error.field, error.info)
            return request.refused(conn, tenant, sent, refusal, now)
        done = Receipt(sent.op_id, Outcome.APPLIED, tenant.epoch)
        request.keep(conn, tenant, sent, done, reply, now)
        return reply.response()


def once_in_parts(
    request: Request, word: str, content: Mapping[str, Any], do: Callable[[], Reply]
) -> Response:
    """`do` has transactions of its own, and can be done again where it ended halfway: what it
    answered is kept after the last of them."""
    with request.state.database.write() as conn:
        tenant = feed.lock(conn, request.caller.tenant_id)
        sent = request.sent(word, None, content, request.state.now())
        if (answered := request.before(conn, tenant, sent)) is not None:
            return answered
    reply = do()
    with request.state.database.write() as conn:
        tenant, now = feed.lock(conn, request.caller.tenant_id), request.state.now()
        done = Receipt(sent.op_id, Outcome.APPLIED, tenant.epoch)
        request.keep(conn, tenant, sent, done, reply, now)
    return reply.response()
