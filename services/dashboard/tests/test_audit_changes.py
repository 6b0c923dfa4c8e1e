"""What was changed, in words: as deep as both sides have it, and an erased value never as an empty one."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from services.dashboard.render import Renderer
from services.dashboard.tests.facts import MILAN
from services.dashboard.tests.trail_units import LATER, LEG
from services.dashboard.views.audit_changes import Value, differences
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens

Told = list[tuple[str, Value, Value]]
NONE, GONE = Value("none"), Value("erased")


def frame(language: str = "it") -> Frame:
    return Renderer(MILAN).frame(Lens(language), datetime(2026, 11, 29, 9, 42, tzinfo=UTC))


def told(field: str, before: Any, after: Any, language: str = "it") -> Told:
    change = SimpleNamespace(field=field, before=before, after=after)
    return [(each.label, each.before, each.after) for each in differences([change], frame(language))]


def text(said: str) -> Value:
    return Value("text", said)


def test_only_what_differs_of_a_leg_is_told() -> None:
    assert told("legs", [LEG], [LATER]) == [
        ("Tappa 1 › Inizio", text("4 mar 2027 09:30 CET"), text("11 mar 2027 09:30 CET")),
        ("Tappa 1 › Fine", text("5 mar 2027 18:00 CET"), text("12 mar 2027 18:00 CET")),
    ]


def test_what_is_new_is_told_whole_and_a_place_as_one() -> None:
    assert told("legs", [LEG], [LEG, LATER])[0] == ("Tappa 2 › Luogo", NONE, text("Lione, Francia"))
    assert told("legs", None, [LEG], "en")[0] == ("Leg 1 › Place", NONE, text("Lyon, France"))
    assert [label for label, *_ in told("legs", [LEG, LATER], [LEG])] == [
        "Tappa 2 › Luogo",
        "Tappa 2 › Inizio",
        "Tappa 2 › Fine",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[…]", None, (GONE, NONE)),
        (None, "[…]", (NONE, GONE)),
        ("[…]", "[…]", (GONE, GONE)),
        ({"a": 1}, "[…]", (text("a: 1"), GONE)),
        ("", "x", (NONE, text("x"))),
    ],
)
def test_erased_is_not_empty(before: Any, after: Any, said: tuple[Value, Value]) -> None:
    (found,) = told("title", before, after)
    assert found[1:] == said


def test_a_part_that_was_erased_is_seen_within_its_text() -> None:
    ((_, _, after),) = told("title", None, "Incontro con […] sulle mense")
    assert after.pieces == ["Incontro con ", " sulle mense"]


def test_words_of_the_pages_stand_for_words_of_the_program() -> None:
    assert told("status", "proposed", "scheduled") == [("Stato", text("proposta"), text("in programma"))]
    assert told("reserved", False, True, "en") == [("Reserved", text("no"), text("yes"))]
    assert told("holder", {"name": None, "function": "Mayor"}, {"name": "Anna B.", "function": "Mayor"}) == [
        ("Titolare", text("Sindaco"), text("Anna B., Sindaco"))
    ]
    assert told("holder.function", "Mayor", "Deputy Mayor") == [
        ("Titolare › Carica", text("Sindaco"), text("Vicesindaco"))
    ]
    assert told("agreement.status", {"status": "drafted"}, {"status": "in-force"}) == [
        ("Stato", text("in preparazione"), text("in vigore"))
    ]
    source = {"title": "Corriere", "kind": "secondary"}
    assert told("agreement.signed", [], [{"date": "1969-10", "source": source}]) == [
        ("Firma 1", NONE, text("ott 1969, Corriere (secondaria)"))
    ]


def test_fields_stand_in_the_order_in_which_people_think_of_them() -> None:
    new = {"ends_at": "2027-03-05", "some_field": 1, "starts_at": "2027-03-04", "title": "x"}
    assert [label for label, *_ in told("mission", None, new)] == ["Titolo", "Inizio", "Fine", "some field"]
    ten = [{"some_field": str(number)} for number in range(10)]
    assert [label for label, *_ in told("legs", None, ten)][-2:] == [
        "Tappa 9 › some field",
        "Tappa 10 › some field",
    ]


def test_that_a_record_has_its_own_id_is_not_told() -> None:
    own = SimpleNamespace(field="mission_id", before=None, after="mission-1")
    other = SimpleNamespace(field="agreement_id", before=None, after="agreement-1")
    assert [each.path for each in differences([own, other], frame(), subject="mission-1")] == ["agreement_id"]


def test_what_nobody_has_words_for_stays_as_it_is() -> None:
    assert told("some_new_field", [1, "b"], {"x": [True]}) == [
        ("some new field", text("1, b"), text("x: sì"))
    ]
    zone = {"time_zone": "Europe/Brussels", "at": "2027-01-14T16:00:00Z"}
    assert told("candidacy.deadline", None, {"local": "2027-01-14T17:00", **zone}) == [
        ("Scadenza", NONE, text("14 gen 2027 17:00 a Bruxelles"))
    ]
    assert told("note", None, "2027-99-99T99:99") == [("Nota", NONE, text("2027-99-99T99:99"))]
    ((_, _, long),) = told("note", None, "x" * 2000)
    assert (len(long.text), long.cut) == (600, True)
