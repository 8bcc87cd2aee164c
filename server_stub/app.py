"""The composition root of the server: settings in, an ASGI application out."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from server_stub.analytics.routes import router as analytics
from server_stub.config import Settings
from server_stub.core import described, limits, logs, problems
from server_stub.core.database import Database
from server_stub.core.rates import Rates
from server_stub.core.serving import running
from server_stub.core.state import ServerState, load, system_clock
from server_stub.health.routes import router as health
from server_stub.importing.routes import router as importing
from server_stub.notifications.routes import router as notifications
from server_stub.occupancy.routes import router as occupancy
from server_stub.people.directory import router as directory
from server_stub.people.grouping import router as groups
from server_stub.people.routes import router as people
from server_stub.sync.routes import router as sync
from server_stub.sync.shortcut import Shortcut
from server_stub.tasks.doing import router as doing
from server_stub.tasks.hanging import router as hanging
from server_stub.tasks.history import router as history
from server_stub.tasks.rest import older, rest
from server_stub.tasks.routes import router as tasks
from server_stub.timetable.running import Timetable
from tracker.protocol.base import PROTOCOL, PROTOCOL_HEADER, SERVER_HEADER, TIME_HEADER


def create_app(
    settings: Settings,
    now: Callable[[], int] = system_clock,
    timetable_port: int | None = None,
) -> FastAPI:
    """The application on a migrated database. Closing it writes what presence it knows. With the
    port it listens on it also does what is due by the clock: one application a process can."""
    logs.configure()
    database = Database(settings.database_url)
    state = load(settings, database)
    state.now = now
    app = interface(lambda _app: _running(state, timetable_port))
    app.state.tracker = state
    app.add_middleware(Border, state=state)
    return app


def interface(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Every route, and no database: enough for the OpenAPI document."""
    app = FastAPI(
        title="Tracker",
        version="1",
        description="docs/api.md says how it is used, docs/errors.md what each code means.",
        lifespan=lifespan,
        redirect_slashes=False,
        # Pages that load a foreign site's scripts; /openapi.json can be shown by any viewer.
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    described.install(app)
    # /people/presence and /people/occupancy stand before /people/{person_ref}.
    for router in (
        health, people, occupancy, directory, groups, sync, tasks, rest, older, doing, hanging,
        history, notifications, importing, analytics,
    ):  # fmt: skip
        app.include_router(router)
    return app


def document() -> str:
    """The OpenAPI document as docs/openapi.json has it."""
    return json.dumps(interface().openapi(), indent=1, ensure_ascii=False) + "\n"


@asynccontextmanager
async def _running(state: ServerState, timetable_port: int | None) -> AsyncIterator[None]:
    async with running(state):
        timetable = None if timetable_port is None else Timetable(state, timetable_port)
        if timetable:
            timetable.start()
        try:
            yield
        finally:
            if timetable:
                await asyncio.to_thread(timetable.stop)


_PROTOCOL, _TIME = PROTOCOL_HEADER.lower().encode(), TIME_HEADER.lower().encode()


# No answer is a page: nothing in it may run, load or be framed. Nobody gets a CORS header, so no
# site can read an answer with a visitor's browser.
_GUARDS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
_TLS_ONLY = ((b"strict-transport-security", b"max-age=31536000"),)


class BodyTooLarge(Exception):
    """Ends the reading of a body that has no length in front."""


class Border:
    """Around every request: size limits, protocol check, and headers that prove the answer is ours.

    A client takes an answer without `Tracker-Server` for a captive portal's and keeps its queue.
    """

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self.app = app
        self.state = state
        self.shortcut = Shortcut(state)
        self.rates = Rates(state.settings.request_rate)
        self._known = (
            (SERVER_HEADER.lower().encode(), state.server_id.encode()),
            (_PROTOCOL, str(PROTOCOL).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
        )
        settings = state.settings
        # Of what has a body. A 304 has none, and each poll would carry them for nothing.
        self._guards = _GUARDS + (_TLS_ONLY if settings.tls or settings.behind_proxy else ())

    def _stamp(self) -> list[tuple[bytes, bytes]]:
        return [*self._known, (_TIME, str(self.state.now()).encode())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if self.shortcut.is_nothing_new(scope, headers):
            start = {"type": "http.response.start", "status": 304, "headers": self._stamp()}
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._stamp(), *self._guards]
            await send(message)

        spoken = headers.get(_PROTOCOL, str(PROTOCOL).encode())
        if spoken != str(PROTOCOL).encode():
            await problems.answer("E4006")(scope, receive, signed)
            return
        if over := limits.excess(scope):
            await problems.answer(*over)(scope, receive, signed)
            return
        client = scope.get("client") or ("",)
        if wait := self.rates.wait(headers.get(b"authorization") or client[0].encode()):
            await problems.answer("E1012", retry_after=math.ceil(wait))(scope, receive, signed)
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.state.settings.max_body:
            await problems.answer("E2014")(scope, receive, signed)
            return
        body_left = self.state.settings.max_body
        too_large = started = False

        async def limited() -> Message:
            # A chunked body has no length in front; reading it fails where the limit is passed.
            nonlocal body_left, too_large
            message = await receive()
            body_left -= len(message.get("body", b""))
            if body_left < 0:
                too_large = True
                raise BodyTooLarge
            return message

        async def once(message: Message) -> None:
            nonlocal started
            if not too_large:
                started = True
                await signed(message)

        try:
            await self.app(scope, limited, once)
        except BodyTooLarge:
            pass  # answered below
        except ClientDisconnect:
            return  # half a body came, and nobody is there to be answered
        except Exception as error:
            response = problems.unexpected(scope["path"], error)
            if started:
                raise
            await response(scope, receive, signed)
        if too_large and not started:
            await problems.answer("E2014")(scope, receive, signed)
