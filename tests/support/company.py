"""A server as a process of its own, what is in its file, and a person who signs in to it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.operator import Served
from tests.support.world import World
from tests.support.x11 import Screen

TITLE = "Replace pump seal"
DIALOG = "Sign in to Tracker"


@dataclass
class Company:
    """A server that can go and come back at its address, and what is in its file."""

    file: Path
    world: World
    served: Served

    @property
    def url(self) -> str:
        return self.served.url

    def stop(self) -> None:
        said = self.served.end()
        assert '"unhandled"' not in said, said

    def come_back(self) -> None:
        self.served = Served(f"sqlite:///{self.file}", "--port", str(httpx.URL(self.url).port))

    def assign(self) -> str:
        """Rita gives Ana a task; its id."""
        headers = {"Authorization": f"Bearer {self.world.tokens['rita']}"}
        body = {"title": TITLE, "assigned_to": self.world.users["ana"]}
        made = httpx.post(f"{self.url}/api/v1/tasks", json=body, headers=headers, timeout=20)
        assert made.status_code == 201, made.text
        return str(made.json()["uuid"])

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=20)) as conn:
            return conn.execute(query, values).fetchall()

    def task_ids(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT id FROM tasks ORDER BY number")]

    def state(self, task_id: str) -> tuple[str, int]:
        """Status and progress."""
        (row,) = self._rows("SELECT status, progress FROM tasks WHERE id = ?", task_id)
        return row  # type: ignore[return-value]

    def deeds(self, task_id: str) -> list[tuple[str, object, str]]:
        """What Ana did to the task, the oldest first: event, progress after it, note."""
        rows = self._rows("SELECT body FROM audit WHERE task_id = ? ORDER BY n", task_id)
        found = [json.loads(body) for (body,) in rows]
        assert len({row["op_id"] for row in found}) == len(found)
        ana = self.world.users["ana"]
        return [
            (row["event"], row["after"].get("progress"), row["note"])
            for row in found
            if row["user"] == ana
        ]


def sign_in(screen: Screen, company: Company, name: str = "ana") -> None:
    """Fills the dialog of the first start by keyboard."""
    screen.wait_for(DIALOG)
    screen.write(company.url)
    screen.press("Tab")
    screen.write(name)
    screen.press("Tab")
    screen.write(company.world.password)
    screen.press("Return")
