"""What the provider says at the end of a sign-in, bent in every way; and what settings may not say."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.dashboard.tests.other_provider import CLIENT_ID, OtherProvider
from services.dashboard.tests.signing_on import BACK, HERE, Doors, counted, settings_for
from shared.domain.errors import ImpossibleValue
from shared.identity.links import LOCAL_ISSUER
from shared.identity.provider import Provider
from shared.identity.tests import issuer as keys


def unsigned(claims: dict[str, Any]) -> str:
    def part(content: dict[str, Any]) -> str:
        return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    whole = {**keys.claims(**claims), "iat": 1, "exp": 9_999_999_999}
    return f"{part({'alg': 'none', 'kid': 'rsa'})}.{part(whole)}."


def foreign(claims: dict[str, Any]) -> str:
    headers = {"kid": "rsa"}
    return jwt.encode(keys.claims(**claims), keys.foreign_key(), algorithm="RS256", headers=headers)


BENT: dict[str, tuple[dict[str, Any], Any, str]] = {
    "another nonce": ({"nonce": "made-up"}, None, "nonce"),
    "no nonce": ({"nonce": None}, None, "nonce"),
    "a nonce that is no text": ({"nonce": ["a"]}, None, "nonce"),
    "expired": ({"exp": timedelta(hours=-1)}, None, "token"),
    "from the future": ({"iat": timedelta(hours=1)}, None, "token"),
    "for somebody else": ({"aud": "another-client"}, None, "token"),
    "for several, asked by another": ({"aud": [CLIENT_ID, "x"], "azp": "x"}, None, "token"),
    "for several, asked by nobody": ({"aud": [CLIENT_ID, "x"]}, None, "token"),
    "of another issuer": ({"iss": "https://elsewhere.example"}, None, "token"),
    "without a subject": ({"sub": None}, None, "token"),
    "with an unprintable subject": ({"sub": "a\nb"}, None, "token"),
    "unsigned": ({}, unsigned, "token"),
    "signed by somebody else": ({}, foreign, "token"),
    "no JWT": ({}, lambda _: "nonsense", "token"),
}


@pytest.mark.parametrize(("claims", "sign", "why"), BENT.values(), ids=BENT)
async def test_a_bent_id_token_opens_nothing(
    here: Doors, claims: dict[str, Any], sign: Any, why: str
) -> None:
    here.provider.claims, here.provider.sign = claims, sign
    before = counted(why)
    refused = await here.sign_in()
    assert refused.status_code == 401
    assert "eyJ" not in refused.text
    assert counted(why) == before + 1
    assert await here.database["sessions"].count_documents({}) == 0


@pytest.mark.parametrize(
    "broken",
    [
        Response("<html>", 200),
        JSONResponse(["a"]),
        JSONResponse({"error": "server_error"}, 500),
        JSONResponse({"id_token": "x" * 1_100_000}),
        RedirectResponse("http://127.0.0.1:1/"),
    ],
    ids=["no JSON", "no object", "500", "too long", "elsewhere"],
)
async def test_a_provider_that_talks_nonsense_is_not_available(here: Doors, broken: Response) -> None:
    here.provider.broken = broken
    before = counted("unavailable")
    refused = await here.sign_in()
    assert refused.status_code == 503
    assert "The sign-in service does not answer" in refused.text
    assert counted("unavailable") == before + 1


async def test_a_description_of_another_issuer_is_not_believed(here: Doors) -> None:
    here.provider.description = {"issuer": "https://elsewhere.example"}
    assert (await here.browser.get("/sign-in")).status_code == 503


def test_an_encrypted_description_leads_to_no_plain_address() -> None:
    provider = Provider("https://sso.example", client_id="ponte", client_secret="x")
    told = {"issuer": "https://sso.example", "authorization_endpoint": "https://sso.example/a"}
    for token in ("http://sso.example/t", "file:///etc/passwd", "/t", 7):
        with pytest.raises(ValueError, match="not https"):
            provider._read(told | {"token_endpoint": token})
    assert provider._read(told | {"token_endpoint": "https://sso.example/t"}).end_session is None


async def test_wrong_settings_are_named(provider: OtherProvider, tmp_path: Any) -> None:
    with pytest.raises(ImpossibleValue, match="PONTE_OIDC_ISSUER"):
        settings_for(provider, oidc_issuer=LOCAL_ISSUER).as_oidc()
    for wrong in ({"oidc_client_secret": None}, {"oidc_client_secret_file": tmp_path / "nowhere"}):
        with pytest.raises(ImpossibleValue, match="PONTE_OIDC_CLIENT_SECRET_FILE"):
            settings_for(provider, **wrong).as_oidc()
    with pytest.raises(ImpossibleValue, match="PONTE_OIDC_REDIRECT_URI"):
        settings_for(provider, oidc_redirect_uri=f"{HERE}/below{BACK.removeprefix(HERE)}").as_oidc()
    with pytest.raises(ValueError, match="oidc_roles"):
        settings_for(provider, oidc_roles={"x": "archivist"})
    assert settings_for(provider, oidc_client_id=None).as_oidc() is None
    assert "s3cret" not in repr(settings_for(provider))
