"""Names as people type them, made comparable."""

from __future__ import annotations

import re
import unicodedata

_NOT_DECOMPOSED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_ABBREVIATION = re.compile(r"\bst\b")
_NOT_A_WORD = re.compile(r"[^\w]+|_+")


def folded(name: str) -> str:
    """``name`` without case, accents and punctuation: ``SÃO  Paulo`` and ``Sao-Paulo`` are ``sao paulo``.

    ``St.`` counts as ``Saint``, which is how English names of cities are abbreviated.
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_NOT_DECOMPOSED))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _ABBREVIATION.sub("saint", _NOT_A_WORD.sub(" ", plain).strip())
