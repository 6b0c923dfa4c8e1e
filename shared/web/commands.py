"""Builds the context of a command from the request."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import uuid4

from fastapi import Depends, Header, Request

from shared.identity.access import caller
from shared.identity.roles import Identity
from shared.store.command import Command
from shared.web.errors import BadHeader

_TRACEPARENT: Final = re.compile(
    r"^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x20-\x7e]{0,100})?$"
)
_KEY: Final = re.compile(r"^[\x21-\x7e]{1,200}\Z")
_CORRELATION: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}\Z")
_VERSION: Final = re.compile(r'^(?:"(?P<quoted>[0-9]{1,15})"|(?P<plain>[0-9]{1,15}))\Z')

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Makes the command safe to repeat: the same key gives the first answer again. "
        "Up to 200 visible ASCII characters. A key is the caller's own: the same one of another person, "
        "from another program, or on behalf of somebody else, is another key.",
        json_schema_extra={"pattern": "^[\\x21-\\x7e]{1,200}$", "maxLength": 200},
    ),
]
MatchHeader = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description='The version that the caller saw, such as `"3"`; a stale one gets 412.',
        json_schema_extra={"pattern": '^("[0-9]{1,15}"|[0-9]{1,15})$'},
    ),
]
CorrelationHeader = Annotated[
    str | None,
    Header(
        alias="X-Correlation-ID",
        description="Goes into every event that the command causes.",
        json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$"},
    ),
]


def command(name: str) -> Any:
    """The dependency that gives a route the context of its command, called ``name`` in the journal.

    ``ctx: Annotated[Command, command("schedule-mission")]``.
    The fingerprint is a digest of method, path (with its ids), query and raw body, so that the same key with
    another request is refused. Raises ``BadHeader`` naming the header, ``Unauthenticated`` without a caller.
    """
    return Depends(_builder(name))


def _builder(name: str) -> Callable[..., Awaitable[Command]]:
    async def build(
        request: Request,
        idempotency_key: KeyHeader = None,
        if_match: MatchHeader = None,
        x_correlation_id: CorrelationHeader = None,
    ) -> Command:
        identity = caller(request)
        traceparent = request.headers.get("traceparent", "")
        return Command(
            name=name,
            client=_sender(identity),
            actor=identity.subject,
            at=datetime.now(UTC),
            correlation_id=_correlation(x_correlation_id),
            key=_key(idempotency_key),
            fingerprint=await _fingerprint(request),
            # An unreadable traceparent is dropped, as W3C Trace Context demands.
            traceparent=traceparent if _TRACEPARENT.match(traceparent) else None,
            expected_version=_version(if_match),
            on_behalf_of=identity.on_behalf_of,
            origin=request.client.host if request.client else None,
        )

    return build


def _sender(identity: Identity) -> str:
    """The program and whoever uses it: ``ponte-dashboard/8c1f``; a program of its own is itself alone.

    A key is the client's, and all people share one program: without the person, one's key would be answered
    with what another did. The first slash ends the program's name. Who acts for somebody is yet another
    sender, apart by a blank that no id may contain.
    """
    program = quote(identity.client, safe="")
    if identity.on_behalf_of is not None:
        return f"{program}/{identity.subject}\N{NO-BREAK SPACE}for\N{NO-BREAK SPACE}{identity.on_behalf_of}"
    return program if identity.client == identity.subject else f"{program}/{identity.subject}"


async def _fingerprint(request: Request) -> str:
    digest = sha256()
    scope = request.scope
    for part in (scope["method"].encode(), scope["path"].encode(), scope["query_string"]):
        digest.update(part)
        digest.update(b"\0")
    digest.update(await request.body())
    return digest.hexdigest()


def _key(text: str | None) -> str | None:
    if text is not None and not _KEY.match(text):
        raise BadHeader(
            field="Idempotency-Key",
            value=text,
            en="it takes 1 to 200 visible ASCII characters",
            it="ammette da 1 a 200 caratteri ASCII visibili",
        )
    return text


def _correlation(text: str | None) -> str:
    if text is None:
        return str(uuid4())
    if not _CORRELATION.match(text):
        raise BadHeader(
            field="X-Correlation-ID",
            value=text,
            en="it takes 1 to 80 letters, digits and . _ : -, beginning with a letter or digit",
            it="ammette da 1 a 80 lettere, cifre e . _ : -, con una lettera o cifra all'inizio",
        )
    return text


def _version(text: str | None) -> int | None:
    if text is None:
        return None
    match = _VERSION.match(text.strip())
    if match is None:
        raise BadHeader(
            field="If-Match",
            value=text,
            en='it takes one version number, such as "3"',
            it='ammette un numero di versione, come "3"',
        )
    return int(match["quoted"] or match["plain"])
