"""Overrides for a simulated gateway: other responses on some paths, or slow ones."""

import socket
import threading
from collections.abc import Callable, Mapping

from envoy_simulator.faults import NoFaults
from envoy_simulator.http_types import Request, Response

Respond = Callable[[Request], Response]
Override = Callable[[Request, Respond], Response | None]


class ResponseOverrides(NoFaults):
    """The override of each path; "*" is any other path. `clear()` removes all of them."""

    def __init__(self, overrides: Mapping[str, Override]) -> None:
        self.overrides = dict(overrides)
        self.silent = threading.Event()

    def request(self, request: Request, connection: socket.socket, respond: Respond) -> Response | None:
        override = self.overrides.get(request.path, self.overrides.get("*"))
        return override(request, respond) if override else super().request(request, connection, respond)

    def clear(self) -> None:
        self.overrides.clear()
        self.silent.set()

    def silence(self, *_: object) -> None:
        """Does not respond until `clear()`, and then closes the connection."""
        self.silent.wait(60)


def responds(status: int, body: bytes = b"", **headers: str) -> Override:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda *_: Response(status, fields, body)


def closes_connection(_: Request, __: Respond) -> None:
    """Closes the connection without a response."""
