"""What the server says of an action: the only thing that takes it out of the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    APPLIED = "applied"
    MERGED = "merged"
    REJECTED = "rejected"
    BLOCKED = "blocked_by"
    RETRY = "retry"


FINAL = frozenset({Outcome.APPLIED, Outcome.MERGED, Outcome.REJECTED, Outcome.BLOCKED})
EFFECTIVE = frozenset({Outcome.APPLIED, Outcome.MERGED})
PARKED_AFTER = 3
"""How often an action fails on a healthy server before it is tried once an hour only."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one action. `task_version` and `seq` say from which row and cursor on the
    effect is in pulled rows; they compare within `epoch` only. `current` is what the server has
    where an action was rejected and the person may still see it, `field` the argument that could
    not be used. RETRY is not final."""

    op_id: str
    outcome: Outcome
    epoch: str
    code: str | None = None
    info: str = ""
    blocked_by: str | None = None
    merged: tuple[str, ...] = ()
    task_version: int = 0
    seq: int = 0
    current: Mapping[str, Any] | None = None
    differs: bool = False
    field: str | None = None
