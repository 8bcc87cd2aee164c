"""The server as the engine sees it: requests encoded, answers checked and decoded, faults coded.

What moves the bytes is a `Carrier`: HTTP in the product, the server's own functions in the
simulator. An answer counts only if Tracker's own header is on it: a captive portal's page, a
proxy's error or a redirect is "not from Tracker", and the queue stays as it was. Of a proxy's
answer only one thing is heard: for how long a 429 or 503 asks to be left alone.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from tracker.domain.errors import ServerRefusal, SignInNeeded, Unreachable, entry_of
from tracker.domain.notification import Preferences
from tracker.domain.page import Mark, PersonPresence
from tracker.domain.task import Occupancy
from tracker.protocol.analytics import Figures, OccupancyOfAll, SlaSettings
from tracker.protocol.base import (
    MARK_HEADER,
    PROTOCOL,
    PROTOCOL_HEADER,
    SERVER_HEADER,
    TIME_HEADER,
    USER_HEADER,
    Answer,
)
from tracker.protocol.history import HistoryPage
from tracker.protocol.notifications import PrintedPreferences
from tracker.protocol.occupancy import OccupancyReport
from tracker.protocol.people import PresenceList
from tracker.protocol.problems import Problem
from tracker.protocol.session import Grant, Me, Refresh, SignIn
from tracker.protocol.sync import PullPage, PushAnswer
from tracker.sync import pacing
from tracker.sync.ports import Credentials, Delivery, Scope, Tokens

_PREFERENCES = "/api/v1/notifications/preferences"
_M = TypeVar("_M", bound=Answer)


def device_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Carrier(Protocol):
    """Moves one request and its answer. Raises Unreachable or SignInNeeded, nothing else."""

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply: ...
    def renew(self) -> None: ...
    def hang_up(self) -> None: ...
    def close(self) -> None: ...


def request_headers(token: str | None, user_id: str | None) -> dict[str, str]:
    """What every request carries: how it is spoken, and by whom."""
    headers = {PROTOCOL_HEADER: str(PROTOCOL)}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
        if user_id is not None:
            headers[USER_HEADER] = user_id
    return headers


class RemoteServer:
    """`server_id` and `user_id` are those of the profile: another server's answer is refused
    here, another person's token there. `occupancy` is what each poll says of the person, None
    where nothing is reported. Not for two threads at once."""

    def __init__(
        self,
        carrier: Carrier,
        credentials: Credentials,
        server_id: str | None = None,
        user_id: str | None = None,
        now: Callable[[], int] = device_clock,
        occupancy: Callable[[], Occupancy | None] = lambda: None,
    ) -> None:
        self._carrier = carrier
        self._occupancy = occupancy
        self._credentials = credentials
        self._server_id = server_id
        self._user_id = user_id
        self._now = now
        self._offset: int | None = None

    def close(self) -> None:
        self._carrier.close()

    def hang_up(self) -> None:
        """For good, from any thread: the request under way and later ones end as if the line were
        dead (E4001)."""
        self._carrier.hang_up()

    def renew(self) -> None:
        """Leaves the connection: a new one may get through where the old one hangs."""
        self._carrier.renew()

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

    def push(
        self, messages: Sequence[str], void: Sequence[str], unsent: int, mark: str | None
    ) -> Delivery:
        body = (
            f'{{"actions":[{",".join(messages)}],"void":{json.dumps(list(void))},'
            f'"unsent":{unsent}}}'
        )
        headers = {MARK_HEADER: mark} if mark else {}
        path = "/api/v1/sync/push"
        answer = self._send("POST", path, body, token=self._token(), headers=headers)
        found = self._read(PushAnswer, answer)
        return Delivery(found.receipts, Mark(found.epoch, found.head, found.mark))

    def pull(
        self,
        cursor: str | None,
        scope: Scope,
        unsent: int,
        mark: str | None,
        whole: Sequence[str] = (),
    ) -> PullPage | None:
        headers = {"If-None-Match": f'"{cursor}"'} if cursor else {}
        if mark:
            headers[MARK_HEADER] = mark
        path = f"/api/v1/sync/pull?scope={scope}&unsent={unsent}"
        occupancy = self._occupancy()
        path += f"&occupancy={occupancy}" if occupancy else ""
        path += "".join(f"&whole={task_id}" for task_id in whole)
        answer = self._send("GET", path, token=self._token(), headers=headers)
        return None if answer.status == 304 else self._read(PullPage, answer)

    def presence(self) -> Sequence[PersonPresence]:
        answer = self._send("GET", "/api/v1/people/presence", token=self._token())
        return [
            PersonPresence(p.user_id, p.last_heard_at, p.unsent, p.occupancy)
            for p in self._read(PresenceList, answer).people
        ]

    def history(self, task_id: str, before: int, limit: int) -> HistoryPage:
        path = f"/api/v1/tasks/{task_id}/history?before={before}&limit={limit}"
        return self._read(HistoryPage, self._send("GET", path, token=self._token()))

    def occupancy(self, user_id: str) -> OccupancyReport:
        """What was reported of a person in the last 24 hours."""
        path = f"/api/v1/people/{user_id}/occupancy"
        return self._read(OccupancyReport, self._send("GET", path, token=self._token()))

    def figures(self, query: Mapping[str, str]) -> Figures:
        """All of the tenant's work that the parameters narrow: for admins and owners."""
        path = f"/api/v1/analytics/figures?{urlencode(query)}"
        return self._read(Figures, self._send("GET", path, token=self._token()))

    def occupancy_of_all(self, query: Mapping[str, str]) -> OccupancyOfAll:
        """Everybody's last 24 hours, narrowed by person and team: for admins and owners."""
        path = f"/api/v1/analytics/occupancy?{urlencode(query)}"
        return self._read(OccupancyOfAll, self._send("GET", path, token=self._token()))

    def sla_settings(self) -> SlaSettings:
        """What the tenant promises: for admins and owners."""
        path = "/api/v1/analytics/sla-settings"
        return self._read(SlaSettings, self._send("GET", path, token=self._token()))

    def preferences(self) -> tuple[Preferences, str]:
        """What the person wants to be told, and the tag of that content."""
        return self._preferences(self._send("GET", _PREFERENCES, token=self._token()))

    def choose(self, changes: Mapping[str, object], tag: str) -> tuple[Preferences, str]:
        """Other values of some preferences; E5062 where they are not those of the tag any more."""
        body, headers = json.dumps(dict(changes)), {"If-Match": tag}
        answer = self._send("PUT", _PREFERENCES, body, token=self._token(), headers=headers)
        return self._preferences(answer)

    def ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of the answer to a request of somebody signed in, for the modules beside this
        one."""
        return self._send(method, path, body, token=self._token(), headers=headers).body

    # -- inside ----------------------------------------------------------------------------

    def _preferences(self, answer: Reply) -> tuple[Preferences, str]:
        found = self._read(PrintedPreferences, answer)
        values = {name: getattr(found, name) for name in Preferences.__slots__}
        return Preferences(**values), answer.headers.get("etag", "")

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
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = {**request_headers(token, self._user_id), **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = body.encode("utf-8", "replace") if body is not None else None
        started = self._now()
        answer = self._carrier.send(method, path, sent, content)
        self._check_origin(answer)
        stamp = answer.headers.get(TIME_HEADER.lower(), "")
        if re.fullmatch(r"[0-9]{1,15}", stamp):
            self._offset = int(stamp) - (started + self._now()) // 2
        if 200 <= answer.status < 300 or answer.status == 304:
            return answer
        raise self._fault(answer)

    def _check_origin(self, answer: Reply) -> None:
        found = answer.headers.get(SERVER_HEADER.lower())
        redirected = 300 <= answer.status < 400 and answer.status != 304
        if found is None or redirected:
            raise self._foreign(answer)
        if self._server_id is not None and found != self._server_id:
            raise Unreachable("E4003", "It is another Tracker server.")

    def _foreign(self, answer: Reply) -> Unreachable:
        return Unreachable(
            "E4003", f"It answered with status {answer.status}.", self._asked(answer)
        )

    def _asked(self, answer: Reply) -> float | None:
        return pacing.retry_after(answer.status, answer.headers, self._now())

    def _fault(self, answer: Reply) -> Exception:
        try:
            problem = Problem.model_validate_json(answer.body)
        except ValidationError:
            return self._foreign(answer)
        info = f"Trace {problem.trace_id}." if problem.status >= 500 else ""
        if problem.status == 401:
            return SignInNeeded(problem.code)
        if problem.status == 429 or (problem.status >= 500 and problem.status != 507):
            return Unreachable(problem.code, info, self._asked(answer))
        field = problem.errors[0].field if problem.errors else None
        info = info or _said(problem)
        return ServerRefusal(problem.code, problem.status, info, field, problem.current)

    def _read(self, model: type[_M], answer: Reply) -> _M:
        try:
            return model.model_validate_json(answer.body)
        except ValidationError as error:
            raise Unreachable("E4003", "Its answer could not be read.") from error


def _said(problem: Problem) -> str:
    """What is particular to this case: the detail without the remedy, which the catalogue has."""
    return problem.detail.removesuffix(entry_of(problem.code).remedy).strip()
