"""The page and its fragments over HTTP: only translation, for people with a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from services.dashboard.cookies import secure, session_name
from services.dashboard.feed_page import stretch
from services.dashboard.hub import Hub
from services.dashboard.live import MOST_MISSING, Stream
from services.dashboard.reader import (
    PAGE_HEADERS,
    Visit,
    initials,
    keep_language,
    language_of,
    lens_of,
    name_of,
)
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens
from shared.identity import Action, allow, caller, may
from shared.identity.sessions import Sessions

Before = Annotated[int | None, Query(ge=1, le=2**53)]
Place = Annotated[str | None, Query(max_length=80, pattern=r"^[A-Za-z0-9_-]*\.\d{1,16}$")]


def pages_router(hub: Callable[[], Hub]) -> APIRouter:
    """The page and its parts; ``hub`` is asked at every request."""
    router = APIRouter(include_in_schema=False, dependencies=[allow(Action.PAGES_READ)])

    @router.get("/")
    async def show_page(request: Request, before: Before = None) -> HTMLResponse:
        """The Director's page. A visit to it counts as one."""
        here, lens = hub(), lens_of(request)
        number, epoch = here.number, here.epoch
        visit = await Visit.of(request, here)
        picture = await here.picture()
        frame = here.renderer.frame(lens, here.now())
        news = await visit.news(here, frame)
        identity = caller(request)
        person = name_of(identity, frame)
        html = here.renderer.page(
            "page.html",
            frame,
            panels=here.renderer.panels(picture, frame),
            since=here.renderer.since(news.counted, news.since, frame, capped=news.capped),
            feed=await stretch(here.register, here.renderer, frame, news, before=before),
            kinds_told=", ".join(_kind_name(kind, frame) for kind in sorted(lens.kinds)),
            head_epoch=epoch,
            head_number=number,
            script_texts=here.renderer.script_texts(frame),
            sample=picture.has_sample,
            switch=_switch(lens),
            who=person,
            initials=initials(person),
            may_audit=may(identity, Action.AUDIT_READ),
        )
        response = HTMLResponse(html, headers=PAGE_HEADERS)
        keep_language(request, response)
        visit.keep(response, secure=secure(request))
        await here.register.visited(visit.person, here.now())
        return response

    @router.get("/feed")
    async def show_earlier(request: Request, before: Before = None) -> HTMLResponse:
        """The lines of the feed before a number, with the filters of the address."""
        here = hub()
        frame = here.renderer.frame(lens_of(request), here.now())
        visit = await Visit.of(request, here)
        news = await visit.news(here, frame)
        part = await stretch(here.register, here.renderer, frame, news, before=before)
        return HTMLResponse(here.renderer.page("entries.html", frame, feed=part), headers=PAGE_HEADERS)

    @router.get("/missing")
    async def list_missing(request: Request, after: Place = None) -> dict[str, Any]:
        """What a page missed after ``EPOCH.NUMBER``, in order; ``reload`` where that cannot be told."""
        here, language = hub(), language_of(request)
        epoch, _, number = (after or ".0").rpartition(".")
        if epoch != here.epoch or here.number - int(number) > MOST_MISSING:
            return {"reload": True, "entries": []}
        entries: list[dict[str, Any]] = []
        place = int(number)
        while found := await here.entries(place):
            place = found[-1].number
            entries += [{"number": e.number, "html": here.entry_html(e, language)} for e in found]
        return {"reload": False, "epoch": here.epoch, "entries": entries}

    @router.get("/panels")
    async def show_panels(request: Request) -> dict[str, str]:
        """Every panel with the filters of the address: for pages that the common stream does not fit."""
        here = hub()
        frame = here.renderer.frame(lens_of(request), here.now())
        visit = await Visit.of(request, here)
        news = await visit.news(here, frame)
        panels = here.renderer.panels(await here.picture(), frame)
        since = here.renderer.since(news.counted, news.since, frame, capped=news.capped)
        return {name: str(html) for name, html in {**panels, "since": since}.items()}

    return router


def live_router(hub: Callable[[], Hub], sessions: Callable[[], Sessions]) -> APIRouter:
    """The stream that keeps open pages up to date."""
    router = APIRouter(include_in_schema=False, dependencies=[allow(Action.PAGES_READ)])

    @router.get("/live")
    async def stream_live(
        request: Request,
        after: Place = None,
        last_event_id: Annotated[str | None, Header(max_length=80)] = None,
    ) -> StreamingResponse:
        """The stream. ``Last-Event-ID`` goes before ``after``, which a page gives when it opens a new one."""
        here = hub()
        visit = await Visit.of(request, here)
        news = await visit.news(here, here.renderer.frame(Lens(language_of(request)), here.now()))
        cookie = request.cookies.get(session_name(request))

        async def holds() -> bool:
            await here.register.visited(visit.person, here.now())
            return cookie is None or await sessions().find(cookie, here.now(), touch=False) is not None

        stream = Stream(
            here,
            language_of(request),
            last_event_id or after,
            news=news,
            holds=holds,
            stopping=request.app.state.stopping,
        )
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        return StreamingResponse(stream.chunks(), media_type="text/event-stream", headers=headers)

    return router


def _switch(lens: Lens) -> Callable[[str], str]:
    """The same page in another language."""

    def address(language: str) -> str:
        here = lens.address()
        return f"{here}{'&' if '?' in here else '?'}lang={language}"

    return address


def _kind_name(kind: str, frame: Frame) -> str:
    return frame.t.get(f"kind.{kind.replace('.', '-')}.title", kind)
