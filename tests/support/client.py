"""A real client for tests: real files, the real engine, and a line to the server that can fail.

Faults come from a script, so a test says in its first lines what goes wrong and when.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.server import START, RunningServer
from tracker.cache.confirmed import Confirmed
from tracker.cache.entries import Waiting
from tracker.cache.outbox import Outbox
from tracker.cache.projection import Projection, TaskView
from tracker.domain.access import Actor
from tracker.domain.change import Action, Kind
from tracker.domain.errors import Unreachable
from tracker.domain.ids import uuid7
from tracker.domain.page import PersonPresence
from tracker.domain.receipt import PARKED_AFTER, Outcome, Receipt
from tracker.domain.task import Priority, Role, Status, Task
from tracker.protocol.sync import PullPage
from tracker.services.credentials import InMemory
from tracker.sync.engine import Engine, Report
from tracker.sync.ports import Credentials, Delivery, Scope, Server, Tokens
from tracker.sync.transport import connect

REPOSITORY = Path(__file__).resolve().parents[2]
_NUMBERS = itertools.count(1)


def new_id() -> str:
    """A UUIDv7 that is new in this run and comes after the one before."""
    return uuid7(START, next(_NUMBERS).to_bytes(10, "big"))


def action(
    kind: Kind = Kind.SET_PROGRESS,
    task_id: str = "",
    args: Mapping[str, Any] | None = None,
    **over: Any,
) -> Action:
    """An action with an id of its own; progress to 45 % unless told."""
    if args is None:
        args = {"percent": 45} if kind is Kind.SET_PROGRESS else {}
    known: dict[str, Any] = {"op_id": new_id(), "made_at": START, "clock_offset": 0, **over}
    return Action(kind=kind, task_id=task_id or new_id(), args=args, **known)


def comment(task_id: str, text: str, **over: Any) -> Action:
    return action(Kind.COMMENT, task_id, {"comment_id": new_id(), "text": text}, **over)


def receipt(of: Action, outcome: Outcome = Outcome.APPLIED, **over: Any) -> Receipt:
    return Receipt(of.op_id, outcome, over.pop("epoch", "e1"), **over)


def task(task_id: str, **over: Any) -> Task:
    known: dict[str, Any] = {
        "number": 1,
        "title": "Replace pump seal",
        "description": "",
        "status": Status.PENDING,
        "priority": Priority.MEDIUM,
        "progress": 0,
        "created_by": "rita",
        "created_at": START,
        "updated_at": START,
        "version": 1,
    }
    return Task(id=task_id, **{**known, **over})


def page(seq: int, **over: Any) -> PullPage:
    """A page of the feed; `snapshot=True` makes it one of a first pull."""
    known = {
        "epoch": "e1",
        "cursor": f"c{seq}",
        "more": False,
        "snapshot": False,
        "zone": "UTC",
        "head": seq,
        "mark": f"m{seq}",
    }
    return PullPage(seq=seq, **{**known, **over})


class Line:
    """A `Server` that hands on to the real one, except where the script says otherwise.

    `script` holds one word for each coming call of `method` (push unless named): "ok", "lose
    request", "lose answer", "twice". After the script everything goes well.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.script: dict[str, list[str]] = {}
        self.calls: list[str] = []
        self.pushed: list[list[str]] = []
        self.answers: list[list[Receipt]] = []
        self.before: dict[str, Callable[[], None]] = {}
        self.most = 10_000
        self.refusal: Exception | None = None
        self.fault: Callable[[Sequence[str]], Exception | None] = lambda _messages: None
        """What a push of these messages fails with, before it reaches the server."""
        self.marks: list[str | None] = []
        self.asked: list[list[str]] = []
        """The tasks that each pull asked for whole."""
        self.watch: Callable[[], None] = lambda: None
        """Called before and after each call."""

    def fail(self, *words: str, method: str = "push") -> None:
        self.script[method] = list(words)

    def _call(self, method: str, call: Callable[[], Any]) -> Any:
        self.calls.append(method)
        self.watch()
        if hook := self.before.pop(method, None):
            hook()
        words = self.script.get(method)
        word = words.pop(0) if words else "ok"
        if word == "lose request":
            raise Unreachable("E4001")
        answer = call()
        if word == "twice":
            answer = call()
        if word == "lose answer":
            raise Unreachable("E4002")
        self.watch()
        return answer

    def push(
        self, messages: Sequence[str], void: Sequence[str], unsent: int, mark: str | None
    ) -> Delivery:
        self.pushed.append(list(messages))
        self.marks.append(mark)
        if fault := self.fault(messages):
            raise fault
        if self.refusal and len(messages) > self.most:
            raise self.refusal

        def call() -> Delivery:
            answer = self.server.push(messages, void, unsent, mark)
            self.answers.append(list(answer.receipts))
            return answer

        found: Delivery = self._call("push", call)
        return found

    def pull(
        self, cursor: str | None, scope: Scope, unsent: int, mark: str | None, whole: Sequence[str]
    ) -> Any:
        self.marks.append(mark)
        self.asked.append(list(whole))
        return self._call("pull", lambda: self.server.pull(cursor, scope, unsent, mark, whole))

    def renew(self) -> None:
        self._call("renew", self.server.renew)

    def presence(self) -> Sequence[PersonPresence]:
        found: Sequence[PersonPresence] = self._call("presence", self.server.presence)
        return found

    def refresh(self) -> None:
        self._call("refresh", self.server.refresh)

    def clock_offset(self) -> int | None:
        return self.server.clock_offset()


@dataclass
class Device:
    """One profile folder of one person, with an engine over a line that can fail."""

    running: RunningServer
    name: str
    folder: Path
    scope: Scope = "desk"
    credentials: Credentials = field(default_factory=InMemory)
    now: int = START

    def open(self) -> Device:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.credentials.read() is None:
            self.credentials.write(Tokens(self.running.token(self.name)))
        self.outbox = Outbox(self.folder)
        self.confirmed = Confirmed(self.folder)
        role = Role.EMPLOYEE if self.name in ("ana", "jonas") else Role.ADMIN
        actor = Actor(self.running.users[self.name], role)
        self.projection = Projection(self.confirmed, self.outbox, actor)
        self.http = connect(self.running.url, self.credentials, now=lambda: self.now)
        self.line = Line(self.http)
        self.engine = self.make_engine()
        return self

    def make_engine(self) -> Engine:
        return Engine(
            self.outbox, self.confirmed, self.line, self.scope, lambda: self.now, random.Random(7)
        )

    def close(self) -> None:
        self.http.close()
        self.outbox.close()
        self.confirmed.close()

    def add(self, *actions: Action) -> tuple[Action, ...]:
        self.outbox.add(actions)
        return actions

    def sync(self) -> Report:
        return self.engine.run_once()

    def shown(self, task_id: str) -> TaskView:
        return self.projection.views()[task_id]

    def waiting_ids(self) -> list[str]:
        return [item.action.op_id for item in self.outbox.waiting()]


def park(outbox: Outbox, op_id: str, until: int) -> None:
    """As three failures on a healthy server do."""
    outbox.take_batch(until, 500, 1_000_000)
    for _ in range(PARKED_AFTER):
        outbox.count_failures([op_id], lambda _retries: until)


def ids(items: Sequence[Waiting]) -> list[str]:
    return [item.action.op_id for item in items]


# Processes and foreign servers


def run_python(code: str, *arguments: object, **more: Any) -> subprocess.Popen[str]:
    """A Python process of its own that sees this repository; warnings are errors there too."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


@dataclass(frozen=True)
class Finished:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass
class CommandLine:
    """`python -m tracker` for one person, in a data folder and an environment of its own."""

    data: Path
    token: str | None
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT", "TEMP", "LANG")}
        own = {
            "HOME": str(self.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONWARNINGS": "error",
            "PYTHONUTF8": "1",
        }
        token = {"TRACKER_TOKEN": self.token} if self.token else {}
        return {**kept, **own, **token, **more}

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tracker", "--data-dir", str(self.data), *arguments],
            cwd=REPOSITORY,
            env=self.environment(**environment),
            encoding="utf-8",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str, typed: str = "", **environment: str) -> Finished:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(typed, timeout=30)
        return Finished(process.returncode, out, err)


@contextmanager
def foreign_server(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A web server that is not Tracker's and answers everything alike; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (the names http.server calls)

        def log_message(self, *_: Any) -> None:
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{found.server_address[1]}"
    finally:
        found.shutdown()
        thread.join(10)
        found.server_close()
