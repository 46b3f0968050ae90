"""A listener whose every byte a test writes: for responses that an HTTP library would not send."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

Script = Callable[[socket.socket, int], object]


class RawGateway:
    """Runs `script(connection, number)` for each connection in a separate thread, and records all received bytes."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        self.connections = 0
        self.received = bytearray()
        self.ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.close_port()
        for thread in self._threads:
            thread.join(5)

    def close_port(self) -> None:
        """Accepts no further connection; open ones continue."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def request(self, connection: socket.socket) -> bytes:
        """The next complete request on the connection; empty if the client has closed it."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            part = connection.recv(65536)
            if not part:
                return b""
            request += part
            self.received += part
        return request

    def drip(self, connection: socket.socket, data: bytes, pause: float = 0.02) -> None:
        """Sends one byte at a time."""
        for byte in data:
            if self.ended.wait(pause):
                return
            connection.sendall(bytes([byte]))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self.ended.is_set():
                connection, _ = self._listener.accept()
                self.connections += 1
                self._start(self._serve, connection, self.connections)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            self._script(connection, number)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


def reset(connection: socket.socket) -> None:
    """Closes the connection with RST, not FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def http_response(body: bytes, status: str = "200 OK", headers: str = "", *, keep: bool = True) -> bytes:
    connection = "keep-alive" if keep else "close"
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: {connection}\r\n{headers}\r\n"
    return head.encode("latin-1") + body


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nothing listens."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        yield placeholder.getsockname()[1]


@contextlib.contextmanager
def unresponsive_port() -> Iterator[int]:
    """A port whose backlog is full, so that a SYN gets no response."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
