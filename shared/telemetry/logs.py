"""Structured logs: one JSON object a line, or plain text for a terminal.

Logs carry no personal data: no query strings, bodies, tokens or names; people appear only as the opaque id
of the program that called. An unexpected exception is told by its type and stack; its message, which may
quote what somebody sent, appears only where it comes from the system or the language, or on a terminal.
"""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, Literal

from shared.telemetry.context import request_id
from shared.telemetry.encoding import to_json

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_TECHNICAL: Final = (OSError, ImportError, AttributeError, NameError, TypeError)
"""Exceptions whose messages speak of code and machines, never of what somebody sent."""

_MAX_MESSAGE: Final = 500


class JsonFormatter(logging.Formatter):
    """RFC 3339 time in UTC, level, service, message, the fields of ``extra``, an exception's stack."""

    def __init__(self, service: str, version: str) -> None:
        super().__init__()
        self._service = service
        self._version = version

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "service": self._service,
            "version": self._version,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request := request_id.get()) is not None:
            line["request_id"] = request
        line |= _extra(record)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = described(record.exc_info[1])
            line["stack"] = stack(record.exc_info[1])
        return to_json(line).decode()


class TextFormatter(logging.Formatter):
    """For a person at a terminal: time, level, message and what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, an exception's stack below it."""
        fields = _extra(record)
        if record.name == "ponte.http":
            text = "{method} {uri} {status} {milliseconds} ms".format_map(fields)
        else:
            text = " ".join([record.getMessage(), *(f"{name}={value}" for name, value in fields.items())])
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        line = f"{clock} {record.levelname.lower():7} {text}"
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told = f"{line}: {described(error, whole=True)}"
            line = "\n".join([told, *(f"    {frame}" for frame in stack(error, whole=True))])
        return line


def configure(
    service: str, version: str, *, form: Literal["json", "text"] = "json", level: str = "INFO"
) -> None:
    """Send every log of this process to standard output in one form."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service, version) if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Libraries that tell every request or rebalance step of theirs at INFO.
    for chatty in ("httpx", "httpcore", "aiokafka", "faststream", "pymongo", "uvicorn.error", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True


def described(error: BaseException, *, whole: bool = False) -> str:
    """Type and message of an exception; unless ``whole``, the type alone where the message may quote data."""
    name = type(error).__name__
    message = str(error)[:_MAX_MESSAGE] if whole or isinstance(error, _TECHNICAL) else ""
    return f"{name}: {message}" if message else name


def stack(error: BaseException, *, whole: bool = False) -> list[str]:
    """The frames of an exception and of its cause, innermost last: file, line, function."""
    frames: list[str] = []
    if error.__cause__ is not None:
        frames += [*stack(error.__cause__, whole=whole), f"caused: {described(error.__cause__, whole=whole)}"]
    found = traceback.extract_tb(error.__traceback__)
    return frames + [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
