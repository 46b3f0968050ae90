"""Clients of the exporter's own port that mean no good."""

import contextlib
import http.client
import resource
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence


def allow_files(count: int) -> None:
    """For tests that open more sockets than a shell allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def send(connection: socket.socket, raw: bytes, patience: float = 10.0, method: str = "GET") -> int:
    """The status of the answer once it is there whole; 0: none came in that time, or it was broken off."""
    connection.settimeout(patience)
    with contextlib.suppress(OSError):  # who is refused early may still have an answer to read
        connection.sendall(raw)
    try:
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    return answer.status


def is_closed(connection: socket.socket, patience: float = 30.0) -> bool:
    """Does the other side end it within that time."""
    connection.settimeout(patience)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def reset(connection: socket.socket) -> None:
    """With RST and not with FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def dripping(connections: Sequence[socket.socket], data: bytes, pause: float = 0.2) -> Iterator[None]:
    """A byte to each and then the next byte, until all is said or the block ends."""
    ended = threading.Event()

    def drip() -> None:
        for each in data:
            for connection in connections:
                with contextlib.suppress(OSError, ssl.SSLError):
                    connection.send(bytes([each]))
            if ended.wait(pause):
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)
