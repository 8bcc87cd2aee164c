"""The bound on cache.db: of finished tasks the least recently changed leave, and a stub of each
stays.

A stub is no task: nothing of it is shown. When a page brings something of a stubbed task, the older
rows that belong to it are not here, so the page's are not kept either and the stub is `wanted`: the
next pull asks for all of it (`whole`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable

from tracker.domain.page import CHILDREN, WHOLE_LIMIT, Page
from tracker.domain.task import Status

MOST_FINISHED = 10_000
"""Finished tasks that are kept whole. A list of 10,000 takes 25 ms to read and a first pull of them
a second; somebody who finishes ten a day fills it in four years."""
MOST_OF_A_TENANT = 100_000
"""For the monitor, whose figures without network are counted in them."""

Busy = Callable[[str | None, int], Collection[str]]
"""From the epoch and position of the rows to the tasks that own work needs here."""

SCHEMA = (
    # `number` is what a person calls the task by.
    "CREATE TABLE stubs (id TEXT PRIMARY KEY, number INTEGER, version INTEGER,"
    " wanted INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;\n"
    "CREATE INDEX stubs_wanted ON stubs (id) WHERE wanted;\n"
    # When a person asked for a task that was a stub, by the device's clock.
    "CREATE TABLE asked (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID"
)
_FINISHED = (Status.COMPLETED, Status.CANCELLED, Status.ARCHIVED)
_OF_A_TASK = (
    "past_ops", "history", "comments", "assignments", "time_entries", "dependencies",
)  # fmt: skip


def evict(conn: sqlite3.Connection, most: int, busy: Busy) -> set[str]:
    """Leaves stubs of finished tasks beyond the `most` latest; returns which. In the caller's
    transaction.

    The tasks are chosen first and the outbox is asked after it. The other way round, an action that
    is saved between the two would be on a task that leaves. One that is saved later still, by who
    saw the task before this was committed, makes its stub wanted: here, or sooner with the row that
    the server sends when it has decided."""
    beyond = conn.execute(
        "SELECT t.id FROM tasks t LEFT JOIN asked USING (id) WHERE status IN (?, ?, ?)"
        " ORDER BY max(updated_at, coalesce(at, 0)) DESC, t.id LIMIT -1 OFFSET ?",
        (*_FINISHED, most),
    ).fetchall()
    epoch, seq = conn.execute("SELECT epoch, seq FROM position").fetchone()
    needed = busy(epoch, seq)
    want(conn, needed)
    leaving = [row for row in beyond if row[0] not in needed]
    conn.executemany(
        "INSERT OR REPLACE INTO stubs SELECT id, number, version, 0 FROM tasks WHERE id = ?",
        leaving,
    )
    for name in _OF_A_TASK:
        conn.executemany(f"DELETE FROM {name} WHERE task_id = ?", leaving)
    conn.executemany("DELETE FROM tasks WHERE id = ?", leaving)
    conn.execute(
        "DELETE FROM asked WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = asked.id)"
        " AND NOT EXISTS (SELECT 1 FROM stubs s WHERE s.id = asked.id AND wanted)"
    )
    return {row[0] for row in leaving}


def meet(conn: sqlite3.Connection, page: Page, of: Collection[str]) -> set[str]:
    """Those of the tasks the page has rows `of` whose rows are not to be kept. The stub of one that
    comes whole is gone with this: after a tombstone for what hung on it before, the row of the task
    itself comes with all that hangs on it."""
    stubs = among(conn, of)
    if not stubs:
        return set()
    rows = {task.id for task in page.tasks}
    whole = {stone.id for stone in page.gone if stone.kind == CHILDREN} & rows
    for task_id in whole.intersection(stubs):
        forget(conn, task_id)
    half = set(stubs - whole)
    want(conn, half)
    return half


def among(conn: sqlite3.Connection, task_ids: Collection[str]) -> frozenset[str]:
    """Those of the tasks that are stubs. Most devices have none at all."""
    if not task_ids or conn.execute("SELECT 1 FROM stubs LIMIT 1").fetchone() is None:
        return frozenset()
    found = (conn.execute("SELECT id FROM stubs WHERE id = ?", (one,)) for one in task_ids)
    return frozenset(row[0] for rows in found for row in rows)


def forget(conn: sqlite3.Connection, task_id: str) -> None:
    conn.execute("DELETE FROM stubs WHERE id = ?", (task_id,))


def clear(conn: sqlite3.Connection) -> None:
    """All tasks were pulled anew, and whole."""
    conn.execute("DELETE FROM stubs")


def want(conn: sqlite3.Connection, task_ids: Iterable[str]) -> None:
    conn.executemany("UPDATE stubs SET wanted = 1 WHERE id = ?", [(one,) for one in task_ids])


def ask(conn: sqlite3.Connection, task_id: str, now: int) -> None:
    """A person wants to see it: it comes, and does not leave again as the oldest."""
    want(conn, [task_id])
    conn.execute("INSERT OR REPLACE INTO asked VALUES (?, ?)", (task_id, now))


def wanted(conn: sqlite3.Connection) -> list[str]:
    """As many as one pull may ask for; none while a first pull brings everything."""
    rows = conn.execute(
        "SELECT s.id FROM stubs s JOIN position p ON p.cursor IS NOT NULL WHERE s.wanted"
        " ORDER BY s.id LIMIT ?",
        (WHOLE_LIMIT,),
    ).fetchall()
    return [row[0] for row in rows]


def find(conn: sqlite3.Connection, ref: str) -> list[str]:
    """Ids of stubs with this number, or with an id that begins so."""
    is_number = ref.isascii() and ref.isdigit()
    fits = "CAST(number AS TEXT) = :ref" if is_number else "substr(id, 1, length(:ref)) = :ref"
    rows = conn.execute(f"SELECT id FROM stubs WHERE {fits}", {"ref": ref})
    return [row[0] for row in rows]


def versions(conn: sqlite3.Connection) -> dict[str, int]:
    """Each stub's version."""
    return dict(conn.execute("SELECT id, version FROM stubs"))
