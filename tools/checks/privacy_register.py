"""docs/privacy.md says the same as the declarations of personal data; `--write` makes it anew."""

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from shared.privacy.activities import ALL  # noqa: E402 - the clone is put on the path first
from shared.privacy.declared import DATA, Activity, Declarations, Held, Kept  # noqa: E402
from shared.privacy.fields import undeclared  # noqa: E402
from shared.privacy.stored import NOTHING  # noqa: E402
from tests.system import SERVICES  # noqa: E402

PAGE = ROOT / "docs" / "privacy.md"

HEAD = """# Register of processing activities

<!-- Made by `python tools/checks/privacy_register.py --write` from the declarations; do not edit. -->

What Ponte keeps about people, as article 30(1) of Regulation (EU) 2016/679 asks: for what, on what basis, of
whom, seen by whom, for how long, and where it lies. It is made of the declarations in the code
([shared/privacy](../shared/privacy), `services/UNIT/privacy.py`); `make check` compares, and tests refuse a
field for free text or a collection that declares nothing. Each service tells its own part at
`GET /v1/people/register`.

- **Controller** (titolare): the city that runs Ponte, `PONTE_CITY` and `PONTE_CONTACT_NAME` in its settings.
  It adds its contact details and its data protection officer's when it takes this into its own register.
- **Transfers to third countries**: none. Ponte sends nothing out of the installation; what an office tells a
  partner abroad is that office's own act.
- **Security** (article 32): sign-on and rights by role ([rights.md](rights.md)), names kept apart from the
  journal's hashes so that they can be erased, no personal data in logs and metrics, encrypted connections
  ([guide/security.md](guide/security.md)), backups with a ledger of what was erased
  ([guide/backups.md](guide/backups.md)).
- **Requests of people**: access, erasure, refusal, step by step in [guide/privacy.md](guide/privacy.md).

The legal bases are what the makers of Ponte found; whoever answers for the data confirms them for their city.
"""

OVER = "What is over is erased by the services themselves, the day after the last one by the city's calendar."


def main(arguments: Sequence[str]) -> int:
    """Write the page, or compare it and print what differs; 1 if anything does."""
    declared = [importlib.import_module(f"services.{name}.privacy").DECLARATIONS for name in SERVICES]
    missing = [
        f"{each.service}: {field} declares nothing: mark it MayName or Personal, or name it in IMPERSONAL"
        for each in declared
        for records in each.records
        for field in undeclared([records.state, *records.events])
    ]
    for complaint in missing:
        print(complaint)
    made = page(declared)
    if "--write" in arguments:
        PAGE.write_text(made)
    elif not PAGE.exists() or PAGE.read_text() != made:
        print("docs/privacy.md is stale: python tools/checks/privacy_register.py --write")
        return 1
    return 1 if missing else 0


def page(declared: Sequence[Declarations]) -> str:
    """The whole page."""
    parts = [HEAD, *_limits()]
    for activity in ALL:
        parts += ["", *_activity(activity), "", *_places(activity, declared)]
    parts += ["", "## Collections without personal data", ""]
    parts += [f"- `{name}`: {what}" for name, what in NOTHING.items()]
    return "\n".join(parts) + "\n"


def _limits() -> Iterator[str]:
    yield "## How long"
    yield ""
    yield "| activity | kept | counted from | setting |"
    yield "|---|---|---|---|"
    for activity in ALL:
        kept = activity.kept
        setting = f"`{kept.setting}`" if kept.setting else ""
        yield f"| {activity.name.en} | {_time(kept)} | {kept.counts_from.en} | {setting} |"
    yield ""
    yield OVER


def _time(kept: Kept) -> str:
    if kept.months is None:
        return kept.why.en if kept.why else "for ever"
    years, months = divmod(kept.months, 12)
    return f"{years} year{'s' if years > 1 else ''}" if years and not months else f"{kept.months} months"


def _activity(activity: Activity) -> Iterator[str]:
    yield f"## {activity.name.en}"
    yield ""
    yield f"*{activity.name.it}* (`{activity.key}`)"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| purpose | {activity.purpose.en} (*{activity.purpose.it}*) |"
    bases = "<br>".join(f"{basis.source}: {basis.says.en} (*{basis.says.it}*)" for basis in activity.bases)
    yield f"| legal basis | {bases} |"
    yield f"| people | {activity.people.en} (*{activity.people.it}*) |"
    yield f"| recipients | {activity.recipients.en} |"
    since = f", from: {activity.kept.counts_from.en}" if activity.kept.months else ""
    yield f"| kept | {_time(activity.kept)}{since} |"


def _places(activity: Activity, declared: Sequence[Declarations]) -> Iterator[str]:
    """What services have alike is one row."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for each in declared:
        for collection, held in sorted(each.stored.items()):
            for what, where in _kinds([one for one in held if one.activity is activity]):
                rows.setdefault((collection, what, where), []).append(each.service)
    yield "| service | collection | what | where |"
    yield "|---|---|---|---|"
    for (collection, what, where), services in rows.items():
        who = "every service" if len(services) == len(declared) else ", ".join(services)
        yield f"| {who} | `{collection}` | {what} | {where} |"


def _kinds(held: Sequence[Held]) -> Iterator[tuple[str, str]]:
    """Each kind of data with the fields that hold it."""
    for datum in dict.fromkeys(one.datum for one in held):
        paths = sorted({f"`{one.path}`" for one in held if one.datum is datum})
        said = dict.fromkeys(one.purpose for one in held if one.datum is datum and one.purpose)
        yield DATA[datum].en + "".join(f"; {purpose}" for purpose in said), ", ".join(paths)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
