"""Corrections: some fields of a value put right, and the names of those that truly differ afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def corrected(value: M, changes: Mapping[str, object]) -> tuple[M, tuple[str, ...]]:
    """``value`` with ``changes`` (field to new value), and the fields that differ, in the model's order.

    A change to the value that is already there is none. The result is validated as a whole.

    Raises:
        pydantic.ValidationError: a new value does not fit its field.
    """
    model = type(value)
    unknown = changes.keys() - model.model_fields.keys()
    if unknown:
        raise KeyError(f"{model.__name__} has no field {sorted(unknown)[0]!r}")
    fields = {name: getattr(value, name) for name in model.model_fields}
    result = model.model_validate({**fields, **changes})
    return result, tuple(name for name in fields if getattr(result, name) != fields[name])
