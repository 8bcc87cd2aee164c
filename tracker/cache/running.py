"""What goes on at this moment, in the outbox's file: the running timer, and the stretch of activity
that is not reported yet. A crash loses seconds of either.

These are pieces of the outbox's transactions: the caller begins and commits.
"""

from __future__ import annotations

import sqlite3

from tracker.domain.stretch import Stretch
from tracker.domain.task import Occupancy
from tracker.domain.timer import Timer

SCHEMA = """
CREATE TABLE timer (only INTEGER PRIMARY KEY CHECK (only = 1), task_id TEXT NOT NULL,
    started_at INTEGER NOT NULL, worked_ms INTEGER NOT NULL, seen_at INTEGER NOT NULL);
CREATE TABLE stretch (only INTEGER PRIMARY KEY CHECK (only = 1), state TEXT NOT NULL,
    started_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, reason TEXT NOT NULL)
"""


def timer(conn: sqlite3.Connection) -> Timer | None:
    row = conn.execute("SELECT task_id, started_at, worked_ms, seen_at FROM timer").fetchone()
    return Timer(*row) if row else None


def keep_timer(conn: sqlite3.Connection, timer: Timer | None) -> None:
    conn.execute("DELETE FROM timer")
    if timer is not None:
        values = (timer.task_id, timer.started_at, timer.worked_ms, timer.seen_at)
        conn.execute("INSERT INTO timer VALUES (1, ?, ?, ?, ?)", values)


def stretch(conn: sqlite3.Connection) -> Stretch | None:
    row = conn.execute("SELECT state, started_at, seen_at, reason FROM stretch").fetchone()
    return Stretch(Occupancy(row[0]), *row[1:]) if row else None


def keep_stretch(conn: sqlite3.Connection, stretch: Stretch | None) -> None:
    conn.execute("DELETE FROM stretch")
    if stretch is not None:
        values = (stretch.state, stretch.started_at, stretch.seen_at, stretch.reason)
        conn.execute("INSERT INTO stretch VALUES (1, ?, ?, ?, ?)", values)
