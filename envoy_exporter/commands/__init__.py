"""The subcommands: one module each, imported when it is used, so that the exporter starts fast."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
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


def summary(name: str) -> str:
    """The first sentence of a command's help text."""
    return (command(name).__doc__ or "").partition(". ")[0].rstrip(".\n") + "."


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """Add the flag that the exporter and its commands have in common."""
    default = "exporter.yml, then /etc/envoy-exporter/exporter.yml, then ENVOY_* variables"
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        metavar="FILE",
        help=f"Read the configuration from FILE (default: {default}).",
    )


def print_stderr(*lines: str) -> None:
    """Print lines to standard error: standard output is for the result of a command."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
