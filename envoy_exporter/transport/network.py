"""Connections to one host under one deadline, which an HTTP library's timeouts do not enforce.

A timeout of a library is for one read, so a gateway that sends one byte a second never reaches it
(encode/httpx#1450). Here every connect, handshake, read and write gets the time that is left until `deadline`.
"""

import hashlib
import select
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore

from .errors import CertificateChanged, NoResponse, Unreachable, bare
from .timeouts import Timeouts

_BEGINNING = 60
"""Characters of a response that an error repeats."""


@dataclass(slots=True)
class Network(httpcore.NetworkBackend):
    """Connects to `host` and `port` only, whatever a URL contains.

    `deadline` (of `monotonic`) is set before each request. `connections` counts the connections, and `received` the
    bytes since it was last set to 0. `certificate` is the SHA-256 of the latest connection's certificate,
    `confirmed_certificate` that of the gateway whose serial was confirmed: a request that `sends_credentials` goes to
    no other.
    """

    host: str
    port: int | None
    monotonic: Callable[[], float]
    timeouts: Timeouts = field(default_factory=Timeouts)
    fingerprint: bytes | None = None
    deadline: float = 0.0
    connections: int = 0
    received: int = 0
    sends_credentials: bool = False
    certificate: bytes | None = None
    confirmed_certificate: bytes | None = None
    beginning: bytes = field(default=b"", init=False)
    """The first bytes that the latest connection received, for the error about a port that is not a gateway's."""
    used_port: int = field(default=0, init=False)
    _last_address: object = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Host and port of the latest connection, for errors."""
        return f"[{self.host}]:{self.used_port}" if ":" in self.host else f"{self.host}:{self.used_port}"

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds until the deadline. Raises NoResponse after it."""
        left = self.deadline - self.monotonic()
        if left <= 0:
            raise self.late()
        return min(left, at_most)

    def late(self) -> NoResponse:
        if self.received:
            return NoResponse("deadline", "timed out before the response was complete")
        return NoResponse("timeout", "timed out without a response")

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # `host` of this network is the only one
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline bounds it
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        self.left()
        self.used_port, self.beginning = self.port or port, b""
        try:
            addresses = socket.getaddrinfo(self.host, self.used_port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            message = (
                f"cannot resolve the name {self.host} ({error}); use an IP address from a DHCP reservation instead"
            )
            raise Unreachable("dns", message) from None
        self.connections += 1
        addresses.sort(key=lambda address: address[4] != self._last_address)
        connection, self._last_address = _connect(
            addresses, self.monotonic() + self.left(self.timeouts.connect), self.monotonic, self.address
        )
        return Stream(self, connection)


def _connect(
    addresses: Sequence[Any], until: float, monotonic: Callable[[], float], name: str
) -> tuple[socket.socket, object]:
    """A connection to the first address that accepts one. Each address gets an equal share of the remaining time."""
    error: OSError = OSError("the name has no address")
    for remaining, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        left = until - monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left / remaining)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failed:
            error = bare(failed)
            connection.close()
        else:
            return connection, address
    if isinstance(error, TimeoutError):
        advice = "check that the gateway is on and that its address has not changed"
        raise Unreachable("connect_timeout", f"connection to {name} timed out; {advice}")
    raise Unreachable("connect", f"cannot connect to {name}: {error.strerror or error}; check host and port") from None


class Stream(httpcore.NetworkStream):
    """One connection; plain until `start_tls`."""

    def __init__(self, network: Network, connection: socket.socket) -> None:
        self._network = network
        self._socket = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self._socket.settimeout(self._network.left())
        try:
            received = self._socket.recv(max_bytes)
        except TimeoutError:
            raise self._network.late() from None
        except OSError as error:
            raise NoResponse("reset", f"connection broken: {error.strerror or error}") from None
        self._network.beginning = self._network.beginning or received[:_BEGINNING]
        self._network.received += len(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        try:
            while buffer:
                self._socket.settimeout(self._network.left())
                buffer = buffer[self._socket.send(buffer) :]
        except TimeoutError:
            raise self._network.late() from None
        except OSError as error:
            # It may have responded before it read the whole request: after this error the response is still read.
            raise httpcore.WriteError(str(error)) from None

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        network = self._network
        try:
            self._socket.settimeout(network.left(network.timeouts.handshake))
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise Unreachable("tls", f"the TLS handshake with {network.address} timed out") from None
        except OSError as error:
            self.close()
            raise _handshake_failed(error, network.address) from None
        certificate = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").digest()
        try:
            _check_fingerprint(certificate, network.fingerprint)
            if network.sends_credentials and network.confirmed_certificate not in {None, certificate}:
                raise CertificateChanged("tls", "the certificate has changed; another gateway may have this address")
        except Unreachable:
            secured.close()
            raise
        network.certificate = certificate
        return Stream(network, secured)

    def get_extra_info(self, info: str) -> Any:  # the signature of the library
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        if info == "is_readable":
            return _is_readable(self._socket)
        return None


def _handshake_failed(error: OSError, address: str) -> Unreachable:
    reason = getattr(error, "reason", None) or error.strerror or error
    no_tls = "; this port has no TLS, check it" if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"} else ""
    return Unreachable("tls", f"the TLS handshake with {address} failed: {reason}{no_tls}")


def _is_readable(connection: socket.socket) -> bool:
    """Whether the gateway closed an idle connection, or sent something on it without a request."""
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _check_fingerprint(actual: bytes, expected: bytes | None) -> None:
    if expected is not None and actual != expected:
        message = f"certificate mismatch: its fingerprint is {actual.hex(':').upper()}, not {expected.hex(':').upper()}"
        raise Unreachable("tls", f"{message}; the gateway renews it yearly: verify it and update tls.fingerprint")


def tls_context(ca_certificates: str | None = None) -> ssl.SSLContext:
    """For a gateway only: its certificate is self-signed, and has no name that could be verified.

    With `ca_certificates` (PEM), one of them must have signed it; the name is still not verified, as gateways are
    configured by address. Raises ssl.SSLError if the text has no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED if ca_certificates else ssl.CERT_NONE
    context.set_ciphers("DEFAULT")
    context.options |= ssl.OP_NO_COMPRESSION
    if ca_certificates:
        context.load_verify_locations(cadata=ca_certificates)
    return context
