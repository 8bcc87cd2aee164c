"""Thousands of devices that each ask one server every few seconds whether there is something new.

Each keeps a connection open, as the product's own client does, and asks when its turn comes. An
answer is late from the moment its request was due, not from when it could be sent, so that a
server that stalls cannot hide it by being asked less.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Spread, spread
from tracker.cache.precious import new_id
from tracker.services.workspace import device_clock

WARM_UP = 5
"""Intervals of the round that is not measured. A server that has just started knows nobody, so each
one's first question is answered by the database; on PostgreSQL that takes several ms."""


@dataclass
class Device:
    """One client: who it is, what it has seen, and one task that it works on."""

    token: str
    user_id: str
    task_id: str
    cursor: str
    mark: str | None = None
    device_id: str = field(default_factory=new_id)
    seq: int = 0
    line: socket.socket | None = None
    due: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    waits_for: str = ""

    def poll(self) -> bytes:
        mark = f"Tracker-Mark: {self.mark}\r\n" if self.mark else ""
        return (
            "GET /api/v1/sync/pull?scope=desk&unsent=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\nTracker-User: {self.user_id}\r\n"
            f'Tracker-Protocol: 1\r\nIf-None-Match: "{self.cursor}"\r\n{mark}\r\n'
        ).encode()

    def push(self) -> bytes:
        """One action on its task."""
        self.seq += 1
        action = {
            "op_id": new_id(), "device_id": self.device_id, "device_seq": self.seq, "schema": 1,
            "kind": "set_progress", "task_id": self.task_id, "made_at": device_clock(),
            "clock_offset": 0, "args": {"percent": 1 + self.seq % 98, "note": "Half done."},
        }  # fmt: skip
        body = json.dumps({"actions": [action], "unsent": 0}).encode()
        return (
            "POST /api/v1/sync/push HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\nTracker-User: {self.user_id}\r\n"
            "Tracker-Protocol: 1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


@dataclass(frozen=True)
class Heard:
    """What came of some rounds, in ms: answers that there is nothing new, answers with something,
    and receipts."""

    nothing: Spread
    something: Spread
    receipts: Spread
    all_polls: Spread


def rounds(
    port: int, devices: Sequence[Device], number: int, interval: float, changing: int
) -> Heard:
    """Every device asks once in each interval, evenly spread, and `changing` of them, others each
    time, send a change first. The first round is slower and not measured.
    RuntimeError where somebody waits for longer than the interval."""
    rng = random.Random(5)
    found: dict[str, list[float]] = {"nothing": [], "something": [], "receipt": []}
    with selectors.DefaultSelector() as waiting:
        try:
            for device in devices:
                device.line = socket.create_connection(("127.0.0.1", port), timeout=20)
                device.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                waiting.register(device.line, selectors.EVENT_READ, device)
            started = time.perf_counter() + 0.1
            measured_from = started + WARM_UP * interval
            parts = [at / len(devices) * interval for at in range(len(devices))]
            turns = [(started + WARM_UP * part, at, False) for at, part in enumerate(parts)]
            for n in range(number):
                changers = set(rng.sample(range(len(devices)), changing))
                begin = measured_from + n * interval
                turns += [(begin + part, at, at in changers) for at, part in enumerate(parts)]
            _run(waiting, devices, turns, measured_from, found)
        finally:
            for device in devices:
                if device.line is not None:
                    device.line.close()
    measured = {name: spread(values) for name, values in found.items() if values}
    none = Spread(0, 0, 0, 0)
    return Heard(
        measured.get("nothing", none),
        measured.get("something", none),
        measured.get("receipt", none),
        spread(found["nothing"] + found["something"]),
    )


def _run(
    waiting: selectors.BaseSelector,
    devices: Sequence[Device],
    turns: Sequence[tuple[float, int, bool]],
    measured_from: float,
    found: dict[str, list[float]],
) -> None:
    open_requests = turn = 0
    until = turns[-1][0] + 60
    while turn < len(turns) or open_requests:
        now = time.perf_counter()
        if now > until:
            raise RuntimeError(f"{open_requests} requests were not answered in a minute")
        while turn < len(turns) and turns[turn][0] <= now:
            (due, at, changes), turn = turns[turn], turn + 1
            device = devices[at]
            if device.waits_for:
                raise RuntimeError(f"no answer in {now - device.due:.1f} s")
            device.due = due
            _send(device, "receipt" if changes else "poll")
            open_requests += 1
        pause = max(0.0, turns[turn][0] - time.perf_counter()) if turn < len(turns) else 0.05
        for key, _ in waiting.select(min(pause, 0.05)):
            device = key.data
            status, body = _received(device)
            if status is None:
                continue
            taken = (time.perf_counter() - device.due) * 1000
            kind = device.waits_for
            if kind == "poll":
                kind = "nothing" if status == 304 else "something"
            if device.due >= measured_from:
                found[kind].append(taken)
            again = _learn(device, kind, status, body)
            device.waits_for = ""
            open_requests -= 1
            if again:  # what follows a push or a full page, at once
                device.due = time.perf_counter()
                _send(device, "poll")
                open_requests += 1


def _send(device: Device, what: str) -> None:
    assert device.line is not None
    device.waits_for = what
    device.answer.clear()
    device.line.sendall(device.push() if what == "receipt" else device.poll())


def _received(device: Device) -> tuple[int | None, bytes]:
    """The status and the body once both are there; None before."""
    assert device.line is not None
    some = device.line.recv(1 << 18)
    if not some:
        raise RuntimeError(f"the server closed the line after {bytes(device.answer)[:200]!r}")
    device.answer += some
    head, gap, body = bytes(device.answer).partition(b"\r\n\r\n")
    if not gap:
        return None, b""
    status = int(head[9:12])
    if status == 304:
        return status, b""
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return (status, body) if len(body) >= int(length) else (None, b"")


def _learn(device: Device, kind: str, status: int, body: bytes) -> bool:
    """Whether it asks again at once."""
    if kind == "nothing":
        return False
    if status != 200:
        raise RuntimeError(f"the server answered {status}: {body[:300]!r}")
    answer: dict[str, Any] = json.loads(body)
    device.mark = answer.get("mark") or device.mark
    if kind == "receipt":
        (receipt,) = answer["receipts"]
        if receipt["outcome"] not in ("applied", "merged"):
            raise RuntimeError(str(receipt))
        return True
    device.cursor = answer["cursor"]
    return bool(answer["more"])
