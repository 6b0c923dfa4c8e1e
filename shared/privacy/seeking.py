"""Whom an export is for: by names, and by opaque ids of persons and users."""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.errors import ImpossibleValue
from shared.privacy.needle import INSTEAD, BadName, Needle, texts_of


class Person:
    """Somebody who is looked for in stored documents; implements ``finding.Sought``."""

    def __init__(self, names: Iterable[str] = (), ids: Iterable[str] = ()) -> None:
        """Raises ``ImpossibleValue`` for a name without a letter, and where there is neither name nor id."""
        try:
            self._needle = Needle.of(names)
        except BadName:
            raise ImpossibleValue(
                field="names",
                value="…",
                en="a name has between 1 and 20 words with letters or digits.",
                it="un nome ha da 1 a 20 parole con lettere o cifre.",
            ) from None
        self._ids = frozenset(ids)
        if not self._needle and not self._ids:
            raise ImpossibleValue(
                field="names",
                value="—",
                en="give a name or a person id.",
                it="indicare un nome o un identificativo.",
            )

    def is_name(self, text: str) -> bool:
        """Whether the text is one of the names and nothing else."""
        return self._needle.in_text(text) and self._needle.redact(text).strip() == INSTEAD

    def in_text(self, text: str) -> bool:
        """Whether one of the names stands in the text, or one of the ids is a word of it."""
        return self._needle.in_text(text) or any(one in text.split() for one in self._ids)

    def in_bytes(self, raw: bytes) -> bool:
        """Whether a message that cannot be read holds a name or an id."""
        if self._needle.in_bytes(raw):
            return True
        return bool(self._ids) and any(one in text for text in texts_of(raw) for one in self._ids)

    def is_id(self, text: str) -> bool:
        """Whether the text is one of the ids, alone or after a program's name (``PROGRAM/ID``)."""
        return text in self._ids or ("/" in text and text.partition("/")[2] in self._ids)
