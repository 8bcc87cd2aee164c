"""One writing request as one or several actions without a device: all of them, or none.

They are decided like a push: same rules, same audit trail, same receipts. Under an Idempotency-Key
(`sync/once.py`) the receipt of the first action is the request's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import Depends, Response
from sqlalchemy.engine import Connection

from server_stub.core import auth, feed, problems
from server_stub.core.auth import Caller
from server_stub.core.database import savepoint
from server_stub.core.deps import CallerDep, State
from server_stub.core.feed import Tenant
from server_stub.core.preconditions import IfMatch, is_match
from server_stub.core.problems import ProblemError
from server_stub.sync import push
from server_stub.sync.once import Key, Reply, Request
from server_stub.tasks import etags, finding, printing, queries
from tracker.domain.access import may_see
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.receipt import EFFECTIVE, Outcome, Receipt
from tracker.domain.task import Occupancy, Task, TaskState
from tracker.protocol.base import Answer
from tracker.protocol.rest import PrintedTask

_NAMES = {
    "note": "notes",
    "occupancy": "occupancy_status",
    "due_at": "due_date",
    "estimated_minutes": "estimated_duration_min",
}
"""What requests call the arguments of actions, where they call them otherwise."""


@dataclass(frozen=True, slots=True)
class Desk(Request):
    """Where a writing request comes in: from whom, and on which conditions."""

    if_match: str | None = None

    def said(self, notes: str, occupancy: Occupancy | None) -> dict[str, Any]:
        """Notes and occupancy as arguments of an action."""
        return {"note": notes} if occupancy is None else {"note": notes, "occupancy": occupancy}

    def heard(self, content: Mapping[str, Any]) -> None:
        """The occupancy in what was done, as from a device; what was refused or repeated says
        nothing about now."""
        if (occupancy := content.get("occupancy", content.get("occupancy_status"))) is not None:
            now = self.state.now()
            self.state.presence.hear(self.caller, now, occupancy=occupancy)


def get_desk(state: State, caller: CallerDep, key: Key = None, if_match: IfMatch = None) -> Desk:
    return Desk(state, caller, key, if_match)


DeskDep = Annotated[Desk, Depends(get_desk)]


@dataclass(frozen=True, slots=True)
class Step:
    """One action; `names` is what this request calls its arguments beside _NAMES."""

    kind: Kind
    args: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a request finds in its transaction: the locked tenant, and the task as it is before the
    actions or after them."""

    conn: Connection
    tenant: Tenant
    caller: Caller
    now: int
    task_id: str
    found: TaskState | None

    @property
    def state(self) -> TaskState:
        assert self.found is not None, "asked of a task that is still to be made"
        return self.found

    @property
    def task(self) -> Task:
        return self.state.task

    def again(self) -> Scene:
        """The task as it is now."""
        found = queries.states(self.conn, self.tenant.id, [self.task_id]).get(self.task_id)
        return replace(self, found=found[0] if found else None)


def _shown_task(scene: Scene) -> PrintedTask:
    (printed,) = printing.tasks(scene.conn, scene.tenant.id, [scene.state], scene.now)
    return printed


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request wants. `word` and `content` tell it from another one under the same key.
    `plan` makes actions of it, and raises ProblemError for what cannot be one; `show` prints what
    came of them, the task as it is then unless it says otherwise."""

    word: str
    content: Mapping[str, Any]
    plan: Callable[[Scene], Sequence[Step]]
    show: Callable[[Scene], Answer] = _shown_task
    status: int = 200


def once(kind: Kind, args: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Ask:
    """One action, and nothing to find out first."""
    step = Step(kind, args, names or {})
    return Ask(kind, args, lambda _: [step])


class _Refused(Exception):
    """Takes the transaction back to its savepoint."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def act(desk: Desk, ref: str | None, ask: Ask) -> Response:
    """Does what a request asks of the task `ref`, or of a new one, and answers after the commit.
    E5001 for a task that the caller may not see, E5010 for a key of another request; 412 with the
    task as it is where If-Match names another version."""
    caller = desk.caller
    with desk.state.database.write() as conn:
        tenant, now = feed.lock(conn, caller.tenant_id), desk.state.now()
        made = ref is None
        task_id = auth.new_id(now) if ref is None else finding.task_id(conn, tenant.id, ref)
        first = desk.sent(ask.word, None if made else task_id, ask.content, now)
        if (answered := desk.before(conn, tenant, first)) is not None:
            return answered
        scene = Scene(conn, tenant, caller, now, task_id, None)
        if not made:
            scene = scene.again()
            if scene.found is None or not may_see(caller.actor, scene.found):
                raise ProblemError("E5001")
            tag = etags.of_task(tenant.epoch, scene.task, now)
            if not is_match(desk.if_match, tag):
                return _outdated(scene, tag)
        try:
            with savepoint(conn):
                reply = _done(desk, scene, ask, first)
        except _Refused as refused:
            tenant = feed.lock(conn, caller.tenant_id)  # as it was before
            return desk.refused(conn, tenant, first, refused.refusal, now)
    desk.heard(ask.content)
    return reply.response()


def _done(desk: Desk, scene: Scene, ask: Ask, first: push.Sent) -> Reply:
    try:
        steps = ask.plan(scene)
    except ProblemError as error:
        raise _Refused(Refusal(error.code, error.field, error.info)) from error
    sents = [_action(scene, first, n, step) for n, step in enumerate(steps)]
    actor, made = scene.caller.actor, scene.found is None
    receipts = push.decide(scene.conn, scene.tenant, actor, sents, scene.now) if sents else []
    for step, receipt in zip(steps, receipts, strict=True):
        if receipt.outcome not in EFFECTIVE:
            raise _Refused(_refusal(step, receipt))
    reply = _reply(scene.again(), ask, made)
    nothing_to_do = Receipt(first.op_id, Outcome.APPLIED, scene.tenant.epoch)
    receipt = receipts[0] if receipts else nothing_to_do
    desk.keep(scene.conn, scene.tenant, first, receipt, reply, scene.now)
    return reply


def _action(scene: Scene, first: push.Sent, n: int, step: Step) -> push.Sent:
    op_id = first.op_id if n == 0 else str(uuid.uuid5(uuid.UUID(first.op_id), str(n)))
    action = Action(op_id, step.kind, scene.task_id, step.args, made_at=scene.now, clock_offset=0)
    return replace(first, op_id=op_id, action=action)


def _refusal(step: Step, receipt: Receipt) -> Refusal:
    """Why, with the name that the request has for the argument."""
    name = receipt.field and {**_NAMES, **step.names}.get(receipt.field, receipt.field)
    return Refusal(receipt.code or "E4004", name, receipt.info)


def _reply(scene: Scene, ask: Ask, made: bool) -> Reply:
    printed, headers = ask.show(scene), {}
    if isinstance(printed, PrintedTask):
        headers["ETag"] = etags.of_task(scene.tenant.epoch, scene.task, scene.now)
    if made:
        headers["Location"] = f"/api/v1/tasks/{scene.task.number}"
    return Reply(printed.model_dump_json(), ask.status, headers)


def _outdated(scene: Scene, tag: str) -> Response:
    current = _shown_task(scene).model_dump(mode="json")
    response = problems.answer("E5062", current=current)
    response.headers["ETag"] = tag
    return response
