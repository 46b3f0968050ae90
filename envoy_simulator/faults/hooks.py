"""The hooks with which a fault can act between a client and the gateway, and their behaviour without a fault."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from envoy_simulator.http_types import Request, Response
from envoy_simulator.steps import Steps


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of the gateway that responds: another firmware profile or serial number; None is unchanged."""

    profile: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """The address on which a gateway listens, and its identity; a change closes all connections.

    `full`: connections are not accepted and the queue is full, so that a SYN gets no response.
    """

    host: str
    port: int
    full: bool = False
    identity: Identity = Identity()


class Hooks(Protocol):
    """The functions that the server calls, on its own threads."""

    def listening(self, usual: Listening) -> Listening | None:
        """The address to listen on now; None is a closed port. Called about ten times a second."""

    def identity(self) -> Identity:
        """The identity of the gateway that responds now."""

    def connection(self) -> Steps:
        """The steps on an accepted connection, before TLS and before any byte; none without a fault."""

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        """The TLS context of a new connection; None is plain HTTP."""

    def request(
        self, request: Request, connection: socket.socket, respond: Callable[[Request], Response]
    ) -> Response | None:
        """The response to a request whose head has been read. None: the hook is done and the connection must be closed.

        `respond` is the gateway itself; `connection` is the socket to write to.
        """


class NoFaults:
    """A gateway without faults."""

    def listening(self, usual: Listening) -> Listening | None:
        return usual

    def identity(self) -> Identity:
        return Identity()

    def connection(self) -> Steps:
        return iter(())

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        return usual

    def request(
        self,
        request: Request,
        connection: socket.socket,  # noqa: ARG002  # the server sends the response
        respond: Callable[[Request], Response],
    ) -> Response | None:
        return respond(request)
