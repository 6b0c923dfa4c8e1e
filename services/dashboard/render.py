"""From view-models to HTML: the same fragments for the first page and for every live update."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from services.dashboard.domain.picture import Clock, Picture
from services.dashboard.register import FeedEntry
from services.dashboard.views.agenda import today_panel
from services.dashboard.views.agreements import agreements_panel
from services.dashboard.views.alerts import alerts_panel
from services.dashboard.views.candidacies import candidacies_panel
from services.dashboard.views.feed import entry_view, since_panel
from services.dashboard.views.figures import units_panel
from services.dashboard.views.frame import City, Frame
from services.dashboard.views.lens import Lens
from services.dashboard.views.networks import networks_panel
from services.dashboard.views.weeks import weeks_panel

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"

PANELS: dict[str, Callable[[Picture, Frame], Any]] = {
    "jump": lambda picture, frame: (
        alerts_panel(picture, frame),
        today_panel(picture, frame),
        candidacies_panel(picture.candidacies, frame),
    ),
    "alerts": alerts_panel,
    "today": today_panel,
    "deadlines": lambda picture, frame: candidacies_panel(picture.candidacies, frame),
    "weeks": weeks_panel,
    "units": units_panel,
    "agreements": lambda picture, frame: agreements_panel(picture.agreements, frame),
    "networks": lambda picture, frame: networks_panel(picture.memberships, frame),
    "candidacies": lambda picture, frame: candidacies_panel(picture.candidacies, frame),
}
"""Every panel that is the same for all readers with the same filters, and what its template is given."""


class Renderer:
    """Makes the HTML of the page and of its parts for one city."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            # Templates are part of the release: nothing is gained by looking at the file at every line.
            auto_reload=False,
        )
        self._environment.globals["asset"] = asset

    def frame(self, lens: Lens, now: datetime) -> Frame:
        """The circumstances of one rendering at ``now`` (UTC)."""
        return Frame(lens=lens, clock=Clock(now=now, zone=self.city.zone), city=self.city)

    def page(self, name: str, frame: Frame, **values: Any) -> str:
        """A whole page."""
        return self._template(name, frame, **values)

    def panels(self, picture: Picture, frame: Frame) -> dict[str, Markup]:
        """Every panel by name."""
        shown = picture.of(frame.lens.unit)
        return {
            name: Markup(self._template(f"panels/{name}.html", frame, model=make(shown, frame)))  # noqa: S704
            for name, make in PANELS.items()
        }

    def since(
        self,
        counted: Counter[tuple[str, bool]],
        since: datetime | None,
        frame: Frame,
        *,
        capped: bool = False,
    ) -> Markup:
        """The strip of what changed for one reader."""
        model = since_panel(counted, since, frame, capped=capped)
        return Markup(self._template("panels/since.html", frame, model=model))  # noqa: S704

    def entry(self, entry: FeedEntry, frame: Frame) -> Markup:
        """One line of the feed."""
        return Markup(self._template("entry.html", frame, entry=entry_view(entry, frame)))  # noqa: S704

    def script_texts(self, frame: Frame) -> str:
        """The texts that the browser needs, as JSON for a data attribute."""
        return json.dumps(frame.t.table("live"), ensure_ascii=False)

    def _template(self, name: str, frame: Frame, **values: Any) -> str:
        return self._environment.get_template(name).render(
            t=frame.t, f=frame.f, frame=frame, lens=frame.lens, **values
        )


_versions: dict[str, tuple[float, str]] = {}


def asset(path: str) -> str:
    """The address of a static file with its content's digest, so that it may be kept for ever."""
    file = STATIC / path
    try:
        changed = file.stat().st_mtime
    except FileNotFoundError:
        return f"/static/{path}"
    known = _versions.get(path)
    if known is None or known[0] != changed:
        known = (changed, hashlib.sha256(file.read_bytes()).hexdigest()[:12])
        _versions[path] = known
    return f"/static/{path}?v={known[1]}"
