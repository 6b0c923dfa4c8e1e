"""Requests that no document describes: broken texts, endless nesting, numbers and dates at their limits.

Each is one thing put wrong in an otherwise fitting request, so that it gets as far as it can.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Odd:
    """What differs from a fitting request; the texts of paths and queries are percent-encoded already."""

    what: str
    body: bytes | None = None
    media_type: str = JSON
    path: dict[str, str] = field(default_factory=dict)
    query: str = ""
    headers: dict[str, bytes] = field(default_factory=dict)


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"1e400",
    "half of JSON": b'{"title": "a',
    "two of them": b"{}{}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no UTF-8": b'{"title": "\xff\xfe"}',
    "a NUL outside of texts": b"{\0}",
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "not a number": b'{"title": NaN}',
    "infinity": b'{"title": -Infinity}',
    "a deep list": b"[" * 50_000 + b"]" * 50_000,
    "a deep object": b'{"title": ' * 5_000 + b"1" + b"}" * 5_000,
    "an endless number": b'{"title": ' + b"9" * 5_000 + b"}",
    "an operator": b'{"$where": "sleep(1000)", "title": {"$ne": null}}',
    "a name twice": b'{"title": "a", "title": "b"}',
    "a NUL in a name": b'{"\\u0000": 1, "a.b": 2, "": 3}',
    "half a pair in a name": b'{"\\ud800": 1}',
}

TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\U0001f4a9",
    "\u202e\u2028\ufeff",
    "$where",
    "$5 million",
    "a.b.$",
    "{{7*7}}<script>",
    "=cmd|' /C calc'!A0",
    "x" * 301,
    "x" * 20_000,
    "0000",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-02-30",
    "1900-01-01T00:00",
    "2199-12-31T23:59:59.999999",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-12-31T23:59:60Z",
    "2026-W01",
    "\u0661\u0669\u0667\u0663",
)
NUMBERS: tuple[Any, ...] = (
    *(-1, 0, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400),
    *(0.5, 1.0, 1e308, -0.0, float("nan"), float("inf")),
)
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], {"$gt": ""}, [None] * 1000)

IN_PATHS: tuple[str, ...] = (
    *("%00", "a%00b", "%FF", "%C0%AF", "%ED%A0%80", "..%2F..%2Fetc", "%2E%2E", "a%2Fb", "%20", "%0D%0AX:1"),
    *("$ne", "%7B%22$gt%22:1%7D", "%F0%9F%92%A9", "a" * 80, "a" * 81, "a" * 4000, "a;b=c", "a.b", "-", "%25"),
)
IN_QUERIES: tuple[str, ...] = (
    *(
        "",
        "%00",
        "%FF",
        "%ED%A0%80",
        "9" * 400,
        "-1",
        "0",
        "1e3",
        "NaN",
        "true",
        "null",
        "%F0%9F%92%A9",
        "$ne",
    ),
    *(
        "0001-01-01T00:00:00%2B23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-02-30T00:00:00Z",
        "2026-11-29T10:00:00",
    ),
    *("mission-1", "%7B%22$gt%22:%22%22%7D", "x" * 5000),
)
HEADERS: tuple[tuple[str, bytes], ...] = (
    *(
        ("Accept-Language", value)
        for value in (b"q=nan", b"it;q=inf,en;q=-1", b"\xff", b"x" * 4000, b"it;q=")
    ),
    *(
        ("If-Match", value)
        for value in (b"*", b'W/"1"', b'"999999999999999"', b"9" * 400, b"\xb2", b'"1", "2"')
    ),
    *(("Idempotency-Key", value) for value in (b"", b"\xff", b"x" * 201, b"$ne", b"a b")),
    *(("X-Correlation-ID", value) for value in (b"", b"\xff", b"x" * 81, b"-a")),
    *(("X-Request-ID", value) for value in (b"\xff", b"x" * 4000)),
    *(("X-On-Behalf-Of", value) for value in (b"", b"\xff", b"nobody-1", b"x" * 4000, b"$ne")),
    *(("traceparent", value) for value in (b"\xff", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00")),
    *(("Accept", value) for value in (b"text/html", b"image/png", b"\xff")),
    *(("Authorization", value) for value in (b"", b"Bearer", b"Basic YTpi", b"Bearer \xff", b"Bearer a.b.c")),
    ("Cookie", b"\xff=\xff; ponte_session=a.b; __Host-ponte-session=x"),
    ("Content-Encoding", b"gzip"),
    ("X-Forwarded-For", b"\xff, not an address"),
)
MEDIA_TYPES: tuple[str, ...] = (
    *(
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "nonsense",
    ),
    *("application/json; charset=utf-16", "application/merge-patch+json", "application/json;;;=", ""),
)


def odd_requests(body: Any, path: list[str], query: list[str]) -> Iterator[Odd]:
    """Everything odd about a request with this fitting ``body`` (or None) and parameters of these names."""
    for name in path:
        yield from (Odd(f"path {name}: {value[:40]}", path={name: value}) for value in IN_PATHS)
    for name in query:
        yield from (Odd(f"query {name}: {value[:40]}", query=f"{name}={value}") for value in IN_QUERIES)
        yield Odd(f"query {name} twice", query=f"{name}=a&{name}=b&{name}[$ne]=c&{name}[]=d")
    yield from (Odd(f"header {name}: {value[:40]!r}", headers={name: value}) for name, value in HEADERS)
    if body is None:
        return
    fitting = json.dumps(body).encode()
    yield from (Odd(f"body: {what}", body=raw) for what, raw in BODIES.items())
    yield from (Odd(f"media type {kind}", body=fitting, media_type=kind) for kind in MEDIA_TYPES)
    for where, put in _leaves(body):
        for value in (*TEXTS, *NUMBERS, *OTHERS):
            yield Odd(f"{where} = {str(value)[:40]!r}", body=json.dumps(put(value)).encode())


def _leaves(body: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Every place in the body with a function that gives the body with another value there."""

    def putting(keys: tuple[str | int, ...]) -> Callable[[Any], Any]:
        def put(value: Any) -> Any:
            changed = copy.deepcopy(body)
            inner = changed
            for key in keys[:-1]:
                inner = inner[key]
            inner[keys[-1]] = value
            return changed

        return put

    def walk(node: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if keys:
            yield keys
        if isinstance(node, dict):
            for name, inner in node.items():
                yield from walk(inner, (*keys, name))
        elif isinstance(node, list) and node:
            yield from walk(node[0], (*keys, 0))

    for keys in walk(body, ()):
        yield ".".join(map(str, keys)), putting(keys)
