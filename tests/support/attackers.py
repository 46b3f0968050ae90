"""Malicious clients of the exporter's own port."""

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


def send(connection: socket.socket, raw: bytes, timeout: float = 10.0, method: str = "GET") -> int:
    """The status of the complete response; 0 if it did not arrive in time or was aborted."""
    connection.settimeout(timeout)
    with contextlib.suppress(OSError):  # a client that is rejected early may still have a response to read
        connection.sendall(raw)
    try:
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        response.read()
    except (OSError, http.client.HTTPException):
        return 0
    return response.status


def is_closed(connection: socket.socket, timeout: float = 30.0) -> bool:
    """Whether the server closes the connection in time."""
    connection.settimeout(timeout)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def reset(connection: socket.socket) -> None:
    """Closes the connection with RST, not FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def dripping(connections: Sequence[socket.socket], data: bytes, pause: float = 0.2) -> Iterator[None]:
    """Sends each connection one byte at a time, until all is sent or the block ends."""
    ended = threading.Event()

    def drip() -> None:
        for byte in data:
            for connection in connections:
                with contextlib.suppress(OSError, ssl.SSLError):
                    connection.send(bytes([byte]))
            if ended.wait(pause):
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "the condition did not become true"
        time.sleep(0.05)
