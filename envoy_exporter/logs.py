"""Log lines in logfmt or JSON: a constant message and fields (`extra=`), one line, control characters escaped."""

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
    """Send the log lines of the process, those of libraries included, through one handler that redacts secrets."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else Logfmt())
    handler.addFilter(redaction)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    # httpx logs every URL at info, httpcore every header at debug, and asyncio its internals.
    for name in ("httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(
        logging.ERROR
    )  # it warns of each malformed request, so any client could fill the disk


def catch_uncaught() -> None:
    """Log uncaught exceptions and Python's warnings: Python would print them without redaction."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    logging.captureWarnings(capture=True)


def _uncaught(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("unhandled exception, exiting; please report this bug", exc_info=(kind, error, trace))


def _uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    if issubclass(hook.exc_type, SystemExit) or hook.exc_value is None:
        return
    extra = {"thread_name": hook.thread.name if hook.thread else ""}
    error = hook.exc_type, hook.exc_value, hook.exc_traceback
    log.error("unhandled exception in a thread; please report this bug", extra=extra, exc_info=error)


def _unraisable(hook: "sys.UnraisableHookArgs") -> None:
    log.error("unhandled exception in a finalizer", extra={"context": hook.err_msg}, exc_info=hook.exc_value)


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
    if value and all(letter.isalnum() or letter in "-:._/" for letter in value):
        return value
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else json.dumps(value)
