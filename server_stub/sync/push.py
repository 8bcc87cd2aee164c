"""Deciding a batch of actions: each gets exactly one receipt, and a repeat gets the same one.

One transaction holds the effects, the audit rows, the feed pointers and the receipts. The caller
owns it, and commits before anything is answered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy.engine import Connection

from server_stub.core import feed
from server_stub.core.feed import ADMINS, Tenant
from server_stub.notifications.room import ROOM as NOTIFICATIONS
from server_stub.occupancy.room import ROOM as OCCUPANCY
from server_stub.sync import queries
from server_stub.sync.rooms import Arrival, Bench, Positions, Room
from server_stub.tasks.room import ROOM as TASKS
from tracker.domain.access import Actor
from tracker.domain.change import SCHEMAS, Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.ids import is_derived, is_uuid
from tracker.domain.reading import storable
from tracker.domain.receipt import FINAL, Outcome, Receipt
from tracker.protocol.sync import ActionMessage

ROOMS: tuple[Room, ...] = (TASKS, NOTIFICATIONS, OCCUPANCY)
"""Who decides what; they write in this order."""
ROOM_OF = {kind: room for room in ROOMS for kind in room.kinds}
PATIENCE_MS = 7 * 86_400_000
"""How long after a restore an action waits for its task to be offered again."""
_UNKNOWN = frozenset({"E5001", "E5030", "E5035", "E5040"})
"""What is not there, or not yet; a notification comes again with what caused it."""
_VOID = "void"
"""Instead of a fingerprint: whatever the action says, it was given up."""

_sorted = json.JSONEncoder(sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Sent:
    """One action as it arrived: parsed, or the refusal that parsing ended with."""

    op_id: str
    fingerprint: str
    device_id: str | None
    device_seq: int | None
    action: Action | None
    refusal: Refusal | None = None
    replayed: bool = False
    task_id: str = ""
    """Of an action whose format is not known here."""


@dataclass(slots=True)
class _Batch:
    tenant: Tenant
    actor: Actor
    now: int
    benches: dict[Room, Bench]
    waiting_tasks: set[str]
    receipts: dict[str, Receipt] = field(default_factory=dict)
    new: list[tuple[Sent, Receipt]] = field(default_factory=list)

    def settle(self, sent: Sent, receipt: Receipt) -> Receipt:
        if receipt.outcome in FINAL:
            self.new.append((sent, receipt))
            self.receipts[sent.op_id] = receipt
        return receipt


def fingerprint(user_id: str, raw: Mapping[str, Any]) -> str:
    """SHA-256 over what makes two sendings the same action; the device may be renumbered."""
    names = ("schema", "kind", "task_id", "args", "base_version", "made_at", "depends_on")
    content = _sorted([user_id, *(raw.get(name) for name in names)])
    return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()


def derived_fingerprint(user_id: str, raw: Mapping[str, Any]) -> str:
    """Of an action whose id was made of what it does, as an import's are (UUIDv5): two devices, or
    a device and a request, mean the same by it, whenever each of them read the file."""
    plain = {name: raw.get(name) for name in ("schema", "kind", "task_id", "args")}
    return fingerprint(user_id, plain)


def _short(text: str) -> str:
    """Somebody's odd text, cut and made storable, for saying what was odd."""
    return text[:200].encode("utf-8", "replace").decode().replace("\x00", "?")


def read(user_id: str, raw: Any) -> Sent | Receipt:
    """One element of a batch. What has no usable op_id can have no receipt that is kept, so its
    refusal is answered at once."""
    op_id = raw.get("op_id") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not is_uuid(op_id):
        return Receipt(_short(str(op_id)), Outcome.REJECTED, "", "E2006", "The op_id is no UUID.")
    mark = (derived_fingerprint if is_derived(str(op_id)) else fingerprint)(user_id, raw)
    if type(raw.get("schema")) is int and raw["schema"] not in SCHEMAS:
        # Whatever else is new about it: an update of the server will know.
        refusal = Refusal("E2012")
        return Sent(str(op_id), mark, None, None, None, refusal, task_id=str(raw.get("task_id")))
    odd = next((name for name in raw if not storable(name)), None)
    if odd is not None:  # pydantic cannot even name such a key in its error
        refusal = Refusal("E2008", info=_short(f"In the key {odd}."))
        return Sent(str(op_id), mark, None, None, None, refusal)
    try:
        message = ActionMessage.model_validate(raw)
        kind = Kind(message.kind)
    except ValidationError as error:
        first = error.errors()[0]
        info = _short(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")
        return Sent(str(op_id), mark, None, None, None, Refusal("E2017", info=info))
    except ValueError:
        return Sent(str(op_id), mark, None, None, None, Refusal("E2011"))
    action = Action(
        op_id=message.op_id,
        kind=kind,
        task_id=message.task_id,
        args=message.args,
        made_at=message.made_at,
        base_version=message.base_version,
        base_epoch=message.base_epoch,
        clock_offset=message.clock_offset,
        depends_on=tuple(message.depends_on),
        seen=message.seen,
        schema=message.schema_,
    )
    return Sent(
        message.op_id, mark, message.device_id, message.device_seq, action,
        replayed=message.replayed,
    )  # fmt: skip


def decide(
    conn: Connection,
    tenant: Tenant,
    actor: Actor,
    batch: Sequence[Sent | Receipt],
    now: int,
    waiting_tasks: set[str] | None = None,
) -> list[Receipt]:
    """Receipts in the order of the batch, and everything written. The tenant was locked before
    anything was read. `waiting_tasks` are those whose actions have to come again."""
    sents = [item for item in batch if isinstance(item, Sent)]
    actions = [sent.action for sent in sents if sent.action is not None]
    named = {sent.op_id for sent in sents} | {d for a in actions for d in a.depends_on}
    stored = queries.find(conn, tenant.id, actor.user_id, sorted(named))
    pairs = [(s.device_id, s.device_seq) for s in sents if s.device_id and s.device_seq]
    taken = queries.used_seqs(conn, tenant.id, pairs)
    benches = _open(conn, tenant, actions)
    work = _Batch(tenant, actor, now, benches, set() if waiting_tasks is None else waiting_tasks)
    work.receipts = {op_id: item.receipt for op_id, item in stored.items()}
    seen: dict[str, str] = {op_id: item.fingerprint for op_id, item in stored.items()}
    owners = {op_id: item.user_id for op_id, item in stored.items()}
    answers: list[Receipt] = []
    for item in batch:
        if isinstance(item, Receipt):
            answers.append(replace(item, epoch=tenant.epoch))
        elif item.op_id in seen:
            answers.append(_repeat(work, item, seen[item.op_id], owners.get(item.op_id)))
        else:
            receipt = _decide_one(work, item, taken)
            answers.append(receipt)
            if receipt.outcome in FINAL:
                seen[item.op_id] = item.fingerprint
                owners[item.op_id] = actor.user_id
                if item.device_id and item.device_seq:
                    taken[item.device_id, item.device_seq] = item.op_id
    return _write(conn, work, answers)


def _open(conn: Connection, tenant: Tenant, actions: Sequence[Action]) -> dict[Room, Bench]:
    """What the rooms of these actions need."""
    benches = {}
    for room in ROOMS:
        if mine := [action for action in actions if action.kind in room.kinds]:
            benches[room] = room.open(conn, tenant, mine)
    return benches


def _repeat(work: _Batch, sent: Sent, mark: str, owner: str | None) -> Receipt:
    """The original receipt; to another person's op_id nothing of it is shown."""
    if owner is not None and owner != work.actor.user_id:
        return _not_yours(work.tenant, sent.op_id)
    original = work.receipts[sent.op_id]
    return original if mark in (sent.fingerprint, _VOID) else replace(original, differs=True)


def earlier(conn: Connection, tenant: Tenant, actor: Actor, sent: Sent) -> Receipt | None:
    """The receipt of what came before under this op_id; `differs` if it was something else."""
    stored = queries.find(conn, tenant.id, actor.user_id, [sent.op_id]).get(sent.op_id)
    if stored is None:
        return None
    if stored.user_id != actor.user_id:
        return _not_yours(tenant, sent.op_id)
    same = stored.fingerprint == sent.fingerprint
    return stored.receipt if same else replace(stored.receipt, differs=True)


def settled_before(
    conn: Connection, tenant: Tenant, actor: Actor, op_ids: Sequence[str]
) -> dict[str, Receipt]:
    """What an action under any of these ids would be answered, without being decided."""
    found = queries.find(conn, tenant.id, actor.user_id, sorted(op_ids))
    return {
        op_id: stored.receipt if stored.user_id == actor.user_id else _not_yours(tenant, op_id)
        for op_id, stored in found.items()
    }


def keep(
    conn: Connection, tenant: Tenant, actor: Actor, sent: Sent, receipt: Receipt, now: int
) -> None:
    """Keeps what was answered to a request, as the receipt of its first action: in this
    transaction it may be there already, without the answer."""
    queries.put(conn, _row(tenant.id, actor.user_id, sent, receipt, now))


def _not_yours(tenant: Tenant, op_id: str) -> Receipt:
    return Receipt(op_id, Outcome.REJECTED, tenant.epoch, "E5010", differs=True)


def _decide_one(work: _Batch, sent: Sent, taken: Mapping[tuple[str, int], str]) -> Receipt:
    epoch = work.tenant.epoch
    action = sent.action
    if action is None:
        assert sent.refusal is not None
        refusal = sent.refusal
        if refusal.code == "E2012":
            work.waiting_tasks.add(sent.task_id)
            return Receipt(sent.op_id, Outcome.RETRY, epoch, refusal.code)
        return work.settle(
            sent, Receipt(sent.op_id, Outcome.REJECTED, epoch, refusal.code, refusal.info)
        )
    if sent.device_id and sent.device_seq and (sent.device_id, sent.device_seq) in taken:
        return _later(work, action, "E5009")
    if action.task_id in work.waiting_tasks:
        return _later(work, action, "E5013")
    for needed in action.depends_on:
        earlier = work.receipts.get(needed)
        if earlier is None:
            return _later(work, action, "E5013")
        if earlier.outcome in (Outcome.REJECTED, Outcome.BLOCKED):
            blocked = Receipt(sent.op_id, Outcome.BLOCKED, epoch, "E5008", blocked_by=earlier.op_id)
            return work.settle(sent, blocked)
    bench = work.benches[ROOM_OF[action.kind]]
    arrival = Arrival(work.now, sent.device_id, sent.device_seq, sent.replayed)
    decided = bench.act(work.actor, action, arrival)
    if isinstance(decided, Refusal):
        if decided.code in _UNKNOWN and _may_come(work, action):
            return _later(work, action, "E5018")
        rejected = Receipt(
            sent.op_id,
            Outcome.REJECTED,
            epoch,
            decided.code,
            decided.info,
            current=bench.current(work.actor, action.task_id),
            # An unknown argument is named too, however odd its name.
            field=None if decided.field is None else _short(decided.field),
        )
        return work.settle(sent, rejected)
    # A REST caller has no rows of its own: a repeat must answer what the first did.
    shown = bench.current(work.actor, action.task_id) if sent.device_id is None else None
    return work.settle(
        sent,
        Receipt(
            sent.op_id,
            Outcome.MERGED if decided.merged else Outcome.APPLIED,
            epoch,
            merged=decided.merged,
            task_version=decided.version,
            current=shown,
        ),
    )


def _may_come(work: _Batch, action: Action) -> bool:
    """After a restore, the device that made the task may not have offered it again yet."""
    foreign = action.base_epoch is not None and action.base_epoch != work.tenant.epoch
    return foreign and work.now < work.tenant.epoch_at + PATIENCE_MS


def _later(work: _Batch, action: Action, code: str) -> Receipt:
    """Not decided: this action and what follows on its task come again."""
    work.waiting_tasks.add(action.task_id)
    return Receipt(action.op_id, Outcome.RETRY, work.tenant.epoch, code)


def _write(conn: Connection, work: _Batch, answers: list[Receipt]) -> list[Receipt]:
    """Writes everything, and completes the new receipts with their feed positions."""
    positions: dict[Kind, Positions] = {}
    for room, bench in work.benches.items():
        positions |= dict.fromkeys(room.kinds, bench.write(conn))
    feed.save(conn, work.tenant, work.now)
    complete: dict[str, Receipt] = {}
    rows = []
    for sent, receipt in work.new:
        if sent.action is not None and receipt.task_version:
            heard = positions[sent.action.kind].get(sent.action.task_id, {})
            mine = [heard.get(work.actor.user_id, 0)]
            if work.actor.is_admin:
                mine.append(heard.get(ADMINS, 0))
            receipt = replace(receipt, seq=max(mine))
        complete[sent.op_id] = receipt
        rows.append(_row(work.tenant.id, work.actor.user_id, sent, receipt, work.now))
    queries.insert(conn, rows)
    # A repeat inside one batch was answered before its position was known.
    return [
        a
        if a.op_id not in complete or a.outcome not in FINAL
        else replace(complete[a.op_id], differs=True)
        if a.differs
        else complete[a.op_id]
        for a in answers
    ]


def _row(tenant_id: str, user_id: str, sent: Sent, receipt: Receipt, now: int) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "op_id": sent.op_id,
        "user_id": user_id,
        "device_id": sent.device_id,
        "device_seq": sent.device_seq,
        "fingerprint": sent.fingerprint,
        "outcome": receipt.outcome,
        "body": queries.as_json(receipt),
        "received_at": now,
    }


def void(
    conn: Connection, tenant: Tenant, actor: Actor, op_ids: Sequence[str], now: int
) -> list[Receipt]:
    """Gives actions up: rejected for ever, unless there is a receipt already."""
    stored = queries.find(conn, tenant.id, actor.user_id, op_ids)
    answers, rows = [], []
    for op_id in dict.fromkeys(op_ids):
        found = stored.get(op_id)
        if found is None:
            receipt = Receipt(op_id, Outcome.REJECTED, tenant.epoch, "E5019")
            sent = Sent(op_id, _VOID, None, None, None)
            rows.append(_row(tenant.id, actor.user_id, sent, receipt, now))
            answers.append(receipt)
        elif found.user_id == actor.user_id:
            answers.append(found.receipt)
        else:
            answers.append(_not_yours(tenant, op_id))
    queries.insert(conn, rows)
    return answers
