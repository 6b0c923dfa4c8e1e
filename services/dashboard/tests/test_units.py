"""How the pages call a unit: with the person's own token, within limits, and every way to get nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse

from services.dashboard.settings import Settings
from services.dashboard.tests.loopback import on_loopback
from services.dashboard.units import Bearer, Trouble, UnitFailed, Units
from shared.domain.errors import ImpossibleValue
from shared.identity import Identity, KeySet, Role, TokenVerifier
from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import AUDIENCE, LocalKeys, ensure_keys
from shared.identity.own_tokens import OwnTokens
from shared.identity.sealing import fresh_secret, seal
from shared.identity.sessions import Session

ME = Bearer("a-token", "it", "192.0.2.7")


def a_unit(stuck: asyncio.Event) -> FastAPI:
    """An API that answers in every way that a unit, or something else in its place, can."""
    app = FastAPI()

    @app.get("/echo")
    async def echo(request: Request) -> dict[str, Any]:
        return {"headers": dict(request.headers), "query": dict(request.query_params)}

    @app.get("/stuck")
    async def never() -> None:
        await stuck.wait()

    @app.get("/status/{status}")
    async def refuse(status: int) -> Response:
        return JSONResponse({"secret": "words"}, status, headers={"retry-after": "7"})

    @app.get("/text")
    async def text() -> Response:
        return PlainTextResponse("hello")

    @app.get("/list")
    async def a_list() -> list[int]:
        return [1]

    @app.get("/elsewhere")
    async def elsewhere() -> Response:
        return RedirectResponse("/echo")

    return app


@pytest.fixture
async def units() -> AsyncIterator[Units]:
    stuck = asyncio.Event()
    async with on_loopback(a_unit(stuck)) as address:
        made = Units({"agenda": f"{address}/", "dossiers": "http://127.0.0.1:1"}, answer_within=0.5)
        yield made
        await made.close()
        stuck.set()


async def test_a_unit_is_asked_in_the_persons_name(units: Units) -> None:
    told = await units.get("agenda", "/echo", {"actor": "a b&c"}, ME)
    assert told["query"] == {"actor": "a b&c"}
    assert told["headers"]["authorization"] == "Bearer a-token"
    assert told["headers"]["accept-language"] == "it"
    assert told["headers"]["x-forwarded-for"] == "192.0.2.7"
    assert "a-token" not in repr(ME)


@pytest.mark.parametrize(
    ("unit", "path", "trouble", "seconds"),
    [
        ("dossiers", "/echo", Trouble.AWAY, None),
        ("agenda", "/stuck", Trouble.AWAY, None),
        ("agenda", "/status/500", Trouble.AWAY, 7),
        ("agenda", "/status/503", Trouble.AWAY, 7),
        ("agenda", "/status/401", Trouble.SIGNED_OUT, 7),
        ("agenda", "/status/403", Trouble.FORBIDDEN, 7),
        ("agenda", "/status/422", Trouble.REFUSED, 7),
        ("agenda", "/status/429", Trouble.BUSY, 7),
        ("agenda", "/nowhere", Trouble.UNFIT, None),
        ("agenda", "/text", Trouble.UNFIT, None),
        ("agenda", "/list", Trouble.UNFIT, None),
        ("agenda", "/elsewhere", Trouble.UNFIT, None),
    ],
)
async def test_whatever_a_unit_does_is_one_kind_of_trouble(
    units: Units, unit: str, path: str, trouble: Trouble, seconds: int | None
) -> None:
    with pytest.raises(UnitFailed) as failed:
        await units.get(unit, path, {}, ME)
    assert (failed.value.unit, failed.value.trouble, failed.value.seconds) == (unit, trouble, seconds)
    if path != "/text" and path != "/list":
        with pytest.raises(UnitFailed) as failed:
            async with units.stream(unit, path, {}, ME):
                pass
        assert failed.value.trouble is trouble


async def test_a_stream_comes_as_it_is_made(units: Units) -> None:
    async with units.stream("agenda", "/text", {}, ME) as answer:
        assert isinstance(answer, httpx.Response)
        assert [line async for line in answer.aiter_lines()] == ["hello"]


# With which token


@pytest.fixture
def keys(tmp_path: Path) -> LocalKeys:
    return ensure_keys(tmp_path)


def a_session(role: Role = Role.AUDITOR, **changes: Any) -> Session:
    identity = Identity("local-auditor", "local-auditor", frozenset({role}))
    return Session(fresh_secret(), identity, datetime.now(UTC) + timedelta(hours=1), **changes)


async def test_the_session_of_a_link_gets_a_token_that_says_what_the_session_says(keys: LocalKeys) -> None:
    token = OwnTokens(keys.private_key).of(a_session())
    assert token
    verifier = TokenVerifier(KeySet(str(keys.jwks_file)), issuer=LOCAL_ISSUER, audience=AUDIENCE)
    caller = await verifier.verify(token)
    assert (caller.subject, caller.client) == ("local-auditor", "ponte-dashboard")
    assert caller.roles == frozenset({Role.AUDITOR})
    claims = await verifier.claims(token)
    assert claims["exp"] - claims["iat"] == 120


def test_without_the_local_key_a_link_has_no_token() -> None:
    assert OwnTokens().of(a_session()) is None


def test_the_providers_token_goes_before_any_other(keys: LocalKeys) -> None:
    session = a_session()
    sealed = seal(session.cookie, {"access": "of-the-provider", "refresh": None, "id": "x"})
    given = Session(session.cookie, session.identity, session.until, None, sealed)
    assert OwnTokens(keys.private_key).of(given) == "of-the-provider"
    with pytest.raises(ValueError, match="another secret"):
        OwnTokens().of(Session(fresh_secret(), session.identity, session.until, None, sealed))


# Settings


def settings(**given: Any) -> Settings:
    values: dict[str, Any] = {
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "mongodb_uri": "mongodb://127.0.0.1:1",
        "oidc_issuer": LOCAL_ISSUER,
        "oidc_jwks": "no-such-file",
    }
    return Settings(**(values | given))


def test_the_units_have_their_fixed_ports_unless_told_otherwise() -> None:
    made = settings(agenda_url="https://agenda.city.example/api/")
    assert made.as_units()._addresses == {
        "agenda": "https://agenda.city.example/api",
        "agreements": "http://127.0.0.1:8102",
        "networks": "http://127.0.0.1:8103",
        "dossiers": "http://127.0.0.1:8104",
        "dashboard": "http://127.0.0.1:8080",
    }
    elsewhere = settings(http_host="192.0.2.4", http_port=9000).as_units()
    assert elsewhere._addresses["dashboard"] == "http://192.0.2.4:9000"
    assert settings(http_host="0.0.0.0").as_units()._addresses["dashboard"] == "http://127.0.0.1:8080"
    for address in ("ftp://agenda", "http://me:secret@agenda", "http://agenda?x=1", "agenda:8101"):
        with pytest.raises(ValueError, match="agenda_url"):
            settings(agenda_url=address)


@pytest.mark.parametrize(
    "given", [{"oidc_client_id": "ponte-dashboard"}, {"oidc_issuer": "https://sso.city.example"}]
)
def test_beside_a_provider_the_local_key_stops_the_start(keys: LocalKeys, given: dict[str, str]) -> None:
    with pytest.raises(ImpossibleValue, match="PONTE_LINK_KEY_FILE"):
        settings(link_key_file=keys.signing_key_file, **given).as_own_tokens()


def test_a_spoilt_local_key_is_one_sentence(tmp_path: Path, keys: LocalKeys) -> None:
    spoilt = tmp_path / "spoilt.pem"
    spoilt.write_text("nothing")
    for path in (spoilt, tmp_path / "none.pem", tmp_path):
        with pytest.raises(ImpossibleValue, match="PONTE_LINK_KEY_FILE"):
            settings(link_key_file=path).as_own_tokens()
    made = settings(link_key_file=keys.environment_of_pages()["PONTE_LINK_KEY_FILE"]).as_own_tokens()
    assert made.of(a_session())
    assert "PONTE_LINK_KEY_FILE" not in keys.environment()
