"""What the commands about people ask the services: over HTTP, as the person at the terminal."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from shared.cli.errors import UserError

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

PATIENCE_S: Final = 30.0
"""How long a service that is away or too busy is asked again (seconds)."""
_AGAIN: Final = frozenset({429, 502, 503, 504})
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}


class People:
    """Calls to every service of the installation. ``services`` are base addresses by name."""

    def __init__(self, services: Mapping[str, str], http: "httpx.AsyncClient", patience: float) -> None:
        self.services = dict(services)
        self._http = http
        self._patience = patience

    async def post(self, service: str, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:
        """The answer to a request that may be sent again; ``key`` makes a command so.

        Raises ``UserError`` naming the service that refuses, or does not answer in time.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        return _content(service, await self._send(service, "POST", path, body, headers))

    async def get(self, service: str, path: str) -> Any:
        """What the service tells; null where it knows nothing of it. Raises as ``post`` does."""
        answer = await self._send(service, "GET", path, None, {})
        return None if answer.status_code == 404 else _content(service, answer)

    async def _send(
        self, service: str, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> "httpx.Response":
        import httpx

        clock = asyncio.get_running_loop().time
        deadline = clock() + self._patience
        while True:
            wait = 0.5
            try:
                answer = await self._http.request(
                    method, f"{self.services[service]}{path}", json=body, headers=dict(headers)
                )
                if answer.status_code not in _AGAIN:
                    return answer
                problem = _refused(service, answer)
                told = answer.headers.get("Retry-After", "")
                wait = float(told) if told.isdigit() else 1.0
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    deadline += wait  # it is well and says when to come back
            except httpx.TransportError:
                problem = UserError(f"{service}: there is no answer at {self.services[service]}.")
            if clock() + wait > deadline:
                raise problem
            await asyncio.sleep(wait)


@asynccontextmanager
async def people(*, patience: float | None = None) -> AsyncIterator[People]:
    """Every service of this installation. Raises ``UserError`` where none is known, or without a token."""
    from urllib.parse import urlsplit

    import httpx

    from shared.cli.services import addresses

    services = addresses()
    local = all(urlsplit(url).hostname in _LOOPBACK for url in services.values())
    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {_token()}", "Accept-Language": "en"},
        timeout=httpx.Timeout(60.0, connect=5.0),
        trust_env=not local,  # a proxy of the environment does not know this machine's loopback
    ) as http:
        yield People(services, http, PATIENCE_S if patience is None else patience)


async def each(work: Iterable[Awaitable[T]]) -> list[T]:
    """What every service answers, asked at once. A failure is told when all others have answered."""
    answers = await asyncio.gather(*work, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def _token() -> str:
    token = os.environ.get("PONTE_TOKEN")
    if token:
        return token
    from shared.identity.local import LocalKeysMissing, issue_token, load_keys
    from shared.identity.roles import Role
    from shared.local.paths import data_folder

    try:
        return issue_token(load_keys(data_folder()), Role.DIRECTOR)
    except LocalKeysMissing as error:
        raise UserError(f"PONTE_TOKEN is not set. {error}") from None


def _content(service: str, answer: "httpx.Response") -> Any:
    if not answer.is_success:
        raise _refused(service, answer)
    try:
        return answer.json()
    except ValueError:
        raise UserError(f"{service}: the answer is no JSON.") from None


def _refused(service: str, answer: "httpx.Response") -> UserError:
    try:
        detail = str(answer.json()["detail"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        detail = answer.reason_phrase
    return UserError(f"{service}: the answer is {answer.status_code}, {detail}.")
