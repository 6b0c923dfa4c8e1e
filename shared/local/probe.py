"""Asking a service on this machine whether it is ready, without an HTTP library."""

import asyncio
import contextlib


async def status_of(port: int, path: str = "/status", *, within: float = 2) -> int | None:
    """Return the HTTP status that a loopback port answers, or None where nothing answers `within` seconds."""
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                first = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        return int(first.split()[1])
    except (OSError, TimeoutError, ValueError, IndexError):
        return None
