"""An application on a real server, on a free port of loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI


@asynccontextmanager
async def on_loopback(app: FastAPI, *, port: int = 0) -> AsyncIterator[str]:
    """Its address; stopped with everything that streams from it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not running.done()
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            if hasattr(app.state, "stopping"):
                app.state.stopping.set()
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await running
