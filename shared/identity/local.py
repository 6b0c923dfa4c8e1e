"""The keys, tokens and sign-in links of a local run, which has no identity provider.

Ed25519: RS256 verifies faster (50 against 93 µs), but a service verifies a token once and then remembers it,
while a link with an Ed25519 signature is half as long to copy from a terminal.
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from shared.identity.links import LINK_AUDIENCE, LOCAL_ISSUER
from shared.identity.roles import Role

AUDIENCE: Final = "ponte"
MAX_MINUTES: Final = 60 * 24 * 31
_SIGNING_KEY: Final = "signing-key.pem"
_AUDIT_KEY: Final = "audit-key.pem"


class LocalKeysMissing(Exception):
    """There are no usable keys in the folder; the text is a sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """The key of one data folder that signs tokens, and the files that services read."""

    private_key: Ed25519PrivateKey = field(repr=False)
    kid: str
    jwks_file: Path
    metrics_token_file: Path
    audit_key_file: Path
    signing_key_file: Path

    def environment(self) -> dict[str, str]:
        """The settings that make a service accept this run's tokens and scrapes."""
        return {
            "PONTE_OIDC_ISSUER": LOCAL_ISSUER,
            "PONTE_OIDC_AUDIENCE": AUDIENCE,
            "PONTE_OIDC_JWKS": str(self.jwks_file),
            "PONTE_METRICS_TOKEN_FILE": str(self.metrics_token_file),
            "PONTE_AUDIT_KEY_FILE": str(self.audit_key_file),
        }

    def environment_of_pages(self) -> dict[str, str]:
        """What the dashboard alone gets: with it the session of a link can ask the units (ADR 0016)."""
        return {"PONTE_LINK_KEY_FILE": str(self.signing_key_file)}


def ensure_keys(folder: Path) -> LocalKeys:
    """The keys of the data folder, made where they are missing; all files are readable by their owner only.

    Raises ``LocalKeysMissing`` where the private key's file is there and unreadable, ``OSError`` where the
    folder cannot be written.
    """
    keys = folder / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (_SIGNING_KEY, _AUDIT_KEY):
        made = Ed25519PrivateKey.generate()
        _create(keys / name, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _create(folder / "metrics-token", secrets.token_urlsafe(32).encode() + b"\n")
    # Read back: another process may have been first.
    return load_keys(folder)


def load_keys(folder: Path) -> LocalKeys:
    """The keys that a local run has made. Raises ``LocalKeysMissing`` where there are none."""
    path = folder / "keys" / _SIGNING_KEY
    key = read_signing_key(path)
    kid = key_id(key)
    x = urlsafe_b64encode(_public(key)).rstrip(b"=").decode()
    entry = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}
    jwks = path.with_name("jwks.json")
    _replace(jwks, json.dumps({"keys": [entry]}, indent=1).encode())
    return LocalKeys(key, kid, jwks, folder / "metrics-token", folder / "keys" / _AUDIT_KEY, path)


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in a local run's file. Raises ``LocalKeysMissing`` where there is none or it is unusable."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        folder = path.parent.parent
        raise LocalKeysMissing(f"There are no keys in {folder}: start Ponte once with `make run`.") from None
    except ValueError:
        raise LocalKeysMissing(f"{path} is not a private key: remove it and start Ponte again.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise LocalKeysMissing(f"{path} is not an Ed25519 key: remove it and start Ponte again.")
    return key


def key_id(key: Ed25519PrivateKey) -> str:
    """Under which name the public half stands in the JWKS."""
    return sha256(_public(key)).hexdigest()[:16]


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def issue_token(
    keys: LocalKeys,
    role: Role,
    subject: str | None = None,
    minutes: float = 60,
    *,
    client: str = "ponte-cli",
    scopes: Iterable[str] = (),
) -> str:
    """A bearer token for the services of this run, from now for ``minutes``.

    ``subject`` is the caller's opaque id; where it is not given it is made from the role. ``scopes`` are the
    actions that a program (the role ``integration``) may do; without any it may do nothing.
    Raises ``ValueError`` for a validity of no or more than 31 days.
    """
    extra = {"azp": client, "scope": " ".join(scopes)}
    return _sign(keys, AUDIENCE, role, subject or f"local-{role}", minutes, extra)


def sign_in_link(keys: LocalKeys, base_url: str, role: Role = Role.DIRECTOR, minutes: float = 15) -> str:
    """An address of the dashboard that signs in once, within ``minutes``. Raises as ``issue_token`` does."""
    token = _sign(keys, LINK_AUDIENCE, role, f"local-{role}", minutes, {})
    return f"{base_url.rstrip('/')}/link?token={token}"


def _sign(
    keys: LocalKeys, audience: str, role: Role, subject: str, minutes: float, extra: dict[str, Any]
) -> str:
    if not 0 < minutes <= MAX_MINUTES:
        raise ValueError(f"minutes is {minutes}: a validity is more than 0 and at most {MAX_MINUTES} minutes")
    now = datetime.now(UTC)
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": audience,
        "sub": subject,
        "iat": now,
        "exp": now + timedelta(minutes=minutes),
        "jti": str(uuid4()),
        "roles": [str(role)],
    } | extra
    return jwt.encode(claims, keys.private_key, algorithm="EdDSA", headers={"kid": keys.kid})


def _create(path: Path, content: bytes) -> None:
    """Make the file if it is not there, whole or not at all, also against another process."""
    if path.exists():
        path.chmod(0o600)
        return
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _replace(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        _draft(path, content).replace(path)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return draft
