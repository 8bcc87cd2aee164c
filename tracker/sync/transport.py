"""HTTP. The only file that imports httpx, and where its errors become coded faults."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

import httpx

from tracker.domain.errors import InputError, SignInNeeded, Unreachable
from tracker.sync.ports import Credentials
from tracker.sync.remote import RemoteServer, Reply, device_clock

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
LARGEST = 64 * 1024 * 1024
"""Bytes of one answer, unpacked. A page of 2,000 tasks has about 1 MB."""


def connect(
    base_url: str,
    credentials: Credentials,
    server_id: str | None = None,
    user_id: str | None = None,
    now: Callable[[], int] = device_clock,
) -> RemoteServer:
    """The server at `base_url`. E2007 for an address that is none."""
    return RemoteServer(HttpCarrier(base_url), credentials, server_id, user_id, now)


class HttpCarrier:
    """One keep-alive client. Redirects are not followed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        try:
            self._client = self._open()
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InputError("E2007", field="server") from error

    def _open(self) -> httpx.Client:
        return httpx.Client(base_url=self._base_url, timeout=TIMEOUT, follow_redirects=False)

    def renew(self) -> None:
        self._client.close()
        self._client = self._open()

    def close(self) -> None:
        self._client.close()

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        try:
            with self._client.stream(method, path, content=body, headers=headers) as answer:
                content = b"".join(_bounded(answer))
                return Reply(answer.status_code, answer.headers, content)
        except httpx.TimeoutException as error:
            raise Unreachable("E4002") from error
        except httpx.DecodingError as error:
            raise Unreachable("E4003", "Its answer could not be unpacked.") from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise Unreachable(_connection_code(error), _without_detail(error)) from error
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
