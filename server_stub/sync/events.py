"""Wake-ups for clients that want to hear of news at once. Polling alone is always enough.

A stream says "there is something at position n" and nothing else. It lives on the event loop and
in `Heads`: it holds no thread and no database connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from server_stub.core import access
from server_stub.core.auth import Caller
from server_stub.core.problems import ProblemError
from server_stub.core.state import ServerState
from tracker.protocol.sync import Scope

TICK_SECONDS = 5.0
"""How often a quiet stream looks whether its reader may still read, and the server still runs."""
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
        quiet = 0
        while not state.heads.closed:
            try:
                await asyncio.wait_for(woken.wait(), TICK_SECONDS)
            except TimeoutError:
                quiet += 1
                if not await _still(state, token, caller):
                    return
                if quiet % HEARTBEAT_TICKS == 0:
                    yield b":\n\n"
            else:
                woken.clear()
                if not state.heads.closed:
                    yield b'data: {"seq":%d}\n\n' % newest


async def _still(state: ServerState, token: str, caller: Caller) -> bool:
    """Whether the token is good and its person has the role the stream was opened with."""
    age = int(TICK_SECONDS * 1000)
    try:
        found = await asyncio.to_thread(state.caller, token, age)
    except ProblemError:
        return False
    return found.role == caller.role
