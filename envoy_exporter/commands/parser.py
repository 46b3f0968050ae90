"""A parser of command lines whose errors are one line, with the closest valid flag or command."""

import argparse
import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, Never

_WORD = re.compile(r"[a-z][a-z-]{0,19}")


class CommandParser(argparse.ArgumentParser):
    """`commands` are the words that may be the first argument; `more_help` is the end of `--help`."""

    def __init__(
        self, *, prog: str, description: str | None, commands: Sequence[str] = (), more_help: Callable[[], str] = str
    ) -> None:
        super().__init__(
            prog, description=description, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if commands:  # argparse would list each collector's flag
            self.usage = f"{prog} [FLAG ...]\n       {prog} COMMAND [FLAG ...]"
        self._commands = commands
        self._more_help = more_help

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Exits with status 2 for an unknown argument. A value is not repeated: it may be a password."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flag = unknown[0].partition("=")[0]
            self.error(self._unknown_flag(flag) if flag.startswith("-") else self._unknown_word(flag))
        return parsed

    def error(self, message: str) -> Never:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")

    def format_help(self) -> str:
        self.epilog = self._more_help()
        return super().format_help()

    def _unknown_flag(self, flag: str) -> str:
        flags = [name for action in self._actions for name in action.option_strings]
        return f"unknown flag {flag}{_closest(flag, flags)}"

    def _unknown_word(self, word: str) -> str:
        if not self._commands:
            return "unexpected argument"
        if word in self._commands:
            return f"{word} must be the first argument: {self.prog} {word} ..."
        name = f" {word}" if _WORD.fullmatch(word) else ""
        valid = f" (valid: {', '.join(self._commands)})"
        return f"unknown command{name}{_closest(word, self._commands) or valid}"


def _closest(word: str, known: Sequence[str]) -> str:
    """The closest valid word as a question: one that begins with it, or one that is spelled nearly the same."""
    longer = [name for name in known if len(word.strip("-")) > 1 and name.startswith(word)]
    near = longer or difflib.get_close_matches(word, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
