"""Who is connected, and for how long: everybody who speaks, and when there are too many, not those who are silent."""

import asyncio
import contextlib
import importlib
import importlib.util
import resource
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

CLIENT_TIMEOUT = 10.0
"""Seconds that a client has for its whole request, as many for its TLS handshake, and as many to take its answer."""
KEEP_ALIVE = 75
"""Longer than a minute between two scrapes, so that Prometheus may keep its connection."""
LONGEST_HEAD = 65536
"""Bytes until the blank line. h11 counts them itself; the parser in C would take them without end."""
MOST = 256

if TYPE_CHECKING:
    _Base = H11Protocol
else:
    _Base = object


class ConnectionLimiter:
    """The connections that are open, those in their TLS handshake among them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.present: set[Connection] = set()

    def admit(self, guest: "Connection") -> bool:
        """False where all are being served: then there is no room."""
        if len(self.present) >= self._most and not self.make_room():
            return False
        self.present.add(guest)
        return True

    def make_room(self) -> bool:
        """Who never asked for anything goes first, then who has been silent the longest: Prometheus comes again."""
        silent = [each for each in self.present if not each.is_served]
        if not silent:
            return False
        most_silent = min(silent, key=lambda each: (each.has_asked, each.silent_since))
        self.present.discard(most_silent)
        most_silent.abort()
        return True

    def remove(self, guest: "Connection") -> None:
        self.present.discard(guest)


class Connection(_Base):
    """uvicorn's, which waits for ever for the first request, for the rest of one, and for the answer to be taken."""

    has_asked = False
    _is_connected = False
    _heard = 0
    _read_timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def belongs_to(self, guests: ConnectionLimiter, accepted: socket.socket) -> None:
        self._guests = guests
        self._accepted = accepted
        self.silent_since = self.loop.time()

    @property
    def is_served(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def abort(self) -> None:
        """In whatever state it is: there is no transport before the end of a TLS handshake."""
        if self._is_connected:
            self.transport.abort()
        else:
            with contextlib.suppress(OSError):
                self._accepted.shutdown(socket.SHUT_RDWR)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._is_connected = True
        self._wait()

    def data_received(self, data: bytes) -> None:
        self.server_state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or self.is_served:
            self._heard = 0
            self._stop_waiting()
            return
        self._heard += len(data)
        if self._read_timer is None:
            self._wait()
        if self._heard > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse()

    def on_response_complete(self) -> None:
        self.has_asked, self.silent_since = True, self.loop.time()
        if self._unread is not None:
            self._unread.cancel()
        self._unread = self.loop.call_later(CLIENT_TIMEOUT, self._end_unread)
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        self.transport.abort()  # and not close(), which waits for a client that takes nothing

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        self._guests.remove(self)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn keeps it, and with it all this, where the client broke off

    def _refuse(self) -> None:
        if not self.cycle:
            self.send_400_response("The request is too long.")
        else:
            self.transport.abort()  # a body that nobody asked for, behind an answer that is given

    def _end_unread(self) -> None:
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()

    def _wait(self) -> None:
        self._read_timer = self.loop.call_later(CLIENT_TIMEOUT, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None


class H11Connection(Connection, H11Protocol):
    pass


def protocol() -> type[Connection]:
    """The parser in C where the extra `speed` brought one."""
    if importlib.util.find_spec("httptools") is None:
        return H11Connection
    module = importlib.import_module("uvicorn.protocols.http.httptools_impl")
    return type("_HttpTools", (Connection, module.HttpToolsProtocol), {})


def most() -> int:
    """Half of the files that this process may open at most: the other half is for the gateways."""
    return min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
