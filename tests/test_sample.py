"""The sample register holds what is known, and marks what is invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.agenda.imports import MissionImport
from services.agreements.imports import AgreementImport
from services.dossiers.imports import CandidacyImport
from services.networks.imports import MembershipImport
from shared.imports import Decision, ImportKind, Outcome, decide
from shared.imports.reading import read_sheet
from shared.local.paths import root

FOLDER = root() / "deploy" / "sample"


def today() -> date:
    return date(2026, 11, 22)


KINDS: dict[str, ImportKind[Any, Any]] = {
    "agreements.csv": AgreementImport(today),
    "networks.csv": MembershipImport(today),
    "candidacies.csv": CandidacyImport(today),
    "missions.ics": MissionImport(),
}


def load(name: str) -> dict[str, Any]:
    """What each row becomes, by key: the state, or what the state carries under the name of its kind."""
    kind = KINDS[name]
    sheet = read_sheet(FOLDER / name)
    assert not sheet.faults
    found = {}
    for line in sheet.lines:
        key = line.cells[kind.key_column]
        first: Decision[Any] = decide(kind, key, line.cells, None)
        assert first.outcome is Outcome.CREATE
        assert decide(kind, key, line.cells, first.change.state).outcome is Outcome.UNCHANGED
        state = first.change.state
        found[key] = getattr(state, kind.prefix, state)
    return found


def test_every_file_of_the_folder_is_imported() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix in {".csv", ".ics", ".xlsx"}}
    assert files == set(KINDS)


def test_the_twinnings() -> None:
    twinnings = {key: one for key, one in load("agreements.csv").items() if one.kind == "twinning"}
    assert len(twinnings) == 15
    assert all(one.permanent and not one.sample for one in twinnings.values())
    states = [one.status.status for one in twinnings.values()]
    assert (states.count("suspended"), states.count("in-force")) == (1, 14)
    petersburg = twinnings["twinning-saint-petersburg"]
    assert (petersburg.status.status, petersburg.status.as_of) == ("suspended", "2012-11-22")
    assert [(claim.status, claim.as_of) for claim in petersburg.other_statuses] == [("in-force", "2022")]
    dates = {key: [dated.date for dated in one.signed] for key, one in twinnings.items()}
    assert dates["twinning-chicago"] == ["1973-04", "1973", "1962-06-25"]
    assert dates["twinning-frankfurt"] == ["1969-10-21", "1970-10-20"]
    assert [claim.said for claim in twinnings["twinning-toronto"].kind_claims] == ["partner"]
    assert [dated.date for dated in twinnings["twinning-daegu"].approved] == ["2015-06-08"]
    confirmed = {key for key, one in twinnings.items() if one.status.confirmed}
    assert confirmed == {"twinning-saint-petersburg", "twinning-tel-aviv"}
    krakow = twinnings["twinning-krakow"].counterpart.place
    assert (krakow.city_it, krakow.country, krakow.time_zone) == ("Cracovia", "PL", "Europe/Warsaw")
    assert twinnings["twinning-sao-paulo"].counterpart.place.country == "BR"
    assert twinnings["twinning-bethlehem"].counterpart.place.country == "PS"
    assert twinnings["twinning-birmingham"].counterpart.place.country == "GB"


def test_the_collaborations() -> None:
    found = {key: one for key, one in load("agreements.csv").items() if one.kind == "collaboration"}
    assert [key for key, one in found.items() if one.sample] == ["sample-sao-paulo-2027"]
    assert len(found) == 6
    assert [dated.date for dated in found["collaboration-guangzhou-2012"].renewed] == ["2014", "2017"]
    assert all(one.term_months == 24 for one in found.values())


def test_the_networks() -> None:
    found = load("networks.csv")
    assert {key: one.role for key, one in found.items()} == {
        "eurocities": "founder",
        "c40": "member",
        "mufpp": "host",
    }
    assert [mandate.since for mandate in found["c40"].mandates] == ["2016", "2022"]
    assert all(duty.sample for one in found.values() for duty in one.duties)
    assert not any(mandate.holder.name for one in found.values() for mandate in one.mandates)


def test_the_candidacies() -> None:
    found = load("candidacies.csv")
    assert {key: one.status for key, one in found.items()} == {
        "ema-seat-2017": "lost",
        "unified-patent-court-2023": "won",
        "access-city-award-2016": "won",
        "icapital-2020": "finalist",
        "winter-olympics-2026": "won",
        "eurocities-conference-2016": "won",
        "sample-city-award-2029": "preparing",
    }
    assert [key for key, one in found.items() if one.sample] == ["sample-city-award-2029"]
    rounds = [one.result for one in found["ema-seat-2017"].outcome.rounds]
    assert rounds == ["25 points", "12–9–5", "13–13"]


def test_the_missions_are_invented_and_say_so() -> None:
    found = load("missions.ics")
    assert len(found) >= 12
    assert all(one.sample and one.holder.name is None for one in found.values())
    signing = [one.agreement_id for one in found.values() if one.purpose == "sign-agreement"]
    assert signing == [load("agreements.csv")["sample-sao-paulo-2027"].agreement_id]
    assert [key for key, one in found.items() if one.reserved] == ["sample-london-2026"]
    assert [key for key, one in found.items() if one.status == "proposed"] == ["sample-krakow-2026"]
    first, second = found["sample-frankfurt-2026"], found["sample-brussels-2026"]
    assert first.holder == second.holder
    assert first.starts_at < second.starts_at < first.ends_at  # a clash for the page to find
    text = (FOLDER / "missions.ics").read_bytes().decode().replace("\r\n ", "")
    assert text.count("X-PONTE-SAMPLE:TRUE") == len(found)
    assert text.count("(esempio inventato)") + text.count("Esempio inventato") == len(found)


@pytest.mark.parametrize("name", [*KINDS, "README.md"])
def test_the_files_are_plain_text_that_any_program_opens(name: str) -> None:
    content = Path(FOLDER / name).read_bytes()
    assert content.decode("utf-8")
    assert not content.startswith(b"\xef\xbb\xbf")
