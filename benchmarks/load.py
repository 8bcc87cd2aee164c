"""How often a server answers one request: keep-alive connections that always wait for an answer."""

from __future__ import annotations

import re
import selectors
import shutil
import socket
import subprocess
import time

CONNECTIONS = 16
_WARM_UP = 0.3


def answers_per_second(port: int, request: bytes, seconds: float) -> float:
    """Of 304 to `request`, given as its bytes. `wrk` asks where it is installed, else this."""
    if shutil.which("wrk"):
        return _wrk(port, request, seconds)
    with selectors.DefaultSelector() as waiting:
        try:
            for _ in range(CONNECTIONS):
                line = socket.create_connection(("127.0.0.1", port), timeout=10)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                waiting.register(line, selectors.EVENT_READ)
                line.sendall(request)
            _ask(waiting, request, _WARM_UP)
            started = time.perf_counter()
            answered = _ask(waiting, request, seconds)
            return answered / (time.perf_counter() - started)
        finally:
            for key in list(waiting.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _ask(waiting: selectors.BaseSelector, request: bytes, seconds: float) -> int:
    """Answers each answer with the next request; how many there were in that time."""
    answered = 0
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        ready = waiting.select(timeout=10)
        for key, _ in ready:
            line = key.fileobj
            assert isinstance(line, socket.socket)
            answer = line.recv(1 << 16)
            # Loopback hands over a few hundred bytes in one piece.
            if not answer.startswith(b"HTTP/1.1 304") or not answer.endswith(b"\r\n\r\n"):
                raise RuntimeError(f"the server answered {answer[:80]!r}")
            line.sendall(request)
        answered += len(ready)
    return answered


def _wrk(port: int, request: bytes, seconds: float) -> float:
    first, *lines = request.decode().strip().split("\r\n")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
    for line in lines:
        command += ["-H", line]
    url = f"http://127.0.0.1:{port}{first.split()[1]}"
    said = subprocess.run(
        [*command, url], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    found = re.search(r"Requests/sec: *([0-9.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"wrk says: {said}")
    return float(found[1])
