"""Both languages say the same things, and the page finds every word that it asks for."""

import re
import string
from pathlib import Path

import pytest

from services.dashboard.feed import PASSED_OVER
from services.dashboard.language import LANGUAGES, choose, texts
from services.dashboard.views import alerts
from services.dashboard.views.feed import kind_of
from shared.contracts.registry import BY_TYPE

HERE = Path(__file__).resolve().parent.parent


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys() -> None:
    assert texts("it").keys() == texts("en").keys()


def test_a_text_takes_the_same_values_in_both_languages() -> None:
    italian, english = texts("it"), texts("en")
    for key in sorted(italian.keys()):
        assert fields(italian._find(key)) == fields(english._find(key)), key


def test_every_kind_of_event_has_its_words() -> None:
    for event_type in BY_TYPE.keys() - set(PASSED_OVER):
        for language in LANGUAGES:
            key = f"kind.{kind_of(event_type).replace('.', '-')}"
            assert texts(language)(f"{key}.title")
            assert texts(language)(f"{key}.count", n=1) != ""


def test_every_fixed_key_in_templates_and_scripts_exists() -> None:
    asked = set()
    for template in (HERE / "templates").rglob("*.html"):
        asked |= set(
            re.findall(r'\bt\(["\']([a-z0-9.-]*[a-z0-9])["\'][,)]', template.read_text(encoding="utf-8"))
        )
    for script in (HERE / "static").rglob("js/*.js"):
        asked |= {f"live.{key}" for key in re.findall(r'\btexts\("([a-z-]+)"', script.read_text())}
    known = texts("it").keys()
    folded = known | {key.removesuffix(".one") for key in known if key.endswith(".one")}
    assert asked - folded == set()
    assert len(asked) > 60


def test_a_missing_key_is_named() -> None:
    with pytest.raises(KeyError, match=r"no\.such\.key is missing in texts/it\.toml"):
        texts("it")("no.such.key")


def test_every_rule_has_its_words() -> None:
    rules = "".join(path.read_text() for path in (HERE / "domain").glob("alerts_*.py"))
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)+|clash)"', rules))
    assert named == set(alerts._WORDS)


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "chosen"),
    [
        ("en", "it", "it", "en"),
        (None, "en", "it", "en"),
        (None, None, "en-GB,en;q=0.9,it;q=0.8", "en"),
        (None, None, "fr,it;q=0.5,en;q=0.3", "it"),
        ("xx", "yy", None, "it"),
        (None, None, "en;q=zero", "it"),
    ],
)
def test_the_language_is_asked_for_kept_or_preferred(
    asked: str | None, kept: str | None, accepted: str | None, chosen: str
) -> None:
    assert choose(asked, kept, accepted) == chosen
