"""The issuer's public keys: read from a file or an address, renewed when they change."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from shared.identity.errors import KeysUnavailable

log = logging.getLogger(__name__)

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_PUBLIC: Final[tuple[str, ...]] = ("kty", "n", "e", "crv", "x", "y")

MAX_AGE: Final = 600.0
"""Seconds after which an address is asked again; a withdrawn key is refused at the latest then."""

MIN_PAUSE: Final = 10.0
"""Seconds between two questions to an address, so that tokens with made-up key ids cannot flood it."""

MAX_JWKS_BYTES: Final = 1_000_000


def algorithm_of(key: PublicKey) -> str | None:
    """The one algorithm that a key may be used with; null for a key that is too weak or of another curve."""
    if isinstance(key, RSAPublicKey):
        return "RS256" if key.key_size >= 2048 else None
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    return "ES256" if isinstance(key.curve, SECP256R1) else None


def parse_jwks(text: str | bytes) -> dict[str, PublicKey]:
    """The usable signing keys of a JWKS by key id; others (encryption, symmetric, weak) are left out.

    Raises ``ValueError`` where the text is not a JWKS.
    """
    document = json.loads(text)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise TypeError("a JWKS is an object with a list 'keys'")
    keys: dict[str, PublicKey] = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        key = _public_key(entry)
        kid = entry.get("kid")
        if key is None or not isinstance(kid, str):
            continue
        if entry.get("alg", algorithm_of(key)) == algorithm_of(key):
            keys[kid] = key
    return keys


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    if entry.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    # Only the public members are read, so that a private key left in the set is never held in memory.
    public: dict[str, Any] = {name: entry[name] for name in _PUBLIC if name in entry}
    try:
        key = PyJWK.from_dict(public).key
    except PyJWTError:
        return None
    return key if isinstance(key, PublicKey) and algorithm_of(key) else None


class KeySet:
    """Keys from ``source``: a file path, or an http(s) address.

    A file is read again as soon as it changes. An address is asked again after ``MAX_AGE`` and when a token
    names an unknown key; while it does not answer, the last known keys stay in use.
    """

    def __init__(self, source: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.source = source
        self._remote = source.startswith(("https://", "http://"))
        self._clock = clock
        self._keys: dict[str, PublicKey] | None = None
        self._read_at = float("-inf")
        self._asked_at = float("-inf")
        self._stamp: tuple[int, int, int] | None = None
        self._lock = asyncio.Lock()
        self.generation = 0
        """Rises with every change of the keys, so that what was verified with old ones can be dropped."""

    async def find(self, kid: str) -> PublicKey | None:
        """The key with this id, null where the issuer has none. Raises ``KeysUnavailable``."""
        await self.refresh()
        key = self._known(kid)
        if key is None and self._remote:
            await self._ask_again()
            key = self._known(kid)
        return key

    async def refresh(self) -> None:
        """Bring the keys up to date if that is due. Raises ``KeysUnavailable`` if there are none at all."""
        if not self._remote:
            self._read_file()
        elif self._clock() - self._read_at > MAX_AGE:
            await self._ask_again()
        if self._keys is None:
            raise KeysUnavailable(field="PONTE_OIDC_JWKS", value=self.source)

    def _known(self, kid: str) -> PublicKey | None:
        return self._keys.get(kid) if self._keys is not None else None

    def _read_file(self) -> None:
        try:
            found = os.stat(self.source)  # noqa: PTH116 - at every request, and ``Path`` takes longer
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._replace(Path(self.source).read_bytes())
                self._stamp = stamp
        except (OSError, ValueError, TypeError) as error:
            if self._stamp is not None or self._keys is None:
                log.warning("the key file cannot be read: %s", type(error).__name__)
            self._stamp = None

    async def _ask_again(self) -> None:
        async with self._lock:
            if self._clock() - self._asked_at < MIN_PAUSE:
                return
            self._asked_at = self._clock()
            import httpx

            try:
                async with httpx.AsyncClient(timeout=5.0, follow_redirects=False) as client:
                    answer = await client.get(self.source, headers={"Accept": "application/json"})
                answer.raise_for_status()
                if len(answer.content) > MAX_JWKS_BYTES:
                    raise ValueError("the key set is too large")
                self._replace(answer.content)
                self._read_at = self._clock()
            except (httpx.HTTPError, ValueError, TypeError) as error:
                log.warning("the issuer's keys cannot be fetched: %s", type(error).__name__)

    def _replace(self, text: bytes) -> None:
        keys = parse_jwks(text)
        if keys != self._keys:
            self._keys = keys
            self.generation += 1
