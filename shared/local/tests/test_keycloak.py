"""The real Keycloak of the tests: whole, with the committed realm, and gone when it is stopped."""

import base64
import json
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from shared.local import distribution
from shared.local.errors import EngineMissing
from shared.testing.realm import REALM, Realm

pytestmark = pytest.mark.timeout(600)


def test_the_lock_names_no_address() -> None:
    text = distribution.LOCK.read_text()
    assert "://" not in text
    assert len(distribution.locked_archive().sha256) == 64


def test_the_realm_holds_no_secret() -> None:
    realm = json.loads(REALM.read_text())
    for client in realm["clients"]:
        assert client["secret"].startswith("${"), client["clientId"]
    assert all("credentials" not in user for user in realm["users"])


class Repository:
    """A Maven repository in memory that answers from a byte on, and may break off."""

    remote_repos: ClassVar = {"here": "http://repository.invalid"}

    def __init__(self, content: bytes, *, breaks_after: int | None = None) -> None:
        self.content, self.breaks_after, self.asked = content, breaks_after, []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> Any:
        return Path("org/keycloak") if name == "path_prefix" else lambda *_, **__: self

    filename = "keycloak.tar.gz"

    def get(self, url: str, headers: dict[str, str], **_: Any) -> Any:
        start = int(headers.get("Range", "bytes=0-")[6:-1])
        self.asked.append(start)
        rest, breaks = self.content[start:], self.breaks_after

        class Answer:
            status_code = 206 if start else 200
            headers: ClassVar = {"Content-Length": str(len(rest))}

            def iter_content(self, size: int) -> Any:
                yield rest[:breaks]
                if breaks is not None:
                    raise ConnectionError

        return Answer()


def test_an_interrupted_fetch_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * 20
    first, second = Repository(content, breaks_after=1000), Repository(content)
    archive, partial = distribution.locked_archive(), tmp_path / "keycloak.part"
    monkeypatch.setattr("jgo.util.http.get", first.get)
    with pytest.raises(ConnectionError):
        distribution.download(first, archive, partial, None)
    monkeypatch.setattr("jgo.util.http.get", second.get)
    distribution.download(second, archive, partial, None)
    assert partial.read_bytes() == content
    assert second.asked == [1000]


def test_another_content_than_locked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PONTE_ENGINES", str(tmp_path))
    monkeypatch.setattr(
        distribution, "download", lambda context, archive, partial, progress: partial.write_bytes(b"?")
    )
    with pytest.raises(EngineMissing, match="another content"):
        distribution.keycloak_home()
    assert not list(tmp_path.glob("keycloak-*"))


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    archive = distribution.locked_archive()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.jar").write_bytes(b"as it was")
    (tmp_path / distribution.SUMS).write_text(f"{archive.sha256}\n{distribution._sums(tmp_path)}")
    assert distribution.is_whole(tmp_path, archive)
    (tmp_path / "lib" / "a.jar").write_bytes(b"changed")
    assert not distribution.is_whole(tmp_path, archive)


async def test_the_realm_is_the_committed_one(realm: Realm) -> None:
    async with httpx.AsyncClient() as client:
        found = (await client.get(f"{realm.keycloak.issuer}/.well-known/openid-configuration")).json()
    assert found["issuer"] == realm.keycloak.issuer
    assert found["backchannel_logout_supported"]
    assert "S256" in found["code_challenge_methods_supported"]


async def test_a_program_gets_a_token_for_ponte_with_its_scopes(realm: Realm) -> None:
    token = await realm.program_token("agenda.read")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == "ponte"
    assert claims["groups"] == ["integration"]
    assert set(claims["scope"].split()) == {"feed.read", "overview.read", "agenda.read"}
    assert {"name", "email", "preferred_username"}.isdisjoint(claims), "no more of a person than needed"
