"""Where a fault gets between a client and the gateway. Here are only the places, and what stands there by default."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from envoy_simulator.http_types import Request, Response
from envoy_simulator.steps import Steps


@dataclass(frozen=True, slots=True)
class Guise:
    """Another gateway in this one's place: of another firmware, of another serial; None is as before."""

    profile: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a gateway listens, and which: when that changes, no connection outlives it.

    `full`: it does not accept, and its queue is full, so that a SYN gets no answer.
    """

    host: str
    port: int
    full: bool = False
    guise: Guise = Guise()


class Faults(Protocol):
    """Asked at each of these places before the gateway is. Called on the threads of the server."""

    def listening(self, usual: Listening) -> Listening | None:
        """Where to listen now; None is nowhere. Asked some ten times a second."""

    def guise(self) -> Guise:
        """Who answers now."""

    def connection(self) -> Steps:
        """What is done on a connection as accepted, before TLS and before any byte; nothing, for a healthy one."""

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        """The TLS of a new connection; None is plain."""

    def request(
        self, request: Request, connection: socket.socket, answer: Callable[[Request], Response]
    ) -> Response | None:
        """A request whose head has been read: what to send, or None if that is done, and the connection to be closed.

        `answer` is the gateway, and counts as its work; `connection` is the socket that bytes can be written to.
        """


class NoFaults:
    """A gateway in good health."""

    def listening(self, usual: Listening) -> Listening | None:
        return usual

    def guise(self) -> Guise:
        return Guise()

    def connection(self) -> Steps:
        return iter(())

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        return usual

    def request(
        self,
        request: Request,
        connection: socket.socket,  # noqa: ARG002  # the server writes the answer
        answer: Callable[[Request], Response],
    ) -> Response | None:
        return answer(request)
