"""Push and pull as functions of bytes: HTTP calls them, and so does the simulator.

Before anything is decided or read, the reader's mark is checked (core/marks.py). If it proves that
this database was restored from a backup, a new epoch begins, and nothing else happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import structlog
from pydantic import ValidationError
from sqlalchemy.engine import Connection

from server_stub.core import access, feed, limits, marks
from server_stub.core.auth import Caller
from server_stub.core.database import savepoint
from server_stub.core.feed import Tenant
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState
from server_stub.sync import pull as pulling
from server_stub.sync import push as pushing
from server_stub.sync.cursor import Cursor, read_cursor
from tracker.domain.errors import TrackerError
from tracker.domain.receipt import Outcome, Receipt
from tracker.domain.task import Occupancy
from tracker.protocol.sync import PushAnswer, PushRequest, Scope

log = structlog.get_logger()


def push(state: ServerState, caller: Caller, body: bytes, mark: str | None = None) -> bytes:
    """Decides a batch in one transaction and returns the encoded receipts, after the commit.
    E2013 for a body that is no batch, E4010 after a restore."""
    request = _request(body)
    state.presence.hear(caller, state.now(), unsent=request.unsent)
    batch = [pushing.read(caller.user_id, raw) for raw in request.actions]
    try:
        with state.database.write() as conn:
            tenant = _locked(state, conn, caller, mark)
            if tenant is not None:
                receipts = pushing.decide(conn, tenant, caller.actor, batch, state.now())
                receipts += pushing.void(conn, tenant, caller.actor, request.void, state.now())
    except TrackerError:
        raise
    except Exception as error:
        log.error("batch failed", tenant=caller.tenant_id, actions=len(batch), exc_info=error)
        tenant, receipts = _one_by_one(state, caller, batch, request.void, mark)
    if tenant is None:
        raise ProblemError("E4010")
    answer = PushAnswer(
        receipts=receipts, epoch=tenant.epoch, head=tenant.seq, mark=state.marks.of(tenant)
    )
    return answer.model_dump_json().encode()


def _request(body: bytes) -> PushRequest:
    try:
        # The standard library reads a lone surrogate, so that its action alone can be refused.
        content = json.loads(body)
        if limits.is_too_deep(content):
            deep = f"It is nested more than {limits.JSON_DEPTH} deep."
            raise ProblemError("E2013", deep, "body")
        return PushRequest.model_validate(content)
    except ValidationError as error:
        wrong = error.errors()[0]
        field = ".".join(map(str, wrong["loc"])) or "body"
        raise ProblemError("E2013", str(wrong["msg"]), field) from error
    except (ValueError, RecursionError) as error:
        raise ProblemError("E2013", "It is no JSON.", "body") from error


def _one_by_one(
    state: ServerState,
    caller: Caller,
    batch: list[pushing.Sent | Receipt],
    void: list[str],
    mark: str | None,
) -> tuple[Tenant | None, list[Receipt]]:
    """The batch again, each action behind a savepoint: the one that fails has to come again, with
    what follows on its task, and the others are decided."""
    receipts: list[Receipt] = []
    waiting: set[str] = set()
    with state.database.write() as conn:
        tenant = _locked(state, conn, caller, mark)
        if tenant is None:
            return None, []
        for item in batch:
            try:
                with savepoint(conn):
                    tenant = feed.lock(conn, caller.tenant_id)
                    actor, now = caller.actor, state.now()
                    receipts += pushing.decide(conn, tenant, actor, [item], now, waiting)
            except TrackerError:
                raise
            except Exception as error:
                log.error("action failed", op_id=item.op_id, exc_info=error)
                receipts.append(Receipt(item.op_id, Outcome.RETRY, tenant.epoch, "E5017"))
                if isinstance(item, pushing.Sent) and item.action is not None:
                    waiting.add(item.action.task_id)
        tenant = feed.lock(conn, caller.tenant_id)
        receipts += pushing.void(conn, tenant, caller.actor, void, state.now())
    return tenant, receipts


def _locked(
    state: ServerState, conn: Connection, caller: Caller, mark: str | None
) -> Tenant | None:
    """The locked tenant; None when the device has to learn of another epoch first, which begins
    here if the mark proves a restore."""
    tenant = feed.lock(conn, caller.tenant_id)
    verdict = state.marks.verify(conn, tenant, mark)
    if verdict is False:
        marks.new_epoch(conn, tenant, state.now())
        log.warning("restored", tenant=tenant.id, head=tenant.seq)
    return tenant if verdict else None


def pull(
    state: ServerState,
    caller: Caller,
    scope: Scope,
    text: str | None = None,
    mark: str | None = None,
    unsent: int | None = None,
    whole: Sequence[str] = (),
    occupancy: Occupancy | None = None,
) -> bytes | None:
    """The encoded page after the cursor `text`, the first without one, with the tasks `whole` in
    it; None when nothing is new and none was asked for.
    E4005 when the cursor is of another reader, role or scope, or from before what the feed is
    pruned to; E4010 after a restore."""
    state.presence.hear(caller, state.now(), unsent=unsent, occupancy=occupancy)
    audiences = access.audiences(caller, scope)
    cursor = read_cursor(state.signer, caller, scope, text) if text is not None else None
    if text is not None and cursor is None:
        raise ProblemError("E4005")
    if cursor and not whole and is_nothing_new(state, cursor, audiences, mark):
        return None
    generation = state.heads.generation
    with state.database.read() as conn:
        tenant = feed.look(conn, caller.tenant_id)
        verdict = state.marks.verify(conn, tenant, mark)
        if verdict and _is_pruned(cursor, tenant):
            # Not E4010: nothing is lost, so nothing has to be offered again.
            raise ProblemError("E4005")
        if verdict and _fits(cursor, tenant):
            heads = feed.heads(conn, tenant, audiences)
            state.heads.learn(tenant.id, tenant.epoch, tenant.epoch_at, heads, generation)
            newest = max(heads.values())
            follows = cursor is not None and cursor.after is None and not cursor.first
            if cursor and follows and newest <= cursor.seq and not whole:
                return None
            cursor = cursor or pulling.begin(caller, scope, tenant)
            found = pulling.page(conn, state, caller, tenant, cursor, newest, whole)
            return found.model_dump_json().encode()
    if verdict is False or (cursor and cursor.epoch == tenant.epoch):
        _restored(state, caller, mark, cursor)
    raise ProblemError("E4010")


def _fits(cursor: Cursor | None, tenant: Tenant) -> bool:
    return cursor is None or (cursor.epoch == tenant.epoch and cursor.seq <= tenant.seq)


def _is_pruned(cursor: Cursor | None, tenant: Tenant) -> bool:
    """Whether pointers after the cursor may be gone."""
    return cursor is not None and cursor.epoch == tenant.epoch and cursor.seq < tenant.pruned


def _restored(state: ServerState, caller: Caller, mark: str | None, cursor: Cursor | None) -> None:
    """Begins a new epoch, unless another reader's pull has done so since this one looked."""
    with state.database.write() as conn:
        tenant = _locked(state, conn, caller, mark)
        beyond = tenant and cursor and cursor.epoch == tenant.epoch and cursor.seq > tenant.seq
        if tenant is not None and beyond:
            marks.new_epoch(conn, tenant, state.now())


def is_nothing_new(
    state: ServerState, cursor: Cursor, audiences: Iterable[str], mark: str | None
) -> bool:
    """Whether memory alone proves that the reader has everything."""
    if not may_be_current(state, cursor, mark):
        return False
    newest = state.heads.known(cursor.tenant, cursor.epoch, audiences)
    return newest is not None and newest <= cursor.seq


def may_be_current(state: ServerState, cursor: Cursor, mark: str | None) -> bool:
    """Whether the cursor is one that "nothing new" can be said to: of a whole pull, by a reader
    whose mark this start of the server has verified."""
    return not cursor.first and state.marks.is_verified(mark)
