"""The listening socket, which faults can move, fill or close while the gateway runs."""

import socket
from collections.abc import Callable
from contextlib import suppress
from select import select
from threading import Lock

from envoy_simulator.faults.hooks import Listening

_CHECK_INTERVAL = 0.1
"""Seconds between two checks of where to listen, because the clock can start and end a fault."""


class Listener:
    """A listener at the address that `place` returns. `usual` is the address that was bound first."""

    def __init__(self, host: str, port: int, place: Callable[[Listening], Listening | None]) -> None:
        self._lock = Lock()
        self._place = place
        self._socket: socket.socket | None = _listen(host, port)
        self._waker, self._woken = socket.socketpair()
        self._kept: socket.socket | None = None
        self._queued: list[socket.socket] = []
        bound = self._socket.getsockname()
        self.usual = Listening(str(bound[0]), int(bound[1]))
        self._now: Listening | None = self.usual

    def follow(self) -> bool:
        """Listen at the address that the faults require. True if the listener has moved."""
        with self._lock:
            required = self._place(self.usual)
            if required == self._now:
                return False
            self._leave()
            if required is None or (required.host, required.port) != (self.usual.host, self.usual.port):
                # Bound but not listening, because another process can take a port that is released.
                self._kept = _bind(self.usual.host, self.usual.port)
            if required is not None:
                self._socket = _listen(required.host, required.port, backlog=0 if required.full else 128)
                if required.full:
                    self._queued = _fill(required)
            self._now = required
        self.wake()
        return True

    def accept(self, take: Callable[[socket.socket], object]) -> None:
        """Pass on the next connection, or return without one after the check interval."""
        listening = self._socket if self._now is not None and not self._now.full else None
        with suppress(OSError, ValueError):  # the listener has moved, or the client has disconnected
            ready, _, _ = select([*([listening] if listening else []), self._woken], [], [], _CHECK_INTERVAL)
            if self._woken in ready:
                self._woken.recv(64)
            elif ready:
                with self._lock:
                    if listening is not None and listening is self._socket:
                        take(listening.accept()[0])

    def wake(self) -> None:
        """Interrupt `accept`."""
        with suppress(OSError):
            self._waker.send(b"!")

    def close(self) -> None:
        """Close the sockets. Called by the thread that accepts."""
        with self._lock:
            self._leave()
            self._waker.close()
            self._woken.close()

    def _leave(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                # After close() alone, the socket keeps listening while another thread waits for it.
                self._socket.shutdown(socket.SHUT_RDWR)
        for held in (*self._queued, self._socket, self._kept):
            if held is not None:
                held.close()
        self._queued, self._socket, self._kept = [], None, None


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
    """Connections that fill the queue."""
    queued = []
    for _ in range(4):
        client = socket.socket(_family(listening.host))
        client.settimeout(0)
        with suppress(BlockingIOError):
            client.connect((listening.host, listening.port))
        queued.append(client)
    return queued


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
