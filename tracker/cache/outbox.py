"""The outbox: actions that were done here, and what became of each. Precious.

Everything is committed with synchronous=FULL before a screen says "saved". An action is waiting
(no receipt), delivered (applied or merged) or in the tray (rejected or blocked, until the person
settles it); never none of these and never two. The file is never deleted or rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker.cache import drafts, running
from tracker.cache.entries import (
    COLUMNS,
    Fate,
    Tally,
    TrayEntry,
    Waiting,
    dump,
    dump_receipt,
    load,
    load_receipt,
    waiting_of,
)
from tracker.cache.precious import PreciousFile, new_id
from tracker.domain.change import OF_NOTIFICATIONS, TASK_KINDS, Action, Kind
from tracker.domain.errors import Refusal
from tracker.domain.page import Changes, Mark
from tracker.domain.receipt import EFFECTIVE, PARKED_AFTER, Outcome, Receipt
from tracker.domain.stretch import Stretch
from tracker.domain.timer import Timer

_WAITING = f"SELECT {COLUMNS} FROM actions WHERE turn IS NOT NULL"
_IN_ORDER = "ORDER BY turn, device_seq"
LONGEST_ASIDE = 3_600_000
"""Nothing steps aside for longer, in ms. What seems to was put aside by a clock that ran ahead."""
_AT_ONCE = 500
"""So many ids are asked for with one statement."""
_RETRIED = "retried as "
"""How a tray entry was settled whose action was done again; the new op_id comes after it."""
_FOLLOWS = "E5013"
"""The code of an action that comes again only because an earlier one does."""


class Outbox(PreciousFile):
    """What happens to actions, from the moment a person acts until it is settled and old."""

    def __init__(self, folder: Path, new_id: Callable[[], str] = new_id) -> None:
        super().__init__(folder, new_id)
        self._seen_version = self._last_seq = 0

    # -- doing -----------------------------------------------------------------------------

    def add(
        self,
        actions: Sequence[Action],
        sends_draft: tuple[str, str] | None = None,
        settles: tuple[str, str, int] | None = None,
        stops_timer: bool = False,
    ) -> Changes:
        """Commits actions in order. The draft (task id, name) they send, the tray entry they
        settle (op_id, how, now) and the timer whose minutes they log go in the same transaction.
        E3001 on a full disk, and then nothing was saved."""
        with self._write():
            self._append(actions)
            if stops_timer:
                running.keep_timer(self._conn, None)
            if sends_draft:
                drafts.forget(self._conn, *sends_draft)
            if settles:
                self._resolve(*settles)
        return _changes((a.kind, a.task_id) for a in actions)

    def add_once(self, actions: Sequence[Action]) -> list[Action]:
        """Commits those whose ids are not here yet, and returns them: ids that follow from what is
        imported may come twice."""
        with self._write():
            known = self._among([action.op_id for action in actions])
            new = [action for action in actions if action.op_id not in known]
            if new:
                self._append(new)
        return new

    def retry(self, op_id: str, action: Action, now: int) -> Changes:
        """Does a refused action again as `action`, and with it, in order, what was blocked by it.
        What is blocked by it later is done again when that is heard (`record`)."""
        with self._write():
            self._append([action])
            self._resolve(op_id, f"{_RETRIED}{action.op_id}", now)
            for entry in self._tray():
                self._follow(entry.action, entry.receipt, now)
        return _changes([(action.kind, action.task_id)])

    def edit(self, op_id: str, changes: Mapping[str, Any]) -> Changes | Refusal:
        """Puts other values into the args of an unsent action. It keeps its place, its op_id and
        so what depends on it: no server has seen that id with other content. E5016 once it was
        sent."""
        with self._write():
            found = self._waiting("AND op_id = ? AND first_attempt_at IS NULL", op_id)
            if not found:
                return Refusal("E5016")
            action = found[0].action
            edited = replace(action, args={**action.args, **changes})
            self._conn.execute(
                "UPDATE actions SET body = ? WHERE op_id = ? AND first_attempt_at IS NULL",
                (dump(edited), op_id),
            )
        return _changes([(action.kind, action.task_id)])

    def withdraw(self, op_id: str, now: int) -> Changes | Refusal:
        """Takes back an unsent action with its unsent dependents; what was written in them is a
        draft again. E5016 once it was sent."""
        taken = self.take_back([op_id], [], now)
        return Refusal("E5016") if taken is None else taken

    def take_back(
        self,
        op_ids: Sequence[str],
        instead: Sequence[Action],
        now: int,
        *,
        words_back: bool = True,
    ) -> Changes | None:
        """Takes back unsent actions with their unsent dependents, and does others in their place,
        in one transaction. None if one of them was sent: then nothing was done. Without
        `words_back` only what was written in dependents is a draft again."""
        with self._write():
            gone = self._unsent_of(op_ids) if op_ids else []
            if not {action.op_id for action in gone}.issuperset(op_ids):
                return None
            self._take_out(gone, now, silent=() if words_back else frozenset(op_ids))
            if instead:
                self._append(instead)
        return _changes((action.kind, action.task_id) for action in (*gone, *instead))

    def withdraw_all(self, op_ids: Iterable[str], now: int) -> list[Action]:
        """Takes back those of the actions that are unsent, with their unsent dependents; what was
        written in them is a draft again. Returns all that went."""
        with self._write():
            gone = self._unsent_of(op_ids)
            self._take_out(gone, now)
        return gone

    def give_up(self, op_id: str, now: int) -> Changes | Refusal:
        """Asks the server never to do it; the words come back as a draft when it agrees, and if it
        was done already, it was. E5016 when there is nothing to give up any more."""
        with self._write():
            row = self._conn.execute(
                "UPDATE actions SET void_at = ? WHERE op_id = ? AND turn = 1"
                " RETURNING kind, task_id",
                (now, op_id),
            ).fetchone()
        return _changes([row]) if row else Refusal("E5016")

    def resolve(self, op_id: str, resolution: str, now: int) -> Changes:
        """Records what the person did with a tray entry; it leaves the tray, not the file."""
        with self._write():
            self._resolve(op_id, resolution, now)
            rows = self._conn.execute(
                "SELECT kind, task_id FROM actions WHERE op_id = ?", (op_id,)
            ).fetchall()
        return _changes(rows)

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
                item = waiting_of(row)
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

    def refused(self, op_ids: Iterable[str]) -> list[str]:
        """Those of them that were refused here, or blocked. One whose id was used for other
        content (E5010) is left out: that other one may be what took effect."""
        with self._read():
            return [
                op_id
                for op_id in op_ids
                if self._conn.execute(
                    "SELECT 1 FROM actions JOIN receipts USING (op_id) WHERE op_id = ?"
                    " AND turn IS NULL AND outcome IN ('rejected', 'blocked_by')"
                    " AND code IS NOT 'E5010'",
                    (op_id,),
                ).fetchone()
            ]

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
        touched: set[tuple[str, str]] = set()
        waiting_tasks: set[str] = set()
        with self._write():
            for receipt in receipts:
                row = self._conn.execute(f"{_WAITING} AND op_id = ?", (receipt.op_id,)).fetchone()
                if row is None:
                    continue
                item = waiting_of(row)
                action = item.action
                touched.add((action.kind, action.task_id))
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
        return _changes(touched)

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
                    item = waiting_of(row)
                    touched.add((item.action.kind, item.action.task_id))
                    self._conn.execute(
                        "UPDATE actions SET retries = retries + 1, not_before = ? WHERE op_id = ?",
                        (retry_at(item.retries), op_id),
                    )
        return _changes(touched)

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
                " RETURNING kind, task_id"
            ).fetchall()
        return _changes(rows)

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
        self,
        epoch: str | None,
        seq: int,
        tasks: Sequence[str] | None = None,
        kinds: Collection[Kind] = frozenset(Kind),
    ) -> list[tuple[Action, Receipt | None]]:
        """Own actions (all, or those on `tasks`, of these kinds) that pulled rows up to `seq` of
        `epoch` cannot contain yet, in order. The receipt is None while the action waits.

        Rows of an epoch that is over lack what was decided in the new one, except what is only
        offered again: that they had before.
        """
        of, named = _of(tasks)
        if len(kinds) < len(Kind):
            of += f" AND kind IN ({','.join(repr(kind.value) for kind in sorted(kinds))})"
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
        return [(load(body), load_receipt(given) if given else None) for body, given in rows]

    def on_the_way(self, epoch: str | None, tasks: Sequence[str] | None = None) -> set[str]:
        """Those (of `tasks`) with actions whose effect may or may not be in rows of that epoch:
        they were sent and not answered, or answered in the epoch after it."""
        of, named = _of(tasks)
        with self._read():
            rows = self._conn.execute(
                "SELECT task_id FROM actions"
                f" WHERE turn IS NOT NULL AND first_attempt_at IS NOT NULL {of}"
                " UNION ALL SELECT a.task_id FROM mark CROSS JOIN receipts r USING (epoch)"
                " JOIN actions a USING (op_id) WHERE mark.epoch IS NOT :epoch",
                {"epoch": epoch, **named},
            ).fetchall()
        return {row[0] for row in rows}

    def busy(self, epoch: str | None, seq: int) -> set[str]:
        """Tasks with own work: actions that wait, are in the tray, or may not be in rows up to
        `seq` of that epoch yet, and half-typed text."""
        with self._read():
            rows = self._conn.execute(
                "SELECT task_id FROM drafts"
                " UNION SELECT task_id FROM actions WHERE turn IS NOT NULL"
                " UNION SELECT a.task_id FROM receipts r JOIN actions a USING (op_id)"
                "  WHERE r.resolved_at IS NULL AND r.outcome IN ('rejected', 'blocked_by')"
                " UNION SELECT a.task_id FROM receipts r JOIN actions a USING (op_id)"
                "  WHERE r.epoch = :epoch AND r.seq > :seq"
                " UNION SELECT a.task_id FROM mark CROSS JOIN receipts r USING (epoch)"
                "  JOIN actions a USING (op_id) WHERE mark.epoch IS NOT :epoch",
                {"epoch": epoch, "seq": seq},
            ).fetchall()
        return {row[0] for row in rows}

    def tray(self) -> list[TrayEntry]:
        with self._read():
            return self._tray()

    def refused_tasks(self) -> set[str]:
        """Those with something in the tray."""
        with self._read():
            rows = self._conn.execute(
                "SELECT a.kind, a.task_id FROM receipts r JOIN actions a USING (op_id)"
                " WHERE r.resolved_at IS NULL AND r.outcome IN ('rejected', 'blocked_by')"
            ).fetchall()
        return {task_id for kind, task_id in rows if kind in TASK_KINDS}

    def receipt_of(self, op_id: str) -> Receipt | None:
        with self._read():
            row = self._conn.execute(
                "SELECT body FROM receipts WHERE op_id = ?", (op_id,)
            ).fetchone()
        return load_receipt(row[0]) if row else None

    def fates(self, op_ids: Sequence[str]) -> dict[str, Fate]:
        """What became of each of them so far. Those that were taken back, or were settled so long
        ago that they are forgotten, are not in it."""
        found: dict[str, Fate] = {}
        with self._read():
            for first in range(0, len(op_ids), _AT_ONCE):
                some = op_ids[first : first + _AT_ONCE]
                rows = self._conn.execute(
                    "SELECT a.op_id, a.first_attempt_at IS NULL, a.retries,"
                    " iif(a.turn IS NULL, r.body, NULL) FROM actions a"
                    " LEFT JOIN receipts r USING (op_id)"
                    f" WHERE a.op_id IN ({','.join('?' * len(some))})",
                    some,
                )
                for op_id, unsent, retries, body in rows:
                    receipt = load_receipt(body) if body else None
                    parked = receipt is None and retries >= PARKED_AFTER
                    found[op_id] = Fate(bool(unsent), parked, receipt)
        return found

    def delivered_of(self, op_ids: Iterable[str]) -> dict[str, tuple[Action, Receipt]]:
        """Those of them that were done here and took effect."""
        with self._read():
            rows = [
                self._conn.execute(
                    "SELECT a.body, r.body FROM receipts r JOIN actions a USING (op_id)"
                    " WHERE op_id = ? AND r.outcome IN ('applied', 'merged')", (op_id,)
                ).fetchone()
                for op_id in op_ids
            ]  # fmt: skip
        found = [(load(row[0]), load_receipt(row[1])) for row in rows if row]
        return {action.op_id: (action, receipt) for action, receipt in found}

    def states(self, op_ids: Sequence[str]) -> dict[str, Receipt | None]:
        """Those of the actions that are here: None waits, else what became of it."""
        with self._read():
            return self._among(op_ids)

    def is_settled(self, op_id: str) -> bool:
        """Whether a person has settled what was refused."""
        with self._read():
            row = self._conn.execute(
                "SELECT 1 FROM receipts WHERE op_id = ? AND resolved_at IS NOT NULL", (op_id,)
            ).fetchone()
        return row is not None

    def being_made(self) -> set[str]:
        """The tasks whose making waits to be sent."""
        with self._read():
            rows = self._conn.execute(
                "SELECT task_id FROM actions WHERE turn IS NOT NULL AND kind = ?",
                (Kind.CREATE_TASK,),
            ).fetchall()
        return {row[0] for row in rows}

    def delivered(self, most: int = 50) -> list[tuple[Action, Receipt]]:
        """The latest actions that took effect, newest first."""
        with self._read():
            rows = self._conn.execute(
                "SELECT a.body, r.body FROM receipts r JOIN actions a USING (op_id)"
                " WHERE r.outcome IN ('applied', 'merged') ORDER BY r.received_at DESC LIMIT ?",
                (most,),
            ).fetchall()
        return [(load(body), load_receipt(given)) for body, given in rows]

    def tally(self) -> Tally:
        with self._read():
            waiting, parked, reports, tray = self._conn.execute(
                "SELECT count(*), coalesce(sum(retries >= ?), 0), coalesce(sum(kind = ?), 0),"
                " (SELECT count(*) FROM receipts"
                " WHERE resolved_at IS NULL AND outcome IN ('rejected', 'blocked_by'))"
                " FROM actions WHERE turn IS NOT NULL", (PARKED_AFTER, Kind.OCCUPANCY)
            ).fetchone()  # fmt: skip
            behind = 0
            if parked:
                on_tasks = self._conn.execute(
                    "SELECT count(*) FROM actions WHERE turn IS NOT NULL AND task_id IN (SELECT"
                    " task_id FROM actions WHERE turn IS NOT NULL AND retries >= ?)",
                    (PARKED_AFTER,),
                ).fetchone()[0]
                behind = on_tasks - parked
        return Tally(waiting, tray, parked, behind, reports)

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
            stored = drafts.read(self._conn, task_id, name)
            if known is not None and stored != known and stored.endswith(known):
                given_back = stored.removesuffix(known).rstrip("\n")
                text = "\n".join(filter(None, (given_back, text)))
            if text != stored:
                drafts.save(self._conn, task_id, name, text, now)
        return text

    def draft(self, task_id: str, name: str) -> str:
        with self._read():
            return drafts.read(self._conn, task_id, name)

    # -- what goes on now ------------------------------------------------------------------

    def timer(self) -> Timer | None:
        with self._read():
            return running.timer(self._conn)

    def keep_timer(self, timer: Timer | None) -> None:
        with self._write():
            running.keep_timer(self._conn, timer)

    def stretch(self) -> Stretch | None:
        with self._read():
            return running.stretch(self._conn)

    def report(self, actions: Sequence[Action], stretch: Stretch | None) -> Changes:
        """Queues what ended of the person's activity, and keeps what goes on."""
        with self._write():
            self._append(actions)
            running.keep_stretch(self._conn, stretch)
        return _changes((a.kind, a.task_id) for a in actions)

    def forget_reports(self) -> Changes:
        """Forgets what was seen of the person's activity and not sent yet: they do not want it
        reported."""
        with self._write():
            running.keep_stretch(self._conn, None)
            rows = self._conn.execute(
                "DELETE FROM actions WHERE kind = ? AND turn = 1 AND first_attempt_at IS NULL"
                " RETURNING kind, task_id",
                (Kind.OCCUPANCY,),
            ).fetchall()
        return _changes(rows)

    def reports(self, after: int) -> list[tuple[Action, Receipt | None]]:
        """What was reported of the person's activity and ended after that instant of the device,
        oldest first; the receipt is None for what waits."""
        with self._read():
            rows = self._conn.execute(
                "SELECT a.body, r.body FROM actions a LEFT JOIN receipts r USING (op_id)"
                " WHERE a.kind = ? AND a.made_at > ? ORDER BY a.device_seq",
                (Kind.OCCUPANCY, after),
            ).fetchall()
        return [(load(body), load_receipt(given) if given else None) for body, given in rows]

    # -- inside ----------------------------------------------------------------------------

    def _append(self, actions: Sequence[Action]) -> None:
        device_id, seq = self._conn.execute(
            "UPDATE device SET seq = seq + ? RETURNING id, seq", (len(actions),)
        ).fetchone()
        rows = [
            (a.op_id, device_id, seq - len(actions) + n, a.kind, a.task_id, dump(a), a.made_at)
            for n, a in enumerate(actions, 1)
        ]
        self._conn.executemany(
            "INSERT INTO actions (op_id, device_id, device_seq, kind, task_id, body, made_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _among(self, op_ids: Sequence[str]) -> dict[str, Receipt | None]:
        found: dict[str, Receipt | None] = {}
        for start in range(0, len(op_ids), _AT_ONCE):
            some = op_ids[start : start + _AT_ONCE]
            for op_id, given in self._conn.execute(
                "SELECT a.op_id, iif(a.turn IS NULL, r.body, NULL) FROM actions a"
                f" LEFT JOIN receipts r USING (op_id) WHERE op_id IN ({','.join('?' * len(some))})",
                some,
            ):
                found[op_id] = load_receipt(given) if given else None
        return found

    def _tray(self) -> list[TrayEntry]:
        rows = self._conn.execute(
            "SELECT a.body, r.body, r.received_at FROM receipts r JOIN actions a USING (op_id)"
            " WHERE r.resolved_at IS NULL AND r.outcome IN ('rejected', 'blocked_by')"
            " ORDER BY a.device_seq"
        ).fetchall()
        return [TrayEntry(load(body), load_receipt(given), at) for body, given, at in rows]

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

    def _resolve(self, op_id: str, resolution: str, now: int) -> None:
        self._conn.execute(
            "UPDATE receipts SET resolved_at = ?, resolution = ?"
            " WHERE op_id = ? AND resolved_at IS NULL",
            (now, resolution, op_id),
        )

    def _waiting(self, condition: str, *values: str) -> list[Waiting]:
        query = f"{_WAITING} {condition} {_IN_ORDER}"
        return [waiting_of(row) for row in self._conn.execute(query, values)]

    def _unsent_of(self, op_ids: Iterable[str]) -> list[Action]:
        """Those of them that are unsent, and what is unsent and depends on them."""
        doomed, gone = set(op_ids), []
        for item in self._waiting("AND first_attempt_at IS NULL"):
            action = item.action
            if action.op_id in doomed or doomed & set(action.depends_on):
                doomed.add(action.op_id)
                gone.append(action)
        return gone

    def _take_out(self, unsent: Iterable[Action], now: int, silent: Collection[str] = ()) -> None:
        """What was written in them is a draft again, but of the `silent` ones."""
        for action in unsent:
            if action.op_id not in silent:
                drafts.give_back(self._conn, action, now)
            self._conn.execute(
                "DELETE FROM actions WHERE op_id = ? AND first_attempt_at IS NULL",
                (action.op_id,),
            )

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
        was = (None, None)
        if item.again:
            found = self._conn.execute("SELECT epoch, seq FROM receipts WHERE op_id = ?", (op_id,))
            was = found.fetchone() or was
        self._conn.execute(
            "INSERT OR REPLACE INTO receipts (op_id, outcome, code, epoch, task_version, seq, body,"
            " received_at, was_epoch, was_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                op_id, receipt.outcome, receipt.code, receipt.epoch, receipt.task_version,
                receipt.seq, dump_receipt(receipt), now, *was,
            ),
        )  # fmt: skip
        self._conn.execute(
            "UPDATE actions SET turn = NULL, not_before = NULL WHERE op_id = ?", (op_id,)
        )
        if receipt.blocked_by is not None:
            self._follow(item.action, receipt, now)
        if item.given_up and receipt.outcome not in EFFECTIVE:
            drafts.give_back(self._conn, item.action, now)
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


def _changes(actions: Iterable[tuple[str, str]]) -> Changes:
    """What differs with actions of these kinds on these things. The id of what is neither a task
    nor a notification is among the tasks': no card has it, but the queue and the tray differ."""
    found = set(actions)
    tasks = frozenset(thing for kind, thing in found if kind not in OF_NOTIFICATIONS)
    return Changes(tasks, notifications=any(kind in OF_NOTIFICATIONS for kind, _ in found))


def _of(tasks: Sequence[str] | None) -> tuple[str, dict[str, str]]:
    """A condition that limits actions to those tasks, and its values."""
    if tasks is None:
        return "", {}
    named = {f"task{n}": task_id for n, task_id in enumerate(tasks)}
    return f"AND task_id IN ({','.join(f':{name}' for name in named)})", named
