from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from shared.domain import NotFound
from shared.telemetry.context import request_id
from shared.telemetry.logs import JsonFormatter, TextFormatter, configure


def _record(
    message: str = "hello %s", *values: object, error: BaseException | None = None, **extra: Any
) -> Any:
    exc_info = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.getLogger("ponte.test").makeRecord(
        "ponte.test", logging.WARNING, "file.py", 1, message, values, exc_info, extra=extra
    )
    record.created = 1_777_885_200.1239
    return record


def _line(record: Any) -> dict[str, Any]:
    text = JsonFormatter("agenda", "1.2.3").format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def _raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def test_a_line_says_when_who_and_what() -> None:
    token = request_id.set("r-1")
    try:
        assert _line(_record("hello %s", "you", status=200, odd={1: object})) == {
            "time": "2026-05-04T09:00:00.123Z",
            "level": "warning",
            "service": "agenda",
            "version": "1.2.3",
            "logger": "ponte.test",
            "message": "hello you",
            "request_id": "r-1",
            "status": 200,
            "odd": {"1": "<class 'object'>"},
        }
    finally:
        request_id.reset(token)


def test_a_line_stays_one_line_whatever_is_in_it() -> None:
    assert _line(_record("a\nb\u2028\x00%s", "\ud800"))["message"].startswith("a\nb")


class _Person(BaseModel):
    age: int


def _invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        _Person.model_validate({"age": "Anna"})
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Anna"),
        ValueError("Anna"),
        KeyError("Anna"),
        NotFound(field="name", value="Anna"),
        _invalid(),
        _raised(RuntimeError("x"), ValueError("Anna")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exceptions_message_may_quote_people_and_is_left_out(error: Exception) -> None:
    line = _line(_record("failed", error=error))
    assert line["error"] == type(error).__name__
    assert "Anna" not in json.dumps(line)


def test_what_the_system_says_is_kept() -> None:
    line = _line(_record("failed", error=ConnectionRefusedError(111, "Connection refused")))
    assert line["error"] == "ConnectionRefusedError: [Errno 111] Connection refused"


def test_the_stack_leads_to_the_cause() -> None:
    cause = _raised(OSError("disk full"))
    line = _line(_record("failed", error=_raised(RuntimeError("x"), cause)))
    assert "caused: OSError: disk full" in line["stack"]
    assert all("test_logs.py" in frame for frame in line["stack"] if not frame.startswith("caused"))


def test_a_terminal_gets_plain_text() -> None:
    text = TextFormatter().format(
        _record("hello %s", "you", error=_raised(RuntimeError("why")), part="relay")
    )
    first, frame = text.splitlines()
    assert first.endswith("warning hello you part=relay: RuntimeError: why")
    assert "test_logs.py" in frame


@pytest.mark.parametrize("form", ["json", "text"])
def test_every_library_goes_the_same_way(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        configure("agenda", "1.2.3", form=form)
        root.handlers[0].setStream(sys.stdout)  # type: ignore[attr-defined]
        logging.getLogger("uvicorn.error").warning("from the server")
        logging.getLogger("aiokafka").info("chatter")
        logging.getLogger("ponte.http").info(
            "request", extra={"method": "GET", "uri": "/x", "status": 200, "milliseconds": 1.5}
        )
    finally:
        root.handlers[:], root.level = before
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    if form == "json":
        assert [json.loads(line)["message"] for line in lines] == ["from the server", "request"]
    else:
        assert lines[1].endswith("GET /x 200 1.5 ms")
