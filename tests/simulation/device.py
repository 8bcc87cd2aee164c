"""A person's device: the product's own outbox, cache, engine and task service in a folder."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.simulation.faults import Fault, Killed
from tests.simulation.server import SimulatedServer
from tracker.cache.confirmed import Confirmed
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Projection
from tracker.config import Profile, Scope
from tracker.domain.access import Actor
from tracker.domain.errors import Unreachable
from tracker.domain.task import Role
from tracker.protocol.base import SERVER_HEADER
from tracker.services.credentials import InMemory
from tracker.services.tasks import Tasks
from tracker.services.workspace import Workspace
from tracker.sync.engine import Engine, Report
from tracker.sync.ports import Tokens
from tracker.sync.remote import RemoteServer, Reply

HTML = b"<html><body>Welcome! Please accept the terms.</body></html>"


@dataclass
class Line:
    """Between one device and the server; a planned fault befalls the next request."""

    server: SimulatedServer
    rng: random.Random
    happened: Counter[Fault]
    look: Callable[[], None]
    sent: Callable[[bytes], None]
    meanwhile: Callable[[], None]
    planned: list[Fault] = field(default_factory=list)
    late: list[tuple[str, str, Mapping[str, str], bytes | None]] = field(default_factory=list)
    down: bool = False

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        if self.down:
            raise Unreachable("E4001")
        if path == "/api/v1/sync/push":
            self.sent(body or b"")
        fault = self.planned.pop(0) if self.planned else None
        if fault is not None:
            self.happened[fault] += 1
        reply = self._with(fault, method, path, headers, body)
        self.look()
        return reply

    def _with(
        self, fault: Fault | None, method: str, path: str, headers: Mapping[str, str],
        body: bytes | None,
    ) -> Reply:  # fmt: skip
        server = self.server
        if fault is Fault.MEANWHILE:
            self.meanwhile()
        if fault is Fault.REQUEST_LOST:
            raise Unreachable("E4001")
        if fault is Fault.REQUEST_LATE:
            self.late.append((method, path, headers, body))
            raise Unreachable("E4002")
        if fault is Fault.PORTAL:
            return Reply(200, {"content-type": "text/html"}, HTML)
        if fault is Fault.UNAVAILABLE:
            return Reply(503, {SERVER_HEADER.lower(): server.state.server_id}, b"")
        if fault is Fault.BREAKDOWN:
            return server.fail(path)
        if fault is Fault.SERVER_KILLED_BEFORE:
            server.kill_at_commit()
        if fault is Fault.SERVER_KILLED_AFTER:
            server.kill_at_commit(after=1)
        if fault is Fault.REQUEST_DOUBLED:
            server.answer(method, path, headers, body)
        try:
            reply = server.answer(method, path, headers, body)
        except Killed:
            server.start()
            raise Unreachable("E4001") from None
        server.spare()
        if fault is Fault.SERVER_KILLED_AFTER:
            server.start()
            raise Unreachable("E4001")
        if fault is Fault.ANSWER_LOST:
            raise Unreachable("E4002")
        if fault is Fault.ANSWER_CUT and reply.body:
            return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
        return reply

    def renew(self) -> None:
        pass

    def hang_up(self) -> None:
        pass

    def close(self) -> None:
        pass

    def deliver_late(self) -> None:
        """What the client gave up on arrives after all; nobody hears the answer."""
        late, self.late = self.late, []
        for request in late:
            self.server.answer(*request)


@dataclass
class Device:
    """`offset` is what its clock is wrong by. A killed device is opened again on its files."""

    name: str
    user: str
    user_id: str
    role: Role
    scope: Scope
    folder: Path
    template: Path
    server: SimulatedServer
    rng: random.Random
    happened: Counter[Fault]
    world_now: Callable[[], int]
    new_id: Callable[[], str]
    look: Callable[[Device], None]
    sent: Callable[[Device, bytes], None]
    meanwhile: Callable[[Device], None]
    credentials: InMemory = field(default_factory=InMemory)
    offset: int = 0
    is_open: bool = False
    _seen: tuple[object, ...] = ()

    def now(self) -> int:
        return self.world_now() + self.offset

    def install(self, tokens: Tokens) -> None:
        self.folder.mkdir(parents=True)
        for name in ("outbox.db", "cache.db"):
            shutil.copy(self.template / name, self.folder / name)
        self.credentials.write(tokens)
        self.line = Line(
            self.server, self.rng, self.happened, self._look, partial(self.sent, self),
            partial(self.meanwhile, self),
        )  # fmt: skip

    def open(self) -> None:
        self.outbox = Outbox(self.folder, self.new_id)
        self.confirmed = Confirmed(self.folder)
        actor = Actor(self.user_id, self.role)
        self.projection = Projection(self.confirmed, self.outbox, actor)
        profile = Profile(
            folder=self.folder, scope=self.scope, server_url="http://simulated",
            server_id=self.server.state.server_id, user_id=self.user_id, name=self.user,
            display_name=self.user, role=self.role, tenant="Northwind",
        )  # fmt: skip
        self.workspace = Workspace(profile, self.outbox, self.confirmed, self.projection)
        self.tasks = Tasks(self.workspace)
        remote = RemoteServer(
            self.line, self.credentials, self.server.state.server_id, self.user_id, self.now
        )
        self.engine = Engine(self.outbox, self.confirmed, remote, self.scope, self.now, self.rng)
        self.is_open = True

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.outbox.close()
            self.confirmed.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def sync(self) -> Report:
        return self.engine.run_once()

    def _look(self) -> None:
        """What is shown comes from the two files alone, so unless one of them changed, a look would
        see what it saw before."""
        if not self.is_open:
            return
        seen = tuple(
            (id(conn), conn.total_changes, *conn.execute("PRAGMA data_version").fetchone())
            for conn in (self.outbox._conn, self.confirmed._conn)
        )
        if seen != self._seen:
            self._seen = seen
            self.look(self)
