"""Secrets: a string that prints as <secret>, and a log filter that redacts every registered secret."""

import base64
import html
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

SHOWN = "<secret>"

_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,2}")
"""A JSON Web Token, complete or truncated: its header starts with {" in base64."""
_USER_IN_URL = re.compile(r"(://)[^\s\"'<>]{0,256}(?=@)")
_PATTERNS = (
    _TOKEN,
    _USER_IN_URL,
    re.compile(r"(authorization[\"']?\s*[:=,]\s*b?[\"']?)[^\r\n\"'](?:[^\r\n]*)", re.IGNORECASE),
    re.compile(r"(\b(?:bearer|basic)\s+)(?=\S*(?-i:[0-9A-Z=]))[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"(\bdigest\s+)\w+=[^\r\n]*", re.IGNORECASE),
    re.compile(r"(session_?id[\"']?\s*[:=,]\s*b?[\"']?)[^\s\"',;&}]+", re.IGNORECASE),
    # A key with its value in a query, a form, JSON or a dict; not a word of a sentence that is followed by a colon.
    re.compile(r"((?:password|token)(?:\]|%5D)?=[\"']?)[^\s\"',;&}]+", re.IGNORECASE),
    re.compile(r"((?:password|token)[\"']\s*[:,]\s*b?([\"'])).*?(?:\2|$)", re.IGNORECASE | re.MULTILINE),
    re.compile(r"()[\w.+-]{1,64}(?:@|%40)\w[\w-]{0,63}(?:\.[\w-]{1,63})+"),
)
"""Text that looks like a token, HTTP credentials, a session or an account (an e-mail address). Group 1 is kept."""
_FILE = re.compile(
    r"(?:/[a-z0-9_.-]{1,64}){2,}|(?:[\w.-]{1,64}/)*[\w.-]{1,64}\.(?:token|jwt|txt|pem|key|password|secret)"
)
"""An absolute path without upper case, as random passwords have it, or a name with the suffix of such files."""
_SHORTEST = 4
"""A password of three characters is not redacted: that would remove half of every line."""
_LONG = 9
"""A shorter secret may be part of a word or of a longer number, which then are not redacted."""
_WORD_BEGINS = (
    r"(?:(?<![^\W_])|(?<=\\[abfnrtv])|(?<=\\[0-7]{3})"
    r"|(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
)
"""Neither a letter nor a digit precedes it, except the last one of an escape sequence such as %20 or \\n."""
_WORD_ENDS = r"(?![^\W_])"
_LONGEST = 2**16
"""Characters of a file with a secret. A longer file, or /dev/zero, is rejected."""
_LIBRARY_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
"""The attributes of a log record that `logging` and uvicorn set."""


class Secret:
    """A password or a token. Only `reveal()` shows it; str, repr, format and == with a string do not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return SHOWN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))


def from_environment(value: str) -> str:
    """The value of the environment variable if the whole text is `${NAME}`, else the text.

    Raises KeyError with the name of a variable that is not set.
    """
    variable = _ENVIRONMENT.fullmatch(value)
    return os.environ[variable.group(1)] if variable else value


def with_environment(text: str) -> str:
    """The text with the value of the environment variable in place of each `${NAME}`. Raises KeyError."""
    return _ENVIRONMENT.sub(lambda variable: os.environ[variable[1]], text)


def from_file(path: Path) -> str:
    """The content of a secret's file, without the byte order mark and the line end that editors add.

    Raises OSError, and ValueError instead of UnicodeDecodeError, whose message would contain the content.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = file.read(_LONGEST + 1)
    except UnicodeDecodeError:
        raise ValueError("it is not text: save it as UTF-8") from None
    if len(content) > _LONGEST:
        raise ValueError(f"it is too long for a secret: the maximum is {_LONGEST} characters")
    return content.rstrip("\r\n")


def printable_path(path: Path) -> str:
    """The path of a file that should contain a secret, as a message may show it.

    If neither the file nor one of its folders exists, it may be the secret itself, pasted instead of a path, unless it
    has the form of a path.
    """
    folders = (folder for folder in path.parents if folder not in {Path("/"), Path()})
    exists = os.path.lexists(path) or any(map(os.path.isdir, folders))
    return str(path) if exists or _FILE.fullmatch(str(path)) else SHOWN


def has_token(text: str) -> bool:
    """Whether the text contains a JSON Web Token, or the start of one."""
    return re.search(r"eyJ[A-Za-z0-9_-]+\.|eyJ[A-Za-z0-9_-]{6}", text) is not None


def has_user(text: str) -> bool:
    """Whether the text contains a URL with a user, and so maybe with a password."""
    return _USER_IN_URL.search(text) is not None


class Redaction(logging.Filter):
    """Redacts registered secrets, and what looks like one, in the message, the fields and the exception of a record."""

    def __init__(self) -> None:
        super().__init__()
        self._patterns: Mapping[str, re.Pattern[str]] = {}

    def register(self, *secrets: Secret) -> None:
        """Redact these secrets from now on, in all their encodings."""
        known = dict(self._patterns)
        for value in (secret.reveal() for secret in secrets):
            known |= {form: re.compile(re.escape(form)) for form in _encodings(value) if len(form) >= _SHORTEST}
            if len(value) >= _SHORTEST:
                known[value] = _pattern(value)
        self._patterns = dict(sorted(known.items(), key=lambda form: len(form[0]), reverse=True))

    def redact(self, text: str) -> str:
        for value, pattern in self._patterns.items():
            if value in text:
                text = pattern.sub(SHOWN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(lambda match: (match[1] if match.re.groups else "") + SHOWN, text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.redact(_message(record)), None
        for name, value in fields(record).items():
            setattr(record, name, self.redact(value))
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.redact(record.exc_text)
        return True


def fields(record: logging.LogRecord) -> dict[str, str]:
    """The fields of a log line: what `extra` contains, without empty values."""
    extra = ((name, value) for name, value in vars(record).items() if name not in _LIBRARY_FIELDS)
    return {name: str(value) for name, value in extra if value is not None and value != ""}


def _message(record: logging.LogRecord) -> str:
    """The message. A library may log arguments that its format does not fit, which must not raise an exception."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # the __str__ of an argument may raise anything
        return f"{record.msg!s} (its arguments do not fit the format)"


def _pattern(value: str) -> re.Pattern[str]:
    """Finds the value; a short one only as a whole word, and a few digits (a factory password) not within a serial."""
    before, after = "", ""
    if len(value) < _LONG and value.isdigit():
        before, after = r"(?<!\d)", r"(?!\d)"
    elif len(value) < _LONG:
        before = _WORD_BEGINS if value[0].isalnum() else ""
        after = _WORD_ENDS if value[-1].isalnum() else ""
    return re.compile(before + re.escape(value) + after)


def _encodings(value: str) -> Iterator[str]:
    """The encodings of the value in URLs, forms, HTML, JSON, Python's repr and base64, if they differ from it."""
    if len(value) < _SHORTEST:
        return
    raw = value.encode("utf-8", "surrogatepass")
    written = [quote(raw), quote(raw, safe=""), quote_plus(raw), html.escape(value), repr(raw)[2:-1]]
    written += [text[1:-1] for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))]
    yield from (form for form in written if form != value)
    # Base64 turns three bytes into four characters, so the text before it (`user:`) can shift it in three ways.
    for before in range(3):
        whole = slice((0, 2, 3)[before], (before + len(raw)) * 8 // 6)
        shifted = bytes(before) + raw
        yield base64.b64encode(shifted).decode()[whole]
        yield base64.urlsafe_b64encode(shifted).decode()[whole]
