"""A broker's features, asked in the protocol's newer form, which aiokafka does not speak."""

import asyncio
import struct


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


async def finalized_features(bootstrap: str) -> dict[str, int]:
    """Return name and level of every feature that the running cluster uses (ApiVersions, version 3)."""
    host, port = bootstrap.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        client = b"ponte"
        head = struct.pack(">hhih", 18, 3, 7, len(client)) + client + b"\0"
        body = bytes([len(client) + 1]) + client + bytes([2]) + b"1" + b"\0"
        writer.write(struct.pack(">i", len(head + body)) + head + body)
        size = struct.unpack(">i", await reader.readexactly(4))[0]
        answer = await reader.readexactly(size)
    finally:
        writer.close()
    assert struct.unpack_from(">ih", answer) == (7, 0)
    count, at = _varint(answer, 6)
    at += (count - 1) * 7 + 4  # the calls (key, lowest, highest, no tags) and the throttle time
    tags, at = _varint(answer, at)
    found: dict[str, int] = {}
    for _ in range(tags):
        tag, at = _varint(answer, at)
        length, at = _varint(answer, at)
        end = at + length
        if tag == 2:
            number, at = _varint(answer, at)
            for _ in range(number - 1):
                name_length, at = _varint(answer, at)
                name = answer[at : at + name_length - 1].decode()
                at += name_length - 1
                found[name] = struct.unpack_from(">h", answer, at)[0]
                at += 5  # highest and lowest level, no tags
        at = end
    return found
