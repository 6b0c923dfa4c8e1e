"""The page over HTTP: whom it lets in, what it shows without a script, where its links lead."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.dashboard.hub import Hub
from services.dashboard.render import Renderer
from services.dashboard.tests.facts import MILAN, NOW, a_picture
from services.dashboard.tests.memory import MemoryRegister, mixed
from services.dashboard.tests.serving import COOKIE, Doors, an_app, entry_numbers


@pytest.fixture
async def register() -> MemoryRegister:
    made = MemoryRegister(a_picture())
    await made.append(*mixed(90))
    return made


@pytest.fixture
async def client(register: MemoryRegister) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in, on the day of the facts."""
    hub = Hub(register, Renderer(MILAN), now=lambda: NOW)
    app = an_app(register, Doors(), hub)
    await hub.start()
    transport = httpx.ASGITransport(app)
    headers = {"accept": "text/html", "accept-language": "it"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", cookies=COOKIE, headers=headers
    ) as made:
        yield made
    await hub.stop()


async def text(client: httpx.AsyncClient, address: str = "/") -> str:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_without_a_session_it_says_how_to_get_one(client: httpx.AsyncClient) -> None:
    client.cookies.clear()
    answer = await client.get("/")
    assert answer.status_code == 401
    assert "ponte link" in answer.text
    assert 'id="agreements"' not in answer.text
    english = await client.get("/?lang=en")
    assert "A sign-in link is needed" in english.text
    for address in ("/feed", "/missing", "/panels", "/live", "/v1/feed", "/v1/overview"):
        assert (await client.get(address)).status_code == 401, address


async def test_it_is_whole_without_a_script(client: httpx.AsyncClient) -> None:
    html = await text(client)
    panels = "jump since alerts today deadlines weeks units agreements networks candidacies feed"
    for panel in panels.split():
        assert html.count(f'id="{panel}"') == 1, panel
    assert len(entry_numbers(html)) == 30
    assert "giovedì 26 novembre 2026" in html
    assert "Dati di esempio" not in html, "nothing of it is invented"


async def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert not re.findall(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*src=)", answer.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert address.startswith(("/", "#")), address


@pytest.mark.parametrize("address", ["/", "/?unit=city", "/?unit=european", "/?days=28&lang=en"])
async def test_no_link_is_dead(client: httpx.AsyncClient, address: str) -> None:
    html = await text(client, address)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "ids are unique"
    for target in set(re.findall(r'href="#([^"]+)"', html)):
        assert target in ids, target
    for target in re.findall(r'aria-labelledby="([^"]+)"', html):
        assert target in ids, target
    for link in {link.replace("&amp;", "&") for link in re.findall(r'href="(/\?[^"#]*)', html)}:
        assert (await client.get(link)).status_code == 200, link


async def test_filters_live_in_the_address_and_work(client: httpx.AsyncClient) -> None:
    whole, european = await text(client), await text(client, "/?unit=european")
    assert "Francoforte" in whole
    assert "Francoforte" not in european
    assert '<option value="european" selected' in european
    week = await text(client, "/?days=7")
    assert week.count('class="dh') == 7
    grave = await text(client, "/?grave=1")
    assert entry_numbers(grave) == list(range(84, 0, -7))
    kinds = await text(client, "/?kind=agreement.registered")
    assert set(re.findall(r'data-kind="([^"]+)"', kinds)) == {"agreement.registered"}
    assert "Solo: Accordo registrato" in kinds


async def test_earlier_entries_follow_with_and_without_a_script(client: httpx.AsyncClient) -> None:
    first = await text(client)
    plain = re.findall(r'href="(/\?before=\d+)#feed"', first)[0]
    fragment = re.findall(r'hx-get="(/feed\?before=\d+)"', first)[0]
    assert entry_numbers(await text(client, plain)) == list(range(60, 30, -1))
    assert entry_numbers(await text(client, fragment)) == list(range(60, 30, -1))


async def test_the_language_that_was_asked_for_is_kept(client: httpx.AsyncClient) -> None:
    assert '<html lang="en"' in await text(client, "/?lang=en")
    assert '<html lang="en"' in await text(client)
    assert '<html lang="it"' in await text(client, "/?lang=it")


async def test_the_strip_counts_since_the_last_visit(
    client: httpx.AsyncClient, register: MemoryRegister
) -> None:
    assert "90 novità" in await text(client)
    assert "90 novità" in await text(client), "a reload is the same visit"
    client.cookies.delete("ponte-visit")
    register.visits["person-1"] = register.rows[79].recorded_at
    html = await text(client)
    assert "10 novità" in html
    above = html.split('id="line"')[0]
    assert len(entry_numbers(above)) == 10
    assert "ultima visita, ieri 12:02" in html


async def test_static_files_may_be_kept_for_ever_by_their_digest(client: httpx.AsyncClient) -> None:
    html = await text(client)
    style = re.findall(r'href="(/static/css/tokens\.css\?v=[0-9a-f]{12})"', html)[0]
    kept = await client.get(style)
    assert "immutable" in kept.headers["cache-control"]
    assert (await client.get("/static/css/tokens.css")).headers["cache-control"] == "no-cache"
    client.cookies.clear()
    assert (await client.get(style)).status_code == 200


async def test_the_feed_for_programs_is_paged(client: httpx.AsyncClient) -> None:
    client.headers["accept"] = "application/json"
    found = []
    address = "/v1/feed?limit=40"
    while address:
        page = (await client.get(address)).json()
        found += page["items"]
        address = page["next"]
    assert [item["number"] for item in found] == list(range(90, 0, -1))
    assert {"subject", "epoch", "sequence", "type", "time", "unit", "data"} <= found[0].keys()
    later = (await client.get("/v1/feed?after=85")).json()
    assert [item["number"] for item in later["items"]] == [86, 87, 88, 89, 90]
    assert (await client.get("/v1/feed?limit=0")).status_code == 422


async def test_the_overview_for_programs(client: httpx.AsyncClient) -> None:
    client.headers["accept"] = "application/json"
    told = (await client.get("/v1/overview")).json()
    assert told["feed_number"] == 90
    assert told["agreements"] == {"collaboration": {"in-force": 1}, "twinning": {"in-force": 3}}
    assert told["missions"] == {"proposed": 1, "scheduled": 4}
    assert told["next"][0]["mission_id"] == "mission-dakar"
    assert told["alerts"][0]["gravity"] == "grave"


async def test_an_address_that_does_not_exist_is_said_plainly(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>Non trovato</h1>" in answer.text
