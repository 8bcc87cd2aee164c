"""Wake-ups for clients that want to hear of news at once. Polling alone is always enough.

A stream says "there is something at position n" and nothing else. It lives on the event loop and
in `Heads`: it holds no thread and no database connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from server_stub.core import access
from server_stub.core.auth import Caller
from server_stub.core.state import ServerState
from tracker.domain.errors import TrackerError
from tracker.protocol.sync import Scope

TICK_SECONDS = 5.0
"""How often a stream looks whether its reader may still read."""
HEARTBEAT_TICKS = 3


async def stream(
    state: ServerState, token: str, caller: Caller, scope: Scope
) -> AsyncIterator[bytes]:
    """Server-sent events for the caller, until access is lost or the server stops."""
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    newest = 0

    def rise(seq: int) -> None:
        nonlocal newest
        newest = max(newest, seq)
        woken.set()

    def wake(seq: int) -> None:
        loop.call_soon_threadsafe(rise, seq)

    audiences = access.audiences(caller, scope)
    with state.heads.listening(caller.tenant_id, audiences, wake):
        yield b": connected\n\n"
        ticks, due = 0, loop.time() + TICK_SECONDS
        while not state.heads.closed:
            # By the clock, not by silence: a stream with news every second is looked at too.
            if loop.time() >= due:
                if not await _still(state, token, caller):
                    return
                ticks, due = ticks + 1, loop.time() + TICK_SECONDS
                if ticks % HEARTBEAT_TICKS == 0:
                    yield b":\n\n"
            try:
                await asyncio.wait_for(woken.wait(), due - loop.time())
            except TimeoutError:
                continue
            woken.clear()
            if not state.heads.closed:
                yield b'data: {"seq":%d}\n\n' % newest


async def _still(state: ServerState, token: str, caller: Caller) -> bool:
    """Whether the token is good and its person has the role the stream was opened with."""
    age = int(TICK_SECONDS * 1000)
    try:
        found = await asyncio.to_thread(state.caller, token, age)
    except TrackerError:
        return False  # also when the database is away: the reader polls until it is back
    return found.role == caller.role
