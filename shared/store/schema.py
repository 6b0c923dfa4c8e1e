"""The stored shape of one kind of aggregate, and how older shapes are read.

When a state cannot be read by its model any more, the model changes and an upcast turns a stored state of the
former shape into one of the next: ``{1: upcast_1_to_2}``. It is pure, may change what it gets, and invents
nothing. Documents are read through the chain at once and are written back by ``Migration`` in the background.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from pydantic import BaseModel

from shared.domain.errors import Refusal

S = TypeVar("S", bound=BaseModel)

StoredState = dict[str, Any]
Upcasts = Mapping[int, Callable[[StoredState], StoredState]]
"""By the version that an upcast reads; it leads to the next one."""

FIRST: Final = 1


class NewerState(Refusal):
    """A replica of a newer release has stored this already; nothing was changed, another one can answer."""

    code = "newer-state"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Being updated", "it": "Aggiornamento in corso"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{value!r} is stored in {field} {found}, this replica reads up to {known}; send it again.",
        "it": "{value!r} è registrato in {field} {found}, questa replica legge fino a {known}; rinviare.",
    }


class Schema(Generic[S]):
    """Reads stored states of every version as ``model``. Raises ``ValueError`` where the chain has a gap."""

    def __init__(self, model: type[S], upcasts: Upcasts | None = None) -> None:
        self.model = model
        self._upcasts = dict(upcasts or {})
        self.version = FIRST + len(self._upcasts)
        if set(self._upcasts) != set(range(FIRST, self.version)):
            raise ValueError(f"upcasts of {model.__name__} begin at {FIRST} and have no gap")

    def read(self, document: Mapping[str, Any]) -> S:
        """The state in a stored document. Raises ``NewerState``."""
        version = document.get("schema_version", FIRST)
        if version == self.version:
            return self.model.model_validate(document["state"])
        if version > self.version:
            raise NewerState(field="schema_version", value=document["_id"], found=version, known=self.version)
        state = document["state"]
        for step in range(version, self.version):
            state = self._upcasts[step](state)
        return self.model.model_validate(state)
