"""The real server with people and tasks in it, and real clients of it.

The database is filled once for each number of tasks, through the wire, and copied for each use.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import Process, run
from tracker.cache.entries import dump
from tracker.cache.precious import new_id
from tracker.config import Profile, Scope
from tracker.domain.change import Action, Kind
from tracker.domain.task import Role
from tracker.services import syncing
from tracker.services.credentials import InEnvironment
from tracker.services.workspace import device_clock

BATCH = 500
DESCRIPTION = (
    "Take the usual tools, agree on access with the site first, and note what is left to do. "
    "Photograph the plate before and after; the part number is on the inner side of the door."
)
NOTE = "Old part out, housing cleaned, waiting for the torque wrench."
PASSWORD = "a benchmark needs no secret"
"""The databases live for one run."""
PEOPLE = {"rita": ("Rita Okafor", Role.ADMIN), "ana": ("Ana Moreno", Role.EMPLOYEE)}


FREE = {"TRACKER_TIMETABLE": "false", "TRACKER_REQUEST_RATE": "0"}
"""What is due by the clock would be done meanwhile, and one client stands for many here."""


@dataclass(frozen=True)
class Running:
    """A server at work, its people's tokens, and the ids of ana's tasks."""

    port: int
    tokens: Mapping[str, str]
    task_ids: Sequence[str]
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def profile(self, folder: Path, name: str, scope: Scope = "desk", url: str = "") -> Profile:
        """Who signs in at this server (or, by `url`, through a relay), with their files there."""
        with _wire(self.url, self.tokens[name]) as client:
            me = client.get("/api/v1/session").raise_for_status().json()
        return Profile(
            folder=folder,
            scope=scope,
            server_url=url or self.url,
            server_id=me["server_id"],
            user_id=me["user_id"],
            name=me["name"],
            display_name=me["display_name"],
            role=Role(me["role"]),
            tenant=me["tenant"],
        )

    def device(self, profile: Profile) -> syncing.Running:
        """The product's own engine, outbox, cache and transport in that profile's folder."""
        return syncing.make_engine(profile, self.credentials(profile))

    def credentials(self, profile: Profile) -> InEnvironment:
        return InEnvironment(self.tokens[profile.name])

    def rows(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Everything the server sends that person on a first pull, as JSON."""
        found: dict[str, list[dict[str, Any]]] = {"tasks": [], "assignments": [], "history": []}
        headers: dict[str, str] = {}
        with _wire(self.url, self.tokens[name]) as client:
            for _ in range(10_000):
                answer = client.get("/api/v1/sync/pull?scope=desk", headers=headers)
                page = answer.raise_for_status().json()
                for kind, values in found.items():
                    values += page[kind]
                headers = {"If-None-Match": f'"{page["cursor"]}"'}
                if not page["more"]:
                    break
        return found


class Lab:
    """A folder for one run: filled databases, and servers on copies of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._people: tuple[Path, dict[str, str]] | None = None
        self._filled: dict[int, tuple[Path, dict[str, str], list[str]]] = {}
        self._number = 0

    def folder(self) -> Path:
        """A new empty folder."""
        self._number += 1
        path = self._folder / f"{self._number:03}"
        path.mkdir()
        return path

    @contextmanager
    def server(self, tasks: int, counting: bool = False) -> Iterator[Running]:
        """`tracker-server serve` on a copy of its own, with that many tasks of ana's; with
        `counting`, one that can be asked how many SQL statements it ran."""
        if tasks not in self._filled:
            self._filled[tasks] = self._fill(tasks)
        original, tokens, task_ids = self._filled[tasks]
        path = _copied(original, self.folder())
        with _serve(path, counting) as process:
            yield Running(_port(process), tokens, task_ids, process)

    def _fill(self, tasks: int) -> tuple[Path, dict[str, str], list[str]]:
        if self._people is None:
            self._people = _without_tasks(self.folder() / "server.db")
        original, tokens = self._people
        path = _copied(original, self.folder())
        task_ids = [new_id() for _ in range(tasks)]
        with _serve(path) as process:
            running = Running(_port(process), tokens, task_ids, process)
            employee = running.profile(path.parent / "nobody", "ana").user_id
            with _wire(running.url, tokens["rita"]) as client:
                _create(client, task_ids, employee)
        return path, tokens, task_ids


def _copied(original: Path, folder: Path) -> Path:
    """With what still is in its -wal, which copying the file would lose."""
    path = folder / "server.db"
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    return path


def _without_tasks(path: Path) -> tuple[Path, dict[str, str]]:
    tokens: dict[str, str] = {}
    _command(path, "migrate")
    for name, (display_name, role) in PEOPLE.items():
        who = ("--name", name, "--display-name", display_name, "--role", role.value)
        _command(path, "create-user", *who, "--password-stdin", typed=f"{PASSWORD}\n")
        tokens[name] = _command(path, "create-token", "--user", name).strip()
    return path, tokens


def _create(client: httpx.Client, task_ids: Sequence[str], employee: str) -> None:
    device_id = new_id()
    for start in range(0, len(task_ids), BATCH):
        messages = [
            {
                **json.loads(dump(creation(task_id, number, employee))),
                "device_id": device_id,
                "device_seq": number + 1,
            }
            for number, task_id in enumerate(task_ids[start : start + BATCH], start)
        ]
        answer = client.post("/api/v1/sync/push", json={"actions": messages, "unsent": 0})
        for receipt in answer.raise_for_status().json()["receipts"]:
            assert receipt["outcome"] == "applied", receipt


def creation(task_id: str, number: int, *employees: str) -> Action:
    args = {
        "title": f"Replace pump seal {number:06}, station {number % 90}",
        "description": DESCRIPTION,
        "due_at": device_clock() + (1 + number % 300) * 3_600_000,
        "estimated_minutes": 30 + number % 7 * 15,
        "people": [{"user_id": employee} for employee in employees],
    }
    return Action(new_id(), Kind.CREATE_TASK, task_id, args, device_clock(), clock_offset=0)


def work(number: int, task_ids: Sequence[str]) -> Action:
    """The n-th thing an employee does: by turns a new progress and a comment, task after task."""
    task_id = task_ids[number // 2 % len(task_ids)]
    common: dict[str, Any] = {
        "op_id": new_id(),
        "task_id": task_id,
        "made_at": device_clock(),
        "clock_offset": 0,
        "seen": {"title": "Replace pump seal", "status": "IN_PROGRESS", "progress": 40},
    }
    if number % 2:
        said = {"comment_id": new_id(), "text": NOTE}
        return Action(kind=Kind.COMMENT, args=said, **common)
    moved = {"percent": 1 + number // 2 % 98, "note": NOTE}
    return Action(kind=Kind.SET_PROGRESS, args=moved, **common)


def _wire(url: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "Tracker-Protocol": "1"}
    return httpx.Client(base_url=url, headers=headers, timeout=120)


def _settings(path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    return {**kept, **FREE, "TRACKER_DATABASE_URL": f"sqlite:///{path}"}


def _command(path: Path, *arguments: str, typed: str = "") -> str:
    return run(["server_stub.cli", *arguments], _settings(path), typed)


def _serve(path: Path, counting: bool = False) -> Process:
    module = "benchmarks.counting" if counting else "server_stub.cli"
    return Process([module, "serve", "--port", "0"], _settings(path))


def _port(process: Process) -> int:
    return int(process.said.rpartition(":")[2])
