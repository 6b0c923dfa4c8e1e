"""Credentials that do not hold, made from those that do."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import LocalKeys

NAME = "Anna Marker"
"""Stands in every token and may stand in no answer, entry or metric."""
AGO = datetime.now(UTC) - timedelta(days=1)
AHEAD = datetime.now(UTC) + timedelta(days=1)


def token(keys: LocalKeys, *, key: Any = None, kid: str | None = None, **changes: Any) -> str:
    """A director's token for the APIs but for the ``changes`` of its claims; null takes a claim away."""
    now = datetime.now(UTC)
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": "ponte",
        "sub": "person-marker",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "roles": ["director"],
        "name": NAME,
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or keys.private_key, algorithm="EdDSA", headers={"kid": kid or keys.kid})


def signed_by_a_stranger(keys: LocalKeys) -> str:
    """Another's key under our key's name."""
    return token(keys, key=Ed25519PrivateKey.generate())


def unsigned(keys: LocalKeys) -> str:
    """``alg: none`` and no signature."""
    return _with_header(token(keys), {"alg": "none", "kid": keys.kid}, b"")


def signed_with_the_public_key(keys: LocalKeys) -> str:
    """The old trick: the public key, which everybody knows, as the secret of HS256."""
    public = keys.private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _with_header(token(keys), {"alg": "HS256", "kid": keys.kid}, public)


def altered(keys: LocalKeys, **changes: Any) -> str:
    """A true signature under claims that somebody has changed."""
    head, _, signature = token(keys).split(".")
    return f"{head}.{token(keys, **changes).split('.')[1]}.{signature}"


def _with_header(made: str, header: dict[str, str], secret: bytes) -> str:
    body = f"{_part(json.dumps(header).encode())}.{made.split('.')[1]}"
    signature = hmac.new(secret, body.encode(), hashlib.sha256).digest() if secret else b""
    return f"{body}.{_part(signature)}"


def _part(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
