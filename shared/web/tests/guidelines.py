"""The rules of the national API guidelines (ModI) that a machine can check, written anew."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
LIMITS = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
PROBLEM = {"application/problem+json", "application/problem+xml"}


def resolved(document: Json, node: Any) -> Any:
    """The node that a reference points to; raises ``KeyError`` for a dangling one."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def nodes(node: Any) -> Iterator[Json]:
    """Every object below ``node``, itself included."""
    if isinstance(node, dict):
        yield node
        for below in node.values():
            yield from nodes(below)
    elif isinstance(node, list):
        for below in node:
            yield from nodes(below)


def violations(document: Json) -> dict[str, list[str]]:
    """The broken rules, each with the places that break it."""
    found: dict[str, list[str]] = {}

    def note(rule: str, place: str) -> None:
        found.setdefault(rule, []).append(place)

    for rule, place in (
        *_info(document),
        *_servers(document),
        *_status(document),
        *_schemas(document),
        *_operations(document),
    ):
        note(rule, place)
    return found


def _info(document: Json) -> Iterator[tuple[str, str]]:
    info = document["info"]
    for rule, member in (
        ("has-x-summary", "x-summary"),
        ("has-contact", "contact"),
        ("has-x-api-id", "x-api-id"),
    ):
        if not info.get(member):
            yield rule, "info"
    if not re.match(r"^\d+\.\d+\.\d+(-[a-z0-9+.-]+)?$", info["version"]):
        yield "use-semver", info["version"]
    if not document.get("security"):
        yield "security-defined", "document"


def _servers(document: Json) -> Iterator[tuple[str, str]]:
    servers = document.get("servers") or [{"url": "/"}]
    for server in servers:
        if not server.get("description"):
            yield "servers-description", server["url"]
        if not server["url"].startswith("https://") and server.get("x-sandbox") is not True:
            yield "servers-use-https", server["url"]


def _status(document: Json) -> Iterator[tuple[str, str]]:
    status = document["paths"].get("/status", {}).get("get")
    if status is None:
        yield "paths-status", "/status"
        return
    content = resolved(document, status["responses"]["200"])["content"]
    if not content.keys() <= PROBLEM:
        yield "paths-status-return-problem", ", ".join(content)
    for kind in content.values():
        properties = resolved(document, kind["schema"]).get("properties", {})
        if not {"status", "title", "detail"} <= properties.keys():
            yield "paths-status-problem-schema", ", ".join(properties)


def _schemas(document: Json) -> Iterator[tuple[str, str]]:
    for node in nodes(document):
        kind, width = node.get("type"), node.get("format")
        if kind == "integer" and width not in {"int32", "int64"}:
            yield "integer-format", str(node)
        if kind == "number" and width not in {"float", "double", "decimal32", "decimal64", "decimal128"}:
            yield "number-format", str(node)
        if "$ref" in node:
            resolved(document, node)
    for name in document.get("components", {}).get("schemas", {}):
        if not re.match(r"^([A-Z][a-z0-9]*)+$", name):
            yield "schema-camel-case", name


def _operations(document: Json) -> Iterator[tuple[str, str]]:
    ids: Counter[str] = Counter()
    for path, item in document["paths"].items():
        if not re.match(r"^(/[a-z0-9-.]+|/{[a-zA-Z0-9_]+})+$", path):
            yield "paths-kebab-case", path
        for method in METHODS & item.keys():
            place = f"{method.upper()} {path}"
            operation = item[method]
            ids[operation["operationId"]] += 1
            if re.match(r"^(get|post|put|delete|patch|head)", operation["operationId"], re.IGNORECASE):
                yield "no-method-name-in-operation-id", operation["operationId"]
            if method in {"get", "delete"} and "requestBody" in operation:
                yield "no-body", place
            yield from _parameters(document, operation, place)
            yield from _responses(document, operation, place)
    yield from (("unique-operation-id", name) for name, count in ids.items() if count > 1)


def _parameters(document: Json, operation: Json, place: str) -> Iterator[tuple[str, str]]:
    for given in operation.get("parameters", ()):
        parameter = resolved(document, given)
        name = parameter["name"]
        if parameter["in"] == "header":
            if name.lower() in {"accept", "content-type", "authorization"}:
                yield "no-forbidden-headers", f"{place} {name}"
            # X-On-Behalf-Of is our one departure from this recommendation: see ADR 0014.
            if name.lower().startswith("x-") and not re.search(
                "Correlation-ID|ReplyTo|RateLimit-|On-Behalf-Of", name, re.IGNORECASE
            ):
                yield "no-x-headers-request", f"{place} {name}"
        elif re.search("password|secret|apikey", name, re.IGNORECASE):
            yield "credentials-in-url", f"{place} {name}"


def _responses(document: Json, operation: Json, place: str) -> Iterator[tuple[str, str]]:
    for status, given in operation["responses"].items():
        response = resolved(document, given)
        here = f"{place} {status}"
        headers = response.get("headers", {}).keys()
        content = response.get("content", {})
        if status[0] in "45d" and not (content and content.keys() <= PROBLEM):
            yield "use-problem-json-for-errors", here
        if status[0] in "24" and not headers >= LIMITS:
            yield "missing-ratelimit", here
        if status in {"429", "503"} and "Retry-After" not in headers:
            yield "missing-retry-after", here
        for name in headers:
            if name.lower().startswith("x-") and "RateLimit-" not in name:
                yield "no-x-headers-response", f"{here} {name}"
        if status.startswith("2") and status not in {"204", "205"} and not content:
            yield "response-content", here
        for kind, media in content.items():
            if kind.endswith("json") and resolved(document, media["schema"]).get("type") != "object":
                yield "response-with-json-object", here
