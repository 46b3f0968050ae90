"""Limits of connections: how many are open, and how long a client may be silent."""

import asyncio
import contextlib
import importlib
import importlib.util
import ipaddress
import logging
import resource
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

CLIENT_TIMEOUT = 10.0
"""Seconds that a client has for its request, for its TLS handshake, and for reading the response."""
KEEP_ALIVE_TIMEOUT = 75
"""Seconds. Longer than a scrape interval of a minute, so that Prometheus can keep its connection."""
MAX_HEADER_SIZE = 65536
"""Bytes before the empty line. h11 has a limit itself, httptools has none."""
MAX_CONNECTIONS = 256

if TYPE_CHECKING:
    _Base = H11Protocol
else:
    _Base = object


class ConnectionLimiter:
    """The open connections, including those in their TLS handshake."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.open: set[Connection] = set()

    def admit(self, connection: "Connection") -> bool:
        """Whether there is room. It is made by closing an idle connection, unless all are being served."""
        if len(self.open) >= self._limit and not self.make_room():
            return False
        self.open.add(connection)
        return True

    def make_room(self) -> bool:
        """Close one idle connection: first one without any request, then the one that is idle the longest.

        Prometheus opens a new connection when it needs one.
        """
        idle = [connection for connection in self.open if not connection.is_served]
        if not idle:
            return False
        oldest = min(idle, key=lambda connection: (connection.has_requested, connection.idle_since))
        self.open.discard(oldest)
        oldest.abort()
        return True

    def remove(self, connection: "Connection") -> None:
        self.open.discard(connection)


class Connection(_Base):
    """A connection of uvicorn with timeouts for the first request, the rest of a request, and reading the response."""

    has_requested = False
    _is_connected = False
    _is_rejected = False
    _received = 0
    _read_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def attach(
        self, limiter: ConnectionLimiter, accepted: socket.socket, allowed_sans: frozenset[str] = frozenset()
    ) -> None:
        self._limiter = limiter
        self._allowed_sans = allowed_sans
        self._accepted = accepted
        self.idle_since = self.loop.time()

    @property
    def is_served(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def abort(self) -> None:
        """Close the connection in any state: before the end of the TLS handshake, it has no transport."""
        if self._is_connected:
            self.transport.abort()
        else:
            with contextlib.suppress(OSError):
                self._accepted.shutdown(socket.SHUT_RDWR)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._is_connected = True
        if self._allowed_sans and self._allowed_sans.isdisjoint(_subject_names(transport)):
            log.debug("client certificate has none of client_allowed_sans")
            self._is_rejected = True
            transport.abort()
            return
        self._start_read_timer()

    def data_received(self, data: bytes) -> None:
        if self._is_rejected:  # received together with the end of the TLS handshake
            return
        self.server_state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or self.is_served:
            self._received = 0
            self._stop_read_timer()
            return
        self._received += len(data)
        if self._read_timer is None:
            self._start_read_timer()
        if self._received > MAX_HEADER_SIZE and not self.transport.is_closing():
            self._reject()

    def on_response_complete(self) -> None:
        self.has_requested, self.idle_since = True, self.loop.time()
        if self._write_timer is not None:
            self._write_timer.cancel()
        self._write_timer = self.loop.call_later(CLIENT_TIMEOUT, self._abort_unread)
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        self.transport.abort()  # close() would wait for a client that reads nothing

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_read_timer()
        if self._write_timer is not None:
            self._write_timer.cancel()
        self._limiter.remove(self)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn leaves it if the client aborted, and it refers to this object

    def _reject(self) -> None:
        if not self.cycle:
            self.send_400_response("request header is too large")
        else:
            self.transport.abort()  # the body of a request that has its response already

    def _abort_unread(self) -> None:
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()

    def _start_read_timer(self) -> None:
        self._read_timer = self.loop.call_later(CLIENT_TIMEOUT, self.transport.abort)

    def _stop_read_timer(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None


def _subject_names(transport: asyncio.Transport) -> set[str]:
    """The subject alternative names of the client's verified certificate; addresses in their shortest form."""
    certificate = transport.get_extra_info("peercert") or {}
    return {
        str(ipaddress.ip_address(name.strip())) if kind == "IP Address" else name
        for kind, name in certificate.get("subjectAltName", ())
        if kind in {"DNS", "IP Address", "email", "URI"}
    }


class H11Connection(Connection, H11Protocol):
    pass


def protocol() -> type[Connection]:
    """The connection class with httptools, if the extra `speed` is installed, else with h11."""
    if importlib.util.find_spec("httptools") is None:
        return H11Connection
    module = importlib.import_module("uvicorn.protocols.http.httptools_impl")
    return type("_HttpTools", (Connection, module.HttpToolsProtocol), {})


def max_connections() -> int:
    """Up to half of the file descriptors of this process; the others are for the gateways."""
    return min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
