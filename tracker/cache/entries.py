"""What the outbox holds, as its readers see it and as it is stored."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker.domain.change import Action, Kind
from tracker.domain.receipt import PARKED_AFTER, Outcome, Receipt

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_readable = json.JSONEncoder(ensure_ascii=False).encode

COLUMNS = "op_id, device_id, device_seq, body, first_attempt_at, retries, turn, not_before, void_at"
"""Of the table `actions`: what `waiting_of` reads, in its order."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An action that waits for a receipt. `body` is the JSON that is sent, without what belongs to
    the sending; once `first_attempt_at` is set it never changes. `again` says that it was delivered
    before the server was restored from a backup."""

    action: Action
    device_id: str
    device_seq: int
    body: str
    first_attempt_at: int | None
    retries: int
    again: bool = False
    not_before: int | None = None
    given_up: bool = False

    @property
    def unsent(self) -> bool:
        return self.first_attempt_at is None

    @property
    def parked(self) -> bool:
        return self.retries >= PARKED_AFTER

    def message(self) -> str:
        """The action as it goes over the wire."""
        again = '"replayed":true,' if self.again else ""
        return (
            f'{{"device_id":"{self.device_id}","device_seq":{self.device_seq},'
            f"{again}{self.body[1:]}"
        )


@dataclass(frozen=True, slots=True)
class TrayEntry:
    """An action the server refused: what was done, and the receipt that says why."""

    action: Action
    receipt: Receipt
    received_at: int


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an action so far: `receipt` is None while it waits."""

    unsent: bool
    parked: bool
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Tally:
    """`parked` are those of the waiting that are tried once an hour only, `behind` those that wait
    for one of them on the same task. `reports` are those of the waiting that no person did: what
    the device saw of its user."""

    waiting: int
    tray: int
    parked: int = 0
    behind: int = 0
    reports: int = 0


def dump(action: Action) -> str:
    """The stored and sent form. Key order is fixed, so equal actions have equal bytes."""
    return _compact(
        {
            "op_id": action.op_id,
            "schema": action.schema,
            "kind": action.kind,
            "task_id": action.task_id,
            "args": dict(action.args),
            "base_version": action.base_version,
            "base_epoch": action.base_epoch,
            "seen": dict(action.seen),
            "made_at": action.made_at,
            "clock_offset": action.clock_offset,
            "depends_on": list(action.depends_on),
        }
    )


@functools.lru_cache(2048)
def load(body: str) -> Action:
    """The action of a stored form. Screens replay the same few again and again."""
    found: dict[str, Any] = json.loads(body)
    return Action(
        **{**found, "kind": Kind(found["kind"]), "depends_on": tuple(found["depends_on"])}
    )


@functools.lru_cache(2048)
def load_receipt(body: str) -> Receipt:
    found: dict[str, Any] = json.loads(body)
    return Receipt(
        **{**found, "outcome": Outcome(found["outcome"]), "merged": tuple(found["merged"])}
    )


def dump_receipt(receipt: Receipt) -> str:
    return _readable({name: getattr(receipt, name) for name in Receipt.__slots__})


def waiting_of(row: Sequence[Any]) -> Waiting:
    _, device_id, device_seq, body, first_attempt_at, retries, turn, not_before, void_at = row
    return Waiting(
        load(body), device_id, device_seq, body, first_attempt_at, retries,
        turn == 0, not_before, void_at is not None,
    )  # fmt: skip
