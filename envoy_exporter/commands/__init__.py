"""What the command does besides serving: one module a verb, loaded when it is used, so that serving starts fast."""

import argparse
from importlib import import_module
from typing import Protocol, cast

VERBS = ("login", "layout")


class Verb(Protocol):
    """Its docstring is the help."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int:
        """The exit code."""


def verb(name: str) -> Verb:
    """One of VERBS."""
    return cast("Verb", import_module(f"{__name__}.{name}"))
