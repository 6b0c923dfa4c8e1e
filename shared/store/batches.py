"""Concurrent commands of one process share their round trips; each learns its own outcome."""

from __future__ import annotations

from collections.abc import Sequence

from shared.store.coalesce import Coalescer
from shared.store.document import MAX_DOCUMENT_BYTES, Draft
from shared.store.driver import (
    DUPLICATE,
    AutoReconnect,
    BulkWriteError,
    Collection,
    Document,
    OperationFailure,
    UpdateOne,
    WTimeoutError,
)
from shared.store.errors import Full

OTHER_VERSION = 66
"""ImmutableField: what ``mongod`` answers to an upsert that would insert under another ``_id``."""
DOCUMENT_TOO_LARGE = frozenset({388, 10334, 17419})
"""The first, TransactionTooLargeForCache, a small cache that is busy says of a document below the limit."""
NOT_PRIMARY = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
"""The server was leaving office: nothing is known about the write, as if it had not answered."""
AT_ONCE = 2
"""Bulks under way side by side: the more, the fewer commands share one."""
LIMIT = 200
_LOADED = (
    "version",
    "epoch",
    "sequence",
    "schema_version",
    "head_hash",
    "state",
    "outbox",
    "claim",
    "commands_kept",
)


class Batches:
    """Loads and saves of one collection.

    One operation per document in a save's bulk is what ``Turns`` sees to; where a caller gave up waiting and
    left its operation behind, the version in the filter lets exactly one of two through.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._loads: Coalescer[tuple[str, str | None], Document | None] = Coalescer(
            self._load, limit=LIMIT, at_once=AT_ONCE
        )
        self._saves: Coalescer[Draft, bool] = Coalescer(self._save, limit=LIMIT, at_once=AT_ONCE)

    async def load(self, subject: str, answer: str | None) -> Document | None:
        """The document without its earlier answers but the one at ``answer`` (such as ``marks.SLOT``)."""
        subject.encode()  # a text that cannot be sent fails its own caller, not those it would travel with
        return await self._loads.submit((subject, answer))

    async def save(self, draft: Draft) -> bool:
        """One write, filtered on the version that the decision was made on; false if it is gone.

        Raises one of ``AWAY`` where it is unknown whether it was stored.
        """
        return await self._saves.submit(draft)

    async def _load(self, wanted: Sequence[tuple[str, str | None]]) -> list[Document | Exception | None]:
        subjects = list({subject for subject, _ in wanted})
        projection = dict.fromkeys((*_LOADED, *(answer for _, answer in wanted if answer)), 1)
        rows = await self._collection.find({"_id": {"$in": subjects}}, projection).to_list(len(subjects))
        found = {row["_id"]: row for row in rows}
        return [found.get(subject) for subject, _ in wanted]

    async def _save(self, drafts: Sequence[Draft]) -> list[bool | Exception]:
        """One bulk. A mismatch has to be an error at its own index: the counts are only sums.

        So every operation is an upsert. That of a new document fails on the ``_id`` that is there already;
        that of a known one, whose filter matches nothing, would insert under an ``_id`` other than its
        filter's, which ``mongod`` refuses.
        """
        try:
            await self._collection.bulk_write(
                [UpdateOne(draft.filter, draft.update, upsert=True) for draft in drafts], ordered=False
            )
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                raise WTimeoutError(str(error), details=error.details) from error
            outcomes: list[bool | Exception] = [True] * len(drafts)
            for failure in error.details["writeErrors"]:
                outcomes[failure["index"]] = _outcome(failure, drafts[failure["index"]])
            return outcomes
        return [True] * len(drafts)


def _outcome(failure: Document, draft: Draft) -> bool | Exception:
    code = failure["code"]
    if code in (DUPLICATE, OTHER_VERSION):
        return False
    if code in DOCUMENT_TOO_LARGE:
        return Full(field="outbox", value=draft.receipt.subject, limit=MAX_DOCUMENT_BYTES)
    if code in NOT_PRIMARY:
        return AutoReconnect(failure["errmsg"])
    return OperationFailure(failure["errmsg"], code, failure)
