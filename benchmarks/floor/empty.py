"""A FastAPI application that answers a poll with 304 and does nothing else, under uvicorn.

The settings are those of `tracker-server serve`. Prints its port.
"""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/api/v1/sync/pull")
async def nothing_new() -> Response:
    return Response(status_code=304)


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, ws="none", timeout_keep_alive=75
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
