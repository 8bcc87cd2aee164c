"""Bugs of the server: deciding, its feed, its memory."""

from __future__ import annotations

from server_stub.core.auth import CallerCache
from server_stub.core.database import Database
from server_stub.core.heads import Heads
from server_stub.core.marks import Marks
from server_stub.sync import pull, push, service
from server_stub.tasks import service as tasks
from tests.simulation.planting import Bug, Edit

DECIDING = {
    "receipt_after_the_commit": Bug(
        "Receipts are written in a transaction of their own, after the one they stand for.",
        Edit(push._write, {"queries.insert(conn, rows)": 'conn.info["late"] += rows'}),
        Edit(
            Database.write,
            {
                "conn.info[_NEWS] = told": 'conn.info[_NEWS] = told\nconn.info["late"] = []',
                "for news in told:": "from server_stub.sync.queries import insert\n"
                "with conn.begin():\n"
                '    insert(conn, conn.info["late"])\n'
                "for news in told:",
            },
        ),
    ),
    "receipts_expire": Bug(
        "Receipts are kept for a day: what is repeated later is done again.",
        Edit(
            push.decide,
            {
                "named = {sent.op_id for sent in sents}": "conn.exec_driver_sql(\n"
                '    f"DELETE FROM receipts WHERE received_at < {now - 86_400_000}"\n'
                ")\n"
                "named = {sent.op_id for sent in sents}"
            },
        ),
    ),
    "fingerprint_not_compared": Bug(
        "Another action with the same id gets the first one's receipt, and is lost.",
        Edit(push._repeat, {"if mark in (sent.fingerprint, _VOID)": "if True"}),
    ),
    "device_clock_decides": Bug(
        "Of two values the one with the later device clock stands.",
        Edit(
            tasks.act,
            {
                "if _is_taken(bench, action):": "if action.kind is Kind.SET_PROGRESS and state:\n"
                "    if action.made_at < state.task.updated_at:\n"
                '        stands = {"percent": state.task.progress}\n'
                "        action = replace(action, args={**action.args, **stands})\n"
                "if _is_taken(bench, action):"
            },
        ),
    ),
    "void_ignores_receipt": Bug(
        "What is given up is said to be withdrawn although it was done.",
        Edit(
            push.void,
            {
                "answers.append(found.receipt)": (
                    'answers.append(Receipt(op_id, Outcome.REJECTED, tenant.epoch, "E5019"))'
                )
            },
        ),
    ),
    "rerun_forgets_followers": Bug(
        "When one action of a batch fails, later ones of its task are decided before it.",
        Edit(service._one_by_one, {"waiting.add(item.action.task_id)": "pass"}),
    ),
    "impatient_after_restore": Bug(
        "An action for a task that another device has yet to offer again is refused at once.",
        Edit(push._may_come, {"return foreign and": "return False and"}),
    ),
}

READING = {
    "loser_not_told": Bug(
        "Who is taken off a task hears nothing, and keeps it.",
        Edit(
            tasks._note_people,
            {
                "audience | {user_id}": "audience",
                'bench.touch("task", task_id, {user_id})': "pass",
            },
        ),
    ),
    "newcomer_not_told": Bug(
        "Who is put on a task does not hear of its comments and history.",
        Edit(tasks.write, {"in sorted(bench.granted)": "in ()"}),
    ),
    "lost_task_still_read": Bug(
        "A page holds every task it points at, whoever reads it.",
        Edit(pull._rows, {"conn, tenant_id, own_of, wanted": "conn, tenant_id, None, wanted"}),
    ),
    "first_pull_without_feed": Bug(
        "A first pull ends at the head of its end: what changed between its pages never comes.",
        Edit(
            pull.page,
            {
                "gone: list[Gone] = []": "gone: list[Gone] = []\n"
                "following = following if more else replace(following, seq=tenant.seq)",
                "sums = _sums(conn, tenant, own_of)": "sums = None",
            },
        ),
    ),
    "page_skips_rows": Bug(
        "The cursor of a page that is not the last leads to the head.",
        Edit(pull._since, {"pointers[-1][0] if more else tenant.seq": "tenant.seq"}),
    ),
    "whole_without_comments": Bug(
        "A task that a device asks for comes back without its comments.",
        Edit(
            pull._add_whole,
            {
                "*kind.of(conn, tenant.id, ids)": "*([] if kind.kind == 'comment' else"
                " kind.of(conn, tenant.id, ids))"
            },
        ),
    ),
    "sums_told_to_nobody": Bug(
        "Nobody hears that the mean of a task's children is another one.",
        Edit(tasks.write, {'bench.touch("task", state.task.id, _audience(state))': "pass"}),
    ),
    "time_told_to_nobody": Bug(
        "Nobody hears of the time that another person logged.",
        Edit(
            tasks._note_attached,
            {"bench.touch(TIME_ENTRIES.kind, decided.entry.id, audience)": "pass"},
        ),
    ),
    "archived_tasks_stay": Bug(
        "A task that was archived goes on being sent, and never leaves a device.",
        Edit(
            pull._rows,
            {
                "seen = {task.id: task for task in "
                "task_rows.visible_tasks(conn, tenant_id, own_of, wanted)}": (
                    "every = task_rows.states(conn, tenant_id, wanted)\n"
                    "seen = {i: found[0].task for i, found in every.items() if own_of is None or"
                    " own_of in found[0].people or own_of == found[0].task.created_by}"
                )
            },
        ),
    ),
    "heads_do_not_rise": Bug(
        "A commit does not raise what is newest: readers are told that nothing is new.",
        Edit(
            Heads.rise,
            {
                "tenant.newest[audience] = max(seq, tenant.newest.get(audience, 0))": (
                    "tenant.newest.setdefault(audience, seq)"
                )
            },
        ),
    ),
    "gap_not_forgotten": Bug(
        "After a gap in what was heard of commits, what is in memory is still believed.",
        Edit(Heads.forget, {"tenant.newest = {}": "pass"}),
        Edit(Marks.forget, {"self._verified.clear()": "pass"}),
    ),
    "read_on_over_a_gap": Bug(
        "A cursor from before what the feed is pruned to is read on from.",
        Edit(service._is_pruned, {"cursor is not None": "False"}),
    ),
    "restore_not_noticed": Bug(
        "Marks are not compared with the database.",
        Edit(
            Marks.verify,
            {"if mark.seq > tenant.seq or nonce_at(": "if False and nonce_at("},
        ),
    ),
    "token_outlives_its_end": Bug(
        "A token that was ended is still good for whom this server remembers.",
        Edit(CallerCache.forget, {"self._known.clear()": "pass"}),
    ),
}

BUGS = DECIDING | READING
