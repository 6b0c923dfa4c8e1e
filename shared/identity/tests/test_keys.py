from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.identity.errors import KeysUnavailable
from shared.identity.keys import MAX_AGE, MIN_PAUSE, KeySet, parse_jwks
from shared.identity.tests import issuer


class Provider:
    """A real HTTP server that publishes a key set."""

    def __init__(self) -> None:
        self.body = issuer.jwks("rsa")
        self.status = 200
        self.asked = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                self.send_response(provider.status)
                self.end_headers()
                self.wfile.write(provider.body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/jwks"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_only_keys_that_may_sign_are_taken() -> None:
    document = {"keys": [*json.loads(issuer.jwks())["keys"], *issuer.unusable()]}
    assert set(parse_jwks(json.dumps(document))) == set(issuer.KEYS)


def test_a_key_is_taken_for_its_own_algorithm_only() -> None:
    entry = {**issuer.jwk("rsa", issuer.KEYS["rsa"][0]), "alg": "RS512"}
    assert parse_jwks(json.dumps({"keys": [entry]})) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": {}}', "\xff"])
def test_what_is_not_a_key_set(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse_jwks(text)


async def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    keys = KeySet(str(path))
    with pytest.raises(KeysUnavailable):
        await keys.find("rsa")
    path.write_text(issuer.jwks("rsa"))
    assert await keys.find("rsa") is not None
    path.write_text(issuer.jwks("p256"))
    assert await keys.find("rsa") is None
    path.write_text("half a fil")
    assert await keys.find("p256") is not None, "the last good keys stay in use"


async def test_an_address_is_asked_once_and_again_for_an_unknown_key(provider: Provider) -> None:
    clock = Clock()
    keys = KeySet(provider.address, clock=clock)
    assert await keys.find("rsa") is not None
    assert await keys.find("rsa") is not None
    assert provider.asked == 1

    provider.body = issuer.jwks("p256")
    assert await keys.find("p256") is None, "not so soon"
    clock.now += MIN_PAUSE
    assert await keys.find("p256") is not None
    assert await keys.find("rsa") is None
    assert provider.asked == 2


async def test_made_up_key_ids_do_not_flood_the_issuer(provider: Provider) -> None:
    keys = KeySet(provider.address, clock=Clock())
    for number in range(20):
        assert await keys.find(f"made-up-{number}") is None
    assert provider.asked == 1


async def test_a_withdrawn_key_is_noticed_in_time(provider: Provider) -> None:
    clock = Clock()
    keys = KeySet(provider.address, clock=clock)
    assert await keys.find("rsa") is not None
    provider.body = issuer.jwks("p256")
    clock.now += MAX_AGE + 1
    assert await keys.find("rsa") is None


@pytest.mark.parametrize(("status", "body"), [(500, ""), (200, "<html>"), (200, "x" * 1_000_001), (302, "")])
async def test_the_last_keys_outlive_a_broken_issuer(provider: Provider, status: int, body: str) -> None:
    clock = Clock()
    keys = KeySet(provider.address, clock=clock)
    assert await keys.find("rsa") is not None
    provider.status, provider.body = status, body
    clock.now += MAX_AGE + 1
    assert await keys.find("rsa") is not None


async def test_an_issuer_that_never_answered() -> None:
    keys = KeySet("http://127.0.0.1:9/jwks")
    with pytest.raises(KeysUnavailable):
        await keys.find("rsa")
