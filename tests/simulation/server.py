"""The real server's functions on a real SQLite file, without sockets: bytes in, bytes out."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server_stub.config import Settings
from server_stub.core import problems, pruning
from server_stub.core.database import Database
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState, load
from server_stub.people import routes as people
from server_stub.sync import service as sync
from tests.simulation import checks
from tests.simulation.faults import Fault, Killed
from tracker.domain.errors import TrackerError
from tracker.protocol.base import MARK_HEADER, SERVER_HEADER, TIME_HEADER, USER_HEADER
from tracker.protocol.session import Refresh
from tracker.sync.remote import Reply

SUFFIXES = ("", "-wal", "-shm")


class SimulatedServer:
    """One file, which is the same for all seeds of a process: SQLAlchemy keeps its compiled
    statements with the engine, and compiling them anew would be most of a seed's time."""

    def __init__(self, template: Path, folder: Path, now: Callable[[], int]) -> None:
        self._template = template
        self._path = folder / "server.db"
        self._backup = folder / "backup.db"
        self._database = Database(f"sqlite:///{self._path}")
        self._settings = Settings(database_url=f"sqlite:///{self._path}")
        self._now = now
        self._commits_left: int | None = None
        self.happened: Counter[Fault] = Counter()
        sa.event.listen(self._database.engine, "commit", self._commit)

    def reset(self, now: Callable[[], int]) -> None:
        """A new world: the template's people, no tasks."""
        self._now = now
        self.spare()
        self.happened = Counter()
        self._replace(self._template)
        shutil.copyfile(self._template, self._backup)
        self.start()

    def start(self) -> None:
        """A new process on the same file: everything in memory is gone."""
        self.state: ServerState = load(self._settings, self._database)
        self.state.now = self._now

    def back_up(self) -> None:
        self._database.close()
        with self._database.engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.close()
        shutil.copy(self._path, self._backup)

    def restore(self) -> None:
        """By copying the file back, as somebody does at night who has not read the manual."""
        self._replace(self._backup)
        self.start()

    def prune(self, tenant_id: str, since: int) -> None:
        pruning.prune(self._database, tenant_id, since)

    def _replace(self, source: Path) -> None:
        self._database.close()
        for suffix in SUFFIXES:
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        shutil.copy(source, self._path)

    def close(self) -> None:
        self._database.close()

    def kill_at_commit(self, after: int = 0) -> None:
        """When this process is about to commit for the next time, or after so many commits, if
        the request makes them."""
        self._commits_left = after

    def spare(self) -> None:
        self._commits_left = None

    def fail(self, path: str) -> Reply:
        """A bug outside everything that decides."""
        problem = problems.unexpected(path, RuntimeError("planned"))
        return Reply(problem.status_code, self._headers(), bytes(problem.body))

    def _commit(self, conn: Connection) -> None:
        writes = conn.get_execution_options().get("tracker_begin") == "IMMEDIATE"
        if writes and self._commits_left is not None:
            self._commits_left -= 1
            if self._commits_left < 0:
                self.spare()
                raise Killed

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self._database.read() as conn:
            return [tuple(row) for row in conn.exec_driver_sql(statement, values)]

    def change(self, statement: str, **values: Any) -> None:
        """What a command of the server's admin would change."""
        with self.elsewhere() as conn:
            conn.execute(sa.text(statement), values)

    @contextmanager
    def elsewhere(self) -> Iterator[Connection]:
        """A transaction of another process. This one does not hear what it was, only that it may
        have missed something."""
        hear, self._database.on_commit = self._database.on_commit, lambda _news: None
        try:
            with self._database.write() as conn:
                yield conn
        finally:
            self._database.on_commit = hear
        self.state.missed()

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        """What the routes do, without the router."""
        try:
            status, content = self._route(method, path, headers, body)
        except checks.Violation:
            raise
        except TrackerError as error:
            problem = problems.answer(error.code, error.info if error.entry.status < 500 else "")
            status, content = problem.status_code, bytes(problem.body)
        except Exception as error:  # noqa: BLE001 - as the server's border does
            problem = problems.unexpected(path, error)
            status, content = problem.status_code, bytes(problem.body)
        return Reply(status, self._headers(), content)

    def _headers(self) -> dict[str, str]:
        return {
            SERVER_HEADER.lower(): self.state.server_id,
            TIME_HEADER.lower(): str(self._now()),
        }

    def _route(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        path, _, query = path.partition("?")
        state = self.state
        if path == "/api/v1/session/refresh":
            grant = people.refresh(Refresh.model_validate_json(body or b""), state)
            return 200, grant.model_dump_json().encode()
        caller = state.caller(headers["Authorization"].removeprefix("Bearer "))
        if headers.get(USER_HEADER, caller.user_id) != caller.user_id:
            raise ProblemError("E1008")
        mark = headers.get(MARK_HEADER)
        if path == "/api/v1/sync/push":
            return 200, sync.push(state, caller, body or b"", mark)
        if path == "/api/v1/sync/pull":
            wanted = parse_qs(query)
            cursor = headers.get("If-None-Match", "").strip('"') or None
            page = sync.pull(
                state,
                caller,
                "monitor" if wanted["scope"] == ["monitor"] else "desk",
                cursor,
                mark,
                int(wanted["unsent"][0]),
                wanted.get("whole", []),
            )
            if page is not None:
                return 200, page
            checks.nothing_new(state, caller, cursor, mark)
            return 304, b""
        if path == "/api/v1/people/presence":
            with state.database.read() as conn:
                return 200, people.presence(state, caller, conn).model_dump_json().encode()
        raise ProblemError("E4008")

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(body) for (body,) in self.rows("SELECT body FROM audit ORDER BY n")]
