"""A line between client and server that fails as networks do. It reads whole requests, so that a
fault falls where a person would want it least: between what the server did and what it said."""

from __future__ import annotations

import contextlib
import random
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from io import BufferedIOBase

PATIENCE = 20.0


class Fault(StrEnum):
    NONE = "none"
    DELAY = "delay"
    """Both ways are slow."""
    CUT_REQUEST = "cut request"
    """The server gets a part of the request."""
    LOSE_ANSWER = "lose answer"
    """The server has done it, and nobody hears of it."""
    CUT_ANSWER = "cut answer"
    """The client gets a part of the answer."""
    TWICE = "twice"
    """The same bytes arrive on two connections at once."""


WEIGHTS: Mapping[Fault, int] = {
    Fault.NONE: 8,
    Fault.DELAY: 2,
    Fault.CUT_REQUEST: 2,
    Fault.LOSE_ANSWER: 2,
    Fault.CUT_ANSWER: 2,
    Fault.TWICE: 4,
}


class Proxy:
    """Listens on loopback at a port of its own and hands on to `target`, another loopback port.

    Which fault a request meets is drawn from `rng`; `met` counts them. `healed` ends the faults.
    """

    def __init__(self, rng: random.Random, weights: Mapping[Fault, int] = WEIGHTS) -> None:
        self.target = 0
        self.healed = True
        self.met: Counter[Fault] = Counter()
        self.heard = threading.Event()
        """Set when a whole request has come in."""
        self._rng = rng
        self._weights = weights
        self._drawing = threading.Lock()

    def draw(self) -> tuple[Fault, float]:
        """What befalls the next request, and a number from 0 to 1 that says where."""
        with self._drawing:
            fault = Fault.NONE
            if not self.healed:
                (fault,) = self._rng.choices([*self._weights], [*self._weights.values()])
            self.met[fault] += 1
            return fault, self._rng.random()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Yields the address that clients use."""
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.connection.settimeout(PATIENCE)
                # A connection that breaks off, on either side, ends the other one too.
                with contextlib.suppress(OSError):
                    while request := _message(self.rfile):
                        proxy.heard.set()
                        if not proxy.hand_on(request, self.wfile):
                            break

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True

        with Listener(("127.0.0.1", 0), Handler) as listener:
            thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield f"http://127.0.0.1:{listener.server_address[1]}"
            finally:
                listener.shutdown()
                thread.join(10)

    def hand_on(self, request: bytes, client: BufferedIOBase) -> bool:
        """One request with its fault; whether the client's connection goes on."""
        fault, where = self.draw()
        if fault is Fault.DELAY:
            time.sleep(where * 0.3)
        if fault is Fault.CUT_REQUEST:
            with self._upstream() as server:
                server.sendall(request[: int(where * len(request))])
            return False
        with contextlib.ExitStack() as lines:
            servers = [
                lines.enter_context(self._upstream())
                for _ in range(2 if fault is Fault.TWICE else 1)
            ]
            for server in servers:
                server.sendall(request)
            answers = [_message(server.makefile("rb")) for server in servers]
        if fault is Fault.DELAY:
            time.sleep(where * 0.3)
        if not answers[0] or fault is Fault.LOSE_ANSWER:
            return False
        whole = fault is not Fault.CUT_ANSWER
        client.write(answers[0] if whole else answers[0][: int(where * len(answers[0]))])
        return whole

    @contextmanager
    def _upstream(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.target), PATIENCE) as server:
            yield server


def _message(stream: BufferedIOBase) -> bytes:
    """One request or answer as it came; empty where the sender ended or broke off. Neither side of
    ours sends a body without its length in front."""
    head = b""
    length = 0
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return b""
        head += line
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        assert name.lower() != b"transfer-encoding", line
    body = stream.read(length)
    return head + body if len(body) == length else b""
