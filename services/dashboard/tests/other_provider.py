"""A small identity provider of another make: Entra ID's addresses and claims, on loopback, bent at will."""

import asyncio
import json
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.identity.tests import issuer as keys

CLIENT_ID, SECRET = "4765445b-32c6-49b0-83e6-1d93765276ca", "s3cret/with+odd characters"
TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
DIRECTORS = "6f1d2a58-2f0e-4c7e-9d53-0d2f3f1c9a11"


@dataclass
class OtherProvider:
    """Whoever comes is signed in as the same person. Tests change what it says."""

    url: str = ""
    groups: list[str] = field(default_factory=lambda: [DIRECTORS])
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    expires_in: int = 3600
    description: dict[str, Any] = field(default_factory=dict)
    broken: Response | None = None
    ended: bool = False
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _refresh: str = ""

    @property
    def issuer(self) -> str:
        return f"{self.url}/{TENANT}/v2.0"

    @property
    def jwks(self) -> str:
        return f"{self.url}/{TENANT}/discovery/v2.0/keys"

    def token(self, **changes: Any) -> str:
        """A signed token of this provider for the client."""
        whole = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "azp": None,
            "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            "sid": "001c5e50-7d1f-4d2c-ad1b-8a2d7e31f0a5",
            "tid": TENANT,
            "ver": "2.0",
            "name": "Abe Lincoln",
            "roles": None,
            "groups": self.groups,
            **changes,
            **self.claims,
        }
        return self.sign(whole) if self.sign else keys.token(**whole)

    def logout_token(self, **changes: Any) -> str:
        """A logout token; this make of provider sends none by itself."""
        event: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
        return self.token(**{"events": event, "jti": secrets.token_hex(8), "groups": None, **changes})

    def app(self) -> Starlette:
        below = f"/{TENANT}"
        return Starlette(
            routes=[
                Route(f"{below}/v2.0/.well-known/openid-configuration", self._describe),
                Route(f"{below}/discovery/v2.0/keys", self._keys),
                Route(f"{below}/oauth2/v2.0/authorize", self._authorize),
                Route(f"{below}/oauth2/v2.0/token", self._token, methods=["POST"]),
            ]
        )

    async def _describe(self, request: Request) -> Response:
        there = f"{self.url}/{TENANT}/oauth2/v2.0"
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{there}/authorize",
                "token_endpoint": f"{there}/token",
                "end_session_endpoint": f"{there}/logout",
                "jwks_uri": self.jwks,
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                **self.description,
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(json.loads(keys.jwks("rsa")))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.asked.append(form["grant_type"])
        if self.broken is not None:
            return self.broken
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        nonce: dict[str, Any] = {}
        if form["grant_type"] == "authorization_code":
            begun = self._codes.pop(form["code"], None)
            challenge = (
                urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
            )
            if begun is None or begun["code_challenge"] != challenge:
                return JSONResponse({"error": "invalid_grant"}, 400)
            nonce = {"nonce": begun["nonce"]}
        elif self.ended or form["refresh_token"] != self._refresh:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self._refresh = secrets.token_urlsafe(16)
        given = {
            "token_type": "Bearer",
            "access_token": self.token(aud="00000003-0000-0000-c000-000000000000"),
            "refresh_token": self._refresh,
            "id_token": self.token(**nonce),
            "expires_in": self.expires_in,
        }
        return JSONResponse(given)


@asynccontextmanager
async def other_provider() -> AsyncIterator[OtherProvider]:
    """One on a free port."""
    provider = OtherProvider()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_config=None, lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not running.done()
            await asyncio.sleep(0.01)
        try:
            yield provider
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await running
