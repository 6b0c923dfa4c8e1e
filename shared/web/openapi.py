"""The OpenAPI document of a service, as the national guidelines (ModI) want it.

FastAPI's own document fails eleven of their rules; this one is made from it: errors as problem+json on every
operation, rate-limit headers, ``Retry-After``, integer formats, and who answers for the API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.acting.errors import HEADER as ON_BEHALF_OF
from shared.web.info import ServiceInfo
from shared.web.problems import MEDIA_TYPE, PROBLEM_SCHEMAS
from shared.web.routes import open_routes
from shared.web.settings import ServiceSettings
from shared.web.system import METRICS

Json = dict[str, Any]

_FASTAPI_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
_LANGUAGES: Final = "Errors are told in Italian or English, as `Accept-Language` asks."

_SECURITY_SCHEMES: Final[Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the city's identity provider; the claim `roles` says what it covers.",
    },
    "scraper": {"type": "http", "scheme": "bearer", "description": "The token of the metrics scraper."},
}

_ERRORS: Final[dict[str, str]] = {
    "400": "The request cannot be read: malformed JSON or an impossible header.",
    "401": "No token, or one that does not hold.",
    "403": "The caller's role does not cover this.",
    "404": "It does not exist.",
    "409": "The present state does not allow it.",
    "412": "The version in If-Match is no longer current; current_version and difference tell more.",
    "413": "The body or the event that it would cause is too large.",
    "415": "The body is not JSON.",
    "422": "A field breaks a rule; errors names every field, value and rule.",
    "429": "The client has used up its requests of this minute.",
    "500": "Unexpected error; request_id finds it in the log.",
    "503": "Not ready, or an engine is away; the same request with the same key may be sent again.",
}

_ON_BEHALF: Final[Json] = {
    "name": ON_BEHALF_OF,
    "in": "header",
    "required": False,
    "description": "The provider's opaque id of a person who has lent roles to the caller: the request is "
    "judged with the lent roles, and recorded with both people. Not lent, not yet or no longer: 403 that "
    "says why.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}

_RATE_LIMITS: Final[dict[str, str]] = {
    "X-RateLimit-Limit": "Requests that the client may send in a minute.",
    "X-RateLimit-Remaining": "Requests that the client has left.",
    "X-RateLimit-Reset": "Seconds until the client has all of them again.",
}


def openapi_document(app: FastAPI, service: ServiceInfo, settings: ServiceSettings) -> Json:
    """The document of the application's routes."""
    document = get_openapi(
        title=service.title,
        version=service.version,
        description=f"{service.description}\n\n{_LANGUAGES}",
        routes=app.routes,
    )
    document["info"] |= _info(service, settings)
    document["servers"] = _servers(settings)
    document["security"] = [{"bearer": []}]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FASTAPI_SCHEMAS:
        schemas.pop(name, None)
    schemas |= PROBLEM_SCHEMAS
    components["headers"] = _headers()
    components["parameters"] = {"OnBehalfOf": _ON_BEHALF}
    components["responses"] = {f"Error{status}": _error(status) for status in _ERRORS}
    components["securitySchemes"] = _SECURITY_SCHEMES
    unguarded = set(open_routes(app))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(operation, path, is_open=path in unguarded)
    _add_formats(document)
    return _with_plain_names(document)


def _info(service: ServiceInfo, settings: ServiceSettings) -> Json:
    contact = {"name": f"{settings.contact_name}, {settings.city}", "url": settings.contact_url}
    if settings.contact_email is not None:
        contact["email"] = settings.contact_email
    info: Json = {
        "summary": service.summary,
        "x-summary": service.summary,
        "x-api-id": service.api_id,
        "contact": contact,
        "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    }
    if settings.terms_url is not None:
        info["termsOfService"] = settings.terms_url
    return info


def _servers(settings: ServiceSettings) -> list[Json]:
    found: list[Json] = [
        {"url": settings.public_url, "description": "Behind the proxy that ends TLS (PONTE_PUBLIC_URL)"}
    ]
    if settings.http_host in {"127.0.0.1", "localhost"}:
        here = f"http://{settings.http_host}:{settings.http_port}"
        found.append({"url": here, "description": "A local run on this machine", "x-sandbox": True})
    return found


def _headers() -> Json:
    whole = {"type": "integer", "format": "int32", "minimum": 0}
    texts = _RATE_LIMITS | {"Retry-After": "Seconds to wait before the request is sent again."}
    return {name: {"description": text, "schema": dict(whole)} for name, text in texts.items()}


def _error(status: str) -> Json:
    names = [*_RATE_LIMITS] if status.startswith("4") else []
    if status in {"429", "503"}:
        names.append("Retry-After")
    return {
        "description": _ERRORS[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _complete(operation: Json, path: str, *, is_open: bool) -> None:
    """Give an operation its errors, its headers and its security."""
    kinds = {parameter["in"] for parameter in operation.get("parameters", ())}
    has_body = "requestBody" in operation
    errors = {"429", "500", "503"}
    if not is_open:
        # 422 also where nothing is taken: a query may hold an operator of the database.
        errors |= {"401"} if path == METRICS else {"400", "401", "403", "422"}
    if has_body:
        errors |= {"400", "413", "415", "422"}
    if kinds & {"path", "query"}:
        errors.add("422")
    if "path" in kinds:
        errors.add("404")
    if "header" in kinds:
        # The headers of a command: its key, the version that it expects, its correlation.
        errors |= {"400", "409", "412"}
    responses = operation["responses"]
    # FastAPI documents its own shape of a validation error, which is never sent.
    responses.pop("422", None)
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {}).update(
                {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE_LIMITS}
            )
    responses |= {status: {"$ref": f"#/components/responses/Error{status}"} for status in sorted(errors)}
    if is_open:
        operation["security"] = []
    elif path == METRICS:
        operation["security"] = [{"scraper": []}]
    else:
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/OnBehalfOf"})


def _add_formats(document: Json) -> None:
    """Every integer and number says how wide it is."""
    for schema in _objects(document):
        if schema.get("type") == "integer":
            small = isinstance(top := schema.get("maximum"), int) and top < 2**31
            schema.setdefault("format", "int32" if small else "int64")
        elif schema.get("type") == "number":
            schema.setdefault("format", "double")


def _objects(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for below in node.values():
            yield from _objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from _objects(below)


def _with_plain_names(document: Json) -> Json:
    """Schemas in camel case: ``Page_Mission_`` becomes ``PageMission``, where that name is free."""
    schemas = document["components"]["schemas"]
    prefix = "#/components/schemas/"
    plain: dict[str, str] = {}
    for name in schemas:
        wanted = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
        free = wanted not in schemas and wanted not in plain.values()
        plain[name] = wanted if free else name
    document["components"]["schemas"] = {plain[name]: schema for name, schema in schemas.items()}
    for node in _objects(document):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(prefix):
            node["$ref"] = prefix + plain[reference.removeprefix(prefix)]
    return document
