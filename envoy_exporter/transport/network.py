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


@dataclass(slots=True)
class Network(httpcore.NetworkBackend):
    """Connects to `host` and `port` only, whatever a URL names.

    `deadline` (of `monotonic`) is set before each request. `connections` counts the connections, and `received` the
    bytes since it was last set to 0. `shown` is the certificate (its SHA-256) of the latest connection, `known` that of
    the gateway which named its serial: a `guarded` request goes to no other.
    """

    host: str
    port: int | None
    monotonic: Callable[[], float]
    timeouts: Timeouts = field(default_factory=Timeouts)
    fingerprint: bytes | None = None
    deadline: float = 0.0
    connections: int = 0
    received: int = 0
    guarded: bool = False
    shown: bytes | None = None
    known: bytes | None = None
    _good: object = field(default=None, init=False)

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds until the deadline. Raises NoResponse after it."""
        left = self.deadline - self.monotonic()
        if left <= 0:
            raise self.late()
        return min(left, at_most)

    def late(self) -> NoResponse:
        if self.received:
            return NoResponse("deadline", "it had not finished its answer by the deadline")
        return NoResponse("timeout", "it did not answer")

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # ours is the only one
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline bounds it
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        self.left()
        try:
            addresses = socket.getaddrinfo(self.host, self.port or port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            words = f"the name {self.host} does not resolve: {error}; an address from a DHCP reservation always does"
            raise Unreachable("dns", words) from None
        self.connections += 1
        addresses.sort(key=lambda address: address[4] != self._good)
        connection, self._good = _connect(
            addresses, self.monotonic() + self.left(self.timeouts.connect), self.monotonic
        )
        return Stream(self, connection)


def _connect(addresses: Sequence[Any], until: float, monotonic: Callable[[], float]) -> tuple[socket.socket, object]:
    """A connection to the first address of a name that accepts one. Each gets its share of the time that is left."""
    error: OSError = OSError("the name has no address")
    for behind, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        left = until - monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left / behind)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failed:
            error = bare(failed)
            connection.close()
        else:
            return connection, address
    if isinstance(error, TimeoutError):
        raise Unreachable("connect_timeout", "nothing answers at its address: is it on, has the address moved?")
    raise Unreachable("connect", f"no connection: {error.strerror or error}") from None


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
            raise NoResponse("reset", f"it broke the connection: {error.strerror or error}") from None
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
            raise Unreachable("tls", "it does not answer the TLS handshake") from None
        except OSError as error:
            self.close()
            raise Unreachable("tls", f"no TLS: {getattr(error, 'reason', None) or error.strerror or error}") from None
        shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").digest()
        try:
            _check_fingerprint(shown, network.fingerprint)
            if network.guarded and network.known not in {None, shown}:
                raise CertificateChanged(
                    "tls", "it shows another certificate than before: another gateway may have its address"
                )
        except Unreachable:
            secured.close()
            raise
        network.shown = shown
        return Stream(network, secured)

    def get_extra_info(self, info: str) -> Any:  # the library's own signature
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        if info == "is_readable":
            return _is_readable(self._socket)
        return None


def _is_readable(connection: socket.socket) -> bool:
    """Whether the gateway closed an idle connection, or sent something on it without a request."""
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _check_fingerprint(shown: bytes, expected: bytes | None) -> None:
    if expected is not None and shown != expected:
        words = f"its certificate has the fingerprint {shown.hex(':').upper()} and not {expected.hex(':').upper()}"
        raise Unreachable("tls", f"{words}; the gateway renews it yearly: check it and set tls.fingerprint anew")


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
