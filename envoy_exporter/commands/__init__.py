"""The subcommands: one module each, imported when it is used, so that the exporter starts fast."""

import argparse
import sys
from importlib import import_module
from typing import Protocol, cast

COMMANDS = ("login", "layout", "assets")
FAILURE, USAGE_ERROR = 1, 2
"""Exit codes."""


class Command(Protocol):
    """A module of this package. Its docstring is the help text."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Returns the exit code."""


def command(name: str) -> Command:
    """The module of one of COMMANDS."""
    return cast("Command", import_module(f"{__name__}.{name}"))


def print_stderr(*lines: str) -> None:
    """Print lines to standard error: standard output is for the result of a command."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
