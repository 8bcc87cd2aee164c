"""Bugs of a device: its outbox, its rows, what it shows, its engine."""

from __future__ import annotations

from tests.simulation.planting import Bug, Edit
from tracker.cache import database, eviction
from tracker.cache.confirmed import Confirmed
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Projection
from tracker.sync import remote
from tracker.sync.engine import Engine

_AS_IF_DONE = """
    done = [Receipt(item.action.op_id, Outcome.APPLIED, "") for item in batch]
    self._outbox.record(done, self._now(), self._retry_at)"""

OUTBOX = {
    "batch_by_retries": Bug(
        "What failed less often goes first, and overtakes on its task.",
        Edit(
            Outbox.take_batch,
            {"{_WAITING} {_IN_ORDER}": "{_WAITING} ORDER BY turn, retries, device_seq"},
        ),
    ),
    "later_ones_overtake": Bug(
        "What steps aside does not hold back what comes after it on its task.",
        Edit(Outbox.take_batch, {"held.add(action.task_id)": "pass"}),
    ),
    "dependent_before_its_parent": Bug(
        "An action goes out before what it stands on has a receipt.",
        Edit(Outbox.take_batch, {"or self._is_pending(action.depends_on)": ""}),
    ),
    "attempt_not_marked": Bug(
        "An action that was sent can still be taken back, and is done all the same.",
        Edit(Outbox.take_batch, {"for item in batch if item.unsent": "for item in ()"}),
    ),
    "attempted_withdrawn": Bug(
        "Taking back does not ask whether the action was sent.",
        Edit(Outbox._unsent_of, {'"AND first_attempt_at IS NULL"': '""'}),
        Edit(Outbox._take_out, {"op_id = ? AND first_attempt_at IS NULL": "op_id = ?"}),
    ),
    "bytes_change_on_resend": Bug(
        "An action is made anew for each attempt, so a repeat is not known as one.",
        Edit(
            Outbox.take_batch,
            {
                "item = waiting_of(row)": "from dataclasses import replace\n"
                "item = waiting_of(row)\n"
                "item = replace(item, body=dump(replace(item.action, made_at=now)))"
            },
        ),
    ),
    "retry_is_final": Bug(
        "`retry` ends the waiting, and the action is never sent again.",
        Edit(Outbox.record, {"if receipt.outcome is not Outcome.RETRY:": "if True:"}),
    ),
    "clone_loses_order": Bug(
        "A copied profile gives its actions new numbers in another order.",
        Edit(Outbox._renumber, {"enumerate(waiting, 1)": "enumerate(reversed(waiting), 1)"}),
    ),
    "clone_ignored": Bug(
        "A copied profile goes on with the numbers of the other one.",
        Edit(Engine._push, {"if cloned and not renumbered:": "if False:"}),
    ),
    "not_offered_again": Bug(
        "After a restore, what was delivered before it is not offered again.",
        Edit(Outbox.offer_again, {"= NULL WHERE turn IS NULL": "= NULL WHERE 0"}),
    ),
    "words_not_given_back": Bug(
        "What was written in an action that is given up is gone.",
        Edit(Outbox._settle, {"drafts.give_back(self._conn, item.action, now)": "pass"}),
    ),
    "void_not_sent": Bug(
        "What a person gave up is neither sent nor settled.",
        Edit(Outbox.given_up, {"LIMIT 100": "LIMIT 0"}),
    ),
    "blocked_not_in_tray": Bug(
        "An action whose parent was refused is settled, and nobody is told.",
        Edit(Outbox._tray, {"IN ('rejected', 'blocked_by')": "IN ('rejected')"}),
    ),
    "full_disk_swallowed": Bug(
        "A full disk is not said: the screen says saved, and nothing was.",
        Edit(
            database.Border.__exit__,
            {
                "fault = coded(error, self._path)": "fault = coded(error, self._path)\n"
                "if fault and fault.code == 'E3001':\n"
                "    return True"
            },
        ),
    ),
}

ENGINE = {
    "refusal_is_success": Bug(
        "A refusal of the whole request, whatever it says, settles what was in it.",
        Edit(
            Engine._push,
            {"except ServerRefusal as refusal:": f"except ServerRefusal as refusal:{_AS_IF_DONE}"},
        ),
    ),
    "timeout_is_success": Bug(
        "A request whose answer never came settles what was in it.",
        Edit(
            Engine._push,
            {"except Unreachable as fault:": f"except Unreachable as fault:{_AS_IF_DONE}"},
        ),
    ),
    "rows_of_two_epochs": Bug(
        "After a restore the rows are not pulled anew.",
        Edit(Engine._exchange, {"self._confirmed.forget_position()": "pass"}),
    ),
    "user_not_named": Bug(
        "A request does not say whose it is: one person's queue goes out as another's.",
        Edit(remote.request_headers, {"if user_id is not None:": "if False:"}),
    ),
}

ROWS = {
    "cursor_before_rows": Bug(
        "The cursor is committed before the rows of its page: killed between, they never come.",
        Edit(
            Confirmed.apply,
            {
                "if page.snapshot:": "if not page.snapshot:\n"
                "    with self._write():\n"
                '        self._conn.execute("UPDATE position SET cursor = ?", (page.cursor,))\n'
                "if page.snapshot:"
            },
        ),
    ),
    "absent_is_deleted": Bug(
        "A task that a page does not name is deleted.",
        Edit(
            Confirmed.apply,
            {
                'self._take("", page, hidden)': 'self._take("", page, hidden)\n'
                'for (task_id,) in self._conn.execute("SELECT id FROM tasks").fetchall():\n'
                "    if touched and task_id not in touched:\n"
                '        self._bury("", "task", task_id)'
            },
        ),
    ),
    "history_not_trimmed": Bug(
        "A device keeps more of a task's history than the server shows.",
        Edit(Confirmed._trim_history, {'"kept": HISTORY_KEPT': '"kept": 1_000'}),
    ),
    "overlay_dropped_at_receipt": Bug(
        "An action leaves the screen with its receipt, before its row has come.",
        Edit(Outbox.overlay, {"WHERE epoch = :epoch AND seq > :seq": "WHERE 0"}),
    ),
    "shown_twice": Bug(
        "What came with the rows before its receipt did is replayed on top of itself.",
        Edit(Projection._replay, {"if action.op_id in rows.ops:": "if False:"}),
    ),
}

STUBS = {
    "stub_shown_in_part": Bug(
        "What comes of an evicted task is shown without what came before it.",
        Edit(
            eviction.meet,
            {
                "want(conn, half)": "for one in half:\n    forget(conn, one)",
                "return half": "return set()",
            },
        ),
    ),
    "stub_outlives_its_tombstone": Bug(
        "Who is taken off an evicted task keeps its stub.",
        Edit(Confirmed._bury, {"eviction.forget(self._conn, entity_id)": "pass"}),
    ),
    "stub_outlives_a_first_pull": Bug(
        "Tasks that were pulled anew are taken for evicted ones.",
        Edit(Confirmed._swap, {"eviction.clear(self._conn)": "pass"}),
    ),
    "busy_task_evicted": Bug(
        "A task with changes that wait is evicted.",
        Edit(eviction.evict, {" if row[0] not in needed": ""}),
    ),
    "wanted_not_asked_for": Bug(
        "An evicted task that others go on with never comes back.",
        Edit(Engine._pull, {"wanted = self._confirmed.wanted()": "wanted = []"}),
    ),
}

BUGS = OUTBOX | ENGINE | ROWS | STUBS
