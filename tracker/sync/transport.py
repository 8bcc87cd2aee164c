"""HTTP. The only file that imports httpx, and where its errors become coded faults."""

from __future__ import annotations

import functools
import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx

from tracker.domain.errors import InputError, SignInNeeded, Unreachable
from tracker.domain.task import Occupancy
from tracker.protocol.base import SERVER_HEADER
from tracker.sync import pacing
from tracker.sync.ports import Credentials, Scope
from tracker.sync.remote import RemoteServer, Reply, device_clock, request_headers

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
HEARING = httpx.Timeout(45.0, connect=5.0)
"""The server sends a heartbeat every 15 s; a stream that is silent for three of them is dead."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one answer, unpacked. A page of 2,000 tasks has about 1 MB."""

log = logging.getLogger(__name__)


def connect(
    base_url: str,
    credentials: Credentials,
    server_id: str | None = None,
    user_id: str | None = None,
    now: Callable[[], int] = device_clock,
    occupancy: Callable[[], Occupancy | None] = lambda: None,
) -> RemoteServer:
    """The server at `base_url`. E2007 for an address that is none."""
    carrier = HttpCarrier(base_url)
    return RemoteServer(carrier, credentials, server_id, user_id, now, occupancy)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom TLS trusts. Reading it takes 30 ms, and each question beside synchronising is a client
    of its own."""
    return httpx.create_ssl_context()


class _Line:
    """The connection that a client opened last, which is the one it uses, for another thread to
    end. Shutting the socket down wakes whoever waits for its bytes; closing it would not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._twin: socket.socket | None = None
        self.is_cut = False

    def follow(self, event: str, info: dict[str, Any]) -> None:
        """What httpx calls at each step of a request ("connection.connect_tcp.complete")."""
        step = event.partition(".")[2]
        if not step.startswith(("connect_tcp.", "start_tls.")):
            return
        with self._lock:
            if step == "start_tls.started":
                # The handshake takes the socket out of the object that was kept (not where a proxy
                # speaks TLS already); a twin still reaches it.
                if self._socket is not None and not isinstance(self._socket, ssl.SSLSocket):
                    self._twin = self._socket.dup()
            elif self._twin is not None:
                self._twin.close()
                self._twin = None
            if step.endswith(".complete"):
                self._socket = info["return_value"].get_extra_info("socket")
            if self.is_cut:
                self._shut()

    def cut(self) -> None:
        """For good: a connection that is opened later is ended at once. From any thread."""
        with self._lock:
            self.is_cut = True
            self._shut()

    def _shut(self) -> None:
        for one in (self._socket, self._twin):
            if one is not None:
                with suppress(OSError):  # it is closed already
                    # Of TCP only: TLS's own would first make what is still written plain text.
                    socket.socket.shutdown(one, socket.SHUT_RDWR)


class HttpCarrier:
    """One keep-alive client. Redirects are not followed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._line = _Line()
        try:
            self._client = self._open()
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InputError("E2007", field="server") from error

    def _open(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._base_url, timeout=TIMEOUT, follow_redirects=False, verify=_trusted()
        )

    def renew(self) -> None:
        """Also asks anew whom TLS trusts: authorities may have been added."""
        _trusted.cache_clear()
        self._client.close()
        self._client = self._open()

    def hang_up(self) -> None:
        self._line.cut()

    def close(self) -> None:
        self._client.close()

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        if self._line.is_cut:
            raise Unreachable("E4001", "The connection was ended here.")
        trace = {"trace": self._line.follow}
        try:
            with self._client.stream(
                method, path, content=body, headers=headers, extensions=trace
            ) as answer:
                content = b"".join(_bounded(answer))
                return Reply(answer.status_code, answer.headers, content)
        except httpx.TimeoutException as error:
            raise Unreachable("E4002") from error
        except httpx.DecodingError as error:
            raise Unreachable("E4003", "Its answer could not be unpacked.") from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            code = _connection_code(error)
            if code == "E4007":
                self.renew()  # who adds the company's certificate need not start anew
            raise Unreachable(code, _without_detail(error)) from error
        except UnicodeEncodeError as error:
            raise SignInNeeded("E1003", "The token holds a character that no token has.") from error
        except UnicodeError as error:
            raise Unreachable("E4001", "The address is not one.") from error


def _bounded(answer: httpx.Response) -> list[bytes]:
    """The pieces of the body, unpacked as they come; a bomb ends where it is too large."""
    pieces, size = [], 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > LARGEST:
            raise Unreachable("E4003", "Its answer is too large.")
        pieces.append(piece)
    return pieces


def _connection_code(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(cause):
            return "E4007"
        cause = cause.__cause__ or cause.__context__
    return "E4001"


def _without_detail(error: Exception) -> str:
    """Nothing but the kind: addresses and headers do not belong in a sentence for a person."""
    return "" if isinstance(error, httpx.ConnectError) else f"({type(error).__name__})"


class Wakeups:
    """Hears from the server that something is new, in a thread of its own, and calls `wake`.

    Nothing depends on it: whatever goes wrong here is tried again later and later, and polling
    brings the news meanwhile. `hang_up` ends a reader that waits for bytes, `stop` waits for its
    thread too.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        server_id: str,
        user_id: str,
        scope: Scope,
        wake: Callable[[], None],
    ) -> None:
        self._client = httpx.Client(
            base_url=base_url, timeout=HEARING, follow_redirects=False, verify=_trusted()
        )
        self._credentials = credentials
        self._server_id = server_id
        self._user_id = user_id
        self._scope = scope
        self._wake = wake
        self._rng = random.Random()
        self._stopped = threading.Event()
        self._line = _Line()
        self._thread = threading.Thread(target=self._run, name="tracker-wakeups", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def hang_up(self) -> None:
        self._stopped.set()
        self._line.cut()

    def stop(self) -> None:
        self.hang_up()
        # One that still looks for the server has no socket yet; it ends with the process.
        self._thread.join(2)
        if not self._thread.is_alive():
            self._client.close()

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                heard, asked = self._listen()
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                log.debug("wake-ups ended: %s", error)
                heard, asked = False, None
            failures = 0 if heard else failures + 1
            self._stopped.wait(pacing.backoff(max(1, failures), 1.0, self._rng, asked))

    def _listen(self) -> tuple[bool, float | None]:
        """Reads one stream to its end; whether it was one, and for how many seconds whoever
        answered instead asked to be left alone."""
        tokens = self._credentials.read()
        if tokens is None:
            return False, None
        headers = request_headers(tokens.access, self._user_id)
        path = f"/api/v1/sync/events?scope={self._scope}"
        trace = {"trace": self._line.follow}
        with self._client.stream("GET", path, headers=headers, extensions=trace) as answer:
            ours = answer.headers.get(SERVER_HEADER) == self._server_id
            if answer.status_code != 200 or not ours:
                now = device_clock()
                return False, pacing.retry_after(answer.status_code, answer.headers, now)
            for line in answer.iter_lines():
                if self._stopped.is_set():
                    break
                if line.startswith("data:"):
                    self._wake()
        return True, None
