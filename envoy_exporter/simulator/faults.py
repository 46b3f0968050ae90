"""Where a fault gets between a client and the gateway. Here is only the place, and what stands there by default."""

import socket
from collections.abc import Callable
from typing import Protocol

from envoy_exporter.simulator.answering import Request, Response


class Faults(Protocol):
    """Sees every connection and every request before the gateway does. Called on the connection's own thread."""

    def connection(self, connection: socket.socket) -> bool:
        """A connection as accepted, before TLS and before any byte. False: it is closed at once."""

    def request(
        self, request: Request, connection: socket.socket, answer: Callable[[Request], Response]
    ) -> Response | None:
        """A request whose head has been read: what to send, or None if that is done, and the connection to be closed.

        `answer` is the gateway, and counts as its work; `connection` is the socket that bytes can be written to.
        """


class NoFaults:
    """A gateway in good health."""

    def connection(self, connection: socket.socket) -> bool:  # noqa: ARG002  # nothing is wrong with any
        return True

    def request(
        self,
        request: Request,
        connection: socket.socket,  # noqa: ARG002  # the server writes the answer
        answer: Callable[[Request], Response],
    ) -> Response | None:
        return answer(request)
