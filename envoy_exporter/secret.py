"""Secrets: a string that prints as <secret>, and a log filter that strikes every known one out."""

import logging
import os
import re
from pathlib import Path

SHOWN = "<secret>"

_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,2}")
"""A JSON Web Token, whole or cut: its header begins with {" in base64."""
_SHORTEST = 4
"""A password of three letters is struck out nowhere: it would strike out half of every line."""


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
    """The variable's value where the whole text is `${NAME}`, else the text.

    Raises KeyError with the name of a variable that is not set.
    """
    named = _ENVIRONMENT.fullmatch(value)
    return os.environ[named.group(1)] if named else value


def from_file(path: Path) -> str:
    """What a `*_file` key names, without the line end that editors add.

    Raises OSError; UnicodeDecodeError, whose text would hold the content, comes as ValueError without it.
    """
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None


class Redaction(logging.Filter):
    """Strikes known secrets, and whatever looks like a token, out of each record, its exception included."""

    def __init__(self) -> None:
        super().__init__()
        self._known: tuple[str, ...] = ()

    def learn(self, *secrets: Secret) -> None:
        """From now on these are struck out."""
        values = {each.reveal() for each in secrets if len(each.reveal()) >= _SHORTEST}
        self._known = tuple(sorted({*self._known, *values}, key=len, reverse=True))

    def strike(self, text: str) -> str:
        for value in self._known:
            text = text.replace(value, SHOWN)
        return _TOKEN.sub(SHOWN, text)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.strike(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.strike(record.exc_text)
        return True
