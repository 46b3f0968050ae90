"""What a gateway was sent, byte for byte: so that a test can look for a secret in it."""

import io
import socket
from collections import deque
from threading import Lock
from typing import cast

_MOST = 8 << 20
"""Bytes that are kept; a simulator that runs for weeks forgets the oldest."""


class Received:
    """The bytes of all connections in the order in which they were read; of TLS, what was inside."""

    def __init__(self, most: int = _MOST) -> None:
        self._lock = Lock()
        self._most = most
        self._parts: deque[bytes] = deque()
        self._kept = 0
        self.forgotten = 0

    def note(self, data: bytes) -> None:
        with self._lock:
            self._parts.append(data)
            self._kept += len(data)
            while self._kept > self._most:
                oldest = len(self._parts.popleft())
                self._kept -= oldest
                self.forgotten += oldest

    def all(self) -> bytes:
        with self._lock:
            return b"".join(self._parts)

    def clear(self) -> None:
        with self._lock:
            self._parts.clear()
            self._kept = self.forgotten = 0


class Recorded(io.RawIOBase):
    """A connection to read from, which takes note of what is read."""

    def __init__(self, connection: socket.socket, received: Received) -> None:
        self._connection = connection
        self._received = received

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = cast("memoryview", buffer)
        count = self._connection.recv_into(view)
        if count:
            self._received.note(bytes(view[:count]))
        return count
