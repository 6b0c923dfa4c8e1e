"""What is published stays readable: the committed schemas and examples against the models."""

import copy
from typing import Any

import jsonschema
import pytest

from shared.contracts.base import EventData
from shared.contracts.compatibility import breaches
from shared.contracts.examples import EXAMPLES
from shared.contracts.partial_dates import parse_partial_date, precision
from shared.contracts.published import FOLDER, committed, example_path, schema_of, schema_path
from shared.contracts.registry import BY_TYPE, topic_of
from shared.contracts.upcasts import UPCASTS

EVERY = pytest.mark.parametrize("model", BY_TYPE.values(), ids=BY_TYPE.keys())


@EVERY
def test_the_model_keeps_what_was_published(model: type[EventData]) -> None:
    published = committed(schema_path(model.TYPE))
    assert published is not None, "run `python -m shared.contracts.published`"
    assert breaches(published, schema_of(model)) == []
    assert published == schema_of(model), "compatible; run `python -m shared.contracts.published`"


@EVERY
def test_the_example_is_what_the_schema_says(model: type[EventData]) -> None:
    example = committed(example_path(model.TYPE))
    assert example is not None
    jsonschema.validate(example, schema_of(model), cls=jsonschema.Draft202012Validator)
    assert model.model_validate(example) == EXAMPLES[model]


def test_no_published_event_has_vanished() -> None:
    published = {
        f"ponte.{path.parent.name}.{path.name.removesuffix('.schema.json')}"
        for path in FOLDER.rglob("*.schema.json")
    }
    assert published == set(BY_TYPE) | set(UPCASTS)


def test_types_name_their_topic() -> None:
    assert {topic_of(event_type) for event_type in BY_TYPE} == {
        "ponte.agenda",
        "ponte.agreements",
        "ponte.networks",
        "ponte.dossiers",
    }


PUBLISHED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string", "pattern": "^a"},
        "status": {"type": "string", "enum": ["a", "b"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
    },
    "$defs": {"Part": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}},
}


def changed(*path: str, to: Any) -> dict[str, Any]:
    schema: dict[str, Any] = copy.deepcopy(PUBLISHED)
    node = schema
    for step in path[:-1]:
        node = node[step]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return schema


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (changed("properties", "id", to=None), "id: is gone"),
        (changed("required", to=["id"]), "status: was always there, is optional"),
        (changed("properties", "id", "type", to="integer"), "id: was string, is integer"),
        (changed("properties", "id", "pattern", to="^b"), "id: its pattern was ^a, is ^b"),
        (changed("properties", "status", "enum", to=["a", "c"]), "status: may now be c"),
        (changed("properties", "note", to={"type": "integer"}), "note: was string, is integer"),
        (
            changed(
                "properties", "id", to={"anyOf": [{"type": "null"}, {"type": "string", "pattern": "^a"}]}
            ),
            "id: was string, is null",
        ),
        (
            changed("$defs", "Part", "properties", "n", "type", to="string"),
            "parts[].n: was integer, is string",
        ),
    ],
)
def test_a_breach_is_told_by_its_field(schema: dict[str, Any], told: str) -> None:
    assert breaches(PUBLISHED, schema) == [told]


@pytest.mark.parametrize(
    "schema",
    [
        PUBLISHED,
        changed("properties", "more", to={"type": "string"}),
        changed("properties", "note", to={"type": "string"}),
        changed("properties", "status", "enum", to=["a"]),
        changed("required", to=["id", "status", "note"]),
    ],
)
def test_what_a_reader_still_understands_is_allowed(schema: dict[str, Any]) -> None:
    assert breaches(PUBLISHED, schema) == []


@pytest.mark.parametrize(
    ("text", "first", "last", "kind"),
    [
        ("1973", "1973-01-01", "1973-12-31", "year"),
        ("2024-02", "2024-02-01", "2024-02-29", "month"),
        ("1967-09-22", "1967-09-22", "1967-09-22", "day"),
    ],
)
def test_a_date_means_what_its_precision_allows(text: str, first: str, last: str, kind: str) -> None:
    assert tuple(day.isoformat() for day in parse_partial_date(text)) == (first, last)
    assert precision(text) == kind


@pytest.mark.parametrize("text", ["1973-13", "2023-02-29", "73", "", "1973-4-1-1", "²023", "1973-00", "anno"])
def test_an_impossible_date_is_told_with_its_value(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        parse_partial_date(text)
