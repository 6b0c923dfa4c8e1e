"""A lean HTTP/1.1 client, so that the generator of the load is not what is measured.

One connection carries one request at a time and is kept open; httptools (which uvicorn brings) reads the
answers. It knows what benchmarks and fault tests need and no more: no redirects, no TLS, no compression.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httptools


class Lost(Exception):
    """The server closed the connection before its answer was whole."""


class Answer:
    """Status, headers (names in lower case) and body of an answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    def check(self, *statuses: int) -> Answer:
        """Itself, if its status is one of ``statuses``. Raises ``RuntimeError`` with the body otherwise."""
        if self.status not in statuses:
            raise RuntimeError(f"answered {self.status}: {self.body[:500].decode(errors='replace')}")
        return self


class _Reading(asyncio.Protocol):
    def __init__(self, on_body: Callable[[bytes], None] | None) -> None:
        self._on_body = on_body
        self._parser: Any = None
        self._parts: list[bytes] = []
        self.answer = Answer()
        self.transport: Any = None
        self.done: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def expect(self) -> asyncio.Future[Answer]:
        self._parser = httptools.HttpResponseParser(self)
        self._parts, self.answer = [], Answer()
        self.done = asyncio.get_running_loop().create_future()
        return self.done

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_exception(Lost())

    # What httptools calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        self.answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        if self._on_body is not None and self.answer.status == 200:
            self._on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        self.answer.body = b"".join(self._parts)
        if self.done is not None and not self.done.done():
            self.done.set_result(self.answer)


class Connection:
    """One kept-open connection to the server of ``url``, with the same headers on every request."""

    def __init__(
        self, url: str, headers: dict[str, str], on_body: Callable[[bytes], None] | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._on_body = on_body
        self._common = f"host: {self._host}:{self._port}\r\n" + _lines(headers)
        self._reading: _Reading | None = None

    async def send(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request and wait for the whole answer. Raises ``Lost`` and ``OSError``."""
        reading = self._reading
        if reading is None or reading.transport.is_closing():
            _, reading = await asyncio.get_running_loop().create_connection(
                lambda: _Reading(self._on_body), self._host, self._port
            )
            self._reading = reading
        done = reading.expect()
        head = f"{method} {target} HTTP/1.1\r\n{self._common}{_lines(headers or {})}"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        reading.transport.write(head.encode() + b"\r\n" + body)
        return await done

    def close(self) -> None:
        """Close it at once."""
        if self._reading is not None:
            self._reading.transport.close()


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


class Events:
    """Takes a stream of server-sent events apart; ``on_event(name, data)`` is called for each."""

    def __init__(self, on_event: Callable[[str, bytes], None]) -> None:
        self._on_event = on_event
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take in what has arrived, wherever it was cut."""
        *whole, self._rest = (self._rest + data).split(b"\n\n")
        for block in whole:
            name, parts = "message", []
            for line in block.split(b"\n"):
                if line.startswith(b"data:"):
                    parts.append(line[5:].removeprefix(b" "))
                elif line.startswith(b"event:"):
                    name = line[6:].strip().decode()
            if parts:
                self._on_event(name, b"\n".join(parts))
