"""What runs beside the requests: presence written every minute, and hearing of other processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from server_stub.core.listening import Listener
from server_stub.core.state import ServerState

PRESENCE_SECONDS = 60.0

log = structlog.get_logger()


@asynccontextmanager
async def running(state: ServerState) -> AsyncIterator[None]:
    """From the first request to the last; then what is known of presence is written."""
    listener = None if state.database.is_sqlite else Listener(state.database, state)
    if listener:
        listener.start()
    writing = asyncio.create_task(_write_presence(state))
    try:
        yield
    finally:
        writing.cancel()
        if listener:
            await asyncio.to_thread(listener.stop)
        await asyncio.to_thread(state.write_presence)
        state.database.close()


async def _write_presence(state: ServerState) -> None:
    while True:
        await asyncio.sleep(PRESENCE_SECONDS)
        try:
            await asyncio.to_thread(state.write_presence)
        except Exception as error:
            log.error("presence not written", exc_info=error)
