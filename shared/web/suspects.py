"""What no honest program sends: database operators and ways out of a folder. It is refused and recorded.

None of it could do harm: queries are made of single values of known fields, and no path is a file's. But
whoever tries it is looking for a place where it does, and the trail should tell of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final
from urllib.parse import unquote_plus

from fastapi.exceptions import RequestValidationError
from starlette.types import Scope

from shared.domain.errors import Refusal

OPERATOR: Final = "operator-in-input"
OUTSIDE: Final = "path-outside"

_OPERATOR: Final = re.compile(r"""(?:^|[\[{"'.&=?/\s])\$[A-Za-z]""")
_OUTSIDE: Final = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|[\x00-\x1f\x7f\\]")
_DEEP: Final = 40


class OperatorInInput(Refusal):
    """A query's name or value is an operator of the database's language, such as ``$ne``."""

    code = OPERATOR
    status = 422
    suspect = True
    title: ClassVar[dict[str, str]] = {"en": "Not taken here", "it": "Non ammesso"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The {field} holds an operator of a database; it takes plain values only.",
        "it": "La {field} contiene un operatore di database; ammette solo valori semplici.",
    }


def check_query(scope: Scope) -> None:
    """Raise ``OperatorInInput`` for an operator in the query. Two searches where there is none."""
    query: bytes = scope["query_string"]
    if (b"$" in query or b"%24" in query) and _OPERATOR.search(unquote_plus(query.decode("latin-1"))):
        raise OperatorInInput(field="query", value=None)


def suspicion(scope: Scope, error: Exception, status: int) -> str | None:
    """Why a request that is refused in any case is to be recorded too; null: an ordinary mistake."""
    refusal = error if isinstance(error, Refusal) else error.__cause__
    if isinstance(refusal, Refusal) and refusal.suspect:
        return refusal.code
    if status == 415:
        return "unsupported-media-type"
    if status == 400 and not isinstance(refusal, Refusal):
        return "malformed-body"
    if status in {404, 405} and _OUTSIDE.search(scope["path"]):
        return OUTSIDE
    if status in {404, 405} and _OPERATOR.search(scope["path"]):
        return OPERATOR
    if isinstance(error, RequestValidationError) and any(map(_is_operator, _names(error.body))):
        return OPERATOR
    return None


def _is_operator(name: str) -> bool:
    return _OPERATOR.match(name) is not None


def _names(node: object, depth: int = 0) -> Iterator[str]:
    """The names of fields, wherever they are in a body that was not accepted."""
    if depth > _DEEP:
        return
    if isinstance(node, dict):
        for name, child in node.items():
            yield str(name)
            yield from _names(child, depth + 1)
    elif isinstance(node, list):
        for child in node:
            yield from _names(child, depth + 1)
