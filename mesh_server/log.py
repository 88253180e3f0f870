"""Logs: one JSON object a line on stderr, with the request's id where there is one.

A log never holds a token, a password or a message's text: those are never passed to a logger, and of an
exception only its kind and its place are written, because its own words may quote what somebody sent.
"""

import json
import logging
import sys
import traceback
from asyncio import AbstractEventLoop
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the REST request or WebSocket connection that is being served."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """`{"time": …, "level": …, "logger": …, "event": …}` and whatever came as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": moment.removesuffix("+00:00") + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line.update((key, value) for key, value in vars(record).items() if key not in _STANDARD)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        parts = []
        error = ei[1]
        while error is not None:
            parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\n".join(reversed(parts))


def on_loop_error(_loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """For `loop.set_exception_handler`; asyncio's own would write the exception's words."""
    logging.getLogger("asyncio").error(context["message"], exc_info=context.get("exception"))


def is_ours(record: logging.LogRecord) -> bool:
    """A filter: whether a line is about this server, and not about bytes of a stranger's that are no HTTP.

    Those are answered with 400; as errors, with a trace, they would be a way to fill the log.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def set_up(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(is_ours)
    logging.getLogger("alembic").setLevel(logging.WARNING)
