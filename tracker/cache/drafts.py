"""Half-typed text of tasks, in the outbox's file, so that it outlives restarts and refusals.

These are pieces of the outbox's transactions: the caller begins and commits.
"""

from __future__ import annotations

import sqlite3

from tracker.domain.change import Action, words

NOTE_DRAFT = "note"
"""The draft that a task's half-written note is kept under."""
COMMENT_DRAFT = "comment"
"""And the half-written comment of the detail pane."""


def read(conn: sqlite3.Connection, task_id: str, name: str) -> str:
    row = conn.execute(
        "SELECT text FROM drafts WHERE task_id = ? AND name = ?", (task_id, name)
    ).fetchone()
    return row[0] if row else ""


def save(conn: sqlite3.Connection, task_id: str, name: str, text: str, now: int) -> None:
    """An empty one is forgotten."""
    if not text:
        forget(conn, task_id, name)
        return
    conn.execute(
        "INSERT INTO drafts VALUES (?, ?, ?, ?) ON CONFLICT (task_id, name)"
        " DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
        (task_id, name, text, now),
    )


def forget(conn: sqlite3.Connection, task_id: str, name: str) -> None:
    conn.execute("DELETE FROM drafts WHERE task_id = ? AND name = ?", (task_id, name))


def give_back(conn: sqlite3.Connection, action: Action, now: int) -> None:
    """A person's words outlive the action that carried them."""
    said = words(action.args)
    half_typed = read(conn, action.task_id, NOTE_DRAFT)
    save(conn, action.task_id, NOTE_DRAFT, "\n".join(filter(None, (said, half_typed))), now)
