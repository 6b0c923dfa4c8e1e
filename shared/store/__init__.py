"""Aggregates, journal and the MongoDB driver. Nothing else in Ponte imports a driver."""

from shared.store.command import Command, Receipt, SourceMark
from shared.store.document import Loaded
from shared.store.driver import Client, Collection, Database, Document, close, connect
from shared.store.events import derived_id
from shared.store.repository import Repository
from shared.store.setup import JOURNAL, META, prepare

__all__ = [
    "JOURNAL",
    "META",
    "Client",
    "Collection",
    "Command",
    "Database",
    "Document",
    "Loaded",
    "Receipt",
    "Repository",
    "SourceMark",
    "close",
    "connect",
    "derived_id",
    "prepare",
]
