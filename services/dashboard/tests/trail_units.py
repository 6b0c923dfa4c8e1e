"""Small APIs that answer as the units' trails do, for what real units cannot be brought to say in a test.

How real units and the page go together is told in ``tests/journeys/test_audit_page.py``.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from services.dashboard.tests.loopback import on_loopback
from services.dashboard.units import Units
from services.dashboard.views.audit_search import SERVICES

Row = dict[str, Any]
NOW = datetime(2026, 11, 29, 9, 42, 5, 123000, tzinfo=UTC)
HASH = "3fa9c1d2e4b5a6978812cd34ef56ab7890123456789abcdef0123456789abcde"
COLUMNS = ("at", "kind", "service", "subject", "field", "before", "after", "actor", "id")
_EXACT = ("actor", "on_behalf_of", "kind", "subject", "command")
_LYON = {"city": "Lyon", "city_it": "Lione", "country": "FR", "time_zone": "Europe/Paris"}
LEG = {"place": _LYON, "starts_at": "2027-03-04T08:30:00Z", "ends_at": "2027-03-05T17:00:00Z"}
LATER = {**LEG, "starts_at": "2027-03-11T08:30:00Z", "ends_at": "2027-03-12T17:00:00Z"}


FLOOD = {
    **dict.fromkeys(("subject", "actor", "client", "origin", "status")),
    **dict.fromkeys(("action", "route", "method"), ""),
    "reason": "flood-12",
}


def moment(ago: timedelta) -> str:
    return (NOW - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changed(field: str, before: Any, after: Any) -> Row:
    return {"field": field, "before": before, "after": after}


def a_change(sequence: int, ago: timedelta, changes: Sequence[Row] = (), **values: Any) -> Row:
    subject = values.get("subject", "mission-3f9c2ab34d5e6f708192")
    row = {
        "id": f"{subject}/1/{sequence}",
        "kind": "change",
        "at": moment(ago),
        "service": "agenda",
        "subject": subject,
        "epoch": 1,
        "sequence": sequence,
        "version": sequence,
        "type": "ponte.agenda.mission.corrected.v1",
        "command": "correct",
        "actor": "local-officer-city",
        "client": "ponte-dashboard/local-officer-city",
        "origin": "192.0.2.17",
        "changes": list(changes),
        "hash": HASH,
    }
    return {**row, **values}


def an_entry(number: int, kind: str, ago: timedelta, **values: Any) -> Row:
    row = {
        "id": f"k3J9aX2fQ1/{number}",
        "kind": kind,
        "at": moment(ago),
        "service": "agenda",
        "subject": "mission-3f9c2ab34d5e6f708192",
        "actor": "local-auditor",
        "client": "ponte-cli",
        "origin": "192.0.2.99",
        "action": "agenda.read-reserved",
        "route": "/v1/missions/{mission_id}",
        "method": "GET",
        "status": 200,
        "hash": HASH,
    }
    return {**row, **values}


def some_rows() -> dict[str, list[Row]]:
    """One of each kind, with everything that an entry may have."""
    minute, day = timedelta(minutes=1), timedelta(days=1)
    whole = [changed("title", None, "Lione: politiche alimentari"), changed("legs", None, [LEG])]
    whole += [changed("imported", None, {"city": "Lyon, FR", "holder": "Sindaco", "note": "-", "day": "4"})]
    mission, new = "ponte.agenda.mission", {"type": "ponte.agenda.mission.scheduled.v1", "command": "propose"}
    return {
        "agenda": [
            an_entry(41, "reading", minute / 3),
            a_change(
                4,
                3 * minute,
                [changed("legs", [LEG], [LATER])],
                type=f"{mission}.rescheduled.v1",
                command="reschedule",
                actor="d0a9e2b1-77c4-4f0e-8a35-1b7f9c2e6d58",
                on_behalf_of="8c1f6f0e-3b52-4d9a-9d0f-6a1f2c7be410",
            ),
            an_entry(40, "refusal", 12 * minute, status=403, action="agenda.write", reason="forbidden"),
            a_change(
                3,
                day + minute,
                [
                    changed("title", "[…]", "Incontro con […] sulle mense"),
                    changed("reserved", False, True),
                    changed("note", "Chiamare", None),
                ],
                reason="Errore di battitura",
            ),
            a_change(2, day + 2 * minute, whole, **new),
            a_change(1, day + 2 * minute, [], type=f"{mission}.proposed.v1", command="propose", version=2),
        ],
        "agreements": [
            a_change(
                7,
                5 * minute,
                [changed("agreement.signing", None, {"mission_id": "m", "on": "2027-03-11T09:00:00Z"})],
                service="agreements",
                subject="agreement-5b2e77c0a1",
                type="ponte.agreements.agreement.signing-scheduled.v1",
                command="schedule-signing",
                actor="service:agreements",
                client="service:agreements",
                origin=None,
            )
        ],
        "networks": [
            an_entry(3, "refusal", 45 * minute, actor=None, action="", status=401, reason="expired")
        ],
        "dossiers": [],
        "dashboard": [an_entry(4, "refusal", 2 * day, **FLOOD)],
    }


def a_unit(rows: list[Row], *, status: int = 200, breaks: bool = False) -> FastAPI:
    """The API of one unit; ``status`` other than 200 is its only answer, ``breaks`` ends an export early."""
    app = FastAPI()
    app.state.asked = []

    def found(request: Request) -> list[Row]:
        query = request.query_params
        app.state.asked.append(dict(query))
        since, until = query.get("since", ""), query.get("until", "~")
        fitting = [
            row
            for row in rows
            if all(name not in query or row.get(name) == query[name] for name in _EXACT)
            and since <= row["at"] < until
        ]
        return sorted(fitting, key=lambda row: row["at"], reverse=True)

    @app.get("/v1/audit")
    async def search(request: Request, limit: int = 50, after: int = 0) -> Response:
        if status != 200:
            return JSONResponse({}, status, headers={"retry-after": "9"})
        items = found(request)
        end = after + limit
        return JSONResponse({"items": items[after:end], "next": str(end) if len(items) > end else None})

    @app.get("/v1/audit/export")
    async def export(request: Request) -> Response:
        if status != 200:
            return JSONResponse({}, status)

        async def text() -> AsyncIterator[str]:
            yield "\ufeff" + _csv([COLUMNS])
            for row in found(request):
                for change in row.get("changes") or [changed("", None, None)]:
                    cells = {**row, **change}
                    yield _csv([[str(cells.get(name) or "") for name in COLUMNS]])
            if breaks:
                await asyncio.sleep(0)
                raise ConnectionError

        return StreamingResponse(text(), media_type="text/csv")

    return app


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


@asynccontextmanager
async def the_units(**apps: FastAPI) -> AsyncIterator[Units]:
    """All of them; one that is not given is away."""
    async with AsyncExitStack() as stack:
        addresses = dict.fromkeys(SERVICES, "http://127.0.0.1:1")
        for name, app in apps.items():
            addresses[name] = await stack.enter_async_context(on_loopback(app))
        units = Units(addresses, answer_within=5)
        yield units
        await units.close()
