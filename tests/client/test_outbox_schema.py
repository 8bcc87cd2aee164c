"""An outbox that an earlier Tracker left behind is opened with all that is in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.support.client import action, comment, receipt
from tests.support.server import START
from tracker.cache.drafts import NOTE_DRAFT
from tracker.cache.entries import dump
from tracker.cache.outbox import Outbox
from tracker.domain.receipt import Outcome

FIRST = """
CREATE TABLE device (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL,
    seq INTEGER NOT NULL);
CREATE TABLE actions (
    op_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, device_seq INTEGER NOT NULL,
    kind TEXT NOT NULL, task_id TEXT NOT NULL, body TEXT NOT NULL, made_at INTEGER NOT NULL,
    first_attempt_at INTEGER, retries INTEGER NOT NULL DEFAULT 0, not_before INTEGER,
    UNIQUE (device_id, device_seq)) WITHOUT ROWID;
CREATE TABLE receipts (
    op_id TEXT PRIMARY KEY REFERENCES actions (op_id), outcome TEXT NOT NULL, code TEXT,
    epoch TEXT NOT NULL, task_version INTEGER NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
    received_at INTEGER NOT NULL, resolved_at INTEGER, resolution TEXT) WITHOUT ROWID;
CREATE INDEX receipts_by_seq ON receipts (epoch, seq);
CREATE INDEX receipts_open ON receipts (received_at)
    WHERE resolved_at IS NULL AND outcome IN ('rejected', 'blocked_by');
CREATE TABLE drafts (
    task_id TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (task_id, name)) WITHOUT ROWID;
CREATE INDEX actions_by_seq ON actions (device_seq);
PRAGMA user_version = 1;
"""
TASK = "0190a000-0000-7000-8000-000000000001"
DONE, REFUSED, SETTLED, SENT, UNSENT = (comment(TASK, str(n)) for n in range(5))
RECEIPTS = (
    receipt(DONE, seq=7, task_version=3),
    receipt(REFUSED, Outcome.REJECTED, code="E5005"),
    receipt(SETTLED, Outcome.BLOCKED, code="E5008", blocked_by=REFUSED.op_id),
)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Opened on a file of the first schema: numbers 1–5, number 6 was withdrawn."""
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as conn:
        conn.executescript(FIRST)
        conn.execute("INSERT INTO device VALUES (1, 'my device', 6)")
        for n, made in enumerate((DONE, REFUSED, SETTLED, SENT, UNSENT), 1):
            attempted = None if made is UNSENT else START
            retries, wait = (2, START + 5_000) if made is SENT else (0, None)
            conn.execute(
                "INSERT INTO actions VALUES (?, 'my device', ?, ?, ?, ?, ?, ?, ?, ?)",
                (made.op_id, n, made.kind, TASK, dump(made), START, attempted, retries, wait),
            )
        for given in RECEIPTS:
            settled = (START, "discarded") if given.op_id == SETTLED.op_id else (None, None)
            conn.execute(
                "INSERT INTO receipts VALUES (?, ?, ?, 'e1', ?, ?, ?, ?, ?, ?)",
                (given.op_id, given.outcome, given.code, given.task_version, given.seq,
                 json.dumps(asdict(given)), START, *settled),
            )  # fmt: skip
        conn.execute("INSERT INTO drafts VALUES (?, ?, 'Half typed', ?)", (TASK, NOTE_DRAFT, START))
        conn.commit()
    opened = Outbox(tmp_path)
    yield opened
    opened.close()


def test_what_waits_waits_with_its_bytes_its_order_and_its_backoff(outbox: Outbox) -> None:
    sent, unsent = outbox.waiting()
    assert (sent.action, unsent.action) == (SENT, UNSENT)
    assert [item.body for item in (sent, unsent)] == [dump(SENT), dump(UNSENT)]
    assert [(item.device_id, item.device_seq) for item in (sent, unsent)] == [
        ("my device", 4),
        ("my device", 5),
    ]
    assert (sent.unsent, sent.retries, sent.not_before) == (False, 2, START + 5_000)
    assert (unsent.unsent, unsent.retries, unsent.not_before) == (True, 0, None)
    assert not any(item.again or item.given_up for item in (sent, unsent))
    assert outbox.take_batch(START, 10, 10_000) == []
    batch = outbox.take_batch(START + 5_000, 10, 10_000)
    assert [item.action for item in batch] == [SENT, UNSENT]


def test_what_was_answered_stays_answered(outbox: Outbox) -> None:
    tally = outbox.tally()
    assert (tally.waiting, tally.tray, tally.parked) == (2, 1, 0)
    assert [outbox.receipt_of(given.op_id) for given in RECEIPTS] == [*RECEIPTS]
    assert outbox.delivered() == [(DONE, RECEIPTS[0])]
    assert [(entry.action, entry.receipt) for entry in outbox.tray()] == [(REFUSED, RECEIPTS[1])]
    assert outbox.overlay("e1", 6)[0] == (DONE, RECEIPTS[0])
    assert [made for made, _ in outbox.overlay("e1", 7)] == [SENT, UNSENT]


def test_numbers_go_on_and_drafts_are_there(outbox: Outbox) -> None:
    new = action(task_id=TASK)
    outbox.add([new])
    assert outbox.waiting()[-1].device_seq == 7
    assert outbox.draft(TASK, NOTE_DRAFT) == "Half typed"


def test_the_new_rules_hold_for_what_is_old(outbox: Outbox) -> None:
    assert outbox.mark() is None
    assert outbox.offer_again().tasks == {TASK}
    assert [item.action for item in outbox.waiting()] == [DONE, SENT, UNSENT]
    assert not hasattr(outbox.give_up(SENT.op_id, START), "code")
    assert outbox.given_up() == [SENT.op_id]
    outbox.prune(START + 1)
    assert outbox.receipt_of(SETTLED.op_id) is None
    assert outbox.receipt_of(REFUSED.op_id) is not None
    assert outbox.receipt_of(DONE.op_id) is not None
