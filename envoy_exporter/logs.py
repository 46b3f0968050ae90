"""Log lines for people and for machines: logfmt or JSON, one line each, control characters escaped."""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from .secret import Redaction, fields

if TYPE_CHECKING:
    from types import TracebackType

log = logging.getLogger(__name__)

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
FORMATS = ("logfmt", "json")


class Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in _line(record).items())


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_line(record))


def set_up(level: str, form: str, redaction: Redaction, stream: TextIO = sys.stderr) -> None:
    """Every logger of the process, those of libraries included, through one handler that strikes secrets out."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else Logfmt())
    handler.addFilter(redaction)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    # httpx tells every URL at info, httpcore every header at debug, asyncio what no user asks for.
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # it warns of each malformed request: anybody fills the disk


def catch_uncaught() -> None:
    """What nobody catches, and Python's warnings, through the loggers too: Python would print them unstruck."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    logging.captureWarnings(capture=True)


def _uncaught(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("it ends by an error that is a bug", exc_info=(kind, error, trace))


def _uncaught_in_thread(met: threading.ExceptHookArgs) -> None:
    if issubclass(met.exc_type, SystemExit) or met.exc_value is None:
        return
    name = met.thread.name if met.thread else "that is gone"
    log.error("the thread %s ended by an error", name, exc_info=(met.exc_type, met.exc_value, met.exc_traceback))


def _unraisable(met: "sys.UnraisableHookArgs") -> None:
    error = met.exc_value
    log.error("%s", met.err_msg or "an error where none can be raised", exc_info=error)


def _line(record: logging.LogRecord) -> dict[str, str]:
    line = {
        "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": "warn" if record.levelno == logging.WARNING else record.levelname.lower(),
        "msg": record.getMessage(),
        **fields(record),
    }
    if record.exc_text:
        line["exception"] = record.exc_text
    return line


def _quoted(value: str) -> str:
    if value and all(each.isalnum() or each in "-:._/" for each in value):
        return value
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else json.dumps(value)
