"""Seals what the server keeps for a browser with the secret that only that browser holds.

The database alone, or a backup of it, then opens nothing: neither tokens nor a sign-in on its way.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE: Final = 12


def fresh_secret() -> str:
    """A new secret for a browser: 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Under what the server finds again what belongs to a secret."""
    return sha256(secret.encode()).hexdigest()


def seal(secret: str, content: Mapping[str, str | None]) -> bytes:
    """``content`` sealed with AES-256-GCM under a key made from ``secret``."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, json.dumps(dict(content)).encode(), None)


def unseal(secret: str, sealed: bytes) -> dict[str, str | None]:
    """What was sealed. Raises ``ValueError`` where the secret is another one or the content was changed."""
    try:
        plain = AESGCM(_key(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except InvalidTag:
        raise ValueError("sealed with another secret, or changed since") from None
    content: dict[str, str | None] = json.loads(plain)
    return content


def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ponte sealing").derive(secret.encode())
