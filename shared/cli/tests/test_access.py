"""`ponte token`, `ponte link`, `ponte openapi`, `ponte asyncapi`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli.errors import UserError
from shared.cli.main import build_app
from shared.identity import KeySet, Role, TokenVerifier
from shared.identity.links import LOCAL_ISSUER, link_verifier, verify_link
from shared.identity.local import LocalKeys, ensure_keys


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalKeys:
    monkeypatch.setenv("PONTE_DATA", str(tmp_path))
    monkeypatch.delenv("PONTE_DASHBOARD_PORT", raising=False)
    return ensure_keys(tmp_path)


def ponte(*arguments: str) -> str:
    result = CliRunner().invoke(build_app(), arguments)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_a_printed_token_opens_the_services(keys: LocalKeys) -> None:
    text = ponte("token", "--role", "officer-city", "--subject", "anna-7", "--minutes", "5")
    assert text.count("\n") == 1
    verifier = TokenVerifier(KeySet(str(keys.jwks_file)), issuer=LOCAL_ISSUER, audience="ponte")
    identity = await verifier.verify(text.strip())
    assert (identity.subject, set(identity.roles)) == ("anna-7", {Role.OFFICER_CITY})


async def test_a_programs_token_names_what_it_may_do(keys: LocalKeys) -> None:
    scopes = ("--scope", "agenda.read", "--scope", "feed.read")
    verifier = TokenVerifier(KeySet(str(keys.jwks_file)), issuer=LOCAL_ISSUER, audience="ponte")
    identity = await verifier.verify(ponte("token", "--role", "integration", *scopes).strip())
    assert identity.scopes == {"agenda.read", "feed.read"}


async def test_a_printed_link_leads_to_the_dashboard(
    keys: LocalKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PONTE_DASHBOARD_PORT", "8090")
    address, _, token = ponte("link", "--role", "auditor").strip().partition("?token=")
    assert address == "http://127.0.0.1:8090/link"
    link = await verify_link(link_verifier(str(keys.jwks_file), LOCAL_ISSUER), token)
    assert set(link.identity.roles) == {Role.AUDITOR}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["token", "--role", "boss"], "--role is 'boss'; it is one of director, "),
        (["token", "--role", "director", "--minutes", "0"], "minutes is 0"),
        (["link", "--minutes", "1e9"], "minutes is"),
        (["link", "--role", "Director"], "--role is 'Director'"),
        (["link", "--role", "integration"], "--role integration opens no page"),
        (["token", "--role", "integration"], "--role integration needs --scope"),
        (["token", "--role", "integration", "--scope", "agenda"], "--scope is 'agenda'; it is one of agenda"),
        (["token", "--role", "integration", "--scope", "pages.read"], "--scope is 'pages.read'"),
        (["token", "--role", "director", "--scope", "agenda.read"], "--scope goes with --role integration"),
        (["openapi", "nothing"], "There is no service 'nothing'"),
    ],
)
def test_what_is_wrong_is_named(keys: LocalKeys, arguments: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        ponte(*arguments)


def test_without_a_local_run_there_are_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PONTE_DATA", str(tmp_path / "none"))
    with pytest.raises(UserError, match="make run"):
        ponte("token", "--role", "director")
    assert not (tmp_path / "none").exists()


@pytest.fixture
def service() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path in {"/openapi.json", "/asyncapi.json"}
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"è": self.path}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("document", ["openapi", "asyncapi"])
def test_a_document_comes_from_the_running_service(
    service: str, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    monkeypatch.setenv("PONTE_AGENDA_URL", f"{service}/")
    assert json.loads(ponte(document, "agenda")) == {"è": f"/{document}.json"}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9", "is Ponte running"),
        ("file:///etc/passwd", "must begin with http"),
        ("SERVICE/other", "404"),
    ],
)
def test_a_service_that_does_not_answer_is_one_sentence(
    service: str, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("PONTE_AGENDA_URL", address.replace("SERVICE", service))
    with pytest.raises(UserError, match=said):
        ponte("openapi", "agenda")
