"""Holds the answers of a running service against its own OpenAPI document, with Schemathesis.

Schemathesis makes the requests (the document's limits and their neighbours one by one, then random ones that
fit the document and random ones that do not) and judges the answers. What is ours is who sends them: every
kind of caller, and nobody.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import hypothesis
import requests
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import APIOperation as AnyOperation
from schemathesis.schemas import BaseSchema

from tests.odd_requests import odd_requests

Case = schemathesis.Case[Any]
APIOperation = AnyOperation[Any, Any, Any, Any]

SEED = 20261129
SECONDS = 20
"""Longer than any answer may take, a stream's first byte included."""

CONFIG: dict[str, Any] = {
    # Tokens are ours to send or to leave out.
    "generation": {"deterministic": True, "with-security-parameters": False},
    # A body that breaks the document may be too large, too, or its If-Match be stale.
    "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
}

load_all_checks()
AT_LEAST: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)
JUDGED: list[Any] = [
    *AT_LEAST,
    *CHECKS.get_by_names(["negative_data_rejection", "unsupported_method", "allow_header_conformance"]),
]


@dataclass(frozen=True)
class Caller:
    """Who sends a request; without a token nobody in particular."""

    name: str
    token: str | None = None

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token is not None else {}


@dataclass
class Findings:
    """What was wrong: of each kind the first request that shows it, and how many were sent."""

    first: dict[tuple[str, str], str] = field(default_factory=dict)
    sent: int = 0

    def add(self, case: Case, caller: Caller, what: str, text: str) -> None:
        self.first.setdefault((f"{case.method} {case.path}", what), f"as {caller.name}: {text}")

    def report(self) -> str:
        kinds = [f"{where}: {what}\n{text}" for (where, what), text in self.first.items()]
        return f"{len(kinds)} findings in {self.sent} requests:\n\n" + "\n\n".join(kinds)


class Conformance:
    """One service, asked on its address as every caller."""

    def __init__(self, address: str, document: dict[str, Any], callers: Sequence[Caller]) -> None:
        self._address = address
        self._paths = document["paths"]
        self._callers = tuple(callers)
        self._session = requests.Session()
        self._session.trust_env = False  # loopback needs no proxy; looking for one takes its time
        self._known = Known(self._paths)
        config = schemathesis.Config.from_dict(CONFIG)
        self.schema: BaseSchema = schemathesis.openapi.from_dict(document, config=config)
        self.findings = Findings()
        self._carried_out: dict[str, list[Case]] = {}
        self._let_in: dict[str, list[Caller]] = {}

    def operations(self) -> list[APIOperation]:
        """What the document has; what makes something first, so that there is something to be asked for."""
        found: list[APIOperation] = [result.ok() for result in self.schema.get_all_operations()]  # type: ignore[union-attr]
        return sorted(found, key=lambda one: (one.method != "post" or "{" in one.path, one.method != "get"))

    def explore(self, operation: APIOperation, examples: int, offset: int, share: int) -> None:
        """Send to one operation one in ``share`` of the listed requests, then ``examples`` random ones."""
        self._let_in[operation.label] = self._probe(operation)
        turns = itertools.cycle(self._let_in[operation.label])
        listed = itertools.islice(self._at_the_limits(operation), offset % share, None, share)
        for number, case in enumerate(listed):
            self._send(self._placed(case, number), next(turns))
        turned_away = [one for one in self._callers if one not in self._let_in[operation.label]]
        for number, (caller, case) in enumerate(
            zip(2 * turned_away, self._at_the_limits(operation), strict=False)
        ):
            self._send(self._placed(case, number), caller)
        for mode in GenerationMode:
            self._random(operation, mode, examples, turns)

    def _probe(self, operation: APIOperation) -> list[Caller]:
        """Every caller sends a request that fits; who is not turned away goes on, else all of them do."""
        case = next(self._at_the_limits(operation))
        answers = {caller: self._send(self._placed(case, 0), caller) for caller in self._callers}
        for caller in (Caller("nobody"), Caller("a forger", "false.token.here")):
            self._refused(operation, case, caller)
        return [
            caller for caller, answer in answers.items() if answer and answer.status_code not in {401, 403}
        ] or list(self._callers)

    def _refused(self, operation: APIOperation, case: Case, caller: Caller) -> None:
        answer = self._send(case, caller)
        is_open = self._paths[operation.path][operation.method].get("security") == []
        if answer is not None and not is_open and answer.status_code != 401:
            self.findings.add(case, caller, "is open", str(answer.status_code))

    def _at_the_limits(self, operation: APIOperation) -> Iterator[Case]:
        return iter(
            self.schema.iter_coverage_cases(
                operation,
                generation_modes=list(GenerationMode),
                generation_config=self.schema.config.generation,
            )
        )

    def _random(
        self, operation: APIOperation, mode: GenerationMode, examples: int, turns: Iterator[Caller]
    ) -> None:
        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
            verbosity=hypothesis.Verbosity.quiet,
        )
        @hypothesis.given(operation.as_strategy(mode), strategies.integers(0, 2**16))
        def send(case: Case, number: int) -> None:
            self._send(self._placed(case, number), next(turns))

        try:
            send()
        except hypothesis.errors.Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, f"nothing fits the document of {operation.label}"

    def never_carried_out(self) -> list[str]:
        """The operations that no request got through to: of them this says little."""
        return sorted(one.label for one in self.operations() if one.label not in self._carried_out)

    def wander(self, rounds: int) -> None:
        """Fitting requests in ever another order about a new thing, so that it comes into all its states."""
        turn = random.Random(SEED)
        changing = [one for one in self.operations() if one.method in {"post", "put"}]
        makers = [one for one in changing if "{" not in one.path]
        for _ in range(rounds):
            for operation in [*makers, *turn.sample(changing, len(changing))]:
                cases = self._carried_out.get(operation.label) or [next(self._at_the_limits(operation))]
                case = turn.choice(cases)
                case.headers.clear()
                self._send(self._placed(case, 1), turn.choice(self._let_in[operation.label]))

    def provoke(self, operation: APIOperation, offset: int, share: int) -> None:
        """What is odd beyond anything that a document could say, from who may do this at all.

        Of the requests it sends one in ``share``, from the one at ``offset``: others at each operation.
        """
        fitting = (self._carried_out.get(operation.label) or [next(self._at_the_limits(operation))])[0]
        body = fitting.body if isinstance(fitting.body, dict) else None
        turns = itertools.cycle(self._let_in[operation.label])
        names = [parameter.name for parameter in operation.query]
        odds = odd_requests(body, list(fitting.path_parameters), names)
        for odd in itertools.islice(odds, offset % share, None, share):
            caller = next(turns)
            told = Caller(f"{caller.name}, {odd.what}", caller.token)
            case = operation.Case(path_parameters=dict(fitting.path_parameters))
            path = operation.path
            for name, value in fitting.path_parameters.items():
                path = path.replace(f"{{{name}}}", odd.path.get(name, quote(str(value), safe="")))
            headers: dict[str, Any] = {**caller.headers(), **odd.headers}
            content = odd.body
            if body is not None:
                headers["Content-Type"] = odd.media_type
                content = json.dumps(body).encode() if odd.body is None else odd.body
            url = f"{self._address}{path}?{odd.query}"
            request = requests.Request(operation.method.upper(), url, data=content, headers=headers)
            self.findings.sent += 1
            try:
                answer = self._session.send(self._session.prepare_request(request), timeout=SECONDS)
            except requests.RequestException as error:
                self.findings.add(case, told, "no answer", repr(error))
                continue
            # With slashes in its place a parameter may lead to another route.
            checks = AT_LEAST[:1] if odd.path and answer.status_code == 405 else AT_LEAST
            self._judge(case, told, Response.from_any(answer), checks)

    def _placed(self, case: Case, number: int) -> Case:
        """The case about something that there is, two times in three, at the version where it stands."""
        if number % 3 and case.path_parameters and not _breaks(case, ParameterLocation.PATH):
            case.path_parameters.update(self._known.place(set(case.path_parameters), number))
        if number % 3 and not _breaks(case, ParameterLocation.HEADER):
            case.headers.pop("If-Match", None)
            case.headers.pop("Idempotency-Key", None)  # it would bring the first answer again
        return case

    def _send(self, case: Case, caller: Caller) -> Response | None:
        self.findings.sent += 1
        try:
            answer = case.call(
                base_url=self._address, session=self._session, headers=caller.headers(), timeout=SECONDS
            )
        except requests.RequestException as error:
            self.findings.add(case, caller, "no answer", repr(error))
            return None
        self._judge(case, caller, answer, JUDGED)
        return answer

    def _judge(self, case: Case, caller: Caller, answer: Response, checks: list[Any]) -> None:
        try:
            case.validate_response(answer, checks=checks, headers=caller.headers())
        except FailureGroup as group:
            for failure in group.exceptions:
                self.findings.add(case, caller, _kind(failure, answer), str(group))
        if answer.status_code < 300:
            self._known.learn(case, answer)
            done = self._carried_out.setdefault(case.operation.label, [])
            done.append(case)
            if len(done) > 60:  # the oldest and the newest stay
                del done[30]


class Known:
    """What there is to be asked for, as the answers told: the parameters of paths that lead to something."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._templates = tuple(paths)
        self._places: list[dict[str, str]] = []

    def place(self, names: set[str], number: int) -> dict[str, str]:
        """Values for these parameters that belong together, of something made lately; empty where unknown."""
        fitting = [place for place in self._places[-400:] if names <= place.keys()][-20:]
        return {name: fitting[-1 - number % len(fitting)][name] for name in names} if fitting else {}

    def learn(self, case: Case, answer: Response) -> None:
        """Note the ids in an answer: ``Location``, ``subject``, and members named like a parameter."""
        if (answer.headers.get("content-type") or [""])[0] != "application/json":
            return
        told = answer.json()
        for template in self._templates:
            # /v1/missions tells what may stand in /v1/missions/{mission_id}/cancel.
            if template.split("/")[:3] != case.path.split("/")[:3]:
                continue
            for name in re.findall(r"\{(\w+)\}", template):
                for value in _values(told, name, made=case.path == template.partition("/{")[0]):
                    place = {**case.path_parameters, name: value}
                    if place not in self._places[-100:]:
                        self._places.append(place)


def _values(told: Any, name: str, *, made: bool) -> list[str]:
    if not isinstance(told, dict):
        return []
    rows = told.get("items")
    if isinstance(rows, list):
        return [value for row in rows[:5] for value in _values(row, name, made=False)]
    found = told.get(name) or (made and (told.get("subject") or told.get("id")))
    return [found] if isinstance(found, str) else []


def _breaks(case: Case, place: ParameterLocation) -> bool:
    part = case.meta.components.get(place) if case.meta is not None else None
    return part is not None and part.mode is GenerationMode.NEGATIVE


def _kind(failure: BaseException, answer: Response) -> str:
    name = failure.title if isinstance(failure, Failure) else type(failure).__name__
    return f"{name} ({answer.status_code})"
