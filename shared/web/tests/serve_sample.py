"""The sample service as a process: ``SAMPLE_START`` and ``SAMPLE_STOP`` say how its parts behave."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from pymongo.errors import ServerSelectionTimeoutError
from starlette.responses import StreamingResponse

from shared.identity import Action, allow
from shared.web import create_app, serve
from shared.web.tests import sample

more = APIRouter(prefix="/v1", dependencies=[allow(Action.FEED_READ)])


@more.get("/frozen")
async def frozen() -> dict[str, int]:
    return {"frozen": gc.get_freeze_count(), "threshold": gc.get_threshold()[0]}


@more.get("/live", include_in_schema=False)
async def live(request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: hello\n\n"
        await request.app.state.stopping.wait()
        yield b"data: bye\n\n"

    return StreamingResponse(pieces(), media_type="text/event-stream")


@asynccontextmanager
async def _parts(_: FastAPI) -> AsyncIterator[None]:
    match os.environ.get("SAMPLE_START"):
        case "away":
            raise ServerSelectionTimeoutError("mongodb://user:secret@db")
        case "bug":
            raise KeyError("secret")
        case "slow":
            Path(os.environ["SAMPLE_NOTES"]).write_text("starting")
            await asyncio.sleep(60)
    try:
        yield
    finally:
        if os.environ.get("SAMPLE_STOP") == "hang":
            await asyncio.sleep(60)
        Path(os.environ["SAMPLE_NOTES"]).write_text("stopped")


def build_app(settings: sample.Settings) -> FastAPI:
    return create_app(sample.INFO, settings, lifespan=_parts, routers=[sample.router, more])


if __name__ == "__main__":
    serve(build_app, sample.Settings)
