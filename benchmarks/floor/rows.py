"""The floor's tables: tasks, people on them and history, with the columns the product moves."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson

from tracker.cache.entries import dump
from tracker.domain.change import Action
from tracker.domain.task import Assignment, HistoryEntry, Task

COLUMNS = {
    "tasks": [f.name for f in fields(Task)],
    "assignments": [f.name for f in fields(Assignment)],
    "history": [f.name for f in fields(HistoryEntry)],
}
KEYS = {"tasks": "id", "assignments": "task_id, user_id", "history": "id"}


def connect(path: Path) -> sqlite3.Connection:
    """WAL and synchronous=FULL, with the floor's tables; for one thread at a time."""
    conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    for name, columns in COLUMNS.items():
        conn.execute(
            f"CREATE TABLE IF NOT EXISTS {name}"
            f" ({', '.join(columns)}, PRIMARY KEY ({KEYS[name]})) WITHOUT ROWID"
        )
    conn.execute("CREATE TABLE IF NOT EXISTS actions (op_id TEXT PRIMARY KEY, body, tried, done)")
    conn.execute("CREATE TABLE IF NOT EXISTS feed (seq INTEGER PRIMARY KEY, op_id TEXT, body TEXT)")
    conn.execute("CREATE TABLE IF NOT EXISTS position (seq INTEGER)")
    return conn


def put(conn: sqlite3.Connection, name: str, rows: Sequence[Sequence[Any]]) -> None:
    marks = ",".join("?" * len(COLUMNS[name]))
    conn.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({marks})", rows)


def add(conn: sqlite3.Connection, actions: Sequence[Action]) -> None:
    """Queues actions as the product writes them: one transaction, and the bytes are its own."""
    conn.execute("BEGIN IMMEDIATE")
    conn.executemany(
        "INSERT INTO actions (op_id, body) VALUES (?, ?)",
        [(action.op_id, dump(action)) for action in actions],
    )
    conn.execute("COMMIT")


def seed(path: Path, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Fills a server's file with rows as the product sends them: the same bytes travel."""
    conn = connect(path)
    conn.execute("BEGIN IMMEDIATE")
    for name, columns in COLUMNS.items():
        put(conn, name, [[_flat(row[column]) for column in columns] for row in found[name]])
    # As the product has it; without it each page of history would be a scan.
    conn.execute("CREATE INDEX history_by_task ON history (task_id)")
    conn.execute("COMMIT")
    conn.close()


def _flat(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
