"""All SQL of push and pull that no other feature owns: the receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from server_stub.core.database import chunks
from server_stub.sync.tables import receipts
from tracker.domain.receipt import Receipt

_RECEIPT = TypeAdapter(Receipt)


@dataclass(frozen=True, slots=True)
class Stored:
    """A receipt with what it takes to recognise a repeat."""

    user_id: str
    fingerprint: str
    receipt: Receipt


def find(conn: Connection, tenant_id: str, op_ids: Sequence[str]) -> dict[str, Stored]:
    found = {}
    for some in chunks(op_ids):
        query = sa.select(receipts).where(
            receipts.c.tenant_id == tenant_id, receipts.c.op_id.in_(some)
        )
        for row in conn.execute(query):
            found[row.op_id] = Stored(
                row.user_id, row.fingerprint, _RECEIPT.validate_json(row.body)
            )
    return found


def used_seqs(
    conn: Connection, tenant_id: str, pairs: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """(device, device_seq) → op_id for those that are taken already."""
    found = {}
    for device_id in {device for device, _ in pairs}:
        wanted = [seq for device, seq in pairs if device == device_id]
        query = sa.select(receipts.c.device_seq, receipts.c.op_id).where(
            receipts.c.tenant_id == tenant_id,
            receipts.c.device_id == device_id,
            receipts.c.device_seq.in_(wanted),
        )
        for row in conn.execute(query):
            found[device_id, row.device_seq] = row.op_id
    return found


def insert(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        conn.execute(sa.insert(receipts), rows)


def as_json(receipt: Receipt) -> str:
    return _RECEIPT.dump_json(receipt).decode()
