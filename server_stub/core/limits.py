"""How large a request may be besides its body. What a client of Tracker sends is far below."""

from __future__ import annotations

from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server_stub.core import problems
from tracker.domain.page import WHOLE_LIMIT

HEAD_BYTES = 32_768
"""The address and all headers. Large cookies of other programs on the same host fit in."""
QUERY_PARAMETERS = WHOLE_LIMIT + 50
"""A pull names the tasks it wants whole, one parameter each."""
JSON_DEPTH = 32


def excess(scope: Scope) -> tuple[str, str] | None:
    """The code, and which limit it is that the head of a request is over."""
    head = len(scope["raw_path"]) + len(scope["query_string"])
    head += sum(len(name) + len(value) for name, value in scope["headers"])
    if head > HEAD_BYTES:
        return "E2042", f"At most {HEAD_BYTES} bytes."
    if scope["query_string"].count(b"&") >= QUERY_PARAMETERS:
        return "E2013", f"At most {QUERY_PARAMETERS} query parameters."
    return None


def is_too_deep(value: Any, limit: int = JSON_DEPTH) -> bool:
    """Whether decoded JSON has lists and objects in each other more than `limit` times."""
    level: list[Any] = [[value]]
    for _ in range(limit + 1):
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


class BoundedHead(HttpToolsProtocol):
    """Ends a connection on which a request's head does not end: all of it would be kept in memory.
    A head that came whole is measured by `excess`, which does not count what stands between."""

    _in_head = False
    _head = 0

    def on_message_begin(self) -> None:
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > 2 * HEAD_BYTES:
                self._refuse()

    def _refuse(self) -> None:
        answer = problems.answer("E2042", f"At most {HEAD_BYTES} bytes.")
        lines = [b"HTTP/1.1 431 Request Header Fields Too Large", b"connection: close"]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()
