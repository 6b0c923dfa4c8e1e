"""The only place that knows the MongoDB driver.

Motor is what the city asked for and the default; ``pymongo`` is PyMongo's own async client, its successor
(ADR 0004). Both offer the few calls of ``Collection`` below with the same meaning.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Literal, Protocol, cast

import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

Driver = Literal["motor", "pymongo"]
Document = dict[str, Any]
RawDocument = RawBSONDocument
"""A document as its stored bytes (``raw``), decoded only where a field is asked for."""

AWAY: tuple[type[PyMongoError], ...] = (ConnectionFailure, WTimeoutError, ExecutionTimeout)
"""The engine is slow or away: nothing is known about the write, and nothing is wrong with the data."""

DUPLICATE = 11000

__all__ = [
    "AWAY",
    "DUPLICATE",
    "AutoReconnect",
    "BulkWriteError",
    "Client",
    "Collection",
    "Cursor",
    "Database",
    "Document",
    "Driver",
    "DuplicateKeyError",
    "IndexModel",
    "OperationFailure",
    "PyMongoError",
    "RawCollection",
    "RawDocument",
    "ReturnDocument",
    "UpdateOne",
    "WTimeoutError",
    "close",
    "connect",
    "forgiving",
    "patience",
    "raw",
    "settled",
    "snapshot",
]


class Cursor(Protocol):
    def sort(self, key_or_list: Any, direction: int | None = None) -> Cursor: ...
    def limit(self, limit: int) -> Cursor: ...
    def hint(self, index: Any) -> Cursor: ...
    def batch_size(self, batch_size: int) -> Cursor: ...
    async def to_list(self, length: int | None = None) -> list[Document]: ...
    def __aiter__(self) -> AsyncIterator[Document]: ...


class Collection(Protocol):
    """The calls that Ponte makes; every write waits for the majority and the journal."""

    name: str

    def find(self, filter: Mapping[str, Any] | None = None, projection: Any = None) -> Cursor: ...
    async def find_one(
        self, filter: Any = None, projection: Any = None, sort: Any = None
    ) -> Document | None: ...
    async def find_one_and_update(
        self,
        filter: Any,
        update: Any,
        *,
        projection: Any = None,
        upsert: bool = False,
        sort: Any = None,
        return_document: Any = ReturnDocument.BEFORE,
    ) -> Document | None: ...
    async def insert_one(self, document: Document) -> Any: ...
    async def insert_many(self, documents: Sequence[Document], ordered: bool = True) -> Any: ...
    async def update_one(self, filter: Any, update: Any, upsert: bool = False) -> Any: ...
    async def update_many(self, filter: Any, update: Any) -> Any: ...
    async def replace_one(self, filter: Any, replacement: Document, upsert: bool = False) -> Any: ...
    async def delete_one(self, filter: Any) -> Any: ...
    async def delete_many(self, filter: Any) -> Any: ...
    async def bulk_write(self, requests: Sequence[Any], ordered: bool = True) -> Any: ...
    async def count_documents(self, filter: Any) -> int: ...
    async def create_index(self, keys: Any, **options: Any) -> str: ...
    async def create_indexes(self, indexes: Sequence[IndexModel]) -> list[str]: ...
    async def drop(self) -> None: ...


class RawCursor(Protocol):
    def __aiter__(self) -> AsyncIterator[RawDocument]: ...


class RawCollection(Protocol):
    """A collection whose documents stay the bytes that they are, for copies that must not change a type."""

    def find(self, filter: Mapping[str, Any], *, session: Any = None, batch_size: int = 0) -> RawCursor: ...
    async def insert_many(self, documents: Sequence[Any], ordered: bool = True) -> Any: ...


class Database(Protocol):
    name: str

    def __getitem__(self, name: str) -> Collection: ...
    async def command(self, command: Any) -> Document: ...
    async def list_collection_names(self) -> list[str]: ...


class Client(Protocol):
    def __getitem__(self, name: str) -> Database: ...
    async def drop_database(self, name: str) -> None: ...


def connect(uri: str, driver: Driver = "motor", *, timeout_ms: int = 5000) -> Client:
    """A client whose writes are acknowledged by the majority with its journal.

    ``timeout_ms`` bounds how long a call waits for a server; a socket that stays silent for twice as long
    is given up, so that a black-holed connection is noticed.
    """
    options: dict[str, Any] = {
        "w": "majority",
        "journal": True,
        "retryWrites": True,
        "tz_aware": True,
        "serverSelectionTimeoutMS": timeout_ms,
        "connectTimeoutMS": timeout_ms,
        "socketTimeoutMS": 2 * timeout_ms,
        "appname": "ponte",
    }
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        return cast(Client, AsyncIOMotorClient(uri, **options))
    from pymongo import AsyncMongoClient

    return cast(Client, AsyncMongoClient(uri, **options))


def patience(seconds: float) -> AbstractContextManager[None]:
    """Within it a call may take so long in all, retries included, instead of the client's own limits."""
    return pymongo.timeout(seconds)


def settled(collection: Collection) -> Collection:
    """The same collection, of which only what the majority has is read: it cannot be taken back any more."""
    return cast(Collection, cast(Any, collection).with_options(read_concern=ReadConcern("majority")))


def forgiving(collection: Collection) -> Collection:
    """The same collection; texts and dates that are none are read as something else instead of refused."""
    options: CodecOptions[Document] = CodecOptions(
        tz_aware=True,
        unicode_decode_error_handler="replace",
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    )
    return cast(Collection, cast(Any, collection).with_options(codec_options=options))


def raw(collection: Collection) -> RawCollection:
    """The same collection, read and written as bytes."""
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)
    return cast(RawCollection, cast(Any, collection).with_options(codec_options=options))


@asynccontextmanager
async def snapshot(client: Client) -> AsyncIterator[Any]:
    """A session in which every ``find`` sees the moment of the first one, of majority-acknowledged writes.

    The server keeps that moment for its ``minSnapshotHistoryWindowInSeconds`` (300 s unless set otherwise).
    """
    started = cast(Any, client).start_session(snapshot=True)
    session = await started if inspect.isawaitable(started) else started
    async with session:
        yield session


async def close(client: Client) -> None:
    """Close the connections; Motor does it at once, PyMongo's client is awaited."""
    result = cast(Any, client).close()
    if inspect.isawaitable(result):
        await result
