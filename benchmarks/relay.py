"""A relay on loopback that sees what really travels: the request's bytes and the answer's size."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class Relay:
    """Hands one connection at a time on to `port`; `url` is where to connect instead."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.request = b""
        """What was sent since `forget`."""
        self.answered = 0
        """How many bytes came back since `forget`."""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def forget(self) -> None:
        self.request, self.answered = b"", 0

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            with near, socket.create_connection(("127.0.0.1", self._port)) as far:
                back = threading.Thread(target=self._back, args=(far, near), daemon=True)
                back.start()
                while data := _some(near):
                    self.request += data
                    far.sendall(data)
                far.shutdown(socket.SHUT_WR)
                back.join(10)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        while data := _some(far):
            self.answered += len(data)
            near.sendall(data)

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake an accept on Linux.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


def _some(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""
