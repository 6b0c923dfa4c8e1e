"""The auditor's page over HTTP: who may see it, what it says in every state, and the export."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.dashboard.cookies import SESSION
from services.dashboard.language import LANGUAGES, texts
from services.dashboard.tests.auditing import Audited, audited
from services.dashboard.tests.trail_units import a_change, a_unit, an_entry, changed, some_rows
from services.dashboard.views.audit_commands import COMMANDS
from shared.identity import Role
from shared.identity.rights import RIGHTS, Action


def the_apps(**changes: FastAPI) -> dict[str, FastAPI]:
    return {unit: a_unit(rows) for unit, rows in some_rows().items()} | changes


def client_of(page: Audited, role: Role = Role.AUDITOR, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=page.url,
        cookies={SESSION: role},
        headers={"accept": "text/html", "accept-language": "it", **headers},
    )


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Audited]:
    async with audited(tmp_path, **the_apps()) as made:
        yield made


@pytest.fixture
async def client(page: Audited) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(page) as made:
        yield made


async def html_of(client: httpx.AsyncClient, address: str = "/audit", status: int = 200) -> str:
    answer = await client.get(address)
    assert answer.status_code == status, answer.text
    return answer.text


def plain(html: str) -> str:
    """What somebody reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INTEGRATION])
async def test_auditor_and_director_may_see_it_and_nobody_else(page: Audited, role: Role) -> None:
    may = role in RIGHTS[Action.AUDIT_READ].roles
    async with client_of(page, role) as client:
        for address in ("/audit", "/audit/export"):
            assert (await client.get(address)).status_code == (200 if may else 403), address
        assert ('href="/audit"' in (await client.get("/")).text) is may
    assert may is (role in {Role.AUDITOR, Role.DIRECTOR})


async def test_every_entry_says_when_who_from_where_what_and_why(client: httpx.AsyncClient) -> None:
    answer = await client.get("/audit")
    assert answer.headers["cache-control"] == "no-store"
    said = plain(answer.text)
    for expected in (
        "domenica 29 novembre 2026",
        "10:39:05 CET",
        "Missione spostata",
        "comando: spostare",
        "per conto di Solo le voci di: 8c1f6f0e-3b52-4d9a-9d0f-6a1f2c7be410",
        "da 192.0.2.17, con le pagine di Ponte",
        "Tappa 1 › Inizio prima: 4 mar 2027 09:30 CET dopo: 11 mar 2027 09:30 CET",
        "rifiuto Scrivere missioni",
        "GET /v1/missions/{mission_id} → 403",
        "Motivo: il ruolo non basta",
        "Ondata di rifiuti",
        "Motivo: 12 rifiuti contati",
        "Motivo: Errore di battitura",
        "lettura Vedere una missione riservata",
        "Accordi, in automatico",
        "nessuna identità da 192.0.2.99",
        "Richiesta senza accesso valido",
        "epoca 1, n. 4 versione 4",
        "catena k3J9aX, n. 41",
        "I valori stanno nella voce n. 2, dello stesso salvataggio.",
        "Titolo prima: cancellato dopo: Incontro con cancellato sulle mense",
        "Nota prima: Chiamare dopo: – nessun valore",
    ):
        assert expected in said, expected
    assert re.findall(r'<time datetime="([^"]+)">10:39:05', answer.text) == ["2026-11-29T09:39:05.123Z"]
    assert "[…]" not in said


async def test_what_one_request_read_is_one_line(tmp_path: Path) -> None:
    read = [an_entry(n, "reading", timedelta(seconds=0.01 * n), subject=f"mission-{n}") for n in range(6)]
    read.append(an_entry(9, "reading", timedelta(seconds=0.02), actor="somebody-else"))
    async with audited(tmp_path, agenda=a_unit(read)) as page, client_of(page) as client:
        html = await html_of(client, "/audit?service=agenda")
    said = plain(html)
    assert html.count('class="entry-') == 3, "the other's reading stands between"
    assert "3 oggetti letti per intero con una sola richiesta" in said
    assert html.count('class="whole"') == 7


async def test_somebody_who_was_erased_is_said_to_be(tmp_path: Path) -> None:
    gone = dict.fromkeys(("actor", "on_behalf_of", "client", "origin", "reason"), "[…]")
    rows = [{**a_change(1, timedelta()), **gone}]
    async with audited(tmp_path, agenda=a_unit(rows)) as page, client_of(page) as client:
        html = await html_of(client, "/audit?service=agenda")
    assert "[…]" not in plain(html)
    assert "cancellato per conto di cancellato" in plain(html)
    assert "actor=%5B" not in html


async def test_it_is_said_in_english_too(client: httpx.AsyncClient) -> None:
    said = plain(await html_of(client, "/audit?lang=en"))
    for expected in ("Mission moved", "command: move", "on behalf of", "erased", "Agreements, by itself"):
        assert expected in said, expected


async def test_nothing_is_inline_and_ids_are_unique(client: httpx.AsyncClient) -> None:
    answer = await client.get("/audit")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.findall(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*src=)", answer.text)
    ids = re.findall(r'\bid="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'(?:aria-labelledby|for)="([^"]+)"', answer.text):
        assert target in ids, target
    for link in {link.replace("&amp;", "&") for link in re.findall(r'href="(/audit[^"]*)"', answer.text)}:
        assert (await client.get(link)).status_code == 200, link


async def test_a_search_is_in_the_address_and_in_the_form(client: httpx.AsyncClient) -> None:
    html = await html_of(client, "/audit?kind=refusal&actor=local-auditor&since=2026-11-29")
    assert html.count('class="entry-') == 1
    assert '<option value="refusal" selected' in html
    assert 'name="actor" value="local-auditor"' in html
    assert 'type="date" min="2000-01-01" max="9998-12-31" value="2026-11-29"' in html
    assert "Togli i filtri" in html
    assert 'href="/audit/export?actor=local-auditor&amp;kind=refusal&amp;since=2026-11-29"' in html


async def test_what_is_typed_stays_text(client: httpx.AsyncClient) -> None:
    html = await html_of(client, "/audit?actor=%22%3E%3Cscript%3Ex&command=%3Cb%3E")
    assert "<script>x" not in html
    assert "<b>&" not in html
    assert "&lt;b&gt;" in html, "a command that nobody has words for can be looked for all the same"


async def test_an_impossible_search_marks_its_field_and_asks_nobody(tmp_path: Path) -> None:
    agenda = a_unit([])
    async with audited(tmp_path, agenda=agenda) as page, client_of(page) as client:
        html = await html_of(client, "/audit?since=2026-11-30&until=2026-11-01", 422)
        assert 'aria-invalid="true" aria-describedby="wrong-until"' in html
        assert "Viene prima dell&#39;inizio" in html
        assert agenda.state.asked == []
        assert (await client.get("/audit/export?since=never")).headers["location"] == "/audit"


async def test_empty_is_not_unknown(tmp_path: Path) -> None:
    nothing = {unit: a_unit([]) for unit in some_rows()}
    async with audited(tmp_path, **nothing) as page, client_of(page) as client:
        assert "Nessuna voce nel registro." in await html_of(client)
        assert "Nessuna voce con questi filtri." in await html_of(client, "/audit?actor=nobody")
    async with audited(tmp_path) as page, client_of(page) as client:
        html = await html_of(client)
        assert "Nessuna unità ha risposto" in html
        assert "Nessuna voce" not in html


async def test_a_unit_that_is_away_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    apps = the_apps(networks=a_unit([], status=429))
    del apps["agreements"]
    async with audited(tmp_path, **apps) as page, client_of(page) as client:
        said = plain(await html_of(client))
        assert "Accordi: il servizio non risponde. Le sue voci mancano da questo elenco" in said
        assert "Reti: troppe richieste, riprovare fra 9 s." in said
        assert "Missione spostata" in said
        sent = await client.get("/audit/export?kind=change")
        assert sent.status_code == 303
        assert sent.headers["location"] in {
            "/audit?kind=change&missing=agreements",
            "/audit?kind=change&missing=networks",
        }
        back = plain(await html_of(client, sent.headers["location"]))
        assert "File non prodotto. Mancherebbero le voci di" in back
        whole = await client.get("/audit/export?kind=change&service=agenda")
        assert whole.status_code == 200


async def test_a_session_without_a_token_is_told_so(tmp_path: Path) -> None:
    async with audited(None, **the_apps()) as page, client_of(page) as client:
        html = await html_of(client)
        assert "Le unità non si possono interrogare." in html
        assert 'class="entry-' not in html
        assert (await client.get("/audit/export")).status_code == 303


async def test_earlier_entries_follow_and_the_way_back_is_there(tmp_path: Path) -> None:
    many = [a_change(n, timedelta(minutes=n), subject=f"mission-{n}") for n in range(60)]
    async with audited(tmp_path, **the_apps(agenda=a_unit(many))) as page, client_of(page) as client:
        first = await html_of(client, "/audit?kind=change")
        earlier = re.findall(r'href="(/audit\?[^"]*before=[^"]*)"', first)[0].replace("&amp;", "&")
        second = await html_of(client, earlier)
        assert (first.count('class="entry-'), second.count('class="entry-')) == (50, 11)
        assert "Inizio del registro" in second
        assert "precedenti a" in second
        assert 'href="/audit?kind=change"' in second
        english = re.findall(r'href="([^"]*lang=en)"', second)[0].replace("&amp;", "&")
        assert (await html_of(client, english)).count('class="entry-') == 11


async def test_the_export_is_a_file_with_a_name(client: httpx.AsyncClient) -> None:
    answer = await client.get("/audit/export?service=agenda")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="ponte-registro-di-controllo-\d{4}-\d\d-\d\d-\d{4}\.csv"',
        answer.headers["content-disposition"],
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("\ufeffat,kind,service")


async def test_a_file_that_breaks_off_never_looks_whole(tmp_path: Path) -> None:
    many = [a_change(n, timedelta(seconds=n), [changed("note", "x" * 500, None)]) for n in range(900)]
    apps = the_apps(agenda=a_unit(many, breaks=True))
    async with audited(tmp_path, **apps) as page, client_of(page) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/audit/export")
    apps = the_apps(agenda=a_unit(many[:5], breaks=True))
    async with audited(tmp_path, **apps) as page, client_of(page) as client:
        assert (await client.get("/audit/export")).headers["location"] == "/audit?missing=agenda"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_its_words(language: str) -> None:
    known = set(texts(language).table("audit.command"))
    assert {command for commands in COMMANDS.values() for command in commands} <= known
