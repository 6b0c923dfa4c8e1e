"""The rules of request validation in Italian and English, by pydantic's error types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.web.language import Language

Texts = tuple[str, str]
"""English, Italian. ``{name}`` is filled from the error's context."""

_INTEGER: Final[Texts] = ("must be a whole number", "deve essere un numero intero")
_NUMBER: Final[Texts] = ("must be a number", "deve essere un numero")
_TRUTH: Final[Texts] = ("must be true or false", "deve essere true o false")
_OBJECT: Final[Texts] = ("must be a JSON object", "deve essere un oggetto JSON")
_LIST: Final[Texts] = ("must be a list", "deve essere una lista")
_DATE: Final[Texts] = (
    "must be a date of the calendar as YYYY-MM-DD",
    "deve essere una data del calendario nella forma AAAA-MM-GG",
)
_MOMENT: Final[Texts] = (
    "must be a date and time as in RFC 3339, such as 2026-05-04T09:30:00+02:00",
    "deve essere una data con ora secondo RFC 3339, come 2026-05-04T09:30:00+02:00",
)
_TIME: Final[Texts] = ("must be a time as HH:MM", "deve essere un'ora nella forma HH:MM")
_UUID: Final[Texts] = ("must be a UUID", "deve essere un UUID")
_ADDRESS: Final[Texts] = ("must be a web address", "deve essere un indirizzo web")
_ONE_OF: Final[Texts] = ("must be one of {expected}", "deve essere uno tra {expected}")
_ITEMS_MIN: Final[Texts] = ("needs at least {min_length} entries", "richiede almeno {min_length} elementi")
_ITEMS_MAX: Final[Texts] = ("takes at most {max_length} entries", "ammette al massimo {max_length} elementi")
_TAG: Final[Texts] = (
    "{discriminator} must be one of {expected_tags}",
    "{discriminator} deve essere uno tra {expected_tags}",
)
_MALFORMED: Final[Texts] = ("the body is not valid JSON ({error})", "il corpo non è JSON valido ({error})")

RULES: Final[Mapping[str, Texts]] = {
    "missing": ("is required", "è obbligatorio"),
    "extra_forbidden": ("is not a known field", "non è un campo conosciuto"),
    "json_invalid": _MALFORMED,
    "operator": ("must not begin with $", "non deve iniziare con $"),
    "string_type": ("must be a text", "deve essere un testo"),
    "string_too_short": ("needs at least {min_length} characters", "richiede almeno {min_length} caratteri"),
    "string_too_long": ("takes at most {max_length} characters", "ammette al massimo {max_length} caratteri"),
    "string_pattern_mismatch": ("must match the pattern {pattern}", "deve seguire il modello {pattern}"),
    "string_unicode": ("must be valid Unicode", "deve essere Unicode valido"),
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_parsing_size": ("is too large a number", "è un numero troppo grande"),
    "int_from_float": _INTEGER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": ("must be a finite number", "deve essere un numero finito"),
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "none_required": ("must be null", "deve essere null"),
    "greater_than": ("must be above {gt}", "deve essere superiore a {gt}"),
    "greater_than_equal": ("must be at least {ge}", "deve essere almeno {ge}"),
    "less_than": ("must be below {lt}", "deve essere inferiore a {lt}"),
    "less_than_equal": ("must be at most {le}", "deve essere al massimo {le}"),
    "multiple_of": ("must be a multiple of {multiple_of}", "deve essere un multiplo di {multiple_of}"),
    "enum": _ONE_OF,
    "literal_error": _ONE_OF,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "partial_date": (
        "must be a date of the calendar as YYYY, YYYY-MM or YYYY-MM-DD",
        "deve essere una data del calendario nella forma AAAA, AAAA-MM o AAAA-MM-GG",
    ),
    "timezone_aware": ("needs a time zone, such as Z or +02:00", "richiede un fuso orario, come Z o +02:00"),
    "time_type": _TIME,
    "time_parsing": _TIME,
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "url_type": _ADDRESS,
    "url_parsing": _ADDRESS,
    "url_scheme": _ADDRESS,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "too_short": _ITEMS_MIN,
    "too_long": _ITEMS_MAX,
    "union_tag_invalid": _TAG,
    "union_tag_not_found": ("needs the field {discriminator}", "richiede il campo {discriminator}"),
}

_OTHER: Final[Texts] = ("is not acceptable", "non è accettabile")


def rule_of(error_type: str, context: Mapping[str, Any], message: str, language: Language) -> str:
    """The rule that was broken, as the end of a sentence that begins with the field.

    A ``ValueError`` of a validator states its rule itself, in its one language; a validator that raises a
    ``PydanticCustomError`` of a type that stands above is told in both.
    """
    if error_type in {"value_error", "assertion_error"}:
        return str(context.get("error") or message)
    template = RULES.get(error_type, _OTHER)[0 if language == "en" else 1]
    try:
        return template.format_map(context)
    except (KeyError, IndexError, ValueError):
        return _OTHER[0 if language == "en" else 1]
