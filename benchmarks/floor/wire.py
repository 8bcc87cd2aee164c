"""HTTP/1.1 in forty lines over one kept-alive socket: the least a client can be."""

from __future__ import annotations

import re
import socket

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Line:
    """One connection to a server on loopback that answers with a Content-Length."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def request(
        self, method: str, path: str, headers: str = "", body: bytes = b""
    ) -> tuple[int, bytes]:
        """The status and the body. `headers` are whole lines, each with its CRLF."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}{length}\r\n"
        self._socket.sendall(head.encode() + body)
        return self._answer()

    def _answer(self) -> tuple[int, bytes]:
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._some()
        found = _LENGTH.search(received, 0, end)
        size = int(found[1]) if found else 0
        body = received[end + 4 :]
        while len(body) < size:
            body += self._some()
        return int(received[9:12]), bytes(body)

    def _some(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data
