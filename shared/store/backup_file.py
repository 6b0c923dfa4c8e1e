"""The file of a backup: a service's database as gzipped BSON, and a manifest that tells whether it is whole.

``agenda.bson.gz`` is a row of sections. A section begins with a document ``{collection, indexes}`` and ends
with ``{end, documents}``; between them stand the collection's documents, byte for byte. The two marks have no
``_id``, which every stored document has. ``agenda.manifest.json`` is written last: without it there is no
backup, whatever else lies in the folder.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self, cast

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pydantic import BaseModel, ConfigDict, ValidationError

FORMAT: Final = 1
_COMPRESSION: Final = 3  # BSON of events shrinks to a tenth; more costs three times the time for little
_CHUNK: Final = 1 << 20

Indexes = Sequence[dict[str, Any]]


class BackupFault(Exception):
    """What is wrong with a backup or a restore, in one sentence for the person at the terminal."""


class Progress(Protocol):
    """Learns how far a backup or a restore is."""

    def begin(self, what: str, total: int) -> None:
        """Something of about ``total`` documents begins."""

    def advance(self, documents: int) -> None:
        """So many documents more are done."""

    def tell(self, text: str) -> None:
        """Why nothing moves for a while."""


class Manifest(BaseModel):
    """What a backup holds. ``documents`` counts by collection; ``bytes`` and ``sha256`` are of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    service: str
    epoch: int
    taken_at: datetime
    documents: dict[str, int]
    bytes: int
    sha256: str


class _Digested:
    """A file that knows the digest and the size of what was written to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Also on the disk when it returns."""
        if self._file.closed:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class BackupWriter:
    """Writes one service's backup. What is not finished leaves only ``.part`` files for the next try."""

    def __init__(self, folder: Path, service: str) -> None:
        self._path, self._manifest_path = data_path(folder, service), manifest_path(folder, service)
        self._service = service
        self._documents: dict[str, int] = {}
        self._section = ""

    def __enter__(self) -> Self:
        self._file = _Digested(_part(self._path))
        self._packed = gzip.GzipFile(
            filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=self._file, mtime=0
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._packed.close()
        self._file.close()

    def begin(self, collection: str, indexes: Indexes) -> None:
        """The documents of ``collection`` follow."""
        self._section = collection
        self._documents[collection] = 0
        self._packed.write(bson.encode({"collection": collection, "indexes": list(indexes)}))

    def add(self, document: bytes) -> None:
        """One document of the section."""
        self._packed.write(document)
        self._documents[self._section] += 1

    def end(self) -> None:
        """The section is complete."""
        count = self._documents[self._section]
        self._packed.write(bson.encode({"end": self._section, "documents": count}))

    def finish(self, *, epoch: int, taken_at: datetime) -> Manifest:
        """Everything was written: from now on the backup is whole."""
        self._packed.close()
        self._file.close()
        manifest = Manifest(
            format=FORMAT,
            service=self._service,
            epoch=epoch,
            taken_at=taken_at,
            documents=self._documents,
            bytes=self._file.size,
            sha256=self._file.digest.hexdigest(),
        )
        # An older manifest would tell of the file that is being replaced.
        self._manifest_path.unlink(missing_ok=True)
        _part(self._path).replace(self._path)
        _part(self._manifest_path).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _part(self._manifest_path).replace(self._manifest_path)
        return manifest


def data_path(folder: Path, service: str) -> Path:
    """``FOLDER/agenda.bson.gz``."""
    return folder / f"{service}.bson.gz"


def manifest_path(folder: Path, service: str) -> Path:
    """``FOLDER/agenda.manifest.json``."""
    return folder / f"{service}.manifest.json"


def services_in(folder: Path) -> list[str]:
    """The services whose backup in ``folder`` has a manifest."""
    return sorted(path.name.removesuffix(".manifest.json") for path in folder.glob("*.manifest.json"))


def read_manifest(folder: Path, service: str) -> Manifest:
    """The manifest, of which nothing is checked against the file. Raises ``BackupFault``."""
    path = manifest_path(folder, service)
    try:
        manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BackupFault(f"{folder} has no whole backup of {service}: {path.name} is missing.") from None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise BackupFault(f"{path} cannot be read: {_first_line(error)}.") from None
    if manifest.format != FORMAT:
        raise BackupFault(f"{path} has format {manifest.format}; this version of Ponte reads {FORMAT}.")
    if manifest.service != service:
        raise BackupFault(f"{path} is of {manifest.service}, not of {service}.")
    return manifest


def verify(folder: Path, service: str) -> Manifest:
    """The manifest of a backup whose file is the very one that was written. Raises ``BackupFault``."""
    manifest, path = read_manifest(folder, service), data_path(folder, service)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise BackupFault(f"{path} cannot be read: {error.strerror}.") from None
    if (size, digest.hexdigest()) != (manifest.bytes, manifest.sha256):
        raise BackupFault(f"{path} is damaged: its digest is not the one in {service}.manifest.json.")
    return manifest


def read(folder: Path, service: str) -> Iterator[RawBSONDocument]:
    """Every document of the file in order, section marks included. Raises ``BackupFault``."""
    path = data_path(folder, service)
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)
    try:
        with gzip.open(path, "rb") as file:
            yield from bson.decode_file_iter(cast(IO[bytes], file), options)
    except (OSError, EOFError, BSONError) as error:
        raise BackupFault(f"{path} cannot be read: {_first_line(error)}.") from None


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
