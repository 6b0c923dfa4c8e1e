"""Whom an export is for: by names, and by opaque ids of persons and users."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from shared.domain.errors import ImpossibleValue
from shared.privacy.needle import INSTEAD, BadName, Needle, texts_of

_WORD: Final = re.compile(r"[^\W_]+")


class Person:
    """Somebody who is looked for in stored documents; implements ``finding.Sought``."""

    def __init__(self, names: Iterable[str] = (), ids: Iterable[str] = ()) -> None:
        """Raises ``ImpossibleValue`` for a name without a letter, and where there is neither name nor id."""
        names = list(names)
        try:
            self._needle = Needle.of(names)
        except BadName:
            raise ImpossibleValue(
                field="names",
                value="…",
                en="a name has between 1 and 20 words with letters or digits.",
                it="un nome ha da 1 a 20 parole con lettere o cifre.",
            ) from None
        # Most texts hold not even a word of the name, and this is seen a hundred times faster.
        self._words = frozenset(max(_WORD.findall(_bare(name)), key=len, default="") for name in names)
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
        return self._named(text) and self._needle.redact(text).strip() == INSTEAD

    def in_text(self, text: str) -> bool:
        """Whether one of the names stands in the text, or one of the ids is a word of it."""
        return self._named(text) or any(one in text and one in text.split() for one in self._ids)

    def in_bytes(self, raw: bytes) -> bool:
        """Whether a message that cannot be read holds a name or an id."""
        if self._needle.in_bytes(raw):
            return True
        return bool(self._ids) and any(one in text for text in texts_of(raw) for one in self._ids)

    def is_id(self, text: str) -> bool:
        """Whether the text is one of the ids, alone or after a program's name (``PROGRAM/ID``)."""
        return text in self._ids or ("/" in text and text.partition("/")[2] in self._ids)

    def _named(self, text: str) -> bool:
        bare = _bare(text)
        return any(word in bare for word in self._words) and self._needle.in_text(text)


def _bare(text: str) -> str:
    """``text`` without case, marks and ways of writing: what is the same name is the same here, and more."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in apart if unicodedata.category(c)[0] != "M" and unicodedata.category(c) != "Cf")
