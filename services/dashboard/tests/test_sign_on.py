"""Signing in at a provider of another make than Keycloak: how it goes, and everything that must not."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from services.dashboard.sign_on import safe_next
from services.dashboard.tests.other_provider import OtherProvider
from services.dashboard.tests.signing_on import HERE, Doors, counted, doors
from shared.store import Database


async def test_signing_in_leads_to_the_page_that_was_asked_for(here: Doors) -> None:
    refused = await here.browser.get("/?unit=city")
    assert refused.status_code == 401
    assert 'href="/sign-in?next=%2F%3Funit%3Dcity"' in refused.text
    assert "ponte link" not in refused.text
    entered = await here.sign_in("/?unit=city")
    assert (entered.status_code, entered.headers["location"]) == (303, "/?unit=city")
    page = await here.browser.get("/")
    assert page.status_code == 200
    assert "Abe Lincoln" in page.text


async def test_no_token_reaches_the_browser_and_none_lies_open_in_the_database(here: Doors) -> None:
    address = await here.begin()
    assert "code_challenge_method=S256" in address
    assert "client_secret" not in address
    entered = await here.come_back(await here.pass_provider(address))
    cookies = entered.headers.get_list("set-cookie")
    assert not [cookie for cookie in cookies if "eyJ" in cookie]
    opened = next(cookie for cookie in cookies if cookie.startswith("ponte-session="))
    assert "HttpOnly" in opened
    assert "SameSite=lax" in opened
    stored = str(await here.database["sessions"].find_one({}))
    assert "eyJ" not in stored
    assert here.provider._refresh not in stored
    assert await here.database["sign_ins"].count_documents({"sealed": {"$exists": True}}) == 0


async def test_over_https_only_this_very_host_may_set_the_cookies(
    provider: OtherProvider, database: Database
) -> None:
    there = "https://ponte.example"
    async with doors(provider, database, oidc_redirect_uri=f"{there}/sign-in/callback") as wired:
        unencrypted = await wired.browser.get("/sign-in")
        assert unencrypted.status_code == 400
        assert "PONTE_TRUSTED_PROXIES" in unencrypted.text
        async with wired.another_browser(there) as browser:
            sent = await browser.get("/sign-in")
            cookie = sent.headers["set-cookie"]
            assert cookie.startswith("__Host-ponte-sign-in-")
            assert "Secure" in cookie
            assert "Domain" not in cookie
            async with httpx.AsyncClient() as client:
                back = (await client.get(sent.headers["location"])).headers["location"]
            opened = next(
                each
                for each in (await browser.get(back)).headers.get_list("set-cookie")
                if each.startswith("__Host-ponte-session=")
            )
            assert "Secure" in opened
            assert (await browser.get("/")).status_code == 200
        async with wired.another_browser(there) as planted:
            planted.cookies.set("ponte-session", opened.partition("=")[2].partition(";")[0])
            assert (await planted.get("/")).status_code == 401, "a cookie without the prefix may be planted"


NONSENSE = "x" * 43


@pytest.mark.parametrize(
    "bend",
    [
        lambda answer: answer | {"state": NONSENSE},
        lambda answer: {"code": answer["code"]},
        lambda answer: answer | {"state": ""},
        lambda answer: {"state": answer["state"]},
        lambda answer: answer | {"code": NONSENSE},
        lambda answer: answer | {"code": "c" * 5000},
        lambda answer: answer | {"iss": "https://elsewhere.example"},
        lambda answer: answer | {"error": "access_denied"},
        lambda answer: {},
    ],
    ids=[
        "other state",
        "no state",
        "empty state",
        "no code",
        "other code",
        "long code",
        "issuer",
        "denied",
        "-",
    ],
)
async def test_a_tampered_answer_opens_nothing(
    here: Doors, bend: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    answer = await here.pass_provider(await here.begin())
    refused = await here.come_back(bend(answer))
    assert refused.status_code == 401
    assert "Signing in did not work." in refused.text
    assert "ponte-session" not in refused.headers.get("set-cookie", "")
    assert not await here.signed_in()


async def test_an_answer_counts_once(here: Doors) -> None:
    answer = await here.pass_provider(await here.begin())
    before = counted("state")
    outcomes = await asyncio.gather(*(here.come_back(answer) for _ in range(5)))
    assert sorted(outcome.status_code for outcome in outcomes) == [303, 401, 401, 401, 401]
    assert counted("state") == before + 4


async def test_an_answer_counts_only_in_the_browser_that_asked(here: Doors) -> None:
    answer = await here.pass_provider(await here.begin())
    async with here.another_browser() as victim:
        refused = await victim.get("/sign-in/callback", params=answer)
        assert refused.status_code == 401
        # Nor with a sign-in of its own under way.
        await victim.get("/sign-in")
        assert (await victim.get("/sign-in/callback", params=answer)).status_code == 401
        assert not await here.signed_in(victim)
    assert (await here.come_back(answer)).status_code == 303, "and nobody can spoil it for that one"


async def test_a_code_of_another_sign_in_opens_nothing(here: Doors) -> None:
    stolen = await here.pass_provider(await here.begin())
    own = await here.pass_provider(await here.begin())
    assert (await here.come_back(own | {"code": stolen["code"]})).status_code == 401


async def test_two_tabs_sign_in_side_by_side(here: Doors) -> None:
    first, second = await here.begin("/?unit=city"), await here.begin("/?unit=european")
    for address, page in ((second, "/?unit=european"), (first, "/?unit=city")):
        entered = await here.come_back(await here.pass_provider(address))
        assert entered.headers["location"] == page
    for _ in range(8):
        await here.begin()
    assert len([name for name in here.browser.cookies if name.startswith("ponte-sign-in-")]) <= 5


@pytest.mark.parametrize("cookie", ["made-up", "x" * 43, "x" * 500, "%00", '{"$gt":""}'])
async def test_a_forged_cookie_opens_nothing(here: Doors, cookie: str) -> None:
    await here.sign_in()
    async with here.another_browser() as other:
        other.cookies.set("ponte-session", cookie)
        assert not await here.signed_in(other)


async def test_who_has_no_role_sees_why_and_may_leave(here: Doors) -> None:
    here.provider.groups = ["0a0a0a0a-0000-0000-0000-000000000000"]
    await here.sign_in()
    refused = await here.browser.get("/")
    assert refused.status_code == 403
    assert "Not allowed" in refused.text


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/", "/"),
        ("/?unit=city&days=7", "/?unit=city&days=7"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\n", "/"),
        ("", "/"),
        ("evil", "/"),
        ("/sign-in?next=/", "/"),
        ("/sign-out", "/"),
        ("/link?token=x", "/"),
    ],
)
def test_nobody_is_sent_elsewhere(asked: str, given: str) -> None:
    assert safe_next(asked) == given


async def test_signing_out_goes_on_at_the_provider(here: Doors) -> None:
    await here.sign_in()
    left = await here.browser.post("/sign-out")
    assert left.status_code == 200
    onward = httpx.URL(left.headers["refresh"].removeprefix("0; url="))
    assert str(onward).startswith(f"{here.provider.url}/")
    assert onward.params["post_logout_redirect_uri"] == f"{HERE}/?left=1"
    assert onward.params["id_token_hint"].startswith("eyJ")
    assert not await here.signed_in()
    assert "Signed out." in (await here.browser.get("/?left=1")).text
