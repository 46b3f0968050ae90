"""Log lines for people and for machines: logfmt or JSON, one line each, control characters escaped."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from .secret import Redaction

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
FORMATS = ("logfmt", "json")


class _Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in _fields(record).items())


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record))


def set_up(level: str, form: str, redaction: Redaction, stream: TextIO = sys.stderr) -> None:
    """Every logger of the process, those of libraries included, through one handler that strikes secrets out."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Logfmt())
    handler.addFilter(redaction)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    # httpx tells every URL at info, httpcore every header at debug, asyncio and uvicorn what no user asks for.
    for name in ("httpx", "httpcore", "uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    fields = {
        "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": "warn" if record.levelno == logging.WARNING else record.levelname.lower(),
        "msg": record.getMessage(),
    }
    if record.exc_text:
        fields["exception"] = record.exc_text
    return fields


def _quoted(value: str) -> str:
    if value and all(each.isalnum() or each in "-:._/" for each in value):
        return value
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else json.dumps(value)
