"""The file of the outbox: opened by several processes, never deleted or rebuilt by any.

Everything is committed with synchronous=FULL. A damaged file is set aside, and what can be read of
it moves into a new one (salvage.py has the locks and the copying).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.cache import database, running, salvage
from tracker.cache.entries import load
from tracker.domain.ids import uuid7

MIGRATIONS = (
    """
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
CREATE INDEX actions_by_seq ON actions (device_seq)
""",
    # turn: 1 waits for its first receipt, 0 is offered again to a restored server and goes before
    # all others, NULL is settled. was_epoch and was_seq: the receipt before the restore.
    """
CREATE TABLE mark (only INTEGER PRIMARY KEY CHECK (only = 1), epoch TEXT NOT NULL,
    head INTEGER NOT NULL, text TEXT NOT NULL);
ALTER TABLE actions ADD COLUMN turn INTEGER DEFAULT 1;
ALTER TABLE actions ADD COLUMN void_at INTEGER;
ALTER TABLE receipts ADD COLUMN was_epoch TEXT;
ALTER TABLE receipts ADD COLUMN was_seq INTEGER;
UPDATE actions SET turn = NULL WHERE op_id IN (SELECT op_id FROM receipts);
DROP INDEX actions_by_seq;
CREATE INDEX actions_of_task ON actions (task_id) WHERE turn IS NOT NULL;
CREATE INDEX actions_waiting ON actions (turn, device_seq) WHERE turn IS NOT NULL;
CREATE INDEX actions_void ON actions (void_at) WHERE turn IS NOT NULL AND void_at IS NOT NULL;
CREATE INDEX receipts_by_time ON receipts (received_at)
""",
    running.SCHEMA,
)

_PRECIOUS = {
    "actions": "op_id",
    "receipts": "op_id",
    "drafts": "task_id, name",
    "mark": "only",
    "timer": "only",
    "stretch": "only",
}
"""What is saved from a damaged file: tables and their keys."""


def new_id() -> str:
    """A UUIDv7 of this moment."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


class PreciousFile:
    """One connection to outbox.db; a lock serves several threads of this process. `rescued` is the
    number of actions that were saved from a damaged file, if this opening found one."""

    def __init__(self, folder: Path, new_id: Callable[[], str] = new_id) -> None:
        self.path = folder / "outbox.db"
        self.rescued: int | None = None
        self._new_id = new_id
        self._border = database.Border(self.path, self._found_damaged)
        self._damage = folder / "outbox.damaged"
        if self._damage.exists():  # found in use: it could be opened, but not read
            self._rescue()
        self._shared = salvage.hold(self.path)
        try:
            try:
                self._conn = database.connect(self.path, MIGRATIONS, "FULL")
            except database.Damaged:
                self._shared.close()
                self._rescue()
                self._shared = salvage.hold(self.path)
                self._conn = database.connect(self.path, MIGRATIONS, "FULL")
        except BaseException:
            self._shared.close()
            raise
        with self._read():
            known = self._conn.execute("SELECT 1 FROM device").fetchone()
        if known is None:
            with self._write():
                self._conn.execute(
                    "INSERT OR IGNORE INTO device VALUES (1, ?, 0)", (self._new_id(),)
                )

    def close(self) -> None:
        self._conn.close()
        self._shared.close()

    def _rescue(self) -> None:
        """Sets the damaged file aside and moves what can be read of it into a new one, which has
        a device id of its own: the old one's numbers may have been used by what is lost."""
        with salvage.alone(self.path):
            self._damage.touch()  # until the end: one that is interrupted begins again
            with salvage.set_aside(self.path) as old:
                rows = salvage.readable(old, _PRECIOUS)
                conn = database.connect(self.path, MIGRATIONS, "FULL")
                try:
                    with database.translated(self.path), database.transaction(conn):
                        self.rescued = _put_back(conn, rows, self._new_id())
                finally:
                    conn.close()
            self._damage.unlink(missing_ok=True)

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self._read(), database.transaction(self._conn):
            yield

    def _read(self) -> database.Border:
        return self._border

    def _found_damaged(self, fault: database.Damaged) -> database.Damaged:
        self._damage.touch()  # the next start saves what can be read
        return fault


def _put_back(conn: sqlite3.Connection, rows: salvage.Rows, device_id: str) -> int:
    """Rows of a damaged file into an empty one; returns how many actions there are again. They
    keep their ids, their bytes and their order."""
    actions = {}
    whole = [row for row in rows["actions"] if isinstance(row["device_seq"], int)]
    for row in sorted(whole, key=lambda row: row["device_seq"]):
        try:
            load(row["body"])
        except (TypeError, ValueError, KeyError):
            continue  # half a row; the original is kept
        actions[row["op_id"]] = row
    receipts = [row for row in rows["receipts"] if row["op_id"] in actions]
    answered = {row["op_id"] for row in receipts}
    for number, row in enumerate(actions.values(), 1):
        turn = row.get("turn", 1)
        row |= {"device_id": device_id, "device_seq": number, "not_before": None}
        row["turn"] = turn if row["op_id"] in answered else 1
    conn.execute("INSERT INTO device VALUES (1, ?, ?)", (device_id, len(actions)))
    for name, found in (
        ("actions", list(actions.values())), ("receipts", receipts), ("drafts", rows["drafts"]),
        ("mark", rows["mark"]), ("timer", rows["timer"]), ("stretch", rows["stretch"]),
    ):  # fmt: skip
        for row in found:
            names = ", ".join(row)
            marks = ", ".join("?" * len(row))
            conn.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})", list(row.values()))
    return len(actions)
