"""What a server does on a connection, step by step: bytes mostly, and the ways in which a sick one stops in between."""

import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from select import select
from threading import Event
from typing import TypeAlias

_LOOK = 0.05
"""Seconds after which one that waits looks whether its client is still there."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for so many seconds; what the client sends meanwhile waits its turn."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing until the client sends something; if it does not within these seconds, the connection is closed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing more, ever: what the client sends is taken and never answered."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Wait for the first bytes of the client, and leave them where they are."""


@dataclass(frozen=True, slots=True)
class Beneath:
    """Bytes past TLS, on the bare connection."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """FIN. `goodbye`: with TLS's own farewell (close_notify) before it, where there is TLS."""

    goodbye: bool = True


@dataclass(frozen=True, slots=True)
class Reset:
    """RST."""


Step: TypeAlias = bytes | Pause | Idle | Silence | Heard | Beneath | Close | Reset
Steps: TypeAlias = Iterator[Step]


class Line:
    """A connection, and the event that ends whatever is done on it. `received`: takes note of what is read."""

    def __init__(self, connection: socket.socket, received: Callable[[bytes], None]) -> None:
        self.connection = connection
        self.received = received
        self.over = Event()
        self.faulty = False
        """Is a fault at work on it: such a connection does not outlive the fault."""

    def end(self) -> None:
        """From another thread: whatever goes on here stops."""
        self.over.set()
        with suppress(OSError):
            # Past SSLSocket.shutdown, which forgets the TLS state under the hands of the thread that reads.
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)

    def perform(self, steps: Iterable[Step]) -> bool:
        """Do all that. True if the connection lives on."""
        self.faulty = True
        for step in steps:
            if self.over.is_set() or not self._do(step):
                return False
        self.faulty = False
        return not self.over.is_set()

    def _do(self, step: Step) -> bool:  # a branch a step
        match step:
            case bytes():
                self.connection.sendall(step)
            case Pause(seconds):
                return self._wait(seconds)
            case Idle(seconds):
                return self._wait(seconds, until_heard=True) and self._is_heard()
            case Heard():
                return self._wait(3600.0, until_heard=True)
            case Silence():
                self._swallow()
                return False
            case Beneath(data):
                socket.socket.sendall(self.connection, data)
            case Close(goodbye):
                if not goodbye:
                    socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
                return False
            case Reset():
                reset(self.connection)
                return False
        return True

    def _wait(self, seconds: float, *, until_heard: bool = False) -> bool:
        """False if the client is gone, or all is over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._is_gone():
                return False
            if until_heard and self._is_heard():
                return True
            if self.over.wait(min(_LOOK, left)):
                return False
        return True

    def _peek(self) -> bytes | None:
        """The next byte of the bare connection, left there; b"" at its end, None if there is nothing yet."""
        try:
            # Asked first, as a socket with a timeout would wait that long, whatever its flags say.
            ready, _, _ = select([self.connection], [], [], 0)
            return socket.socket.recv(self.connection, 1, socket.MSG_PEEK) if ready else None
        except (OSError, ValueError):
            return b""

    def _is_gone(self) -> bool:
        return self._peek() == b""

    def _is_heard(self) -> bool:
        return bool(self._peek())

    def _swallow(self) -> None:
        """Take all there is, until the client is gone or all is over."""
        self.connection.settimeout(_LOOK)
        while not self.over.is_set():
            try:
                data = self.connection.recv(65536)
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
