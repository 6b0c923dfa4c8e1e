"""A TCP proxy on loopback that tests put between an engine and its clients."""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from types import TracebackType
from typing import Self

CHUNK = 65536
# Zero seconds of lingering: closing sends a reset, not an orderly end.
LINGER_NONE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on `port` (0: a free one) and passes every connection on to `target`, which may change.

    Faults: `hold()` keeps every byte back, as a network that swallows packets does, until `release()`;
    `delay` is added to every answer (seconds); `reset()` ends all connections with RST. `held` and `resets`
    count chunks and connections that a fault touched.
    """

    def __init__(self, port: int = 0, target: int = 0) -> None:
        self.port = port
        self.target = target
        self.delay = 0.0
        self.held = 0
        self.delayed = 0
        self.resets = 0
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._passing.set()
        for writer in self._open:
            writer.close()

    @property
    def connections(self) -> int:
        """How many sockets are open, two for every client."""
        return len(self._open)

    def hold(self) -> None:
        """Swallow everything: nobody gets an answer, and nobody is told that the connection is gone."""
        self._passing.clear()

    def release(self) -> None:
        """Let what was held, and everything after it, through."""
        self._passing.set()

    def reset(self) -> int:
        """End every connection with RST; how many there were."""
        found = list(self._open)
        for writer in found:
            end = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
            writer.transport.abort()
        self.resets += len(found) // 2
        return len(found) // 2

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_writer: asyncio.StreamWriter | None = None
        self._open.add(writer)
        try:
            await self._gate()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self._open.add(far_writer)
            await asyncio.gather(self._pass(reader, far_writer), self._answer(far_reader, writer))
        except OSError:
            pass
        finally:
            for end in filter(None, (writer, far_writer)):
                end.close()
                self._open.discard(end)

    async def _gate(self) -> None:
        if not self._passing.is_set():
            self.held += 1
            await self._passing.wait()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._gate()
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes answers on, each `delay` seconds after it came: slow, but no narrower than before."""
        waiting: deque[tuple[float, bytes]] = deque()
        more = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def deliver() -> None:
            while True:
                while not waiting:
                    more.clear()
                    await more.wait()
                due, chunk = waiting.popleft()
                if not chunk:
                    return
                if due > loop.time():
                    self.delayed += 1
                    await asyncio.sleep(due - loop.time())
                await self._gate()
                writer.write(chunk)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        try:
            with contextlib.suppress(OSError):
                while chunk := await reader.read(CHUNK):
                    waiting.append((loop.time() + self.delay, chunk))
                    more.set()
            waiting.append((0.0, b""))
            more.set()
            with contextlib.suppress(OSError):
                await delivering
        finally:
            delivering.cancel()
            writer.close()
