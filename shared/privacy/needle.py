"""What an erasure looks for, without being the name: it can be kept, and it finds what the name would find.

A name is found where its words stand as whole words, in any case and spacing, with or without the points,
hyphens and apostrophes between them (``mario.rossi@...`` holds "Mario Rossi"). Accents count, unless they are
only written in another way (NFKC): "Muñoz" is not "Munoz".

What is kept of a name is how many words it has, a salt, a hint of 16 bits and what scrypt makes of it. The
hint only spares scrypt: it lets through one of 65,536 other texts, and scrypt decides. Whoever holds the
database can still try a name that they suspect, at scrypt's price for each; nothing that finds a name in
yesterday's backup can prevent that.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from shared.contracts.base import ERASED_TEXT

MOST_WORDS: Final = 20
INSTEAD: Final = ERASED_TEXT
"""What stands where a name was."""
_SALT: Final = 16
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}
"""About 30 ms and 16 MB for a guess."""
_REMEMBERED: Final = 10_000
_SHORT: Final = 400
"""Characters of a text that is remembered while an erasure goes on."""
_JOINER: Final = frozenset("._-'+’‘ʼ´`·‐‑‒–—′")
"""What may stand between the words of a name instead of a space."""
_ESCAPE: Final = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)
_PERCENT: Final = re.compile(rb"%([0-9a-fA-F]{2})")


@cache
def _mark() -> str:
    """What matches a mark. Looked for when first needed: it takes a tenth of a second of a start."""
    marks = (
        chr(code) for code in range(0x300, sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "M"
    )
    return f"[{re.escape(''.join(marks))}]"


@cache
def _cluster() -> re.Pattern[str]:
    """What Unicode composes: a character with the marks, or the parts of a Korean syllable, behind it."""
    return re.compile(f"(?s).(?:{_mark()}|[\u1160-\u11ff])*")


@cache
def _word() -> re.Pattern[str]:
    return re.compile(f"[^\\W_](?:[^\\W_]|{_mark()})*")


class BadName(ValueError):
    """Nothing that could be looked for: no letter or digit, or too many words."""


class _Word(NamedTuple):
    text: str
    start: int
    end: int
    """Where it stands in the text as it was given."""
    gap: str
    """What stands before it: "" at the beginning, a space for what may join a name, else what it is."""


@dataclass(frozen=True, slots=True)
class _Name:
    """One name as it is kept; ``known`` remembers what scrypt has answered."""

    words: int
    hint: int
    salt: bytes
    scrypt: bytes
    known: dict[bytes, bool] = field(default_factory=dict, compare=False, repr=False)

    def is_(self, key: str) -> bool:
        raw = key.encode("utf-8", "surrogatepass")
        if _hint(self.salt, raw) != self.hint:
            return False
        # By a digest: a name stands nowhere in memory for longer than it takes.
        place = hashlib.blake2b(raw, key=self.salt).digest()
        found = self.known.get(place)
        if found is None:
            if len(self.known) > _REMEMBERED:
                self.known.clear()
            found = self.known[place] = _scrypt(self.salt, raw) == self.scrypt
        return found


class Needle:
    """Any of some names. Made by ``of`` from the names, or by ``kept`` from what ``stored`` gave."""

    def __init__(self, names: Iterable[_Name]) -> None:
        self._names = tuple(names)
        self._lengths = sorted({name.words for name in self._names}, reverse=True)

        # Every event of a record tells its whole state: the same texts come again and again.
        self._looked_at: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @classmethod
    def of(cls, names: Iterable[str]) -> Needle:
        """From the names themselves. Raises ``BadName``."""
        return cls([_name(key, words) for key, words in dict.fromkeys(map(_key, names))])

    @classmethod
    def kept(cls, stored: Iterable[Mapping[str, Any]]) -> Needle:
        """From the stored form."""
        return cls(
            _Name(
                words=int(each["words"]),
                hint=int(each["hint"]),
                salt=bytes.fromhex(each["salt"]),
                scrypt=bytes.fromhex(each["scrypt"]),
            )
            for each in stored
        )

    def stored(self) -> list[dict[str, Any]]:
        """What may be kept: it finds the same, and does not tell the name."""
        return [
            {"words": n.words, "hint": n.hint, "salt": n.salt.hex(), "scrypt": n.scrypt.hex()}
            for n in self._names
        ]

    def __add__(self, other: Needle) -> Needle:
        """Any of both."""
        return Needle((*self._names, *other._names))

    def same_as(self, names: Iterable[str]) -> bool:
        """Whether exactly these are the names. Raises ``BadName``."""
        keys = dict.fromkeys(map(_key, names))
        return len(keys) == len(self._names) and all(
            any(name.words == words and name.is_(key) for name in self._names) for key, words in keys
        )

    def in_text(self, text: str) -> bool:
        """Whether one of the names stands in ``text``."""
        found = self._looked_at.get(text)
        if found is None:
            found = any(True for _ in self._spans(text))
            if len(text) <= _SHORT:
                if len(self._looked_at) > _REMEMBERED:
                    self._looked_at.clear()
                self._looked_at[text] = found
        return found

    def redact(self, text: str, instead: str = INSTEAD) -> str:
        """``text`` with ``instead`` in the place of every name; all else stays as it is."""
        pieces: list[str] = []
        at = 0
        for start, end in self._spans(text):
            pieces += (text[at:start], instead)
            at = end
        return "".join((*pieces, text[at:]))

    def in_bytes(self, raw: bytes | None) -> bool:
        """Whether one of the names stands in ``raw``, as text, as JSON writes it, or in an address."""
        return bool(raw) and any(self.in_text(text) for text in texts_of(raw or b""))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names stand, from left to right and apart; of those that begin together the longest."""
        if not self._names or not text:
            return
        words = _words(text)
        at = 0
        while at < len(words):
            length = next((n for n in self._lengths if self._stands(words, at, n)), 0)
            if length:
                yield words[at].start, words[at + length - 1].end
            at += length or 1

    def _stands(self, words: list[_Word], at: int, length: int) -> bool:
        if at + length > len(words):
            return False
        key = _joined(words[at : at + length])
        return any(name.words == length and name.is_(key) for name in self._names)


def texts_of(raw: bytes) -> Iterator[str]:
    """What ``raw`` may mean as text: UTF-8 or, where it is not that, other ways to write it down."""
    text = raw.decode("utf-8", "replace")
    yield text
    if "\\" in text:
        once = _unescaped(text)
        yield once
        if "\\" in once:
            yield _unescaped(once)  # JSON inside JSON
    if b"%" in raw:
        yield _PERCENT.sub(lambda found: bytes([int(found[1], 16)]), raw).decode("utf-8", "replace")
    if "\N{REPLACEMENT CHARACTER}" in text:
        yield raw.decode("cp1252", "replace")
    if b"\x00" in raw:
        for encoding in ("utf-16-le", "utf-16-be"):
            yield raw.decode(encoding, "replace")
            yield raw[1:].decode(encoding, "replace")


def _unescaped(text: str) -> str:
    """With JSON's escapes read; what is none stays."""
    return _ESCAPE.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    if found[1]:
        units = b"".join(bytes.fromhex(unit) for unit in found[1].split("\\u")[1:])
        return units.decode("utf-16-be", "replace")
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(found[2], found[2])


def _name(key: str, words: int) -> _Name:
    salt, raw = os.urandom(_SALT), key.encode("utf-8", "surrogatepass")
    return _Name(words, _hint(salt, raw), salt, _scrypt(salt, raw))


def _hint(salt: bytes, raw: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(raw, digest_size=2, key=salt).digest(), "big")


def _scrypt(salt: bytes, raw: bytes) -> bytes:
    return hashlib.scrypt(raw, salt=salt, **_SCRYPT)


def _key(name: str) -> tuple[str, int]:
    """The one way to write a name, and how many words it has. Raises ``BadName``."""
    words = _words(name)
    if not 1 <= len(words) <= MOST_WORDS:
        raise BadName("a name has between 1 and 20 words")
    return _joined(words), len(words)


def _joined(words: list[_Word]) -> str:
    return words[0].text + "".join(word.gap + word.text for word in words[1:])


def _words(text: str) -> list[_Word]:
    """The words of ``text`` in one way of writing, with their places in it."""
    if text.isascii():
        shown, places = text.lower(), None
    else:
        shown, places = _folded(text)
    found: list[_Word] = []
    last = 0
    for match in _word().finditer(shown):
        gap = _gap(shown[last : match.start()]) if found else ""
        last = match.end()
        start, end = match.start(), match.end() - 1
        if places is None:
            found.append(_Word(match[0], start, end + 1, gap))
        else:
            found.append(_Word(match[0], places[start][0], places[end][1], gap))
    return found


def _gap(between: str) -> str:
    solid = "".join(between.split())
    return " " if all(character in _JOINER for character in solid) else solid


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """``text`` in one way of writing, and for each of its characters where it comes from."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    for match in _cluster().finditer(text):
        piece = _one_way(match[0])
        pieces.append(piece)
        places.extend([match.span()] * len(piece))
    return "".join(pieces), places


@lru_cache(maxsize=4096)
def _one_way(cluster: str) -> str:
    """Compatibility forms and case folded; what is never seen (a soft hyphen) left out."""
    seen = "".join(c for c in cluster if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
