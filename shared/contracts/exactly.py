"""Published values inside a request: there an unknown field is a mistake, not something newer."""

from __future__ import annotations

from typing import Any, Final

from pydantic import GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema


class _Exactly:
    """Marks a field whose published values, at every depth, refuse fields that they do not have.

    Contracts ignore unknown fields so that an owner may add some; a request that carries one is refused.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        adapter: TypeAdapter[Any] = TypeAdapter(source)

        def refuse_unknown(value: Any) -> Any:
            return adapter.validate_python(value, extra="forbid")

        return core_schema.no_info_before_validator_function(refuse_unknown, handler(source))


EXACTLY: Final = _Exactly()
"""``source: Annotated[Source, EXACTLY]``."""
