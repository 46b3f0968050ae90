"""The steps of a server on a connection: it sends bytes, waits, stays silent, or closes."""

import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from select import select
from threading import Event
from typing import TypeAlias

_CHECK_INTERVAL = 0.05
"""Seconds between two checks, while waiting, that the client is still connected."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Send nothing for this many seconds. Bytes from the client stay in the socket."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Idle:
    """Wait until the client sends something, and close the connection if it does not within this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Read what the client sends and never respond, until the client closes the connection."""


@dataclass(frozen=True, slots=True)
class AwaitData:
    """Wait for the first bytes of the client, without reading them."""


@dataclass(frozen=True, slots=True)
class RawBytes:
    """Bytes to send on the bare socket, outside TLS."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close with FIN. `close_notify`: send the close_notify alert first, if the connection has TLS."""

    close_notify: bool = True


@dataclass(frozen=True, slots=True)
class Reset:
    """Close with RST."""


Step: TypeAlias = bytes | Pause | Idle | Silence | AwaitData | RawBytes | Close | Reset
Steps: TypeAlias = Iterator[Step]


class Connection:
    """A connection, and the event `over` that ends all work on it. `received` is called with the bytes read from it."""

    def __init__(self, accepted: socket.socket, received: Callable[[bytes], None]) -> None:
        self.socket = accepted
        self.received = received
        self.over = Event()
        self.faulty = False
        """Whether a fault acts on it; such a connection ends with the fault."""

    def end(self) -> None:
        """End all work on it. Called from another thread."""
        self.over.set()
        with suppress(OSError):
            # Not SSLSocket.shutdown, which discards the TLS state while another thread reads.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def perform(self, steps: Iterable[Step]) -> bool:
        """Perform the steps. True if the connection stays open."""
        self.faulty = True
        for step in steps:
            if self.over.is_set() or not self._do(step):
                return False
        self.faulty = False
        return not self.over.is_set()

    def _do(self, step: Step) -> bool:  # one branch for each kind of step
        match step:
            case bytes():
                self.socket.sendall(step)
            case Pause(seconds):
                return self._wait(seconds)
            case Idle(seconds):
                return self._wait(seconds, until_data=True) and self._has_data()
            case AwaitData():
                return self._wait(3600.0, until_data=True)
            case Silence():
                self._discard()
                return False
            case RawBytes(data):
                socket.socket.sendall(self.socket, data)
            case Close(close_notify):
                if not close_notify:
                    socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
                return False
            case Reset():
                reset(self.socket)
                return False
        return True

    def _wait(self, seconds: float, *, until_data: bool = False) -> bool:
        """Wait. Return False if the client has disconnected or the connection was ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._is_gone():
                return False
            if until_data and self._has_data():
                return True
            if self.over.wait(min(_CHECK_INTERVAL, left)):
                return False
        return True

    def _peek(self) -> bytes | None:
        """The next byte of the bare connection, not consumed; b"" at its end, None if no byte has arrived."""
        try:
            # select() first, because recv() on a socket with a timeout would wait for it, whatever the flags.
            ready, _, _ = select([self.socket], [], [], 0)
            return socket.socket.recv(self.socket, 1, socket.MSG_PEEK) if ready else None
        except (OSError, ValueError):
            return b""

    def _is_gone(self) -> bool:
        return self._peek() == b""

    def _has_data(self) -> bool:
        return bool(self._peek())

    def _discard(self) -> None:
        """Read until the client has disconnected or the connection was ended."""
        self.socket.settimeout(_CHECK_INTERVAL)
        while not self.over.is_set():
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            self.received(data)


def reset(connection: socket.socket) -> None:
    """Close with RST and not with FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
