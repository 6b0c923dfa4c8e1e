"""Bad input, row by row: what was sent, how it is answered, and what is left of it in trail and metrics.

Every row is sent to a running service from an address of its own. The answer has the right status, says in
words what is wrong and shows no credential; the trail has one entry about it, and the metric counts one more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count

import pytest
import pytest_asyncio

from shared.identity import Role
from shared.identity.local import issue_token
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.waiting import eventually
from tests.bad_input import (
    Ground,
    Send,
    another_sites_page,
    bare,
    bearer,
    bent_link,
    cookie,
    cookie_of_before,
    counted,
    director,
    ground,
    link,
    link_of,
    logout_token_twice,
    stored,
    told,
    true_link,
    with_token,
    workbook,
)
from tests.forging import (
    AGO,
    AHEAD,
    NAME,
    altered,
    signed_by_a_stranger,
    signed_with_the_public_key,
    token,
    unsigned,
)

MARKER = "marker-5d1c"
"""Stands wherever a secret could. No answer tells a credential, and the trail nothing of what was sent."""
LIST, ONE, SUBJECT = "/v1/missions", "/v1/missions/mission-0a1b2c", "mission-0a1b2c"
FILE = "/v1/imports/missions"
LINK, BACK, OUT = "/link", "/sign-in/callback", "/back-channel-logout"
ADDRESSES = count(1)


@dataclass(frozen=True)
class Row:
    """What is sent to which service; the answer's status; the reason in trail and metric; where it went."""

    what: str
    send: Send
    status: int
    reason: str
    service: str = "agenda"
    route: str | None = None
    subject: str | None = None


def a_scraper(word: str) -> Send:
    return bare("GET", "/metrics", headers={"authorization": f"Bearer {word}"})


CANCEL, TO_CANCEL = f"{ONE}/cancel", f"{LIST}/{{mission_id}}/cancel"
AUDITOR = with_token(lambda keys: issue_token(keys, Role.AUDITOR), "POST", CANCEL, json={"reason": MARKER})
FORGED = with_token(lambda keys: altered(keys, sub=MARKER), "POST", CANCEL, json={"reason": MARKER})
BASIC = bare("GET", LIST, headers={"authorization": f"Basic {MARKER}"})

TOKENS = [
    Row("no token", bare("GET", LIST), 401, "no-credential", route=LIST),
    Row("another scheme", BASIC, 401, "malformed-token"),
    Row("no JWT at all", with_token(lambda _: MARKER), 401, "malformed-token"),
    Row("a JWT without end", with_token(lambda _: MARKER * 1000), 401, "too-long"),
    Row("expired", bearer(exp=AGO), 401, "expired"),
    Row("not valid yet", bearer(nbf=AHEAD), 401, "not-valid-yet"),
    Row("without an end", bearer(exp=None), 401, "claim-missing"),
    Row("of another issuer", bearer(iss=f"https://{MARKER}"), 401, "wrong-issuer"),
    Row("signed by a stranger", with_token(signed_by_a_stranger), 401, "wrong-signature"),
    Row("of an unknown key", bearer(kid=MARKER), 401, "unknown-key"),
    Row("unsigned, alg: none", with_token(unsigned), 401, "wrong-algorithm"),
    Row("the public key as secret", with_token(signed_with_the_public_key), 401, "wrong-algorithm"),
    Row("for another audience", bearer(aud=MARKER), 401, "wrong-audience"),
    Row("for no audience", bearer(aud=None), 401, "claim-missing"),
    Row("a sign-in link's token", bearer(aud="ponte-sign-in"), 401, "wrong-audience"),
    Row(
        "another person put in",
        FORGED,
        401,
        "wrong-signature",
        "agenda",
        f"{LIST}/{{mission_id}}/cancel",
        SUBJECT,
    ),
    Row("a role that is no more", bearer(roles=["mayor"]), 403, "forbidden", route=LIST),
    Row("a role that may not", AUDITOR, 403, "forbidden", "agenda", TO_CANCEL, SUBJECT),
    Row("a guessed scrape token", a_scraper(MARKER), 401, "wrong-scrape-token", route="/metrics"),
]

NO_LOGOUT = bare("POST", OUT, data={"logout_token": MARKER})
NO_SIGN_IN = bare("GET", f"{BACK}?code={MARKER}&state={MARKER}")

SESSIONS = [
    Row("a tampered link", link(bent_link), 401, "wrong-signature", "pages", LINK),
    Row("a link used twice", link(true_link, times=2), 401, "link-used", "pages", LINK),
    Row("a link that has ended", link(link_of(aud="ponte-sign-in", exp=AGO)), 401, "expired", "pages", LINK),
    Row("an API's token as a link", link(link_of()), 401, "wrong-audience", "pages", LINK),
    Row("a link beside a provider", link(true_link), 401, "unknown-key", "sign-on", LINK),
    Row("a made-up cookie", cookie(MARKER), 401, "no-session", "pages", "/"),
    Row("an operator as cookie", cookie(f'{{"$ne":"{MARKER}"}}'), 401, "no-session", "pages", "/"),
    Row("a cookie of before", cookie_of_before, 401, "no-session", "pages", "/"),
    Row("another site's page", another_sites_page, 403, "cross-site", "pages", "/sign-out"),
    Row("an answer to no sign-in", NO_SIGN_IN, 401, "sign-in-failed", "sign-on", BACK),
    Row("no logout token", NO_LOGOUT, 400, "logout-token", "sign-on", OUT),
    Row("a logout token twice", logout_token_twice, 400, "logout-token", "sign-on", OUT),
]

INJECTED = [
    Row("out of the folder", director("GET", f"{LIST}/%2e%2e/%2e%2e/etc/passwd"), 404, "path-outside"),
    Row("out of the pages", bare("GET", "/static/%2e%2e/%2e%2e/gate.py"), 404, "path-outside", "pages"),
    Row("a null byte", director("GET", f"{LIST}/mission-1%00.json"), 404, "path-outside"),
    Row("an operator as id", director("GET", f'{LIST}/{{"$ne":1}}'), 404, "operator-in-input"),
    Row("its bare name", director("GET", f"{LIST}/$where/history"), 404, "operator-in-input"),
    Row("in a filter's name", director("GET", f"{LIST}?status[$ne]={MARKER}"), 422, "operator-in-input"),
    Row("in a filter's value", director("GET", f'{LIST}?status={{"$ne":1}}'), 422, "operator-in-input"),
    Row("as the cursor", director("GET", f"{LIST}?after=%24gt"), 422, "operator-in-input"),
    Row("for a text", director("POST", CANCEL, {"reason": {"$ne": MARKER}}), 422, "operator-in-input"),
    Row(
        "beside the fields", director("POST", CANCEL, {"$set": {"reason": MARKER}}), 422, "operator-in-input"
    ),
    Row(
        "deep inside",
        director("POST", LIST, {"legs": [{"place": {"$ne": MARKER}}]}),
        422,
        "operator-in-input",
    ),
    Row("as a column", director("PUT", f"{FILE}/x", {"cells": {"$set": MARKER}}), 422, "operator-in-input"),
]

EXCEL, JSON = "application/vnd.ms-excel", "application/json"
CHECK = f"{FILE}/check"
FORM = with_token(token, "POST", CHECK, files={"file": (f"{MARKER}.csv", b"uid;summary", "text/csv")})

UPLOADS = [
    Row("two megabytes", director("POST", LIST, b"x" * 2_000_000), 413, "body-too-large"),
    Row("a workbook", director("PUT", f"{FILE}/x", workbook(), EXCEL), 415, "unsupported-media-type"),
    Row("a workbook as JSON", director("PUT", f"{FILE}/x", workbook(), JSON), 400, "malformed-body"),
    Row("a form with a file", FORM, 415, "unsupported-media-type"),
    Row("half a JSON text", director("POST", LIST, b'{"title": "marker-5d1c'), 400, "malformed-body"),
    Row("bytes that are no text", director("POST", LIST, b'{"title": "\xff\xfe"}'), 400, "malformed-body"),
]

ROWS = [*TOKENS, *SESSIONS, *INJECTED, *UPLOADS]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here(
    mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ground]:
    async with ground(mongod, kafka, tmp_path_factory.mktemp("bad-input")) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
async def test_it_is_refused_recorded_and_counted(here: Ground, row: Row) -> None:
    address, before = f"198.51.100.{next(ADDRESSES)}", counted(row.reason)
    async with here.caller(row.service, address) as caller:
        answer = await row.send(here, caller)

    assert answer.status_code == row.status, answer.text
    problem = answer.json()
    assert problem["status"] == row.status
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert counted(row.reason) == before + 1

    async def recorded() -> None:
        [entry] = await told(here.database(row.service), address)
        assert (entry["status"], entry["reason"]) == (row.status, row.reason)
        assert entry["method"] == answer.request.method
        assert row.route in (None, entry["route"])
        assert row.subject in (None, entry["subject"])

    await eventually(recorded)
    credential = answer.request.headers.get("authorization", "Bearer ")[-40:]
    shown = f"{problem['title']}{problem['detail']}{answer.headers}"
    assert not any(secret in shown for secret in (MARKER, NAME, credential) if secret != "Bearer ")
    kept = await stored(here.database(row.service))
    assert not any(secret in kept for secret in (MARKER, NAME))
