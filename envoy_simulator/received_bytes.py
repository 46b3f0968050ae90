"""The bytes that a gateway has received, so that a test can search them for a secret."""

import io
import socket
from collections import deque
from threading import Lock
from typing import cast

_LIMIT = 8 << 20
"""Bytes that are kept; the oldest are dropped."""


class ReceivedBytes:
    """The bytes of all connections in the order in which they were read; with TLS, after decryption."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._lock = Lock()
        self._limit = limit
        self._parts: deque[bytes] = deque()
        self._kept = 0
        self.dropped = 0

    def append(self, data: bytes) -> None:
        with self._lock:
            self._parts.append(data)
            self._kept += len(data)
            while self._kept > self._limit:
                oldest = len(self._parts.popleft())
                self._kept -= oldest
                self.dropped += oldest

    def all(self) -> bytes:
        with self._lock:
            return b"".join(self._parts)

    def clear(self) -> None:
        with self._lock:
            self._parts.clear()
            self._kept = self.dropped = 0


class RecordingReader(io.RawIOBase):
    """A reader of a connection that records what it reads."""

    def __init__(self, connection: socket.socket, received: ReceivedBytes) -> None:
        self._connection = connection
        self._received = received

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = cast("memoryview", buffer)
        count = self._connection.recv_into(view)
        if count:
            self._received.append(bytes(view[:count]))
        return count
