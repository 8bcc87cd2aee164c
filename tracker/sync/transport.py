"""HTTP. The only file that imports httpx, and where its errors become coded faults.

An answer counts only if Tracker's own header is on it: a captive portal's page, a proxy's error
or a redirect is "not from Tracker", and the queue stays as it was.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import httpx
from pydantic import ValidationError

from tracker.domain.errors import InputError, ServerRefusal, SignInNeeded, Unreachable
from tracker.domain.page import PersonPresence
from tracker.domain.receipt import Receipt
from tracker.protocol.base import (
    PROTOCOL,
    PROTOCOL_HEADER,
    SERVER_HEADER,
    TIME_HEADER,
    USER_HEADER,
    Answer,
)
from tracker.protocol.people import PresenceList
from tracker.protocol.problems import Problem
from tracker.protocol.session import Grant, Me, Refresh, SignIn
from tracker.protocol.sync import PullPage, PushAnswer
from tracker.sync.ports import Credentials, Scope, Tokens

_M = TypeVar("_M", bound=Answer)

TIMEOUT = httpx.Timeout(20.0, connect=5.0)


def _device_clock() -> int:
    return time.time_ns() // 1_000_000


class HttpServer:
    """The server at `base_url`. `server_id` and `user_id` are those of the profile: another
    server's answer is refused here, another person's token there. Not for two threads at once."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        server_id: str | None = None,
        user_id: str | None = None,
        now: Callable[[], int] = _device_clock,
    ) -> None:
        self._credentials = credentials
        self._server_id = server_id
        self._user_id = user_id
        self._now = now
        self._offset: int | None = None
        try:
            self._client = httpx.Client(
                base_url=base_url,
                timeout=TIMEOUT,
                follow_redirects=False,
                headers={PROTOCOL_HEADER: str(PROTOCOL)},
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise InputError("E2007", field="server") from error

    def close(self) -> None:
        self._client.close()

    def clock_offset(self) -> int | None:
        """Server time minus device time in ms, from the last answer."""
        return self._offset

    # -- session ---------------------------------------------------------------------------

    def sign_in(self, name: str, password: str) -> Grant:
        body = SignIn(name=name, password=password).model_dump_json()
        grant = self._read(Grant, self._send("POST", "/api/v1/session", body, token=None))
        self._credentials.write(Tokens(grant.access_token, grant.refresh_token))
        return grant

    def me(self) -> Me:
        return self._read(Me, self._send("GET", "/api/v1/session", token=self._token()))

    def refresh(self) -> None:
        """New tokens for the old ones; SignInNeeded when that is over too."""
        stale, tokens = self._credentials.read(), self._credentials.reread()
        if stale and tokens and stale.access != tokens.access:
            return  # another process of this profile has done it
        if tokens is None or tokens.refresh is None:
            raise SignInNeeded("E1002")
        body = Refresh(refresh_token=tokens.refresh).model_dump_json()
        answer = self._send("POST", "/api/v1/session/refresh", body, token=None)
        grant = self._read(Grant, answer)
        self._credentials.write(Tokens(grant.access_token, grant.refresh_token))

    def sign_out(self) -> None:
        self._send("DELETE", "/api/v1/session", token=self._token())

    # -- sync ------------------------------------------------------------------------------

    def push(self, messages: Sequence[str], unsent: int) -> Sequence[Receipt]:
        body = f'{{"actions":[{",".join(messages)}],"unsent":{unsent}}}'
        answer = self._send("POST", "/api/v1/sync/push", body, token=self._token())
        return self._read(PushAnswer, answer).receipts

    def pull(self, cursor: str | None, scope: Scope, unsent: int) -> PullPage | None:
        headers = {"If-None-Match": f'"{cursor}"'} if cursor else {}
        path = f"/api/v1/sync/pull?scope={scope}&unsent={unsent}"
        answer = self._send("GET", path, token=self._token(), headers=headers)
        return None if answer.status_code == 304 else self._read(PullPage, answer)

    def presence(self) -> Sequence[PersonPresence]:
        answer = self._send("GET", "/api/v1/people/presence", token=self._token())
        return [
            PersonPresence(p.user_id, p.last_heard_at, p.unsent, p.occupancy)
            for p in self._read(PresenceList, answer).people
        ]

    # -- inside ----------------------------------------------------------------------------

    def _token(self) -> str:
        tokens = self._credentials.read()
        if tokens is None:
            raise SignInNeeded("E1003")
        return tokens.access

    def _send(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        token: str | None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
            if self._user_id is not None:
                sent[USER_HEADER] = self._user_id
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = body.encode("utf-8", "replace") if body is not None else None
        started = self._now()
        try:
            answer = self._client.request(method, path, content=content, headers=sent)
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
        self._check_origin(answer)
        stamp = answer.headers.get(TIME_HEADER, "")
        if re.fullmatch(r"[0-9]{1,15}", stamp):
            self._offset = int(stamp) - (started + self._now()) // 2
        if answer.is_success or answer.status_code == 304:
            return answer
        raise self._fault(answer)

    def _check_origin(self, answer: httpx.Response) -> None:
        found = answer.headers.get(SERVER_HEADER)
        redirected = 300 <= answer.status_code < 400 and answer.status_code != 304
        if found is None or redirected:
            raise Unreachable("E4003", f"It answered with status {answer.status_code}.")
        if self._server_id is not None and found != self._server_id:
            raise Unreachable("E4003", "It is another Tracker server.")

    def _fault(self, answer: httpx.Response) -> Exception:
        try:
            problem = Problem.model_validate_json(answer.content)
        except ValidationError:
            return Unreachable("E4003", f"It answered with status {answer.status_code}.")
        info = f"Trace {problem.trace_id}." if problem.status >= 500 else ""
        if problem.status == 401:
            return SignInNeeded(problem.code)
        if problem.status >= 500 and problem.status != 507:
            after = answer.headers.get("retry-after", "")
            seconds = float(after) if re.fullmatch(r"[0-9]{1,9}", after) else None
            return Unreachable(problem.code, info, seconds)
        return ServerRefusal(problem.code, problem.status, info)

    def _read(self, model: type[_M], answer: httpx.Response) -> _M:
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise Unreachable("E4003", "Its answer could not be read.") from error


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
