"""The listening socket, which may move, fill up or go while the gateway runs."""

import socket
from collections.abc import Callable
from contextlib import suppress
from select import select
from threading import Lock

from envoy_simulator.faults.hooks import Listening

_LOOK_AGAIN = 0.1
"""Seconds after which it is asked anew where to listen: a fault may begin and end by the clock."""


class Listener:
    """Bound where `wanted` says; as usual, at the address that was first got."""

    def __init__(self, host: str, port: int, wanted: Callable[[Listening], Listening | None]) -> None:
        self._lock = Lock()
        self._wanted = wanted
        self._socket: socket.socket | None = _listen(host, port)
        self._waker, self._woken = socket.socketpair()
        self._kept: socket.socket | None = None
        self._crowd: list[socket.socket] = []
        bound = self._socket.getsockname()
        self.usual = Listening(str(bound[0]), int(bound[1]))
        self._now: Listening | None = self.usual

    def follow(self) -> bool:
        """Go where the faults want it. True if that is elsewhere, False if it is there already."""
        with self._lock:
            wanted = self._wanted(self.usual)
            if wanted == self._now:
                return False
            self._leave()
            if wanted is None or (wanted.host, wanted.port) != (self.usual.host, self.usual.port):
                # Bound but not listening: a port that is given up is soon somebody else's.
                self._kept = _bind(self.usual.host, self.usual.port)
            if wanted is not None:
                self._socket = _listen(wanted.host, wanted.port, backlog=0 if wanted.full else 128)
                if wanted.full:
                    self._crowd = _fill(wanted)
            self._now = wanted
        self.wake()
        return True

    def accept(self, take: Callable[[socket.socket], object]) -> None:
        """Hand over the next connection, or come back without one when it is time to look where to listen."""
        listening = self._socket if self._now is not None and not self._now.full else None
        with suppress(OSError, ValueError):  # it moved under our hands, or the client was gone before it was fetched
            ready, _, _ = select([*([listening] if listening else []), self._woken], [], [], _LOOK_AGAIN)
            if self._woken in ready:
                self._woken.recv(64)
            elif ready:
                with self._lock:
                    if listening is not None and listening is self._socket:
                        take(listening.accept()[0])

    def wake(self) -> None:
        """Whoever waits for a connection looks up."""
        with suppress(OSError):
            self._waker.send(b"!")

    def close(self) -> None:
        """By the thread that accepts."""
        with self._lock:
            self._leave()
            self._waker.close()
            self._woken.close()

    def _leave(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                # Closed alone, it would go on listening for as long as another thread waits for it.
                self._socket.shutdown(socket.SHUT_RDWR)
        for each in (*self._crowd, self._socket, self._kept):
            if each is not None:
                each.close()
        self._crowd, self._socket, self._kept = [], None, None


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(_family(host))
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


def _listen(host: str, port: int, backlog: int = 128) -> socket.socket:
    listening = socket.create_server((host, port), family=_family(host), backlog=backlog)
    listening.settimeout(0)
    return listening


def _fill(listening: Listening) -> list[socket.socket]:
    """Connections of our own that fill the queue."""
    crowd = []
    for _ in range(4):
        each = socket.socket(_family(listening.host))
        each.settimeout(0)
        with suppress(BlockingIOError):
            each.connect((listening.host, listening.port))
        crowd.append(each)
    return crowd


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
