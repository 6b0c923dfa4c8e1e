"""What an erasure looks for: found however it is written, and nothing else."""

import json
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.privacy.needle import BadName, Needle

# Scrypt costs 30 ms by intention, so each example makes one needle.
few = settings(max_examples=12, deadline=None)

LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Lt", "Nd"])
WORDS = st.text(LETTERS, min_size=2, max_size=8)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
AROUND = st.sampled_from(["", "(", "«", "\n", ", ", ": ", "\t", '"', " - ", "…"])
SPACES = st.sampled_from([" ", "  ", "\n", "\u00a0", "\t ", "\u2009", " \u200b"])

ROSSI = Needle.of(["Mario Rossi"])


@few
@given(NAMES, AROUND, AROUND, SPACES, st.sampled_from([str, str.upper, str.lower, str.swapcase]))
def test_a_name_is_found_however_it_is_written(
    name: str, before: str, after: str, space: str, case: object
) -> None:
    assert callable(case)
    needle = Needle.of([name])
    written = case(name).replace(" ", space)
    if case(name).casefold() != name.casefold():
        written = name.replace(" ", space)  # some letters have no way back from their capital
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        text = f"x{before or ' '}{unicodedata.normalize(form, written)}{after or ' '}x"
        assert needle.in_text(text), (name, text)
        assert not needle.in_text(needle.redact(text))


@few
@given(NAMES, st.text(max_size=30), st.text(max_size=30))
def test_what_is_kept_finds_what_the_name_finds(name: str, before: str, after: str) -> None:
    needle = Needle.of([name])
    kept = Needle.kept(json.loads(json.dumps(needle.stored())))
    for text in (f"{before} {name} {after}", f"{before}{name}{after}", before + after, name.upper()):
        assert kept.in_text(text) == needle.in_text(text)
        assert kept.redact(text) == needle.redact(text)


@few
@given(NAMES, st.text(max_size=20), st.text(max_size=20))
def test_bytes_hold_it_as_text_as_json_and_in_an_address(name: str, before: str, after: str) -> None:
    needle = Needle.of([name])
    around = [side.encode("utf-8", "replace").decode() for side in (before, after)]
    value = {"a": f"{around[0]} {name} {around[1]}"}
    for raw in (
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False).encode(),
        json.dumps(json.dumps(value)).encode(),
        b"\xff\xfe{" + name.encode() + b"\x00",
        quote(f"/v1/people/{name}").encode(),
        f"x {name} y".encode("utf-16-le"),
    ):
        assert needle.in_bytes(raw), raw


@settings(deadline=None)
@given(st.text(max_size=200))
def test_all_else_stays_as_it_is(text: str) -> None:
    assert ROSSI.redact(text) == text or ROSSI.in_text(text)
    assert ROSSI.redact(f"{text} (Mario Rossi) {text}").count("[…]") >= 1


@pytest.mark.parametrize(
    "text",
    [
        "Mario Rossi",
        "MARIO  ROSSI",
        "mario\u00a0rossi",
        "Ma\u00adrio Rossi",
        "Ｍａｒｉｏ Ｒｏｓｓｉ",
        "mario.rossi@comune.example",
        "mario_rossi.pdf",
        "Mario-Rossi",
        "visit (Mario Rossi's)",
        "con Mario\nRossi, poi",
    ],
)
def test_these_are_mario_rossi(text: str) -> None:
    assert ROSSI.in_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mario",
        "Rossi Mario",
        "Mario Rossini",
        "Demario Rossi",
        "Mario, Rossi",
        '"Mario","Rossi"',
        "Mario de Rossi",
        "Marió Rossi",
        "Mario Rossi\u0301",
    ],
)
def test_these_are_somebody_else(text: str) -> None:
    assert not ROSSI.in_text(text)


def test_accents_count_however_they_are_written() -> None:
    needle = Needle.of(["Peña Nieto"])
    assert needle.in_text("PEN\u0303A NIETO")
    assert not needle.in_text("Pena Nieto")
    assert Needle.of(["Weiß"]).in_text("WEISS")


def test_names_with_other_signs_find_themselves() -> None:
    for name in ("O’Brien", "Rossi, Mario", "G. Sala", "Jean-Luc Picard", "Sala (Beppe)", "李小龙", "김민수"):
        assert Needle.of([name]).in_text(f"… {name} …"), name
    assert Needle.of(["O’Brien"]).in_text("o'brien")


def test_the_longer_of_two_names_goes_first() -> None:
    needle = Needle.of(["Anna", "Anna Bianchi"])
    assert needle.redact("Anna Bianchi e Anna") == "[…] e […]"


def test_what_is_kept_does_not_tell_the_name() -> None:
    kept = json.dumps(ROSSI.stored()).casefold()
    assert "mario" not in kept
    assert "rossi" not in kept
    assert ROSSI.stored() != Needle.of(["Mario Rossi"]).stored()


def test_the_same_names_are_told_from_others() -> None:
    needle = Needle.of(["Mario Rossi", "M. Rossi"])
    assert needle.same_as(["m rossi", "MARIO ROSSI", "mario rossi"])
    assert not needle.same_as(["Mario Rossi"])
    assert not needle.same_as(["Mario Rossi", "Luca Rossi"])


def test_a_name_without_a_letter_is_none() -> None:
    for name in ("", "  ", "—", "a " * 21):
        with pytest.raises(BadName):
            Needle.of([name])
