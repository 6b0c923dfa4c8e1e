from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.identity import Identity, KeySet, Role, TokenVerifier, Unauthenticated
from shared.identity.tests import issuer


@pytest.fixture
def jwks_file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(issuer.jwks())
    return path


@pytest.fixture
def verifier(jwks_file: Path) -> TokenVerifier:
    return TokenVerifier(KeySet(str(jwks_file)), issuer=issuer.ISSUER, audience=issuer.AUDIENCE)


@pytest.mark.parametrize("kid", list(issuer.KEYS))
async def test_a_token_of_each_algorithm_names_its_caller(verifier: TokenVerifier, kid: str) -> None:
    assert await verifier.verify(issuer.token(kid)) == Identity("8c1f", "console", frozenset({Role.DIRECTOR}))


async def test_roles_are_read_from_the_claim_and_from_keycloak(verifier: TokenVerifier) -> None:
    both = await verifier.verify(
        issuer.token(roles=["auditor", "offline_access", 7], realm_access={"roles": ["cabinet", "uma"]})
    )
    assert both.roles == {Role.AUDITOR, Role.CABINET}
    odd = await verifier.verify(issuer.token(roles="director", realm_access=["director"]))
    assert odd.roles == frozenset()


async def test_a_token_may_have_several_audiences(verifier: TokenVerifier) -> None:
    assert (await verifier.verify(issuer.token(aud=["account", "ponte"]))).subject == "8c1f"


HOUR = timedelta(hours=1)

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("expired", {"exp": -HOUR}, "expired"),
    ("not valid yet", {"nbf": HOUR}, "not valid yet"),
    ("issued in the future", {"iat": HOUR}, "not valid yet"),
    ("another audience", {"aud": "payroll"}, "another audience"),
    ("another issuer", {"iss": "https://elsewhere.example"}, "another issuer"),
    ("no expiry", {"exp": None}, "'exp'"),
    ("no audience", {"aud": None}, "'aud'"),
    ("no issuer", {"iss": None}, "'iss'"),
    ("no subject", {"sub": None}, "'sub'"),
    ("no time of issue", {"iat": None}, "'iat'"),
    ("an unprintable subject", {"sub": "a\nb"}, "subject"),
    ("a huge subject", {"sub": "a" * 129}, "subject"),
    ("an endless token", {"note": "x" * 9000}, "too long"),
]


@pytest.mark.parametrize(("changes", "reason"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED])
async def test_claims_that_do_not_hold(verifier: TokenVerifier, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        await verifier.verify(issuer.token(**changes))


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -10), ("nbf", 20)])
async def test_clocks_may_differ_by_half_a_minute(verifier: TokenVerifier, claim: str, seconds: int) -> None:
    late: dict[str, Any] = {claim: datetime.now(UTC) + timedelta(seconds=seconds)}
    assert (await verifier.verify(issuer.token(**late))).subject == "8c1f"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unsigned(algorithm: str) -> str:
    parts = [{"alg": algorithm, "kid": "rsa", "typ": "JWT"}, {**issuer.claims(), "iat": 1, "exp": 9999999999}]
    return ".".join([*(_encoded(json.dumps(part).encode()) for part in parts), ""])


def _signed_with_the_public_key() -> str:
    """The old trick: the public key's text as the secret of an HMAC."""
    public = issuer.KEYS["rsa"][0].public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = _unsigned("HS256").rstrip(".")
    return f"{text}.{_encoded(hmac.digest(secret, text.encode(), 'sha256'))}"


def _foreign() -> str:
    return jwt.encode(issuer.claims(), issuer.foreign_key(), algorithm="RS256", headers={"kid": "rsa"})


def _tampered() -> str:
    head, body, signature = issuer.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["roles"] = ["director", "auditor"]
    forged = _encoded(json.dumps(claims).encode())
    return f"{head}.{forged}.{signature}"


FORGED: dict[str, tuple[str, str]] = {
    "alg none": (_unsigned("none"), "algorithm"),
    "alg None": (_unsigned("None"), "algorithm"),
    "signature cut off": (_unsigned("RS256"), "signature|malformed"),
    "HMAC with the public key": (_signed_with_the_public_key(), "algorithm"),
    "signed by somebody else": (_foreign(), "signature"),
    "changed after signing": (_tampered(), "signature"),
    "unknown key": (issuer.token(header={"kid": "gone"}), "not one of the issuer's"),
    "no key named": (issuer.token(header={"kid": None}), "names no key|not a signed"),
    "another key's name": (issuer.token("p256", header={"kid": "rsa"}), "does not fit"),
    "critical extension": (issuer.token(header={"crit": ["x"], "x": 1}), "not a signed JWT"),
    "no token at all": ("nonsense", "not a signed JWT"),
    "not even text": ("\ud800.é.ü", "not a signed JWT"),
}


@pytest.mark.parametrize(("text", "reason"), FORGED.values(), ids=FORGED)
async def test_forged_tokens_are_refused(verifier: TokenVerifier, text: str, reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason) as caught:
        await verifier.verify(text)
    assert caught.value.value is None, "a refusal never repeats the token"


async def test_a_remembered_token_ends_with_its_key(verifier: TokenVerifier, jwks_file: Path) -> None:
    token = issuer.token()
    assert await verifier.verify(token) == await verifier.verify(token)
    jwks_file.write_text(issuer.jwks("p256"))
    with pytest.raises(Unauthenticated, match="not one of the issuer's"):
        await verifier.verify(token)


async def test_a_remembered_token_ends_with_its_time(jwks_file: Path) -> None:
    hours = [0.0]
    verifier = TokenVerifier(
        KeySet(str(jwks_file)),
        issuer=issuer.ISSUER,
        audience=issuer.AUDIENCE,
        clock=lambda: datetime.now(UTC).timestamp() + hours[0] * 3600,
    )
    token = issuer.token(exp=timedelta(seconds=-5))
    await verifier.verify(token)
    assert verifier.remembers(token)
    hours[0] = 1
    assert not verifier.remembers(token)
