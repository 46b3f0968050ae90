"""Oddities for a simulated gateway: what it says on some paths instead of the truth, or how long it takes."""

import socket
import threading
from collections.abc import Callable, Mapping

from envoy_simulator.faults import NoFaults
from envoy_simulator.http_types import Request, Response

Answer = Callable[[Request], Response]
Override = Callable[[Request, Answer], Response | None]


class ResponseOverrides(NoFaults):
    """Each path has its oddity, "*" any other path; `heal()` ends them all."""

    def __init__(self, oddities: Mapping[str, Override]) -> None:
        self.overrides = dict(oddities)
        self.silent = threading.Event()

    def request(self, request: Request, connection: socket.socket, answer: Answer) -> Response | None:
        oddity = self.overrides.get(request.path, self.overrides.get("*"))
        return oddity(request, answer) if oddity else super().request(request, connection, answer)

    def clear(self) -> None:
        self.overrides.clear()
        self.silent.set()

    def silence(self, *_: object) -> None:
        """Says nothing until it is healed, and then closes the connection."""
        self.silent.wait(60)


def responds(status: int, body: bytes = b"", **headers: str) -> Override:
    told = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda *_: Response(status, told, body)


def closes_connection(_: Request, __: Answer) -> None:
    """Closes the connection without a word."""
