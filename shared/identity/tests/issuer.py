"""An identity provider's keys for tests: real signatures of every kind, and the JWKS that it publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER = "https://sso.example"
AUDIENCE = "ponte"

_RSA = rsa.generate_private_key(65537, 2048)
_WEAK = rsa.generate_private_key(65537, 1024)
_P256 = ec.generate_private_key(ec.SECP256R1())
_P384 = ec.generate_private_key(ec.SECP384R1())
_ED25519 = ed25519.Ed25519PrivateKey.generate()

KEYS: Mapping[str, tuple[Any, str]] = {
    "rsa": (_RSA, "RS256"),
    "p256": (_P256, "ES256"),
    "ed25519": (_ED25519, "EdDSA"),
}


def jwk(kid: str, key: Any) -> dict[str, Any]:
    """The public half of a key as a JWKS lists it."""
    if isinstance(key, rsa.RSAPrivateKey):
        entry = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        entry = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        entry = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**entry, "kid": kid, "use": "sig"}


def jwks(*kids: str) -> str:
    """The key set with these keys; all without a name."""
    return json.dumps({"keys": [jwk(kid, KEYS[kid][0]) for kid in kids or KEYS]})


def unusable() -> list[dict[str, Any]]:
    """Entries of a key set that nothing may be verified with."""
    return [
        jwk("weak", _WEAK),
        jwk("p384", _P384),
        {**jwk("encryption", _RSA), "use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I", "kid": "symmetric"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kid": "nothing"},
    ]


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that hold, with ``changes``: a null one is left out, a time span counts from now."""
    now = datetime.now(UTC)
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "8c1f",
        "azp": "console",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "roles": ["director"],
        **changes,
    }
    return {
        name: now + value if isinstance(value, timedelta) else value
        for name, value in whole.items()
        if value is not None
    }


def token(kid: str = "rsa", *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token signed with the key ``kid``; ``header`` members replace those that fit, null removes."""
    key, algorithm = KEYS[kid]
    members = {"kid": kid, **(header or {})}
    headers = {name: value for name, value in members.items() if value is not None}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def foreign_key() -> Any:
    """A key that the issuer never had."""
    return rsa.generate_private_key(65537, 2048)
