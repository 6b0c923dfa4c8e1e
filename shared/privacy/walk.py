"""Every text that a model can hold, with what its field declares about people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, StringConstraints

EACH = "*"


@dataclass(frozen=True, slots=True)
class TextField:
    """A field, or the elements of a list or mapping, that hold text.

    ``path`` begins in the model that was walked; ``owner`` is the model and field of its last step. ``free``:
    whatever somebody types fits, since no pattern limits it. ``marks`` are the markers of the field.
    """

    path: str
    owner: str
    free: bool
    marks: tuple[object, ...]


def text_fields(model: type[BaseModel], within: str = "") -> Iterator[TextField]:
    """The text fields of ``model`` and of every model inside it, each with its path."""
    for name, field in model.model_fields.items():
        where = f"{within}{name}"
        yield from _of(field.annotation, tuple(field.metadata), where, f"{model.__name__}.{name}")


def _of(annotation: Any, marks: tuple[object, ...], where: str, owner: str) -> Iterator[TextField]:
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _of(inner, (*marks, *more), where, owner)
    elif annotation is str:
        yield TextField(where, owner, not any(_limits(mark) for mark in marks), marks)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from text_fields(annotation, f"{where}.")
    else:
        step = f"{where}.{EACH}" if get_origin(annotation) in (tuple, list, dict) else where
        seen = set()
        for inner in get_args(annotation):
            for found in _of(inner, marks, step, owner):
                if found.path not in seen:
                    seen.add(found.path)
                    yield found


def _limits(mark: object) -> bool:
    if isinstance(mark, StringConstraints):
        return mark.pattern is not None
    return getattr(mark, "pattern", None) is not None
