"""All SQL of push and pull that no other feature owns: the receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks, upsert
from server_stub.core.statements import Statement
from server_stub.sync.tables import receipts
from tracker.domain.ids import is_derived
from tracker.domain.receipt import Receipt

_RECEIPT = TypeAdapter(Receipt)
_INSERT = Statement(sa.insert(receipts))
_BY_OP = Statement(
    sa.select(receipts.c.op_id, receipts.c.user_id, receipts.c.fingerprint, receipts.c.body).where(
        receipts.c.tenant_id == sa.bindparam("tenant"),
        receipts.c.op_id.in_(sa.bindparam("ops", expanding=True)),
    )
)
_BY_DEVICE = Statement(
    sa.select(receipts.c.device_seq, receipts.c.op_id).where(
        receipts.c.tenant_id == sa.bindparam("tenant"),
        receipts.c.device_id == sa.bindparam("device"),
        receipts.c.device_seq.in_(sa.bindparam("seqs", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A receipt with what it takes to recognise a repeat."""

    user_id: str
    fingerprint: str
    receipt: Receipt


def find(
    conn: Connection, tenant_id: str, user_id: str, op_ids: Sequence[str]
) -> dict[str, Stored]:
    """What this person has to heed: their own, and anybody's under an id that nobody can work out
    beforehand. Under a derived id another person's is nothing to them: it may have been made to
    get in their way."""
    found = {}
    for some in chunks(op_ids):
        for op_id, owner, mark, body in _BY_OP.all(conn, {"tenant": tenant_id, "ops": some}):
            if owner == user_id or not is_derived(op_id):
                found[op_id] = Stored(owner, mark, _RECEIPT.validate_json(body))
    return found


def used_seqs(
    conn: Connection, tenant_id: str, pairs: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """(device, device_seq) → op_id for those that are taken already."""
    found = {}
    for device_id in {device for device, _ in pairs}:
        wanted = [seq for device, seq in pairs if device == device_id]
        values = {"tenant": tenant_id, "device": device_id, "seqs": wanted}
        for device_seq, op_id in _BY_DEVICE.all(conn, values):
            found[device_id, device_seq] = op_id
    return found


def insert(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        _INSERT.run_each(conn, rows)


def put(conn: Connection, row: dict[str, Any]) -> None:
    """Inserts a receipt, or takes the place of the person's own with its op_id."""
    upsert(conn, receipts, [row], ("tenant_id", "op_id", "user_id"))


def as_json(receipt: Receipt) -> str:
    return _RECEIPT.dump_json(receipt).decode()
