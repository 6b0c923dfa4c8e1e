"""Corrections: some fields of a value put right, and the names of those that truly differ afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from shared.domain.errors import ImpossibleValue

M = TypeVar("M", bound=BaseModel)


def corrected(value: M, changes: Mapping[str, object]) -> tuple[M, tuple[str, ...]]:
    """``value`` with ``changes`` (field to new value), and the fields that differ, in the model's order.

    A change to the value that is already there is none. The result is validated as a whole.

    Raises:
        ImpossibleValue: a new value does not fit its field, such as null where something must stand.
        KeyError: there is no such field.
    """
    model = type(value)
    unknown = changes.keys() - model.model_fields.keys()
    if unknown:
        raise KeyError(f"{model.__name__} has no field {min(unknown)!r}")
    fields = {name: getattr(value, name) for name in model.model_fields}
    try:
        result = model.model_validate({**fields, **changes})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        if first["input"] is None:
            raise ImpossibleValue(
                field=field, value=None, en="cannot be empty.", it="non può essere vuoto."
            ) from error
        raise ImpossibleValue(
            field=field, value=first["input"], en=f"{first['msg']}.", it="non è un valore ammesso."
        ) from error
    return result, tuple(name for name in fields if getattr(result, name) != fields[name])
