"""The floor's client: a socket, orjson and sqlite3 with synchronous=FULL. Ids are compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks.floor import rows
from benchmarks.floor.wire import Line
from benchmarks.processes import Process


@contextmanager
def serving(path: Path) -> Iterator[tuple[int, int]]:
    """The floor's server on that file: its port, and the one where each commit rings."""
    with Process(["benchmarks.floor.server", path]) as process:
        port, bell = map(int, process.said.split())
        yield port, bell


class Client:
    """One device's file and its connection to the floor's server; for one thread at a time."""

    def __init__(self, path: Path, port: int) -> None:
        self.conn: sqlite3.Connection = rows.connect(path)
        self._line = Line(port)
        if self.conn.execute("SELECT count(*) FROM position").fetchone()[0] == 0:
            self.conn.execute("INSERT INTO position VALUES (0)")

    def close(self) -> None:
        self._line.close()
        self.conn.close()

    # Sending

    def send(self, batch: int) -> int:
        """Sends what waits, batch by batch; marks it before and after. Returns how many."""
        sent = 0
        while True:
            self.conn.execute("BEGIN IMMEDIATE")
            found = self.conn.execute(
                "SELECT rowid, op_id, body FROM actions WHERE done IS NULL ORDER BY rowid LIMIT ?",
                (batch,),
            ).fetchall()
            numbers = [(row[0],) for row in found]
            self.conn.executemany("UPDATE actions SET tried = 1 WHERE rowid = ?", numbers)
            self.conn.execute("COMMIT")
            if not found:
                return sent
            body = f"[{','.join(row[2] for row in found)}]".encode()
            status, answer = self._line.request("POST", "/push", body=body)
            if status != 200 or orjson.loads(answer)["done"] != [row[1] for row in found]:
                raise AssertionError("the floor lost an action")
            self.conn.execute("BEGIN IMMEDIATE")
            self.conn.executemany("UPDATE actions SET done = 1 WHERE rowid = ?", numbers)
            self.conn.execute("COMMIT")
            sent += len(found)

    # Reading

    def pull(self) -> list[str]:
        """Takes what is new with its position in one transaction; returns the ids."""
        seq = self.conn.execute("SELECT seq FROM position").fetchone()[0]
        status, answer = self._line.request("GET", "/pull", f"If-None-Match: {seq}\r\n")
        if status == 304:
            return []
        found: list[list[Any]] = orjson.loads(answer)
        self.conn.execute("BEGIN IMMEDIATE")
        self.conn.executemany("INSERT OR IGNORE INTO feed VALUES (?, ?, ?)", found)
        self.conn.execute("UPDATE position SET seq = ?", (found[-1][0],))
        self.conn.execute("COMMIT")
        return [row[1] for row in found]

    def first_pull(self) -> int:
        """All tasks with their people and history into an empty file, page by page; how many."""
        after, count = "", 0
        while True:
            status, answer = self._line.request("GET", f"/first?after={after}")
            page: dict[str, list[list[Any]]] = orjson.loads(answer)
            if status != 200 or not page["tasks"]:
                return count
            self.conn.execute("BEGIN IMMEDIATE")
            for name, found in page.items():
                rows.put(self.conn, name, found)
            self.conn.execute("COMMIT")
            after = page["tasks"][-1][0]
            count += len(page["tasks"])
