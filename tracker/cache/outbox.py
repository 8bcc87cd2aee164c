"""The outbox: actions that were done here, and what became of each. Precious.

Everything is committed with synchronous=FULL before a screen says "saved". An action is waiting
(no receipt), delivered (applied or merged) or in the tray (rejected or blocked, until the person
settles it); never none of these and never two. The file is never deleted or rebuilt.
"""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tracker.cache import database, salvage
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.ids import uuid7
from tracker.domain.page import Changes, Mark
from tracker.domain.receipt import EFFECTIVE, PARKED_AFTER, Outcome, Receipt

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
)

NOTE_DRAFT = "note"
"""The draft that a task's half-written note is kept under."""
_COLUMNS = (
    "op_id, device_id, device_seq, body, first_attempt_at, retries, turn, not_before, void_at"
)
_WAITING = f"SELECT {_COLUMNS} FROM actions WHERE turn IS NOT NULL"
_IN_ORDER = "ORDER BY turn, device_seq"
LONGEST_ASIDE = 3_600_000
"""Nothing steps aside for longer, in ms. What seems to was put aside by a clock that ran ahead."""
_PRECIOUS = {
    "actions": "op_id",
    "receipts": "op_id",
    "drafts": "task_id, name",
    "mark": "only",
}
"""What is saved from a damaged file: tables and their keys."""
_RETRIED = "retried as "
"""How a tray entry was settled whose action was done again; the new op_id comes after it."""
_FOLLOWS = "E5013"
"""The code of an action that comes again only because an earlier one does."""


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
class Tally:
    """`parked` are those of the waiting that are tried once an hour only, `behind` those that wait
    for one of them on the same task."""

    waiting: int
    tray: int
    parked: int = 0
    behind: int = 0


def new_id() -> str:
    """A UUIDv7 of this moment."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def dump(action: Action) -> str:
    """The stored and sent form. Key order is fixed, so equal actions have equal bytes."""
    return json.dumps(
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
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


@functools.lru_cache(2048)
def load(body: str) -> Action:
    """The action of a stored form. Screens replay the same few again and again."""
    found: dict[str, Any] = json.loads(body)
    return Action(
        **{**found, "kind": Kind(found["kind"]), "depends_on": tuple(found["depends_on"])}
    )


def _receipt(body: str) -> Receipt:
    found: dict[str, Any] = json.loads(body)
    return Receipt(
        **{**found, "outcome": Outcome(found["outcome"]), "merged": tuple(found["merged"])}
    )


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
        ("mark", rows["mark"]),
    ):  # fmt: skip
        for row in found:
            names = ", ".join(row)
            marks = ", ".join("?" * len(row))
            conn.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})", list(row.values()))
    return len(actions)


class Outbox:
    """One connection to outbox.db; a lock serves several threads of this process. `rescued` is the
    number of actions that were saved from a damaged file, if this opening found one."""

    def __init__(self, folder: Path, new_id: Callable[[], str] = new_id) -> None:
        self.path = folder / "outbox.db"
        self.rescued: int | None = None
        self._new_id = new_id
        self._lock = threading.RLock()
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
        self._seen_version = self._last_seq = 0
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

    # -- doing -----------------------------------------------------------------------------

    def add(
        self,
        actions: Sequence[Action],
        sends_draft: tuple[str, str] | None = None,
        settles: tuple[str, str, int] | None = None,
    ) -> Changes:
        """Commits actions in order. The draft (task id, name) they send and the tray entry they
        settle (op_id, how, now) go in the same transaction. E3001 on a full disk, and then
        nothing was saved."""
        with self._write():
            self._append(actions)
            if sends_draft:
                self._conn.execute("DELETE FROM drafts WHERE task_id = ? AND name = ?", sends_draft)
            if settles:
                self._resolve(*settles)
        return Changes(frozenset(a.task_id for a in actions))

    def retry(self, op_id: str, action: Action, now: int) -> Changes:
        """Does a refused action again as `action`, and with it, in order, what was blocked by it.
        What is blocked by it later is done again when that is heard (`record`)."""
        with self._write():
            self._append([action])
            self._resolve(op_id, f"{_RETRIED}{action.op_id}", now)
            for entry in self._tray():
                self._follow(entry.action, entry.receipt, now)
        return Changes(frozenset({action.task_id}))

    def withdraw(self, op_id: str, now: int) -> Changes | Refusal:
        """Takes back an unsent action with its unsent dependents; what was written in them is a
        draft again. E5016 once it was sent."""
        with self._write():
            doomed = {op_id}
            waiting = self._waiting("AND first_attempt_at IS NULL")
            for item in waiting:
                if doomed & set(item.action.depends_on):
                    doomed.add(item.action.op_id)
            gone = [item for item in waiting if item.action.op_id in doomed]
            if not any(item.action.op_id == op_id for item in gone):
                return Refusal("E5016")
            for item in gone:
                self._give_back(item.action, now)
            self._conn.executemany(
                "DELETE FROM actions WHERE op_id = ? AND first_attempt_at IS NULL",
                [(item.action.op_id,) for item in gone],
            )
        return Changes(frozenset(item.action.task_id for item in gone))

    def give_up(self, op_id: str, now: int) -> Changes | Refusal:
        """Asks the server never to do it; the words come back as a draft when it agrees, and if it
        was done already, it was. E5016 when there is nothing to give up any more."""
        with self._write():
            row = self._conn.execute(
                "UPDATE actions SET void_at = ? WHERE op_id = ? AND turn = 1 RETURNING task_id",
                (now, op_id),
            ).fetchone()
        return Changes(frozenset(row)) if row else Refusal("E5016")

    def resolve(self, op_id: str, resolution: str, now: int) -> Changes:
        """Records what the person did with a tray entry; it leaves the tray, not the file."""
        with self._write():
            self._resolve(op_id, resolution, now)
            row = self._conn.execute(
                "SELECT task_id FROM actions WHERE op_id = ?", (op_id,)
            ).fetchone()
        return Changes(frozenset({row[0]} if row else ()))

    # -- sending ---------------------------------------------------------------------------

    def take_batch(self, now: int, most: int, most_bytes: int) -> list[Waiting]:
        """The next actions to send, marked as attempted in the same transaction.

        What is offered again goes first, then in device order. An action waits while anything it
        depends on has no receipt or while it backs off, and then everything later on its task
        waits too.
        """
        with self._write():
            batch: list[Waiting] = []
            held: set[str] = set()
            size = 0
            for row in self._conn.execute(f"{_WAITING} {_IN_ORDER}"):
                item = _waiting_row(row)
                action = item.action
                if (
                    action.task_id in held
                    or item.given_up
                    or now < (item.not_before or 0) <= now + LONGEST_ASIDE
                    or self._is_pending(action.depends_on)
                ):
                    held.add(action.task_id)
                    continue
                size += len(item.body.encode()) + 100
                if batch and (len(batch) == most or size > most_bytes):
                    break
                batch.append(item)
            self._conn.executemany(
                "UPDATE actions SET first_attempt_at = ?"
                " WHERE op_id = ? AND first_attempt_at IS NULL",
                [(now, item.action.op_id) for item in batch if item.unsent],
            )
        return batch

    def given_up(self) -> list[str]:
        """Actions that a person gave up and whose void has no receipt yet; 100 at most."""
        with self._read():
            rows = self._conn.execute(
                "SELECT op_id FROM actions WHERE turn IS NOT NULL AND void_at IS NOT NULL LIMIT 100"
            ).fetchall()
        return [row[0] for row in rows]

    def record(
        self,
        receipts: Iterable[Receipt],
        now: int,
        retry_at: Callable[[int], int],
        mark: Mark | None = None,
    ) -> Changes:
        """Stores final receipts, and the mark that came with them; a RETRY makes its action step
        aside until `retry_at(retries)`.

        Only actions that are here get one, and only the first counts: receipts are final.
        """
        touched: set[str] = set()
        waiting_tasks: set[str] = set()
        with self._write():
            for receipt in receipts:
                row = self._conn.execute(f"{_WAITING} AND op_id = ?", (receipt.op_id,)).fetchone()
                if row is None:
                    continue
                item = _waiting_row(row)
                action = item.action
                touched.add(action.task_id)
                if receipt.outcome is not Outcome.RETRY:
                    self._settle(item, receipt, now)
                elif not (
                    receipt.code == _FOLLOWS
                    and (action.task_id in waiting_tasks or self._is_pending(action.depends_on))
                ):
                    waiting_tasks.add(action.task_id)
                    self._conn.execute(
                        "UPDATE actions SET retries = retries + 1, not_before = ? WHERE op_id = ?",
                        (retry_at(item.retries), action.op_id),
                    )
            if mark is not None:
                self._keep_mark(mark)
        return Changes(frozenset(touched))

    def step_aside(self, op_id: str, until: int) -> None:
        """Lets others go before an action that may be what a batch failed at."""
        with self._write():
            self._conn.execute("UPDATE actions SET not_before = ? WHERE op_id = ?", (until, op_id))

    def try_now(self, op_id: str) -> None:
        """Ends the waiting of one that backs off or is parked: the next batch takes it."""
        with self._write():
            self._conn.execute("UPDATE actions SET not_before = NULL WHERE op_id = ?", (op_id,))

    def count_failures(self, op_ids: Sequence[str], retry_at: Callable[[int], int]) -> Changes:
        """The server is healthy, so it is these actions that it fails at. After the third time
        they are parked: `retry_at` says when they come again."""
        touched = set()
        with self._write():
            for op_id in op_ids:
                row = self._conn.execute(f"{_WAITING} AND op_id = ?", (op_id,)).fetchone()
                if row is not None:
                    item = _waiting_row(row)
                    touched.add(item.action.task_id)
                    self._conn.execute(
                        "UPDATE actions SET retries = retries + 1, not_before = ? WHERE op_id = ?",
                        (retry_at(item.retries), op_id),
                    )
        return Changes(frozenset(touched))

    def take_new_device(self) -> None:
        """This profile was copied: every action without a receipt gets a new device id, keeping
        its op_id and its order."""
        with self._write():
            self._renumber()

    # -- restored servers ------------------------------------------------------------------

    def mark(self) -> str | None:
        """The greatest mark the server gave."""
        with self._read():
            row = self._conn.execute("SELECT text FROM mark").fetchone()
        return row[0] if row else None

    def keep_mark(self, mark: Mark) -> None:
        with self._write():
            self._keep_mark(mark)

    def offer_again(self) -> Changes:
        """The server was restored from a backup: everything that took effect there is sent again,
        before what waits. The mark of the time before means nothing any more."""
        with self._write():
            self._conn.execute("DELETE FROM mark")
            self._conn.execute("UPDATE actions SET not_before = NULL WHERE turn IS NOT NULL")
            rows = self._conn.execute(
                "UPDATE actions SET turn = 0, retries = 0, not_before = NULL WHERE turn IS NULL"
                " AND op_id IN (SELECT op_id FROM receipts WHERE outcome IN ('applied', 'merged'))"
                " RETURNING task_id"
            ).fetchall()
        return Changes(frozenset(row[0] for row in rows))

    def prune(self, before: int) -> None:
        """Forgets what was settled before that moment; what is in the tray stays."""
        settled = (
            "SELECT r.op_id FROM receipts r JOIN actions a USING (op_id) WHERE a.turn IS NULL"
            " AND r.received_at < ? AND (r.outcome IN ('applied', 'merged')"
            " OR r.resolved_at < ?)"
        )
        with self._read():
            old = self._conn.execute(settled, (before, before)).fetchall()
        if old:
            with self._write():
                self._conn.executemany("DELETE FROM receipts WHERE op_id = ?", old)
                self._conn.executemany("DELETE FROM actions WHERE op_id = ?", old)

    # -- asking ----------------------------------------------------------------------------

    def waiting(self, task_id: str | None = None) -> list[Waiting]:
        """What has no receipt yet, of all tasks or of one, in the order it goes out."""
        with self._read():
            if task_id is None:
                return self._waiting("")
            return self._waiting("AND task_id = ?", task_id)

    def overlay(
        self, epoch: str | None, seq: int, tasks: Sequence[str] | None = None
    ) -> list[tuple[Action, Receipt | None]]:
        """Own actions (all, or those on `tasks`) that pulled rows up to `seq` of `epoch` cannot
        contain yet, in order. The receipt is None while the action waits.

        Rows of an epoch that is over lack what was decided in the new one, except what is only
        offered again: that they had before.
        """
        of, named = _of(tasks)
        with self._read():
            rows = self._conn.execute(
                "SELECT a.body, iif(a.turn IS NULL, r.body, NULL) FROM actions a"
                " LEFT JOIN receipts r USING (op_id) WHERE a.op_id IN ("
                f" SELECT op_id FROM actions WHERE turn IS NOT NULL AND +turn = 1 {of}"
                " UNION ALL SELECT op_id FROM receipts WHERE epoch = :epoch AND seq > :seq"
                "  AND outcome IN ('applied', 'merged')"
                " UNION ALL SELECT op_id FROM actions JOIN receipts USING (op_id)"
                "  WHERE turn = 0 AND epoch IS NOT :epoch"
                " UNION ALL SELECT op_id FROM mark CROSS JOIN receipts USING (epoch)"
                "  WHERE mark.epoch IS NOT :epoch AND outcome IN ('applied', 'merged')"
                "  AND (was_epoch IS NOT :epoch OR was_seq > :seq))"
                f" {of} ORDER BY a.device_seq",
                {"epoch": epoch, "seq": seq, **named},
            ).fetchall()
        return [(load(body), _receipt(given) if given else None) for body, given in rows]

    def on_the_way(self, epoch: str | None, tasks: Sequence[str] | None = None) -> set[str]:
        """Those (of `tasks`) with actions whose effect may or may not be in rows of that epoch:
        they were sent and not answered, or answered in the epoch after it."""
        of, named = _of(tasks)
        with self._read():
            rows = self._conn.execute(
                "SELECT task_id FROM actions"
                f" WHERE turn IS NOT NULL AND first_attempt_at IS NOT NULL {of}"
                " UNION SELECT a.task_id FROM mark CROSS JOIN receipts r USING (epoch)"
                " JOIN actions a USING (op_id) WHERE mark.epoch IS NOT :epoch",
                {"epoch": epoch, **named},
            ).fetchall()
        return {row[0] for row in rows}

    def tray(self) -> list[TrayEntry]:
        with self._read():
            return self._tray()

    def receipt_of(self, op_id: str) -> Receipt | None:
        with self._read():
            row = self._conn.execute(
                "SELECT body FROM receipts WHERE op_id = ?", (op_id,)
            ).fetchone()
        return _receipt(row[0]) if row else None

    def delivered(self, most: int = 50) -> list[tuple[Action, Receipt]]:
        """The latest actions that took effect, newest first."""
        with self._read():
            rows = self._conn.execute(
                "SELECT a.body, r.body FROM receipts r JOIN actions a USING (op_id)"
                " WHERE r.outcome IN ('applied', 'merged') ORDER BY r.received_at DESC LIMIT ?",
                (most,),
            ).fetchall()
        return [(load(body), _receipt(given)) for body, given in rows]

    def tally(self) -> Tally:
        with self._read():
            waiting, parked = self._conn.execute(
                "SELECT count(*), coalesce(sum(retries >= ?), 0) FROM actions"
                " WHERE turn IS NOT NULL", (PARKED_AFTER,)
            ).fetchone()  # fmt: skip
            tray = self._conn.execute(
                "SELECT count(*) FROM receipts"
                " WHERE resolved_at IS NULL AND outcome IN ('rejected', 'blocked_by')"
            ).fetchone()[0]
            behind = 0
            if parked:
                on_tasks = self._conn.execute(
                    "SELECT count(*) FROM actions WHERE turn IS NOT NULL AND task_id IN (SELECT"
                    " task_id FROM actions WHERE turn IS NOT NULL AND retries >= ?)",
                    (PARKED_AFTER,),
                ).fetchone()[0]
                behind = on_tasks - parked
        return Tally(waiting, tray, parked, behind)

    def last_seq(self) -> int:
        """The number of the newest action. Most calls cost one read of the WAL index."""
        with self._read():
            version = self._conn.execute("PRAGMA data_version").fetchone()[0]
            if version != self._seen_version:
                self._seen_version = version
                self._last_seq = self._conn.execute("SELECT seq FROM device").fetchone()[0]
            return self._last_seq

    # -- drafts ----------------------------------------------------------------------------

    def save_draft(
        self, task_id: str, name: str, text: str, now: int, known: str | None = None
    ) -> str:
        """Keeps half-typed text; an empty one is forgotten. `known` is the draft it was typed over:
        words of an action that were given back meanwhile stay in front. Returns what is kept."""
        with self._write():
            stored = self._draft(task_id, name)
            if known is not None and stored != known and stored.endswith(known):
                given_back = stored.removesuffix(known).rstrip("\n")
                text = "\n".join(filter(None, (given_back, text)))
            if text != stored:
                self._save_draft(task_id, name, text, now)
        return text

    def draft(self, task_id: str, name: str) -> str:
        with self._read():
            return self._draft(task_id, name)

    # -- inside ----------------------------------------------------------------------------

    def _append(self, actions: Sequence[Action]) -> None:
        device_id, seq = self._conn.execute("SELECT id, seq FROM device").fetchone()
        rows = [
            (a.op_id, device_id, seq + n, a.kind, a.task_id, dump(a), a.made_at)
            for n, a in enumerate(actions, 1)
        ]
        self._conn.execute("UPDATE device SET seq = ?", (seq + len(rows),))
        self._conn.executemany(
            "INSERT INTO actions (op_id, device_id, device_seq, kind, task_id, body, made_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _tray(self) -> list[TrayEntry]:
        rows = self._conn.execute(
            "SELECT a.body, r.body, r.received_at FROM receipts r JOIN actions a USING (op_id)"
            " WHERE r.resolved_at IS NULL AND r.outcome IN ('rejected', 'blocked_by')"
            " ORDER BY a.device_seq"
        ).fetchall()
        return [TrayEntry(load(body), _receipt(given), at) for body, given, at in rows]

    def _follow(self, action: Action, receipt: Receipt, now: int) -> None:
        """Does an action again whose obstacle was done again, on the new one."""
        row = self._conn.execute(
            "SELECT resolution FROM receipts WHERE op_id = ?", (receipt.blocked_by,)
        ).fetchone()
        if row is None or not str(row[0]).startswith(_RETRIED):
            return
        parent = row[0].removeprefix(_RETRIED)
        needs = tuple(parent if op == receipt.blocked_by else op for op in action.depends_on)
        again = replace(action, op_id=self._new_id(), depends_on=needs)
        self._append([again])
        self._resolve(action.op_id, f"{_RETRIED}{again.op_id}", now)

    def _give_back(self, action: Action, now: int) -> None:
        """A person's words outlive the action that carried them."""
        said = str(action.args.get("text") or action.args.get("note") or "")
        half_typed = self._draft(action.task_id, NOTE_DRAFT)
        text = "\n".join(filter(None, (said, half_typed)))
        self._save_draft(action.task_id, NOTE_DRAFT, text, now)

    def _draft(self, task_id: str, name: str) -> str:
        row = self._conn.execute(
            "SELECT text FROM drafts WHERE task_id = ? AND name = ?", (task_id, name)
        ).fetchone()
        return row[0] if row else ""

    def _save_draft(self, task_id: str, name: str, text: str, now: int) -> None:
        if text:
            self._conn.execute(
                "INSERT INTO drafts VALUES (?, ?, ?, ?) ON CONFLICT (task_id, name)"
                " DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
                (task_id, name, text, now),
            )
        else:
            self._conn.execute("DELETE FROM drafts WHERE task_id = ? AND name = ?", (task_id, name))

    def _resolve(self, op_id: str, resolution: str, now: int) -> None:
        self._conn.execute(
            "UPDATE receipts SET resolved_at = ?, resolution = ?"
            " WHERE op_id = ? AND resolved_at IS NULL",
            (now, resolution, op_id),
        )

    def _waiting(self, condition: str, *values: str) -> list[Waiting]:
        query = f"{_WAITING} {condition} {_IN_ORDER}"
        return [_waiting_row(row) for row in self._conn.execute(query, values)]

    def _is_pending(self, op_ids: Sequence[str]) -> bool:
        return any(
            self._conn.execute(
                "SELECT 1 FROM actions WHERE op_id = ? AND turn IS NOT NULL", (op_id,)
            ).fetchone()
            for op_id in op_ids
        )

    def _settle(self, item: Waiting, receipt: Receipt, now: int) -> None:
        """The receipt ends the waiting. One of an action that was offered again takes the place
        of the one from before."""
        op_id = item.action.op_id
        was = self._conn.execute(
            "SELECT epoch, seq FROM receipts WHERE op_id = ?", (op_id,)
        ).fetchone()
        self._conn.execute(
            "INSERT OR REPLACE INTO receipts (op_id, outcome, code, epoch, task_version, seq, body,"
            " received_at, was_epoch, was_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                op_id, receipt.outcome, receipt.code, receipt.epoch, receipt.task_version,
                receipt.seq, _dump_receipt(receipt), now, *(was or (None, None)),
            ),
        )  # fmt: skip
        self._conn.execute(
            "UPDATE actions SET turn = NULL, not_before = NULL WHERE op_id = ?", (op_id,)
        )
        if receipt.blocked_by is not None:
            self._follow(item.action, receipt, now)
        if item.given_up and receipt.outcome not in EFFECTIVE:
            self._give_back(item.action, now)
            self._resolve(op_id, "given up", now)

    def _renumber(self) -> None:
        device_id = self._new_id()
        waiting = self._waiting("")
        seq = self._conn.execute("SELECT seq FROM device").fetchone()[0]
        # The numbers go on: they also order what is delivered but not pulled yet.
        self._conn.execute("UPDATE device SET id = ?, seq = ?", (device_id, seq + len(waiting)))
        self._conn.executemany(
            "UPDATE actions SET device_id = ?, device_seq = ?, not_before = NULL WHERE op_id = ?",
            [(device_id, seq + n, item.action.op_id) for n, item in enumerate(waiting, 1)],
        )

    def _keep_mark(self, mark: Mark) -> None:
        self._conn.execute(
            "INSERT INTO mark VALUES (1, ?, ?, ?) ON CONFLICT (only) DO UPDATE"
            " SET epoch = excluded.epoch, head = excluded.head, text = excluded.text"
            " WHERE epoch <> excluded.epoch OR head <= excluded.head",
            (mark.epoch, mark.head, mark.text),
        )

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self._read(), database.transaction(self._conn):
            yield

    @contextmanager
    def _read(self) -> Iterator[None]:
        try:
            with self._lock, database.translated(self.path):
                yield
        except database.Damaged:
            self._damage.touch()  # the next start saves what can be read
            raise


def _of(tasks: Sequence[str] | None) -> tuple[str, dict[str, str]]:
    """A condition that limits actions to those tasks, and its values."""
    if tasks is None:
        return "", {}
    named = {f"task{n}": task_id for n, task_id in enumerate(tasks)}
    return f"AND task_id IN ({','.join(f':{name}' for name in named)})", named


def _waiting_row(row: Sequence[Any]) -> Waiting:
    _, device_id, device_seq, body, first_attempt_at, retries, turn, not_before, void_at = row
    return Waiting(
        load(body), device_id, device_seq, body, first_attempt_at, retries,
        turn == 0, not_before, void_at is not None,
    )  # fmt: skip


def _dump_receipt(receipt: Receipt) -> str:
    names = Receipt.__slots__
    return json.dumps({name: getattr(receipt, name) for name in names}, ensure_ascii=False)
