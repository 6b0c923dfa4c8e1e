from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.identity import KeySet, Role, TokenVerifier, Unauthenticated
from shared.identity.links import LOCAL_ISSUER, link_verifier, verify_link
from shared.identity.local import (
    AUDIENCE,
    LocalKeysMissing,
    ensure_keys,
    issue_token,
    load_keys,
    sign_in_link,
)


def _verifier(folder: Path) -> TokenVerifier:
    return TokenVerifier(KeySet(str(folder / "keys" / "jwks.json")), issuer=LOCAL_ISSUER, audience=AUDIENCE)


def _token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


async def test_a_local_token_is_verified_like_any_other(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    identity = await _verifier(tmp_path).verify(issue_token(keys, Role.OFFICER_CITY, "anna-7"))
    assert (identity.subject, identity.client, identity.roles) == (
        "anna-7",
        "ponte-cli",
        frozenset({Role.OFFICER_CITY}),
    )


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    (tmp_path / "keys" / "signing-key.pem").chmod(0o644)
    ensure_keys(tmp_path)
    for name in ("keys/signing-key.pem", "keys/jwks.json", "metrics-token"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert "PRIVATE" not in (tmp_path / "keys" / "jwks.json").read_text()
    assert '"d"' not in (tmp_path / "keys" / "jwks.json").read_text()


def test_keys_are_made_once_also_by_many_at_the_same_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ensure_keys(tmp_path).kid, range(16)))
    assert len(set(made)) == 1
    assert load_keys(tmp_path).kid == made[0]


@pytest.mark.parametrize("content", [None, b"", b"not a key"])
def test_missing_or_spoilt_keys_are_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "signing-key.pem").write_bytes(content)
    with pytest.raises(LocalKeysMissing, match=str(tmp_path)):
        load_keys(tmp_path)


@pytest.mark.parametrize("minutes", [0, -1, 50_000, float("nan"), float("inf")])
def test_a_validity_has_bounds(tmp_path: Path, minutes: float) -> None:
    with pytest.raises(ValueError, match="minutes"):
        issue_token(ensure_keys(tmp_path), Role.DIRECTOR, minutes=minutes)


def test_the_private_key_is_not_in_a_log_line(tmp_path: Path) -> None:
    assert "PrivateKey" not in repr(ensure_keys(tmp_path))


async def test_a_link_opens_the_dashboard_and_nothing_else(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    address = sign_in_link(keys, "http://127.0.0.1:8080/", Role.AUDITOR, 5)
    assert address.startswith("http://127.0.0.1:8080/link?token=")
    link = await verify_link(link_verifier(str(keys.jwks_file), LOCAL_ISSUER), _token_of(address))
    assert link.identity.roles == {Role.AUDITOR}
    with pytest.raises(Unauthenticated, match="audience"):
        await _verifier(tmp_path).verify(_token_of(address))


async def test_an_api_token_is_no_link(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    with pytest.raises(Unauthenticated, match="audience"):
        await verify_link(link_verifier(str(keys.jwks_file), LOCAL_ISSUER), issue_token(keys, Role.DIRECTOR))


async def test_under_another_issuer_there_are_no_links(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    verifier = link_verifier(str(keys.jwks_file), "https://sso.example")
    with pytest.raises(Unauthenticated, match="issuer"):
        await verify_link(verifier, _token_of(sign_in_link(keys, "http://x")))
