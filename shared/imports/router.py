"""The HTTP side of imports, the same for every service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from shared.domain import NotFound, Refusal
from shared.identity import Action, Identity, allow, caller
from shared.imports.cells import digest, kept
from shared.imports.decide import Decision, Outcome, decide
from shared.imports.messages import Cell, CellsIn, ColumnOut, KindOut, RowOut, RowsIn
from shared.imports.spec import ImportConflict, ImportKind, Problem, RowProblems
from shared.store import Command, Repository, derived_id
from shared.web.commands import command
from shared.web.envelopes import Page
from shared.web.language import Language, language_of
from shared.web.problems import of_refusal, response
from shared.web.recording import about, note_reading, note_refusal

Name = Annotated[str, Path(max_length=80, description="The kind of table, as the list of columns names it")]


def _anything(who: Identity, state: Any) -> None:
    """Nothing depends on the single record."""


def _open(_: Any) -> Action | None:
    """Nothing is reserved."""
    return None


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table with the aggregates that its rows become.

    ``repository`` is asked at every request, because a service opens its store only when it starts.
    ``judge`` raises a ``Refusal`` where this caller may not write what has this state; it is asked about the
    state before the row and about the one after it. ``reserved`` says of a state by which right it is shown
    (null: to everybody): such an answer is recorded as a reading.
    """

    kind: ImportKind[Any, Any]
    repository: Callable[[], Repository[Any]]
    judge: Callable[[Identity, Any], None] = _anything
    reserved: Callable[[Any], Action | None] = _open

    def subject(self, key: str) -> str:
        """The id of the aggregate that the row with ``key`` makes, always the same."""
        return derived_id(self.kind.prefix, "import", key)


def import_router(tables: Sequence[Table], *, action: Action) -> APIRouter:
    """The routes ``/v1/imports/...`` of a service, for callers who may do ``action``."""
    by_name = {table.kind.name: table for table in tables}
    router = APIRouter(prefix="/v1/imports", tags=["imports"], dependencies=[allow(action)])

    def table_of(name: str) -> Table:
        if name not in by_name:
            raise NotFound(field="kind", value=name)
        return by_name[name]

    @router.get("/columns")
    async def import_columns() -> Page[KindOut]:
        """The tables that this service imports, each with its key column and its columns."""
        return Page(items=[_described(table.kind) for table in tables])

    @router.post("/{kind}/check")
    async def check_import(kind: Name, body: RowsIn, request: Request) -> Page[RowOut]:
        """What importing each row would do, in the order sent. Nothing is stored."""
        table, language = table_of(kind), language_of(request.scope)
        return Page(items=await _checked(table, body, language, request))

    @router.put("/{kind}/{key:path}", response_model=RowOut)
    async def import_row(
        kind: Name,
        key: Annotated[str, Path(max_length=400, description="The row's key")],
        body: CellsIn,
        request: Request,
        context: Annotated[Command, command("import")],
    ) -> RowOut | Response:
        """Import one row, compared with the last imported row of its key.

        A row that cannot be used is a 422, one that would overwrite an officer's change a 409, each with
        the same members as the outcome of a check.
        """
        table, language = table_of(kind), language_of(request.scope)
        about(request, table.subject(key))
        try:
            return await _imported(table, key, body.cells, context, request)
        except (RowProblems, ImportConflict) as refusal:
            return _refused(key, refusal, language, request)

    return router


async def _imported(
    table: Table, key: str, cells: dict[str, Cell], context: Command, request: Request
) -> RowOut:
    outcome = Outcome.UNCHANGED
    shown: Action | None = None
    who = caller(request)

    def decision(state: Any) -> Any:
        nonlocal outcome, shown
        shown = table.reserved(state) if state is not None else None
        decided = _decided(table, key, cells, state, who)
        outcome = decided.outcome
        return decided.change

    try:
        receipt = await table.repository().put(table.subject(key), context, decision)
    except ImportConflict:  # it tells what an officer has written
        if shown is not None:
            await note_reading(request, shown, table.subject(key))
        raise
    if receipt.replayed:  # nothing was decided now: the first answer again
        outcome = Outcome.CREATE if receipt.version == 1 else Outcome.CHANGE
    return RowOut(key=key, outcome=outcome, subject=receipt.subject, sequence=receipt.sequence)


def _decided(table: Table, key: str, cells: dict[str, Cell], state: Any, who: Identity) -> Decision[Any]:
    if state is not None:
        table.judge(who, state)
    decided = decide(table.kind, key, cells, state)
    table.judge(who, decided.change.state)
    return decided


async def _checked(table: Table, body: RowsIn, language: Language, request: Request) -> list[RowOut]:
    repository, who = table.repository(), caller(request)
    shown: dict[Action, list[str]] = {}

    async def check(position: int) -> RowOut:
        row = body.rows[position]
        try:
            state: Any = (await repository.get(table.subject(row.key))).state
        except NotFound:
            state = None
        base = digest(state.imported) if state is not None and state.imported is not None else ""
        try:
            decided = _decided(table, row.key, kept(row.cells), state, who)
        except (RowProblems, ImportConflict) as refusal:
            right = table.reserved(state) if state is not None else None
            if isinstance(refusal, ImportConflict) and right is not None:
                shown.setdefault(right, []).append(table.subject(row.key))
            return RowOut.of(row.key, refusal, language, line=row.line, base=base)
        except Refusal as refusal:  # who may not write it learns nothing of it
            if refusal.status == 403:
                note_refusal(request, refusal.code, table.subject(row.key))
            return RowOut.of(row.key, RowProblems([Problem.of(refusal)]), language, line=row.line)
        return RowOut(
            key=row.key,
            line=row.line,
            outcome=decided.outcome,
            base=base,
            subject=table.subject(row.key),
        )

    rows = list(await asyncio.gather(*map(check, range(len(body.rows)))))
    for right, subjects in shown.items():
        await note_reading(request, right, *subjects)
    return rows


def _refused(key: str, refusal: Refusal, language: Language, request: Request) -> Response:
    problem = of_refusal(refusal, language)
    outcome = RowOut.of(key, refusal, language)
    members = outcome.model_dump(mode="json", include={"key", "outcome", "problems", "conflicts"})
    return response(replace(problem, members={**problem.members, **members}), request.scope)


def _described(kind: ImportKind[Any, Any]) -> KindOut:
    columns = [
        ColumnOut(name=c.name, required=c.required, meaning_en=c.meaning_en, meaning_it=c.meaning_it)
        for c in kind.columns
    ]
    return KindOut(
        kind=kind.name, key_column=kind.key_column, rank=kind.rank, calendar=kind.calendar, columns=columns
    )
