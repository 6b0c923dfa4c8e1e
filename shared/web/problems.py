"""Every error as problem+json (RFC 9457), in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from math import isfinite
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Scope

from shared.domain.errors import Refusal
from shared.telemetry.encoding import to_json
from shared.web.language import Language
from shared.web.messages import rule_of

MEDIA_TYPE: Final = "application/problem+json"

RETRY_AFTER: Final = 2
"""Seconds that a client is asked to wait where the error itself does not say."""

_MAX_SHOWN: Final = 200
_MAX_ERRORS: Final = 100

_PLAIN: Final[Mapping[int, tuple[str, tuple[str, str], tuple[str, str]]]] = {
    400: (
        "bad-request",
        ("Not understood", "Non comprensibile"),
        ("The request cannot be read.", "La richiesta non è leggibile."),
    ),
    404: (
        "not-found",
        ("Not found", "Non trovato"),
        ("There is nothing at this address.", "A questo indirizzo non c'è nulla."),
    ),
    405: (
        "method-not-allowed",
        ("Method not allowed", "Metodo non consentito"),
        (
            "This address does not take the method {value}; see the Allow header.",
            "Questo indirizzo non ammette il metodo {value}; si veda l'intestazione Allow.",
        ),
    ),
    415: (
        "unsupported-media-type",
        ("Wrong kind of body", "Tipo di corpo errato"),
        (
            "The body must be JSON with Content-Type application/json; it came as {value}.",
            "Il corpo deve essere JSON con Content-Type application/json; è arrivato come {value}.",
        ),
    ),
    500: (
        "internal-error",
        ("Unexpected error", "Errore imprevisto"),
        (
            "Something went wrong in the service; quote the request id when reporting it.",
            "Si è verificato un errore nel servizio; per segnalarlo indicare l'id della richiesta.",
        ),
    ),
}

PROBLEM_SCHEMAS: Final[Mapping[str, Any]] = {
    "FieldError": {
        "type": "object",
        "required": ["field", "value", "rule"],
        "properties": {
            "field": {"type": "string", "description": "Path of the field, such as legs.0.arrives"},
            "value": {"description": "What came; null for a missing field, a list or an object"},
            "rule": {"type": "string", "description": "What was broken, in the caller's language"},
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "format": "int32", "minimum": 100, "maximum": 599},
            "detail": {"type": "string"},
            "instance": {"type": "string", "description": "Path of the request"},
            "code": {"type": "string", "description": "The end of type, for programs"},
            "request_id": {"type": "string"},
            "field": {"type": "string", "description": "The first of errors"},
            "value": {"description": "The first of errors"},
            "rule": {"type": "string", "description": "The first of errors"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
            "current_version": {"type": "integer", "format": "int64", "description": "With 412"},
            "difference": {"description": "With 412: the fields that differ, where that is known"},
        },
    },
}

_INVALID: Final = {"en": "Invalid request", "it": "Richiesta non valida"}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule: the field as a path (``legs.0.arrives``), its value, the rule in words."""

    field: str
    value: object
    rule: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in one language, ready to be shown as JSON or on a page."""

    status: int
    code: str
    title: str
    detail: str
    language: Language
    errors: tuple[FieldError, ...] = ()
    members: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def of_refusal(refusal: Refusal, language: Language) -> Problem:
    """A refusal of a domain, the store or the HTTP side."""
    rule = refusal.text(language)
    members: dict[str, object] = {}
    if "current" in refusal.params:
        members["current_version"] = refusal.params["current"]
    if refusal.params.get("difference") is not None:
        members["difference"] = refusal.params["difference"]
    if isinstance(refusal.params.get("candidates"), Sequence):
        members["candidates"] = refusal.params["candidates"]
    headers: dict[str, str] = {}
    if refusal.status in {429, 503}:
        headers["Retry-After"] = str(refusal.params.get("seconds", RETRY_AFTER))
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Problem(
        status=refusal.status,
        code=refusal.code,
        title=refusal.title.get(language, refusal.title["en"]),
        detail=rule,
        language=language,
        errors=(FieldError(refusal.field, refusal.value, str(refusal.params.get(language, rule))),),
        members=members,
        headers=headers,
    )


def of_status(
    status: int, language: Language, *, value: object = None, headers: Mapping[str, str] | None = None
) -> Problem:
    """An error that HTTP itself gives."""
    index = 0 if language == "en" else 1
    code, titles, details = _PLAIN.get(status) or _unnamed(status)
    return Problem(
        status=status,
        code=code,
        title=titles[index],
        detail=details[index].format(value=value),
        language=language,
        headers=headers or {},
    )


def of_validation(errors: Sequence[Mapping[str, Any]], language: Language) -> Problem:
    """The errors of request validation, each with its field, value and rule."""
    found = tuple(_field_error(error, language) for error in errors[:_MAX_ERRORS])
    malformed = any(error["type"] == "json_invalid" for error in errors)
    return Problem(
        status=400 if malformed else 422,
        code="malformed-json" if malformed else "invalid-request",
        title=_INVALID[language],
        detail="; ".join(f"{error.field}: {error.rule}" for error in found[:5]) + ".",
        language=language,
        errors=found,
    )


def response(problem: Problem, scope: Scope) -> Response:
    """The problem as an HTTP answer."""
    body: dict[str, object] = {
        "type": f"urn:ponte:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": scope.get("path", ""),
        "code": problem.code,
        "request_id": scope.get("ponte.request_id"),
    }
    if problem.errors:
        first = problem.errors[0]
        body |= {"field": first.field, "value": presentable(first.value), "rule": first.rule}
        body["errors"] = [
            {"field": error.field, "value": presentable(error.value), "rule": error.rule}
            for error in problem.errors
        ]
    body |= problem.members
    return Response(
        to_json(body),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**problem.headers, "Content-Language": problem.language},
    )


def presentable(value: object) -> object:
    """A value as it can be shown in an answer: long ones are cut, unusual ones become text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, dict | list | tuple | set | frozenset):
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    # Half a surrogate pair is a legal JSON escape and no legal UTF-8.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _field_error(error: Mapping[str, Any], language: Language) -> FieldError:
    location = [str(part) for part in error["loc"]]
    path: str
    value: object
    if error["type"] == "json_invalid":
        path, value = "body", f"position {location[-1]}"
    else:
        path = ".".join(location[1:] if location[0] in {"body", "query", "path"} else location) or location[0]
        value = None if error["type"] == "missing" else error.get("input")
    if location[0] in {"header", "cookie"}:
        path = location[-1]
    rule = rule_of(error["type"], error.get("ctx") or {}, error["msg"], language)
    return FieldError(path, value, rule)


def _unnamed(status: int) -> tuple[str, tuple[str, str], tuple[str, str]]:
    phrase = HTTPStatus(status).phrase
    return phrase.lower().replace(" ", "-"), (phrase, phrase), (f"{phrase}.", f"{phrase}.")
